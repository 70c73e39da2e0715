internal import SyrinxCore
internal import SyrinxGraph

/// What `explain` tells of a pipeline, gathered once for every way of showing it.
struct Explanation {
    /// The format at one end of a link, as far as it is known.
    struct Format {
        let kind: PortKind
        let rate: Int?
        let channels: Int?
        /// Nobody but a device knows the rate.
        let isDevice: Bool

        /// `48 kHz, 2 channels`; what is not known is `?`.
        var text: String {
            switch kind {
            case .events: "events"
            case .control: "control"
            case .audio:
                rate == nil && channels == nil && !isDevice
                    ? "?" : "\(rateText), \(channels.map { Figures.count($0, "channel") } ?? "? channels")"
            }
        }

        var rateText: String { rate.map(Figures.rate) ?? (isDevice ? "device" : "?") }
    }

    struct Node {
        let id: String
        let type: String
        let isInserted: Bool
        let isBypassed: Bool
        /// What it makes; for a sink, what it takes.
        let format: Format?
        /// How much later its output is than its input, and how much longer it sounds; seconds.
        let latency: Double
        let tail: Double
        /// How late its input is: what a file sink leaves out at its head.
        let arrival: Double
        let inLoop: Bool
        let end: SourceEnd
        let facts: [(name: String, value: Value)]
    }

    struct Link {
        let from: Int
        let to: Int
        let fromText: String
        let toText: String
        let format: Format
        let isParameter: Bool
        /// By how much it waits for a longer path; seconds.
        let delay: Double
    }

    /// A file that a run reads or writes; a path that is not known yet is nil.
    struct File {
        let node: String
        let path: String?
        let isWritten: Bool
    }

    let pipeline: ResolvedPipeline
    let driver: String
    let nodes: [Node]
    let links: [Link]
    let files: [File]
    let needs: [Need]
    /// What a run does beyond its machine's files: connects to a server, starts a program.
    struct Act {
        let node: String
        /// `connects to`, `runs`.
        let verb: String
        let target: String
    }

    /// nil while a format is not known.
    let outline: PlanOutline?

    init(_ pipeline: ResolvedPipeline, driver: String, needs: [Need]) {
        self.pipeline = pipeline
        self.driver = driver
        nodes = pipeline.nodes.map(Self.node)
        let streams = pipeline.links.sorted { one, other in
            // In the file's order; the half before a converter goes before the half behind it.
            (one.index, pipeline.nodes[other.target].isInserted ? 1 : 0)
                < (other.index, pipeline.nodes[one.target].isInserted ? 1 : 0)
        }
        links = streams.map { Self.link($0, pipeline) } + pipeline.eventLinks.map { Self.link($0, pipeline) }
        files = Self.files(pipeline.checked)
        self.needs = needs
        outline = PlanOutline(pipeline)
    }

    /// The servers and programs that nodes name among their facts.
    var acts: [Act] {
        nodes.flatMap { node in
            node.facts.flatMap { fact -> [Act] in
                let targets = fact.value.list?.compactMap(\.string) ?? [fact.value.string].compactMap(\.self)
                switch fact.name {
                case "connects_to": return targets.map { Act(node: node.id, verb: "connects to", target: $0) }
                case "runs": return targets.map { Act(node: node.id, verb: "runs", target: $0) }
                default: return []
                }
            }
        }
    }

    /// Nodes that hold back the end of a run until they are done.
    var sessions: [String] {
        pipeline.nodes.filter { node in
            node.descriptor.pace == .wallClock && node.descriptor.outputs.contains { $0.kind == .audio }
        }.map(\.id)
    }

    /// When a run ends.
    enum End {
        /// Nothing in the pipeline says so.
        case never
        /// After these seconds, when the named node has ended; the tail is not counted in.
        case after(Double, node: String)
        /// When these nodes have been read.
        case whenRead([String])
        /// These nodes are not known well enough.
        case unknown([String])
    }

    var end: End {
        let unknown = pipeline.nodes.filter { $0.instance == nil && $0.descriptor.streamInputs.isEmpty }.map(\.id)
        if !unknown.isEmpty { return .unknown(unknown) }
        var latest: (seconds: Double, node: String)?
        // A script ends when it has been read.
        var open = pipeline.nodes.filter { $0.descriptor.isScript }.map(\.id)
        for node in nodes {
            switch node.end {
            case .never: continue
            case .whenRead: open.append(node.id)
            case .after(let frames):
                guard let rate = node.format?.rate else {
                    open.append(node.id)
                    continue
                }
                let seconds = Double(frames) / Double(rate)
                if seconds > latest?.seconds ?? -1 { latest = (seconds, node.id) }
            }
        }
        if !open.isEmpty { return .whenRead(open) }
        return latest.map { .after($0.seconds, node: $0.node) } ?? .never
    }

    /// The nodes in the order in which they are rendered; those that are not rendered follow.
    var order: [Node] {
        let rendered = Set(pipeline.order)
        return pipeline.order.map { nodes[$0] } + nodes.indices.filter { !rendered.contains($0) }.map { nodes[$0] }
    }

    // MARK: Gathering

    private static func node(_ node: ResolvedPipeline.Node) -> Node {
        let output = node.resolution.outputs.first
        let kind = node.descriptor.streamOutputs.first?.kind ?? node.descriptor.streamInputs.first?.kind
        let partial = output?.format ?? node.inputs.first.flatMap { $0 }
        let rate = output?.format.rate
        func seconds(_ frames: Double) -> Double { rate.map { frames / Double($0) } ?? 0 }
        return Node(
            id: node.id, type: node.descriptor.type, isInserted: node.isInserted, isBypassed: node.bypass,
            format: kind.map { Format($0, partial ?? PartialFormat(), node.descriptor) },
            latency: seconds(node.resolution.outputs.map { $0.latency.double }.max() ?? 0),
            tail: seconds(Double(node.resolution.outputs.map(\.tail).max() ?? 0)), arrival: node.arrival.double,
            inLoop: node.loop != nil, end: node.resolution.end, facts: node.resolution.facts)
    }

    private static func link(_ link: ResolvedPipeline.Link, _ pipeline: ResolvedPipeline) -> Link {
        let (source, target) = (pipeline.nodes[link.source], pipeline.nodes[link.target])
        let outputs = source.descriptor.streamOutputs
        let port = link.output < outputs.count ? outputs[link.output] : nil
        let stated = link.output < source.resolution.outputs.count ? source.resolution.outputs[link.output].format : nil
        var from = source.id
        if let port, port != source.descriptor.mainOutput { from += ":\(port.name)" }
        if let channel = link.sourceChannel { from += "[\(channel)]" }
        var to = target.id
        var isParameter = false
        switch link.port {
        case .stream(let index):
            let input = target.descriptor.streamInputs[index]
            if input != target.descriptor.mainInput { to += ":\(input.name)" }
        case .parameter(let index):
            to += ".\(target.descriptor.parameters[index].name)"
            isParameter = true
        case .events(let name): to += ":\(name)"
        }
        if let channel = link.targetChannel { to += "[\(channel)]" }
        var format = stated ?? PartialFormat()
        if link.sourceChannel != nil { format.channels = 1 }
        return Link(
            from: link.source, to: link.target, fromText: from, toText: to,
            format: Format(port?.kind ?? .audio, format, source.descriptor), isParameter: isParameter,
            delay: link.delay.double)
    }

    private static func link(_ link: (source: Int, target: Int), _ pipeline: ResolvedPipeline) -> Link {
        let (source, target) = (pipeline.nodes[link.source], pipeline.nodes[link.target])
        let port = source.descriptor.outputs.first { $0.kind == .events }
        let from = port == source.descriptor.mainOutput ? source.id : "\(source.id):\(port?.name ?? "events")"
        return Link(
            from: link.source, to: link.target, fromText: from, toText: target.id,
            format: Format(.events, PartialFormat(), source.descriptor), isParameter: false, delay: 0)
    }

    /// Every parameter that is a path, known or not.
    private static func files(_ checked: CheckedPipeline) -> [File] {
        zip(checked.nodes, checked.document.nodes).flatMap { node, written in
            node.descriptor.parameters.compactMap { parameter in
                guard case .path(let use) = parameter.kind else { return nil }
                let path = node.values[parameter.name]?.string
                if path == nil, !written.parameters.contains(where: { $0.name == parameter.name }) { return nil }
                return File(node: node.id, path: path, isWritten: use == .write)
            }
        }
    }
}

extension Explanation.Format {
    fileprivate init(_ kind: PortKind, _ format: PartialFormat, _ descriptor: NodeDescriptor) {
        var isDevice = false
        if case .device = descriptor.pace { isDevice = true }
        self.init(kind: kind, rate: format.rate, channels: format.channels, isDevice: isDevice)
    }
}

extension NodeDescriptor {
    /// It tells events at its own pace, and nothing else.
    fileprivate var isScript: Bool { pace == .wallClock && inputs.isEmpty && streamOutputs.isEmpty }
}
