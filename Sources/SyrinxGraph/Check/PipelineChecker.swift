public import SyrinxCore

/// Holds a document against the node types: every name, kind, range and link, all faults in one go.
///
/// Opens nothing.
public struct PipelineChecker: Sendable {
    private let registry: NodeRegistry
    private let directory: String

    /// - Parameter directory: where relative paths of the document start; empty: the working directory.
    public init(registry: NodeRegistry, directory: String = "") {
        self.registry = registry
        self.directory = directory
    }

    /// Checks a document.
    ///
    /// - Returns: the pipeline, unless a fault is an error; and all faults in the order of the document.
    /// - Thread: control.
    public func check(_ document: PipelineDocument) -> (pipeline: CheckedPipeline?, faults: [Fault]) {
        var faults: [Fault] = []
        let engine = EngineChecker.check(document.engine, faults: &faults)
        var nodes = NodeChecker(registry: registry, directory: directory)
        for node in document.nodes { nodes.check(node) }
        var links = LinkChecker(nodes: nodes.entries)
        for (index, link) in document.links.enumerated() {
            links.check(link, index: link.index ?? index)
        }
        faults += nodes.faults + links.faults
        if document.nodes.isEmpty {
            faults.append(Fault(PipelineError(.invalidGraph, at: "nodes", "found no node, expected at least one")))
        }
        faults += clock(engine, document, nodes)
        faults += sameFile(nodes)
        faults += sameStream(nodes.reads, "reads", "input", nodes)
        faults += sameStream(nodes.writes, "writes", "output", nodes)
        if !faults.contains(where: { $0.severity == .error }) { faults += links.unlinked() }
        faults = faults.inOrder
        guard !faults.contains(where: { $0.severity == .error }) else { return (nil, faults) }
        let pipeline = CheckedPipeline(
            document: document, engine: engine, nodes: nodes.entries.compactMap(\.node), links: links.links,
            reads: nodes.reads, writes: nodes.writes, secrets: nodes.secrets, directory: directory)
        return (pipeline, faults)
    }

    /// `engine.clock` names a node that has a clock.
    private func clock(_ engine: EngineSettings, _ document: PipelineDocument, _ nodes: NodeChecker) -> [Fault] {
        guard let clock = engine.clock else { return [] }
        let known = nodes.entries.compactMap(\.node)
        let devices = known.filter { if case .device = $0.descriptor.pace { true } else { false } }.map(\.id)
        if devices.contains(clock) { return [] }
        let message: String
        if let node = known.first(where: { $0.id == clock }) {
            message = "\"\(clock)\" (\(node.descriptor.type)) has no clock; name a device node, or leave it out"
        } else {
            message = "there is no node \(Shown.quoted(clock))\(NearestName.suggestion(clock, among: devices))"
        }
        let position = document.engine.first { $0.name == "clock" }?.value.position
        return [Fault(PipelineError(.invalidParameter, at: "engine.clock", message), position: position)]
    }

    /// Standard input or output, which only one node can have.
    private func sameStream(
        _ uses: [(node: String, path: String)], _ does: String, _ stream: String, _ nodes: NodeChecker
    ) -> [Fault] {
        let users = uses.filter { $0.path == "-" }
        return users.dropFirst().map { user in
            let message = "\(does) standard \(stream), as \"\(users[0].node)\" does; give it a path of its own"
            return Fault(
                PipelineError(.invalidParameter, at: "nodes.\(user.node)", message),
                position: nodes.entries.first { $0.id == user.node }?.position)
        }
    }

    /// A target that is also a source, or the target of another node.
    private func sameFile(_ nodes: NodeChecker) -> [Fault] {
        var faults: [Fault] = []
        for (index, write) in nodes.writes.enumerated() where !["-", "/dev/null"].contains(write.path) {
            let position = nodes.entries.first { $0.id == write.node }?.position
            func fault(_ other: String, _ does: String) -> Fault {
                Fault(
                    PipelineError(
                        .invalidParameter, at: "nodes.\(write.node)",
                        #"writes "\#(write.path)", which "\#(other)" \#(does) in the same run; give it a path of its own"#
                    ),
                    position: position)
            }
            if let read = nodes.reads.first(where: { $0.path == write.path }) {
                faults.append(fault(read.node, "reads"))
            }
            if let other = nodes.writes[..<index].first(where: { $0.path == write.path }) {
                faults.append(fault(other.node, "writes"))
            }
        }
        return faults
    }
}

/// Checks the members of `engine`.
enum EngineChecker {
    static func check(_ members: [DocumentMember], faults: inout [Fault]) -> EngineSettings {
        var settings = EngineSettings()
        var checker = ValueChecker(directory: "")
        for member in members where !member.name.hasPrefix("x-") {
            guard let descriptor = EngineParameters.descriptors.first(where: { $0.name == member.name }) else {
                let hint = NearestName.suggestion(member.name, among: EngineParameters.descriptors.map(\.name))
                faults.append(
                    Fault(
                        PipelineError(
                            .invalidParameter, at: "engine" + Shown.step(member.name),
                            "no such setting of the engine\(hint)"),
                        position: member.namePosition))
                continue
            }
            let outcome = checker.check(
                member.value, as: descriptor.kind, unit: descriptor.unit, at: "engine" + Shown.step(member.name))
            guard case .value(let value) = outcome else { continue }
            switch (member.name, value) {
            case ("driver", .string(let driver)): settings.driver = driver
            case ("block_frames", .integer(let frames)): settings.blockFrames = frames
            case ("priority", .integer(let priority)): settings.priority = priority
            case ("rate_hz", .integer(let rate)): settings.rate = rate
            case ("clock", .string(let clock)): settings.clock = clock
            case ("convert", .string(let convert)): settings.convert = .init(rawValue: convert) ?? .auto
            default: break
            }
        }
        faults += checker.faults
        return settings
    }
}
