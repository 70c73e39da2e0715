internal import SyrinxCore

/// Makes the connections that nodes ask for, and no others; takes none away.
struct JACKConnector {
    /// What there is to tell.
    struct Word {
        let event: String
        let node: String
        let fields: [Value.Member]
    }

    private let client: JACKClient
    /// What each of our ports was connected to by us, by port name.
    private var made: [String: String] = [:]
    /// What was told already, so that it is told once: port and what it wants.
    private var told: Set<String> = []
    /// Tickets of nodes that connect once, and have.
    private var done: Set<Int> = []
    /// Refusals in a row, by port name: a peer may register its ports before it runs.
    private var refusals: [String: Int] = [:]

    init(_ client: JACKClient) { self.client = client }

    /// True: a port that is there was refused, and may be taken soon.
    var hasToRetry: Bool { refusals.values.contains { $0 < 20 } }

    /// Connects whatever is not connected yet. Thread: the driver's loop, with the client's lock held.
    mutating func apply(_ ports: JACKPorts) -> [Word] {
        let nodes = ports.withNodes { nodes in nodes }
        var words: [Word] = []
        var peers: [Bool: [JACKPeer]] = [:]
        for (ticket, node, handles) in nodes where !node.connect.isEmpty {
            if node.policy == .once, !done.insert(ticket).inserted { continue }
            let others = peers[node.isOutput] ?? client.ports(outputs: !node.isOutput)
            peers[node.isOutput] = others
            if !connect(node, handles, others, &words) { done.remove(ticket) }
        }
        return words
    }

    /// - Returns: false if a port that is there was refused.
    private mutating func connect(
        _ node: JACKPorts.Node, _ handles: [OpaquePointer?], _ peers: [JACKPeer], _ words: inout [Word]
    ) -> Bool {
        var isComplete = true
        let targets = Self.targets(for: node, among: peers, before: made)
        for (channel, name) in node.names.enumerated() {
            guard let wish = Self.wish(of: channel, node), let handle = handles[channel] else { continue }
            let own = "\(client.name):\(name)"
            guard let target = targets[channel] else {
                refusals[name] = nil
                made[name] = nil
                if told.insert("\(name) \(wish)").inserted {
                    words.append(missing(wish, own, node, peers))
                }
                continue
            }
            if client.isConnected(handle, to: target) {
                made[name] = target
                refusals[name] = nil
                continue
            }
            let (from, to) = node.isOutput ? (own, target) : (target, own)
            if let refusal = client.connect(from, to) {
                refusals[name, default: 0] += 1
                // The first may come too early.
                if refusals[name] == 2 {
                    words.append(
                        Word(
                            event: "connect_failed", node: node.id,
                            fields: [
                                .init("port", .string(own)), .init("target", .string(target)),
                                .init("message", .string(#"jack: cannot connect "\#(from)" to "\#(to)": \#(refusal)"#)),
                            ]))
                }
                isComplete = false
                continue
            }
            refusals[name] = nil
            made[name] = target
            told.remove("\(name) \(wish)")
            words.append(
                Word(
                    event: "connected", node: node.id,
                    fields: [.init("port", .string(own)), .init("target", .string(target))]))
        }
        return isComplete
    }

    /// What the file says of a channel; nil: nothing.
    private static func wish(of channel: Int, _ node: JACKPorts.Node) -> String? {
        let fills = node.connect.count == 1 && JACKPattern(node.connect[0]).isPattern
        let entry = fills ? node.connect[0] : channel < node.connect.count ? node.connect[channel] : ""
        return entry.isEmpty ? nil : entry
    }

    /// The port that each channel should be connected to; nil: there is none, or none is wanted.
    ///
    /// A channel keeps what it had as long as that fits; then each takes, in order, the first that fits and that no other
    /// channel of the node has, or, by its exact name, the one it names.
    static func targets(
        for node: JACKPorts.Node, among peers: [JACKPeer], before: [String: String] = [:]
    ) -> [String?] {
        var targets = [String?](repeating: nil, count: node.names.count)
        let wishes = node.names.indices.map { wish(of: $0, node).map(JACKPattern.init) }
        var taken: Set<String> = []
        for (channel, wish) in wishes.enumerated() {
            guard let wish else { continue }
            if let had = before[node.names[channel]],
                peers.contains(where: { $0.name == had && wish.matches($0) }), wish.isPattern
            {
                targets[channel] = had
                taken.insert(had)
            } else if !wish.isPattern, let exact = peers.first(where: { wish.matches($0) }) {
                targets[channel] = exact.name
                taken.insert(exact.name)
            }
        }
        for (channel, wish) in wishes.enumerated() where targets[channel] == nil {
            guard let wish, wish.isPattern,
                let peer = peers.first(where: { !$0.isOurs && wish.matches($0) && !taken.contains($0.name) })
            else { continue }
            targets[channel] = peer.name
            taken.insert(peer.name)
        }
        return targets
    }

    private func missing(_ wish: String, _ own: String, _ node: JACKPorts.Node, _ peers: [JACKPeer]) -> Word {
        let kind = node.isOutput ? "playback" : "capture"
        let count = peers.count { $0.isPhysical }
        let wrong = client.ports(outputs: node.isOutput).contains { !$0.isOurs && JACKPattern(wish).matches($0) }
        let reason =
            wrong
            ? "that is \(node.isOutput ? "an output" : "an input") itself"
            : "no such port (\(count) \(kind) port\(count == 1 ? " exists" : "s exist"))"
        let (from, to) = node.isOutput ? (own, wish) : (wish, own)
        return Word(
            event: node.policy == .ensure ? "connect_pending" : "connect_failed", node: node.id,
            fields: [
                .init("port", .string(own)), .init("target", .string(wish)),
                .init("message", .string(#"jack: cannot connect "\#(from)" to "\#(to)": \#(reason)"#)),
            ])
    }
}
