public import SyrinxCore
internal import SyrinxRealtime

/// A node made from its descriptor and some values, prepared for given inputs, and rendered in given cuts.
///
/// ```swift
/// let gain = try NodeHarness(GainNode.self, ["gain_db": .number(-6)], inputs: [StreamFormat(rate: 48_000, channels: 2)])
/// let out = try gain.render([[left, right]], frames: 1_000, cuts: [7, 64]).outputs[0]
/// ```
///
/// It does for one node what checker, compiler and executor do for a graph: fills in defaults, slices time at each
/// port's rate, moves live parameters at block edges, waits for bridges. And it watches: memory outside the block, inputs
/// that are written to, outputs that are not.
public final class NodeHarness {
    /// A live parameter's move, at the frame of R where it happens.
    public struct Move: Sendable {
        public let frame: Int
        public let parameter: String
        public let value: Double

        public init(at frame: Int, _ parameter: String, to value: Double) {
            self.frame = frame
            self.parameter = parameter
            self.value = value
        }
    }

    /// What came out of a run of blocks.
    public struct Rendered: Sendable {
        /// Port, channel, sample.
        public var outputs: [[[Float]]]
        public var events: [RenderEvent] = []
        /// Calls of the heap while the node rendered.
        public var heapCalls = 0
        /// Rules that the renderer broke: what it wrote and should not have, or the other way round.
        public var faults: Set<String> = []

        /// The samples of output 0.
        public var output: [[Float]] { outputs[0] }
    }

    public let descriptor: NodeDescriptor
    public let resolution: Resolution
    public let setup: Setup
    public let prepared: Prepared
    /// P: frames of R rendered so far.
    public private(set) var position = 0
    /// Stream inputs that no output needs within the same slice.
    private let absorbed: Set<Int>
    private var threads: [ServiceThread] = []

    /// Makes the node and prepares it.
    ///
    /// - Parameters:
    ///   - values: as in a pipeline file; defaults are filled in, unknown names and values out of range refused.
    ///   - inputs: one for each stream input; nil or left out: not linked. A control input has 1000 Hz, one channel.
    ///   - inputLatencies: how late each input is, in its frames.
    ///   - masterRate: R; the first input's rate if left out, else 48 kHz.
    ///   - largestBlock: in frames of R.
    public init<N: Node>(
        _ type: N.Type, _ values: [String: Value] = [:], inputs: [StreamFormat?] = [], inputLatencies: [Int] = [],
        masterRate: Int? = nil, largestBlock: Int = 4096, isPaced: Bool = false, events: EventSender = .discarding
    ) throws(PipelineError) {
        let descriptor = try N.descriptor(for: Parameters(path: "nodes.test", values: values))
        self.descriptor = descriptor
        let parameters = try Self.parameters(values, of: descriptor)
        let node = try N(parameters)
        let ports = descriptor.streamInputs
        let masterRate = masterRate ?? inputs.lazy.compactMap(\.self).first?.rate ?? 48_000
        let linked = ports.indices.map { index in inputs.indices.contains(index) ? inputs[index] : nil }
        let resolution = try node.resolve(
            FormatRequest(
                access: .all, inputs: linked.map { $0.map { PartialFormat(rate: $0.rate, channels: $0.channels) } },
                inputLatencies: ports.indices.map { inputLatencies.indices.contains($0) ? inputLatencies[$0] : 0 },
                masterRate: masterRate))
        self.resolution = resolution
        func block(_ rate: Int) -> Int { PortMemory.boundary(largestBlock, rate: rate, masterRate: masterRate) }
        setup = Setup(
            id: "test",
            inputs: ports.indices.map { index in
                let unlinked = StreamFormat(
                    rate: ports[index].kind == .control ? Limits.controlRate : masterRate,
                    channels: node.inputChannels(ports[index].name) ?? 1)
                let format = linked[index] ?? unlinked
                return Setup.Input(
                    format: format, latency: inputLatencies.indices.contains(index) ? inputLatencies[index] : 0,
                    largestBlock: block(format.rate), isConnected: linked[index] != nil)
            },
            outputs: resolution.outputs.map { output in
                let format = StreamFormat(rate: output.format.rate ?? masterRate, channels: output.format.channels ?? 1)
                return Setup.Output(format: format, largestBlock: block(format.rate), isConnected: true)
            },
            masterRate: masterRate, isPaced: isPaced, events: events)
        if setup.outputs.count != descriptor.streamOutputs.count {
            let expected = descriptor.streamOutputs.count
            throw PipelineError(
                .internal, at: descriptor.type,
                "resolve states \(setup.outputs.count) outputs, the descriptor has \(expected)")
        }
        let all = Set(ports.indices)
        absorbed =
            resolution.outputs.isEmpty
            ? [] : resolution.outputs.reduce(all) { rest, output in rest.subtracting(output.needs ?? Array(all)) }
        prepared = try node.prepare(setup)
    }

    /// True: the main output can be rendered into the main input's memory.
    public var canWorkInPlace: Bool {
        guard descriptor.worksInPlace, let input = setup.inputs.first, let output = setup.outputs.first else {
            return false
        }
        return input.format == output.format && !absorbed.contains(0)
    }

    /// True: there are inputs that no output needs within the same slice, and the renderer's `absorb` is called.
    public var absorbsInputs: Bool { !absorbed.isEmpty }

    /// The longest piece, in frames of R, that a loop through the node is rendered in.
    private var loopPiece: Int {
        let delays = zip(resolution.outputs, setup.outputs).filter { $0.0.needs != nil }
        return delays.map { max(1, $0.0.delay * setup.masterRate / $0.1.format.rate) }.min() ?? .max
    }

    /// Back to the state after `prepare`, at P = 0.
    public func reset() {
        prepared.renderer?.reset()
        position = 0
    }

    /// Starts the node's blocking services, each on a thread of its own.
    public func startServices() { threads = prepared.blockingServices.map { ServiceThread($0) } }

    /// Tells the bridges that the stream ends at `frame` of their own rate, if one is given, and that no block follows;
    /// then waits for the services.
    ///
    /// - Throws: what a service threw.
    public func finish(endingAt frame: Int? = nil) throws(PipelineError) {
        if let frame { prepared.sink?.end(at: frame) }
        prepared.sink?.finish()
        for thread in threads { try thread.join() }
        threads = []
        try prepared.receiver?.finish()
    }

    /// Renders `frames` frames of R.
    ///
    /// - Parameters:
    ///   - inputs: for each stream input its channels, from this call's first frame on; silence where they end.
    ///   - cuts: block sizes, taken again from the first when they are used up; no block crosses a move.
    ///   - moves: with frames counted from this call's first.
    ///   - inPlace: the main output lies in the main input's memory.
    ///   - inLoop: as in a loop of the graph: inputs that no output needs come after the outputs are rendered, and no
    ///     block is longer than the declared delay.
    public func render(
        _ inputs: [[[Float]]] = [], frames: Int, cuts: [Int] = [512], moves: [Move] = [], inPlace: Bool = false,
        inLoop: Bool = false
    ) throws(PipelineError) -> Rendered {
        var result = Rendered(outputs: setup.outputs.map { Array(repeating: [], count: $0.format.channels) })
        guard let renderer = prepared.renderer else { return result }
        let (first, end) = (position, position + frames)
        let blocks = RenderMemory(setup, largestBlock: min(cuts.max() ?? 1, max(frames, 1)), sharesMain: inPlace)
        var moves = moves.sorted { $0.frame < $1.frame }[...]
        var turn = 0
        while position < end || turn == 0 {
            while let move = moves.first, first + move.frame <= position {
                try apply(move, to: renderer)
                moves.removeFirst()
            }
            let edge = moves.first.map { first + $0.frame } ?? end
            let count = min(cuts[turn % cuts.count], min(edge, end) - position, inLoop ? loopPiece : .max)
            turn += 1
            try waitForBridges(through: position + count)
            blocks.begin(from: position, frames: count, masterRate: setup.masterRate)
            renderBlock(renderer, blocks, inputs, from: first, into: &result, inPlace: inPlace, inLoop: inLoop)
            position += count
        }
        for move in moves { try apply(move, to: renderer) }
        result.events = blocks.takenEvents
        return result
    }

    private func renderBlock(
        _ renderer: any Renderer, _ blocks: RenderMemory, _ inputs: [[[Float]]], from first: Int,
        into result: inout Rendered, inPlace: Bool, inLoop: Bool
    ) {
        func stream(_ index: Int) -> [[Float]] { inputs.indices.contains(index) ? inputs[index] : [] }
        func frame(_ port: PortMemory) -> Int {
            port.position - PortMemory.boundary(first, rate: port.rate, masterRate: setup.masterRate)
        }
        for (index, port) in blocks.inputs.enumerated() {
            if inLoop, absorbed.contains(index) { port.hide() } else { port.fill(from: stream(index), at: frame(port)) }
        }
        let block = blocks.block
        let mode = RenderSection.enter()
        result.heapCalls += heapCalls { renderer.render(block) }
        RenderSection.leave(mode)
        blocks.takeEvents()
        for (index, port) in blocks.outputs.enumerated() {
            if port.isLeftUnwritten { result.faults.insert("output \(index) is not written to its last sample") }
            for channel in 0..<port.channelCount { result.outputs[index][channel] += port.block(channel) }
        }
        if !absorbed.isEmpty {
            for index in absorbed { blocks.inputs[index].fill(from: stream(index), at: frame(blocks.inputs[index])) }
            let mode = RenderSection.enter()
            result.heapCalls += heapCalls { renderer.absorb(block) }
            RenderSection.leave(mode)
            blocks.takeEvents()
        }
        for (index, port) in (blocks.inputs + blocks.outputs).enumerated() where port.isOverrun {
            result.faults.insert("port \(index) is written to outside the block")
        }
        for (index, port) in blocks.inputs.enumerated() where !(inPlace && index == 0) {
            if !port.holds(stream(index), at: frame(port)) { result.faults.insert("input \(index) is written to") }
        }
    }

    private func apply(_ move: Move, to renderer: any Renderer) throws(PipelineError) {
        guard let index = descriptor.parameters.firstIndex(where: { $0.name == move.parameter }),
            descriptor.parameters[index].live
        else { throw PipelineError(.internal, at: descriptor.type, "no live parameter \(move.parameter)") }
        let mode = RenderSection.enter()
        renderer.set(index, to: move.value)
        RenderSection.leave(mode)
    }

    private func waitForBridges(through frame: Int) throws(PipelineError) {
        if let source = prepared.source, let output = setup.outputs.first {
            let end = PortMemory.boundary(frame, rate: output.format.rate, masterRate: setup.masterRate)
            if source.waitToGive(through: end) == .stopped {
                try finish()
                throw PipelineError(.internal, "the source's service stopped")
            }
        }
        if let sink = prepared.sink, let input = setup.inputs.first {
            let end = PortMemory.boundary(frame, rate: input.format.rate, masterRate: setup.masterRate)
            if !sink.waitToTake(through: end) {
                try finish()
                throw PipelineError(.internal, "the sink's service stopped")
            }
        }
    }
}
