internal import SyrinxCore

/// New nodes that cannot be there while an old one is: they want its device, its file, or its session.
struct Conflicts {
    /// Indices of new nodes.
    private(set) var nodes: Set<Int> = []
    private(set) var notices: [(node: String, message: String)] = []

    init(_ old: ResolvedPipeline, _ new: ResolvedPipeline, _ difference: PipelineDifference) {
        let going = old.nodes.indices.filter { !difference.keepsNode[$0] && Self.isExclusive(old.nodes[$0]) }
        for (index, node) in new.nodes.enumerated() where difference.nodes[index] == nil && Self.isExclusive(node) {
            guard let before = going.map({ old.nodes[$0] }).first(where: { Self.collide($0, node) }) else { continue }
            nodes.insert(index)
            let message =
                before.id == node.id
                ? "its settings changed: it is finished and begun anew, with a gap between"
                : "it takes over from \"\(before.id)\", which is finished first; there is a gap between"
            notices.append((node.id, message))
        }
    }

    private static func isExclusive(_ node: ResolvedPipeline.Node) -> Bool {
        node.descriptor.pace != .free || node.descriptor.writesFiles
    }

    private static func collide(_ one: ResolvedPipeline.Node, _ other: ResolvedPipeline.Node) -> Bool {
        if one.id == other.id { return true }
        if one.descriptor.pace != .free, one.descriptor.pace == other.descriptor.pace,
            let device = one.values["device"], device == other.values["device"]
        {
            return true
        }
        return false
    }

    /// The files that a node writes; streams and devices, which nothing is lost of, left out.
    static func written(_ values: [String: Value], _ descriptor: NodeDescriptor) -> [Value] {
        descriptor.parameters.filter { $0.kind == .path(.write) }.compactMap { values[$0.name] }
            .filter { $0 != .string("-") && $0 != .string("/dev/null") }
    }
}
