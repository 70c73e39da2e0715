internal import SyrinxCore

/// What lies between the place where a node listens to playback (``PortDescriptor/isPlayback``) and the loudspeaker.
extension ResolvedPipeline {
    /// One sentence for each way in which such an input does not hear what the room hears; in the file's order.
    public var playbackNotices: [String] {
        nodes.indices.flatMap { node in
            nodes[node].descriptor.streamInputs.enumerated().filter { $1.isPlayback }
                .flatMap { port, descriptor in notices(node, port, "\(nodes[node].id):\(descriptor.name)") }
        }
    }

    private func notices(_ listener: Int, _ port: Int, _ name: String) -> [String] {
        let taken = links.filter { $0.target == listener && $0.port == .stream(port) }.map { origin($0.source) }
        if taken.isEmpty { return [] }
        var notices: [String] = []
        var isHeard = false
        for sink in nodes.indices where isLoudspeaker(sink) {
            let before = ancestors(of: sink, without: listener)
            let sources = taken.filter(before.contains)
            if sources.isEmpty { continue }
            isHeard = true
            // What the listener hears somewhere on its way, and what comes after that.
            let known = Set(taken).union(taken.flatMap { ancestors(of: $0, without: listener) })
            let rest = nodes.indices.filter { before.contains($0) && !known.contains($0) && !nodes[$0].isInserted }
            let names = sources.map { nodes[$0].id }.joined(separator: ", ")
            for node in rest where !nodes[node].bypass {
                let isBehind = !ancestors(of: node, without: listener).isDisjoint(with: sources)
                let label = "\(nodes[node].id) (\(nodes[node].descriptor.type))"
                notices.append(
                    isBehind
                        ? "\(name) is taken at \(names), before \(label), which changes what \(nodes[sink].id) plays"
                        : "\(name) does not hear \(label), which \(nodes[sink].id) plays too")
            }
        }
        let isCaptured = taken.contains { isDevice($0) }
        if !isHeard, !isCaptured, nodes.indices.contains(where: isLoudspeaker) {
            notices.append("\(name) hears nothing that a device of this pipeline plays")
        }
        return notices
    }

    /// The node itself, or the one before the converters that were put in.
    private func origin(_ node: Int) -> Int {
        guard nodes[node].isInserted, let link = links.first(where: { $0.target == node }) else { return node }
        return origin(link.source)
    }

    private func isDevice(_ node: Int) -> Bool {
        if case .device = nodes[node].descriptor.pace { return true }
        return false
    }

    private func isLoudspeaker(_ node: Int) -> Bool {
        isDevice(node) && !nodes[node].descriptor.streamOutputs.contains { $0.kind == .audio }
    }

    /// Nodes whose sound reaches a node; nothing that goes through `listener` or a session counts: that is new sound.
    private func ancestors(of node: Int, without listener: Int) -> Set<Int> {
        var found: Set<Int> = []
        var open = [node]
        while let next = open.popLast() {
            for link in links where link.target == next && isSound(link) && link.source != listener {
                if found.insert(link.source).inserted, !startsPath(link) { open.append(link.source) }
            }
        }
        return found
    }

    private func isSound(_ link: Link) -> Bool {
        guard case .stream(let port) = link.port else { return false }
        return nodes[link.target].descriptor.streamInputs[port].kind == .audio
    }

    private func startsPath(_ link: Link) -> Bool {
        let outputs = nodes[link.source].resolution.outputs
        return outputs.indices.contains(link.output) && outputs[link.output].startsPath
    }
}
