public import SyrinxCore

/// Turns a resolved pipeline into a plan: prepares every node, schedules, gives out memory.
public struct PlanCompiler {
    /// How a run goes, as far as nodes must know.
    public struct Options: Sendable {
        /// True: a clock drives the run, nothing waits.
        public var isPaced: Bool
        /// The driver of a paced run.
        public var driver: (any Driver)?
        /// Tells the plans of a run apart; each has its own.
        public var generation: Int
        /// Where the services of a node send their events.
        public var events: @Sendable (_ node: String) -> EventSender

        public init(
            isPaced: Bool = false, driver: (any Driver)? = nil, generation: Int = 0,
            events: @escaping @Sendable (_ node: String) -> EventSender = { _ in .discarding }
        ) {
            self.isPaced = isPaced
            self.driver = driver
            self.generation = generation
            self.events = events
        }
    }

    /// Cycles whose times a live run keeps: a second and more at 64 frames.
    private static let loggedCycles = 1024

    private let pipeline: ResolvedPipeline
    private let options: Options
    private let masterRate: Int
    private let blockFrames: Int
    private var schedule = Schedule()
    private var nodes: [Plan.Node] = []
    private var faults: [Fault] = []
    /// The streams of each resolved node's outputs.
    private var streams: [[Int]]
    private var incoming: [[ResolvedPipeline.Link]]

    private init(_ pipeline: ResolvedPipeline, _ options: Options, masterRate: Int) {
        self.pipeline = pipeline
        self.options = options
        self.masterRate = masterRate
        blockFrames = pipeline.checked.engine.blockFrames
        streams = pipeline.nodes.map { _ in [] }
        incoming = pipeline.nodes.map { _ in [] }
        for link in pipeline.links.sorted(by: { $0.index < $1.index }) { incoming[link.target].append(link) }
    }

    /// Compiles; opens files and devices, and allocates all that rendering needs.
    ///
    /// - Returns: the plan, or the faults that forbid it.
    /// - Thread: control.
    public static func compile(
        _ pipeline: ResolvedPipeline, options: Options = Options()
    ) -> (plan: Plan?, faults: [Fault]) {
        guard pipeline.isComplete, let masterRate = pipeline.masterRate else {
            let fault = PipelineError(.internal, "the pipeline is not resolved: \(pipeline.openNodes) are still open")
            return (nil, [Fault(fault)])
        }
        var compiler = PlanCompiler(pipeline, options, masterRate: masterRate)
        compiler.prepareNodes()
        guard compiler.faults.isEmpty else { return (nil, compiler.faults.inOrder) }
        compiler.makeSchedule()
        return (compiler.assemble(), [])
    }

    /// The schedule of a pipeline whose nodes are not prepared; nil unless it is complete.
    static func outline(_ pipeline: ResolvedPipeline) -> (schedule: Schedule, largestBlock: (Int) -> Int)? {
        guard pipeline.isComplete, let masterRate = pipeline.masterRate else { return nil }
        var compiler = PlanCompiler(pipeline, Options(), masterRate: masterRate)
        compiler.nodes = pipeline.nodes.map { node in
            let hasStreams = !node.descriptor.streamInputs.isEmpty || !node.descriptor.streamOutputs.isEmpty
            return .init(
                id: node.id, descriptor: node.descriptor, prepared: Prepared(hasStreams ? AbsentRenderer() : nil),
                place: node.place, arrival: node.arrival)
        }
        compiler.makeSchedule()
        return (compiler.schedule, compiler.largestBlock)
    }

    // MARK: Prepare

    private func largestBlock(atRate rate: Int) -> Int {
        rate == masterRate ? blockFrames : (blockFrames * rate + masterRate - 1) / masterRate + 1
    }

    private mutating func prepareNodes() {
        let facts = pipeline.nodes.filter { $0.descriptor.parameters.contains(where: \.isRead) }
            .map { (node: $0.id, facts: $0.resolution.facts) }
        for (index, node) in pipeline.nodes.enumerated() {
            do throws(PipelineError) {
                nodes.append(
                    .init(
                        id: node.id, descriptor: node.descriptor, prepared: try prepare(index, sourceFacts: facts),
                        place: node.place, arrival: node.arrival))
            } catch {
                faults.append(Fault(error.placed(at: node.path), position: node.position))
            }
        }
    }

    private func prepare(
        _ index: Int, sourceFacts: [(node: String, facts: [(name: String, value: Value)])]
    ) throws(PipelineError) -> Prepared {
        let node = pipeline.nodes[index]
        let outputs = node.resolution.outputs.enumerated().map { port, output in
            let format = output.format.complete ?? StreamFormat(rate: masterRate, channels: 1)
            return Setup.Output(
                format: format, largestBlock: largestBlock(atRate: format.rate),
                isConnected: pipeline.links.contains { $0.source == index && $0.output == port })
        }
        if node.bypass, let main = outputs.first {
            let frames = node.resolution.outputs[0].latency.roundedUp
            return Prepared(
                AlignRenderer(frames: Int(frames), channels: main.format.channels, outputs: outputs.count))
        }
        guard let instance = node.instance else { return Prepared(nil) }
        let inputs = inputFormats(of: index).map { format, isConnected in
            Setup.Input(
                format: format, latency: node.arrival.frame(atRate: format.rate),
                largestBlock: largestBlock(atRate: format.rate), isConnected: isConnected)
        }
        return try instance.prepare(
            Setup(
                id: node.id, inputs: inputs, outputs: outputs, masterRate: masterRate, isPaced: options.isPaced,
                driver: options.driver, sourceFacts: sourceFacts, events: options.events(node.id)))
    }

    /// The formats of a node's inputs; where nothing is linked, silence as wide as the node asks for.
    private func inputFormats(of index: Int) -> [(format: StreamFormat, isConnected: Bool)] {
        let node = pipeline.nodes[index]
        let linkedRate = zip(node.inputs, node.descriptor.streamInputs)
            .first { $0.0?.complete != nil && $0.1.kind == .audio }?.0?.rate
        return zip(node.descriptor.streamInputs, node.inputs).map { port, format in
            if let format = format?.complete { return (format, true) }
            if port.kind == .control { return (StreamFormat(rate: Limits.controlRate, channels: 1), false) }
            let channels = node.instance?.inputChannels(port.name) ?? 1
            return (StreamFormat(rate: linkedRate ?? masterRate, channels: channels), false)
        }
    }

    // MARK: Schedule

    private mutating func makeSchedule() {
        var absorbing: [(node: Int, operation: Int)] = []
        for (place, index) in pipeline.order.enumerated() {
            guard let renderer = nodes[index].prepared.renderer else { continue }
            let node = pipeline.nodes[index]
            let formats = inputFormats(of: index)
            var inputs: [Schedule.Access] = []
            for (port, format) in formats.enumerated() {
                let links = incoming[index].filter { $0.port == .stream(port) }
                // Inside a loop, an input that comes later is bound once it is there.
                let isLate = node.loop != nil && links.contains { streams[$0.source].isEmpty }
                inputs.append(
                    isLate ? silence(format.format) : gather(links, as: format.format, for: index, port: port))
            }
            let drives = incoming[index].compactMap { drive($0, of: index, inputs: formats) }
            let operation = schedule.operations.count
            streams[index] = schedule.add(
                .render, renderer, inputs: inputs, outputs: node.resolution.outputs.compactMap(\.format.complete),
                node: index, name: node.id, worksInPlace: node.descriptor.worksInPlace && node.loop == nil,
                drives: drives, mainRate: mainRate(of: index, inputs: formats), loop: node.loop)
            if pipeline.absorbs(index) {
                if node.loop == nil {
                    schedule.addAbsorb(of: operation, inputs: inputs)
                } else {
                    absorbing.append((index, operation))
                }
            }
            let next = place + 1 < pipeline.order.count ? pipeline.nodes[pipeline.order[place + 1]].loop : nil
            if node.loop != nil, next != node.loop {
                for (node, operation) in absorbing { bindAbsorb(node, operation) }
                absorbing = []
            }
        }
        schedule.extendThroughLoops()
        schedule.markUnconnected()
    }

    private mutating func bindAbsorb(_ index: Int, _ operation: Int) {
        let inputs = inputFormats(of: index).enumerated().map { port, format in
            gather(incoming[index].filter { $0.port == .stream(port) }, as: format.format, for: index, port: port)
        }
        schedule.addAbsorb(of: operation, inputs: inputs)
    }

    private func silence(_ format: StreamFormat) -> Schedule.Access {
        .init(stream: nil, channels: Array(repeating: 0, count: format.channels), rate: format.rate, isConnected: false)
    }

    /// Brings an input's links together: the very stream where one link fits as it is, else their sum in a buffer.
    private mutating func gather(
        _ links: [ResolvedPipeline.Link], as format: StreamFormat, for index: Int, port: Int
    ) -> Schedule.Access {
        if links.isEmpty { return silence(format) }
        let node = pipeline.nodes[index]
        let mixesDown = node.descriptor.streamInputs[port].mixesDown
        let sources = links.map { late($0, rate: format.rate, loop: node.loop) }
        if links.count == 1, links[0].scale == 1, links[0].offset == 0 {
            let (source, link) = (sources[0], links[0])
            let width = source.channels.count
            if width == format.channels, link.targetChannel == nil || format.channels == 1 { return source }
            if width == 1, link.targetChannel == nil {
                return .init(
                    stream: source.stream, channels: Array(repeating: source.channels[0], count: format.channels),
                    rate: format.rate)
            }
        }
        var paths: [MixRenderer.Path] = []
        for (input, (source, link)) in zip(sources, links).enumerated() {
            let width = source.channels.count
            let targets = link.targetChannel.map { [$0] } ?? Array(0..<format.channels)
            let mean = mixesDown && width > format.channels
            for target in targets {
                for channel in mean ? Array(0..<width) : [width == 1 ? 0 : target] {
                    let gain = Float(link.scale / (mean ? Double(width) : 1))
                    paths.append(.init(input: input, channel: channel, target: target, gain: gain))
                }
            }
        }
        let name =
            node.descriptor.streamInputs[port] == node.descriptor.mainInput
            ? node.id : "\(node.id):\(node.descriptor.streamInputs[port].name)"
        let offset = links.reduce(Float(0)) { $0 + Float($1.offset) }
        let mixed = schedule.add(
            .render, MixRenderer(paths, channels: format.channels, offset: offset), inputs: sources, outputs: [format],
            node: nil, name: "mix -> \(name)", mainRate: format.rate, loop: node.loop)
        return .init(stream: mixed[0], channels: Array(0..<format.channels), rate: format.rate)
    }

    /// The stream that a link takes up, its channel picked, delayed where other paths are longer.
    private mutating func late(_ link: ResolvedPipeline.Link, rate: Int, loop: Int?) -> Schedule.Access {
        let stream = streams[link.source][link.output]
        let channels = link.sourceChannel.map { [$0] } ?? Array(0..<schedule.streams[stream].channels)
        let access = Schedule.Access(stream: stream, channels: channels, rate: rate)
        let frames = (link.delay * Rational(Int128(rate)) + Rational(1, over: 2)).roundedDown
        guard frames > 0 else { return access }
        let delayed = schedule.add(
            .render, AlignRenderer(frames: frames, channels: channels.count), inputs: [access],
            outputs: [StreamFormat(rate: rate, channels: channels.count)], node: nil,
            name: "align \(pipeline.nodes[link.source].id) -> \(pipeline.nodes[link.target].id)", mainRate: rate,
            loop: loop)
        return .init(stream: delayed[0], channels: Array(0..<channels.count), rate: rate)
    }

    private func mainRate(of index: Int, inputs: [(format: StreamFormat, isConnected: Bool)]) -> Int {
        let audio = zip(pipeline.nodes[index].descriptor.streamInputs, inputs).first { $0.0.kind == .audio }?.1.format
        return audio?.rate ?? pipeline.nodes[index].resolution.outputs.first?.format.rate ?? masterRate
    }

    private func drive(
        _ link: ResolvedPipeline.Link, of index: Int, inputs: [(format: StreamFormat, isConnected: Bool)]
    ) -> Schedule.Drive? {
        guard case .parameter(let parameter) = link.port else { return nil }
        let rate = mainRate(of: index, inputs: inputs)
        let range: ClosedRange<Double>
        switch pipeline.nodes[index].descriptor.parameters[parameter].kind {
        case .number(let bounds): range = bounds
        case .integer(let bounds): range = Double(bounds.lowerBound)...Double(bounds.upperBound)
        default: return nil
        }
        return .init(
            stream: streams[link.source][link.output], parameter: parameter,
            delayFrames: (link.delay * Rational(Int128(rate)) + Rational(1, over: 2)).roundedDown, scale: link.scale,
            offset: link.offset, range: range)
    }

    // MARK: Memory

    private func assemble() -> Plan {
        PlanAssembler(
            pipeline: pipeline, schedule: schedule, nodes: nodes, masterRate: masterRate, blockFrames: blockFrames,
            largestBlock: largestBlock, loggedCycles: options.isPaced ? Self.loggedCycles : 0,
            generation: options.generation
        ).plan()
    }
}

extension ResolvedPipeline {
    /// The nodes that cannot be made yet, in words.
    fileprivate var openNodes: String {
        let open = nodes.filter { $0.instance == nil || $0.resolution.outputs.contains { $0.format.complete == nil } }
        return open.map(\.id).joined(separator: ", ")
    }
}
