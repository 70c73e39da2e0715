internal import SyrinxCore

/// Checks the links of a document: names, directions, kinds, and one driver for every parameter.
struct LinkChecker {
    private let nodes: [NodeChecker.Entry]
    private let indices: [String: Int]
    private(set) var links: [CheckedPipeline.Link] = []
    private(set) var faults: [Fault] = []
    /// Which link drives a parameter already, by `node.parameter`.
    private var driven: [String: Int] = [:]

    init(nodes: [NodeChecker.Entry]) {
        self.nodes = nodes
        indices = Dictionary(nodes.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func check(_ link: DocumentLink, index: Int) {
        let path = "links[\(index)]"
        let stops: [LinkStop]
        do throws(PipelineError) {
            stops = try LinkParser.parse(link.text)
        } catch {
            faults.append(Fault(PipelineError(error.code, at: path, error.message), position: link.position))
            return
        }
        for (from, to) in zip(stops.indices, stops.indices.dropFirst()) {
            // Past the head, a chain goes on from the main output, whatever input it came in by.
            let source = from == 0 ? stops[from] : LinkStop(node: stops[from].node, text: stops[from].node)
            let known = faults.count
            join(source, to: stops[to], link, index: index, isHead: from == 0)
            for position in known..<faults.count {
                let error = faults[position].error
                faults[position] = Fault(
                    PipelineError(error.code, at: path, error.message), severity: faults[position].severity,
                    position: link.position)
            }
        }
    }

    private mutating func join(
        _ from: LinkStop, to: LinkStop, _ link: DocumentLink, index: Int, isHead: Bool
    ) {
        // A node in the middle is known from the joint before it, or its name was a fault there.
        let source = isHead ? node(from) : indices[from.node]
        let target = node(to)
        let output = source.flatMap { port(of: $0, from, isInput: false) }
        guard let source, let target, let sourceType = nodes[source].descriptor,
            let targetType = nodes[target].descriptor
        else {
            if let target, to.parameter == nil { _ = port(of: target, to, isInput: true) }
            return
        }
        let kind: PortKind
        var isAligned = true
        let place: CheckedPipeline.Link.Target
        if let name = to.parameter {
            guard let parameter = parameter(name, of: targetType, output: output, from, to) else { return }
            kind = .control
            place = .parameter(parameter)
            if let other = driven.updateValue(index, forKey: to.text) {
                return fault(#"links[\#(other)] drives "\#(to.text)" already; a parameter takes one control link"#)
            }
        } else {
            guard let input = port(of: target, to, isInput: true) else { return }
            kind = input.kind
            isAligned = !input.isPlayback && !input.isImmediate
            place =
                input.kind == .events
                ? .events(input.name) : .stream(targetType.streamInputs.firstIndex(of: input) ?? 0)
        }
        guard let output else { return }
        guard output.kind == kind else {
            return fault(
                #""\#(from.text)" gives \#(Self.word(output.kind)), "\#(to.text)" takes \#(Self.word(kind)); \#(Self.advice(output.kind, kind))"#
            )
        }
        if output.kind != .audio, from.channel != nil || to.channel != nil {
            return fault("only audio has channels; leave the brackets out")
        }
        if output.kind != .control, link.offset != 0 { return fault("offset is for control links only") }
        if output.kind == .events, link.scale != 1 { return fault("scale is for audio and control links only") }
        links.append(
            .init(
                source: source, output: sourceType.streamOutputs.firstIndex(of: output), sourceChannel: from.channel,
                target: target, port: place, targetChannel: to.channel, scale: link.scale, offset: link.offset,
                compensate: isAligned && link.compensate, index: index, position: link.position,
                sourceText: from.text,
                targetText: to.text))
    }

    private mutating func node(_ stop: LinkStop) -> Int? {
        if let index = indices[stop.node] { return index }
        fault(#"no node is called "\#(stop.node)"\#(NearestName.suggestion(stop.node, among: nodes.map(\.id)))"#)
        return nil
    }

    private mutating func port(of node: Int, _ stop: LinkStop, isInput: Bool) -> PortDescriptor? {
        guard let type = nodes[node].descriptor else { return nil }
        let ports = isInput ? type.inputs : type.outputs
        let direction = isInput ? "input" : "output"
        guard let name = stop.port else {
            if let main = isInput ? type.mainInput : type.mainOutput { return main }
            fault(
                ports.isEmpty
                    ? #""\#(stop.node)" (\#(type.type)) has no \#(direction)"#
                    : #""\#(stop.node)" (\#(type.type)) has several \#(direction)s; name one: \#(ports.map { "\(stop.node):\($0.name)" }.joined(separator: ", "))"#
            )
            return nil
        }
        if let port = ports.first(where: { $0.name == name }) { return port }
        let others = isInput ? type.outputs : type.inputs
        let hint =
            others.contains { $0.name == name }
            ? "; \(name) is one of its \(isInput ? "outputs" : "inputs")"
            : NearestName.suggestion(name, among: ports.map(\.name))
        fault(#""\#(stop.node)" (\#(type.type)) has no \#(direction) "\#(name)"\#(hint)"#)
        return nil
    }

    private mutating func parameter(
        _ name: String, of type: NodeDescriptor, output: PortDescriptor?, _ from: LinkStop, _ to: LinkStop
    ) -> Int? {
        guard let index = type.parameters.firstIndex(where: { $0.name == name }) else {
            let live = type.parameters.filter(\.live).map(\.name)
            fault(
                #""\#(to.node)" (\#(type.type)) has no parameter "\#(name)"\#(NearestName.suggestion(name, among: live))"#
            )
            return nil
        }
        if !type.parameters[index].live {
            fault(#""\#(to.text)" cannot change while it sounds; a control link needs a live parameter"#)
            return nil
        }
        return index
    }

    /// Warnings for nodes that nothing reaches, or that reach nothing.
    func unlinked() -> [Fault] {
        nodes.indices.compactMap { index in
            guard let type = nodes[index].descriptor else { return nil }
            let isSource = links.contains { $0.source == index }
            let isTarget = links.contains { $0.target == index }
            let message: String
            if type.inputs.contains(where: { $0.kind == .audio || type.inputs.count == 1 }), !isTarget {
                message = "nothing is linked to it"
            } else if !type.outputs.isEmpty, !isSource, type.inputs.isEmpty || !type.isProcessor {
                guard type.outputs.contains(where: { $0.kind == .audio }) || type.inputs.isEmpty else { return nil }
                message = "it is linked to nothing"
            } else {
                return nil
            }
            return Fault(
                PipelineError(.invalidGraph, at: "nodes.\(nodes[index].id)", message), severity: .warning,
                position: nodes[index].position)
        }
    }

    private mutating func fault(_ message: String) { faults.append(Fault(PipelineError(.invalidLink, message))) }

    private static func word(_ kind: PortKind) -> String { kind == .control ? "control values" : kind.rawValue }

    private static func advice(_ from: PortKind, _ to: PortKind) -> String {
        from == .audio && to == .control ? "a meter turns audio into control values" : "different kinds never join"
    }
}
