internal import SyrinxCore

/// What an edit changes: which nodes and links of a running pipeline go on in the edited one.
///
/// A node goes on if its id, type and bypass are the same, its parameters but for live ones, its formats and its latency.
/// A link goes on if both its ends do, and if it is delayed as before.
struct PipelineDifference {
    /// For each new node: the old one that goes on as it.
    private(set) var nodes: [Int?]
    /// For each new link: the old one that goes on as it.
    private(set) var links: [Int?]
    /// Live parameters of nodes that go on, where the file has another value than before.
    private(set) var writes: [PipelineEdit.Write] = []
    /// True for each old node and link that goes on.
    private(set) var keepsNode: [Bool]
    private(set) var keepsLink: [Bool]

    init(from old: ResolvedPipeline, to new: ResolvedPipeline) {
        nodes = new.nodes.map { _ in nil }
        links = new.links.map { _ in nil }
        keepsNode = old.nodes.map { _ in false }
        keepsLink = old.links.map { _ in false }
        let places = Dictionary(old.nodes.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        for (index, node) in new.nodes.enumerated() {
            guard let place = places[node.id], Self.goesOn(place, of: old, as: index, of: new) else { continue }
            nodes[index] = place
            keepsNode[place] = true
        }
        match(old, new)
        for (index, origin) in nodes.enumerated() {
            if let origin { writes += Self.writes(origin, of: old, as: index, of: new) }
        }
    }

    /// True: nothing but live parameters differs.
    var isOnlyWrites: Bool {
        nodes.allSatisfy { $0 != nil } && links.allSatisfy { $0 != nil } && keepsNode.allSatisfy { $0 }
            && keepsLink.allSatisfy { $0 }
    }

    // MARK: Nodes

    private static func goesOn(
        _ place: Int, of old: ResolvedPipeline, as index: Int, of new: ResolvedPipeline
    ) -> Bool {
        let (before, after) = (old.nodes[place], new.nodes[index])
        guard before.descriptor == after.descriptor, before.bypass == after.bypass,
            fixed(before) == fixed(after), let instance = before.instance, after.instance != nil,
            old.inputFormats(of: place).map(\.format) == new.inputFormats(of: index).map(\.format),
            before.resolution.outputs.count == after.resolution.outputs.count
        else { return false }
        for (one, other) in zip(before.resolution.outputs, after.resolution.outputs) {
            // Tails may differ: live parameters move them.
            guard one.format == other.format, one.latency == other.latency, one.needs == other.needs,
                one.delay == other.delay, one.startsPath == other.startsPath
            else { return false }
        }
        // What has a value now and had none, or the other way round, cannot be written.
        for parameter in after.descriptor.parameters where parameter.live {
            guard (before.values[parameter.name] == nil) == (after.values[parameter.name] == nil) else { return false }
        }
        return instance.reaches(Parameters(path: after.path, values: after.values))
    }

    /// The values of parameters that cannot change while it sounds.
    private static func fixed(_ node: ResolvedPipeline.Node) -> [String: Value] {
        let live = Set(node.descriptor.parameters.filter(\.live).map(\.name))
        return node.values.filter { !live.contains($0.key) }
    }

    /// A value that the file changed, and one that a control link has let go.
    private static func writes(
        _ place: Int, of old: ResolvedPipeline, as index: Int, of new: ResolvedPipeline
    ) -> [PipelineEdit.Write] {
        let (before, after) = (old.nodes[place], new.nodes[index])
        func isDriven(_ parameter: Int, _ node: Int, _ pipeline: ResolvedPipeline) -> Bool {
            pipeline.links.contains { $0.target == node && $0.port == .parameter(parameter) }
        }
        return after.descriptor.parameters.enumerated().compactMap { parameter, descriptor in
            guard descriptor.live, let value = after.values[descriptor.name], let number = value.double,
                !isDriven(parameter, index, new)
            else { return nil }
            if value == before.values[descriptor.name], !isDriven(parameter, place, old) { return nil }
            return .init(node: after.id, parameter: parameter, name: descriptor.name, value: number)
        }
    }

    // MARK: Links

    /// A link as both pipelines can name it: nodes by their old index.
    private struct Key: Hashable {
        let source: Int
        let output: Int
        let sourceChannel: Int?
        let target: Int
        let port: CheckedPipeline.Link.Target
        let targetChannel: Int?
        let scale: Double
        let offset: Double
        let delay: Rational
    }

    private mutating func match(_ old: ResolvedPipeline, _ new: ResolvedPipeline) {
        func key(_ link: ResolvedPipeline.Link, _ source: Int, _ target: Int) -> Key {
            Key(
                source: source, output: link.output, sourceChannel: link.sourceChannel, target: target, port: link.port,
                targetChannel: link.targetChannel, scale: link.scale, offset: link.offset, delay: link.delay)
        }
        // Backwards, so that of several that are alike the first is met first.
        var left: [Key: [Int]] = [:]
        for (index, link) in old.links.enumerated().reversed() {
            left[key(link, link.source, link.target), default: []].append(index)
        }
        for (index, link) in new.links.enumerated() {
            guard let source = nodes[link.source], let target = nodes[link.target],
                let origin = left[key(link, source, target)]?.popLast()
            else { continue }
            links[index] = origin
            keepsLink[origin] = true
        }
    }
}
