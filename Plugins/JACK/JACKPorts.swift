internal import Synchronization
internal import SyrinxCore

/// The ports of a pipeline, whoever holds them, and the client they are registered with.
///
/// A port lives as long as a renderer that uses it: a node that is prepared anew takes over the ports of its predecessor.
/// When the server is lost the ports stay, without handles, and are registered again with the next client.
///
/// - Thread: control, any of them. Never the render section; the latency callback uses ``withNodes(_:)`` only.
final class JACKPorts: Sendable {
    /// One port.
    struct Port {
        let name: String
        let prettyName: String
        /// True: sound leaves through it.
        let isOutput: Bool
        let slot: Int
        var handle: OpaquePointer?
        var uses = 1
    }

    /// What a node wants of its ports.
    struct Node {
        let id: String
        /// True: a sink, whose ports are JACK outputs.
        let isOutput: Bool
        let slots: [Int]
        let names: [String]
        let connect: [String]
        let policy: Policy
    }

    enum Policy: String {
        case ensure, once
    }

    private struct State {
        /// By slot.
        var ports: [Int: Port] = [:]
        /// Slot by name.
        var names: [String: Int] = [:]
        /// By ticket, which grows: of two that share an id the later counts.
        var nodes: [Int: Node] = [:]
        var nextTicket = 0
    }

    let board = JACKBoard()
    /// Rung when ports or wishes have changed.
    private let onChange: @Sendable () -> Void
    /// Held for short, and never across a request to the server: the latency callback waits for it.
    private let state = Mutex(UncheckedBox(State()))
    /// Held across requests to the server, one at a time; never taken by a callback.
    private let client = Mutex<UncheckedBox<JACKClient?>>(UncheckedBox(nil))

    init(onChange: @escaping @Sendable () -> Void) { self.onChange = onChange }

    // MARK: Nodes

    /// Gives a node its ports: those of the same name and direction that are there, else new ones.
    ///
    /// - Returns: a ticket for ``release(_:)`` and, for each channel, the slot on the board.
    /// - Throws: `.unavailable` if JACK refuses a port.
    func acquire(
        id: String, isOutput: Bool, channels: Int, connect: [String], policy: Policy
    ) throws(PipelineError) -> (ticket: Int, slots: [Int]) {
        let names = (0..<channels).map { channels == 1 ? id : "\(id)_\($0 + 1)" }
        let result: Result<(Int, [Int]), PipelineError> = client.withLock { client in
            var slots: [Int] = []
            for (channel, name) in names.enumerated() {
                let pretty = channels == 1 ? id : "\(id) \(channel + 1)"
                guard let slot = take(name, pretty: pretty, isOutput: isOutput, client.value) else {
                    for slot in slots { drop(slot, client.value) }
                    return .failure(
                        PipelineError(
                            .unavailable, at: "nodes.\(id)", #"the JACK server refuses the port "\#(name)""#,
                            cause: JACKWords.first))
                }
                slots.append(slot)
            }
            let node = Node(
                id: id, isOutput: isOutput, slots: slots, names: names, connect: connect, policy: policy)
            let ticket = state.withLock { state in
                state.value.nextTicket += 1
                state.value.nodes[state.value.nextTicket] = node
                return state.value.nextTicket
            }
            return .success((ticket, slots))
        }
        onChange()
        return try result.get()
    }

    /// Takes back what ``acquire(id:isOutput:channels:connect:policy:)`` gave; a port that nobody uses is unregistered.
    func release(_ ticket: Int) {
        client.withLock { client in
            let node = state.withLock { $0.value.nodes.removeValue(forKey: ticket) }
            for slot in node?.slots ?? [] { drop(slot, client.value) }
        }
        onChange()
    }

    /// The nodes, the latest of each id, with the handles of their ports; the lock is held meanwhile.
    func withNodes<T>(_ body: ([(ticket: Int, node: Node, handles: [OpaquePointer?])]) -> T) -> T {
        state.withLock { state in
            var latest: [String: Int] = [:]
            for (ticket, node) in state.value.nodes { latest[node.id] = max(latest[node.id] ?? 0, ticket) }
            let nodes = latest.values.sorted().compactMap { ticket in
                state.value.nodes[ticket].map { node in
                    (ticket, node, node.slots.map { state.value.ports[$0]?.handle })
                }
            }
            return UncheckedBox(body(nodes))
        }.value
    }

    // MARK: The client

    /// Calls the body with the client, or nil while there is none; requests come one at a time.
    func withClient<T>(_ body: (JACKClient?) -> T) -> T {
        client.withLock { UncheckedBox(body($0.value)) }.value
    }

    /// Registers every port with a client, which is not active, and takes it for what follows.
    ///
    /// - Returns: false if it refuses one; it is not taken then.
    func attach(_ new: JACKClient) -> Bool {
        client.withLock { client in
            let ports = state.withLock { state in UncheckedBox(state.value.ports.values.sorted { $0.slot < $1.slot }) }
            for port in ports.value {
                guard let handle = new.register(port.name, isOutput: port.isOutput) else {
                    forgetHandles()
                    return false
                }
                new.setPrettyName(port.prettyName, of: handle)
                let boxed = UncheckedBox(handle)
                state.withLock { $0.value.ports[port.slot]?.handle = boxed.value }
                board.open(port.slot, handle, isOutput: port.isOutput)
            }
            client.value = new
            return true
        }
    }

    /// Lets go of the client, and closes it unless somebody else holds it.
    func detach() {
        client.withLock { client in
            // First: a client that is still heard must go on silencing its ports.
            client.value?.deactivate()
            forgetHandles()
            client.value = nil
        }
    }

    private func forgetHandles() {
        state.withLock { state in
            for slot in Array(state.value.ports.keys) { state.value.ports[slot]?.handle = nil }
        }
        for slot in 0..<JACKBoard.capacity { board.close(slot) }
    }

    // MARK: Ports, the client's lock held

    private func take(_ name: String, pretty: String, isOutput: Bool, _ client: JACKClient?) -> Int? {
        let known = state.withLock { state -> (slot: Int, fits: Bool)? in
            guard let slot = state.value.names[name], let port = state.value.ports[slot] else { return nil }
            if port.isOutput == isOutput { state.value.ports[slot]?.uses += 1 }
            return (slot, port.isOutput == isOutput)
        }
        if let known, known.fits { return known.slot }
        // A source that became a sink, or the other way round: what holds the name loses its port, and stays silent.
        if let known { unregister(known.slot, client) }
        guard let slot = board.takeSlot() else { return nil }
        var port = Port(name: name, prettyName: pretty, isOutput: isOutput, slot: slot)
        if let client {
            guard let handle = client.register(name, isOutput: isOutput) else {
                board.giveBack(slot)
                return nil
            }
            client.setPrettyName(pretty, of: handle)
            port.handle = handle
        }
        let boxed = UncheckedBox(port)
        state.withLock { state in
            state.value.ports[slot] = boxed.value
            state.value.names[name] = slot
        }
        if let handle = port.handle { board.open(slot, handle, isOutput: isOutput) }
        return slot
    }

    private func drop(_ slot: Int, _ client: JACKClient?) {
        let isLast = state.withLock { state in
            state.value.ports[slot]?.uses -= 1
            return state.value.ports[slot]?.uses == 0
        }
        guard isLast else { return }
        unregister(slot, client)
        state.withLock { _ = $0.value.ports.removeValue(forKey: slot) }
        board.giveBack(slot)
    }

    private func unregister(_ slot: Int, _ client: JACKClient?) {
        let handle = state.withLock { state in
            let port = state.value.ports[slot]
            if let name = port?.name, state.value.names[name] == slot { state.value.names[name] = nil }
            state.value.ports[slot]?.handle = nil
            return UncheckedBox(port?.handle)
        }
        board.close(slot)
        board.waitForEdge()
        if let client, let handle = handle.value { client.unregister(handle) }
    }
}

/// A value that a lock guards, though it holds pointers that the compiler cannot see to be safe.
struct UncheckedBox<Value>: @unchecked Sendable {
    var value: Value

    init(_ value: Value) { self.value = value }
}
