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
        /// The most lanes that a plan may have which nothing paces.
        public var threads: Int
        /// Where the services of a node send their events.
        public var events: @Sendable (_ node: String) -> EventSender

        public init(
            isPaced: Bool = false, driver: (any Driver)? = nil, generation: Int = 0, threads: Int = 1,
            events: @escaping @Sendable (_ node: String) -> EventSender = { _ in .discarding }
        ) {
            self.isPaced = isPaced
            self.driver = driver
            self.generation = generation
            self.threads = threads
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
    /// Indices of the links into each node, in the file's order.
    private var incoming: [[Int]]
    /// The plan that this one follows; what goes on in it is taken over.
    private let previous: Plan?
    private let start: PlanStart
    /// What each link holds, taken over or made.
    private var aligns: [AlignRenderer?]
    private var drives: [DriveQueue?]

    private init(_ pipeline: ResolvedPipeline, _ options: Options, masterRate: Int, previous: Plan? = nil) {
        self.pipeline = pipeline
        self.options = options
        self.masterRate = masterRate
        self.previous = previous
        start = PlanStart()
        aligns = pipeline.links.map { _ in nil }
        drives = pipeline.links.map { _ in nil }
        blockFrames = pipeline.checked.engine.blockFrames
        streams = pipeline.nodes.map { _ in [] }
        incoming = pipeline.nodes.map { _ in [] }
        let links = pipeline.links
        for index in links.indices.sorted(by: { (links[$0].index, $0) < (links[$1].index, $1) }) {
            incoming[links[index].target].append(index)
        }
        guard let previous else { return }
        for (index, link) in links.enumerated() {
            guard let origin = link.origin else { continue }
            aligns[index] = previous.legacy.aligns[origin]
            drives[index] = previous.legacy.drives[origin]
        }
    }

    /// Compiles; opens files and devices, and allocates all that rendering needs.
    ///
    /// - Returns: the plan, or the faults that forbid it.
    /// - Thread: control.
    public static func compile(
        _ pipeline: ResolvedPipeline, options: Options = Options()
    ) -> (plan: Plan?, faults: [Fault]) {
        compile(pipeline, options: options, after: nil, with: nil)
    }

    /// As above, for a plan that follows another: nodes and links that go on keep their renderers, bridges and memory. Only
    /// one of the two is rendered at a time.
    static func compile(
        _ pipeline: ResolvedPipeline, options: Options, after previous: Plan?, with preparation: Preparation?
    ) -> (plan: Plan?, faults: [Fault]) {
        guard pipeline.isComplete, let masterRate = pipeline.masterRate else {
            let fault = PipelineError(.internal, "the pipeline is not resolved: \(pipeline.openNodes) are still open")
            return (nil, [Fault(fault)])
        }
        var compiler = PlanCompiler(pipeline, options, masterRate: masterRate, previous: previous)
        compiler.prepareNodes(preparation)
        guard compiler.faults.isEmpty else { return (nil, compiler.faults.inOrder) }
        compiler.makeSchedule()
        return (compiler.assemble(), [])
    }

    /// Nodes that were prepared before their plan is compiled.
    public struct Preparation: Sendable {
        fileprivate var nodes: [String: Prepared] = [:]
    }

    /// Prepares some nodes of a pipeline.
    static func prepare(
        _ pipeline: ResolvedPipeline, where isWanted: [Bool], options: Options
    ) -> (preparation: Preparation?, faults: [Fault]) {
        var compiler = PlanCompiler(pipeline, options, masterRate: pipeline.masterRate ?? 1)
        var preparation = Preparation()
        let facts = compiler.sourceFacts
        for (index, node) in pipeline.nodes.enumerated() where isWanted[index] {
            do throws(PipelineError) {
                preparation.nodes[node.id] = try compiler.prepare(index, sourceFacts: facts)
            } catch {
                compiler.faults.append(Fault(error.placed(at: node.path), position: node.position))
            }
        }
        return compiler.faults.isEmpty ? (preparation, []) : (nil, compiler.faults.inOrder)
    }

    /// The schedule of a pipeline whose nodes are not prepared; nil unless it is complete.
    static func outline(
        _ pipeline: ResolvedPipeline, threads: Int = 1
    ) -> (schedule: Schedule, largestBlock: (Int) -> Int)? {
        guard pipeline.isComplete, let masterRate = pipeline.masterRate else { return nil }
        var compiler = PlanCompiler(pipeline, Options(threads: threads), masterRate: masterRate)
        compiler.nodes = pipeline.nodes.map { node in
            let hasStreams = !node.descriptor.streamInputs.isEmpty || !node.descriptor.streamOutputs.isEmpty
            return .init(
                id: node.id, descriptor: node.descriptor, prepared: Prepared(hasStreams ? AbsentRenderer() : nil),
                place: node.place, arrival: node.arrival, start: compiler.start)
        }
        compiler.makeSchedule()
        return (compiler.schedule, compiler.largestBlock)
    }

    // MARK: Prepare

    private func largestBlock(atRate rate: Int) -> Int {
        rate == masterRate ? blockFrames : (blockFrames * rate + masterRate - 1) / masterRate + 1
    }

    private var sourceFacts: [(node: String, facts: [(name: String, value: Value)])] {
        pipeline.nodes.filter { $0.descriptor.parameters.contains(where: \.isRead) }
            .map { ($0.id, $0.resolution.facts) }
    }

    private mutating func prepareNodes(_ preparation: Preparation?) {
        let facts = sourceFacts
        for (index, node) in pipeline.nodes.enumerated() {
            let before = node.origin.flatMap { previous?.nodes[$0] }
            do throws(PipelineError) {
                let prepared: Prepared
                if let known = before?.prepared ?? preparation?.nodes[node.id] {
                    prepared = known
                } else {
                    prepared = try prepare(index, sourceFacts: facts)
                }
                nodes.append(
                    .init(
                        id: node.id, descriptor: node.descriptor, prepared: prepared, place: node.place,
                        arrival: node.arrival, start: before?.start ?? start))
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
        let inputs = pipeline.inputFormats(of: index).map { format, isConnected in
            Setup.Input(
                format: format, latency: node.arrival.frame(atRate: format.rate),
                largestBlock: largestBlock(atRate: format.rate), isConnected: isConnected)
        }
        return try instance.prepare(
            Setup(
                id: node.id, inputs: inputs, outputs: outputs, masterRate: masterRate, isPaced: options.isPaced,
                driver: options.driver, sourceFacts: sourceFacts, events: options.events(node.id)))
    }

    // MARK: Schedule

    private mutating func makeSchedule() {
        var absorbing: [Absorbing] = []
        for (place, index) in pipeline.order.enumerated() {
            guard let renderer = nodes[index].prepared.renderer else { continue }
            let node = pipeline.nodes[index]
            let formats = pipeline.inputFormats(of: index)
            var inputs: [Schedule.Access] = []
            var latePorts: [Int] = []
            for (port, format) in formats.enumerated() {
                let links = links(into: index, port: port)
                // Inside a loop, an input that comes later is bound once it is there.
                if node.loop != nil, links.contains(where: { streams[pipeline.links[$0].source].isEmpty }) {
                    latePorts.append(port)
                    inputs.append(silence(format.format))
                } else {
                    inputs.append(gather(links, as: format.format, for: index, port: port))
                }
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
                    absorbing.append(Absorbing(node: index, operation: operation, inputs: inputs, latePorts: latePorts))
                }
            }
            let next = place + 1 < pipeline.order.count ? pipeline.nodes[pipeline.order[place + 1]].loop : nil
            if node.loop != nil, next != node.loop {
                for late in absorbing { bindAbsorb(late) }
                absorbing = []
            }
        }
        schedule.spread(over: options.isPaced ? 1 : options.threads)
        schedule.extendThroughLoops()
        schedule.markUnconnected()
    }

    /// A node of a loop that takes in some of its inputs once they are there.
    private struct Absorbing {
        let node: Int
        let operation: Int
        let inputs: [Schedule.Access]
        let latePorts: [Int]
    }

    private mutating func bindAbsorb(_ late: Absorbing) {
        let formats = pipeline.inputFormats(of: late.node)
        var inputs = late.inputs
        for port in late.latePorts {
            inputs[port] = gather(
                links(into: late.node, port: port), as: formats[port].format, for: late.node, port: port)
        }
        schedule.addAbsorb(of: late.operation, inputs: inputs)
    }

    private func links(into node: Int, port: Int) -> [Int] {
        incoming[node].filter { pipeline.links[$0].port == .stream(port) }
    }

    private func silence(_ format: StreamFormat) -> Schedule.Access {
        .init(stream: nil, channels: Array(repeating: 0, count: format.channels), rate: format.rate, isConnected: false)
    }

    /// Brings an input's links together: the very stream where one link fits as it is, else their sum in a buffer.
    private mutating func gather(
        _ indices: [Int], as format: StreamFormat, for index: Int, port: Int
    ) -> Schedule.Access {
        if indices.isEmpty { return silence(format) }
        let links = indices.map { pipeline.links[$0] }
        let node = pipeline.nodes[index]
        let mixesDown = node.descriptor.streamInputs[port].mixesDown
        let sources = indices.map { late($0, rate: format.rate, loop: node.loop) }
        if links.count == 1, links[0].scale == 1, links[0].offset == 0, links[0].ramp == .none {
            let (source, link) = (sources[0], links[0])
            let width = source.channels.count
            if width == format.channels, link.targetChannel == nil || format.channels == 1 { return source }
            if width == 1, link.targetChannel == nil {
                return .init(
                    stream: source.stream, channels: Array(repeating: source.channels[0], count: format.channels),
                    rate: format.rate)
            }
        }
        var paths: [RampRenderer.Path] = []
        for (input, (source, link)) in zip(sources, links).enumerated() {
            let width = source.channels.count
            let targets = link.targetChannel.map { [$0] } ?? Array(0..<format.channels)
            let mean = mixesDown && width > format.channels
            for target in targets {
                for channel in mean ? Array(0..<width) : [width == 1 ? 0 : target] {
                    let gain = Float(link.scale / (mean ? Double(width) : 1))
                    let path = MixRenderer.Path(input: input, channel: channel, target: target, gain: gain)
                    paths.append(RampRenderer.Path(path, link.ramp, delayFrames: link.rampDelay))
                }
            }
        }
        let name =
            node.descriptor.streamInputs[port] == node.descriptor.mainInput
            ? node.id : "\(node.id):\(node.descriptor.streamInputs[port].name)"
        let offset = links.reduce(Float(0)) { $0 + Float($1.offset) }
        let mixed = schedule.add(
            .render, mixer(paths, format, offset: offset), inputs: sources, outputs: [format], node: nil,
            name: "mix -> \(name)", mainRate: format.rate, loop: node.loop)
        return .init(stream: mixed[0], channels: Array(0..<format.channels), rate: format.rate)
    }

    private func mixer(_ paths: [RampRenderer.Path], _ format: StreamFormat, offset: Float) -> any Renderer {
        if paths.allSatisfy(\.isSteady) {
            return MixRenderer(paths.map(\.path), channels: format.channels, offset: offset)
        }
        return RampRenderer(paths, format, start: start, masterRate: masterRate)
    }

    /// The stream that a link takes up, its channel picked, delayed where other paths are longer.
    private mutating func late(_ index: Int, rate: Int, loop: Int?) -> Schedule.Access {
        let link = pipeline.links[index]
        let stream = streams[link.source][link.output]
        let channels = link.sourceChannel.map { [$0] } ?? Array(0..<schedule.streams[stream].channels)
        let access = Schedule.Access(stream: stream, channels: channels, rate: rate)
        let frames = (link.delay * Rational(Int128(rate)) + Rational(1, over: 2)).roundedDown
        guard frames > 0 else { return access }
        let align = aligns[index] ?? AlignRenderer(frames: frames, channels: channels.count)
        aligns[index] = align
        let delayed = schedule.add(
            .render, align, inputs: [access],
            outputs: [StreamFormat(rate: rate, channels: channels.count)], node: nil,
            name: "align \(pipeline.nodes[link.source].id) -> \(pipeline.nodes[link.target].id)", mainRate: rate,
            loop: loop)
        return .init(stream: delayed[0], channels: Array(0..<channels.count), rate: rate)
    }

    private func mainRate(of index: Int, inputs: [(format: StreamFormat, isConnected: Bool)]) -> Int {
        let audio = zip(pipeline.nodes[index].descriptor.streamInputs, inputs).first { $0.0.kind == .audio }?.1.format
        return audio?.rate ?? pipeline.nodes[index].resolution.outputs.first?.format.rate ?? masterRate
    }

    private mutating func drive(
        _ place: Int, of index: Int, inputs: [(format: StreamFormat, isConnected: Bool)]
    ) -> Schedule.Drive? {
        let link = pipeline.links[place]
        guard case .parameter(let parameter) = link.port else { return nil }
        let rate = mainRate(of: index, inputs: inputs)
        let range: ClosedRange<Double>
        switch pipeline.nodes[index].descriptor.parameters[parameter].kind {
        case .number(let bounds): range = bounds
        case .integer(let bounds): range = Double(bounds.lowerBound)...Double(bounds.upperBound)
        default: return nil
        }
        let delayFrames = (link.delay * Rational(Int128(rate)) + Rational(1, over: 2)).roundedDown
        // Room for every change that can wait: a block of values, and those that the delay holds back.
        let held = delayFrames * Limits.controlRate / rate
        let queue = drives[place] ?? DriveQueue(atLeast: largestBlock(atRate: Limits.controlRate) + held + 8)
        drives[place] = queue
        return .init(
            stream: streams[link.source][link.output], parameter: parameter, delayFrames: delayFrames,
            scale: link.scale, offset: link.offset, range: range, queue: queue)
    }

    // MARK: Memory

    private func assemble() -> Plan {
        PlanAssembler(
            pipeline: pipeline, schedule: schedule, nodes: nodes, masterRate: masterRate, blockFrames: blockFrames,
            largestBlock: largestBlock, loggedCycles: options.isPaced ? Self.loggedCycles : 0,
            generation: options.generation, legacy: PlanLegacy(start: start, aligns: aligns, drives: drives)
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
