import Synchronization
import SyrinxCore

/// Node types that only tests know: each shows one promise of the graph by itself.
enum ProbePlugin: NodePlugin {
    static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(SourceProbe.self)
        try registry.register(SinkProbe.self)
        try registry.register(FileProbe.self)
        try registry.register(LateProbe.self)
        try registry.register(StaircaseProbe.self)
        try registry.register(LevelProbe.self)
        try registry.register(FollowProbe.self)
        try registry.register(EchoProbe.self)
        try registry.register(TickProbe.self)
        try registry.register(ScaleProbe.self)
        try registry.register(RefusingProbe.self)
    }
}

/// A sample that tells its channel and frame: no two of a test are alike, all are exact in Float.
func probeSample(channel: Int, frame: Int) -> Float { Float((frame + 1) % 4096) / 4096 + Float(channel) }

/// Passes its input on some frames late, and says so.
struct LateProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.late", summary: "Is late.", inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .integer("latency_frames", in: 0...100_000, default: 0, unit: .frames, "How late."),
            .integer("tail_frames", in: 0...100_000, default: 0, unit: .frames, "The tail that it states."),
        ])
    let latency: Int
    let tail: Int

    init(_ parameters: Parameters) throws(PipelineError) {
        latency = try parameters.integer("latency_frames")
        tail = try parameters.integer("tail_frames")
    }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [OutputStream(request.inputs[0] ?? PartialFormat(), latency: latency, tail: tail)])
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(HistoryRenderer(frames: latency, channels: setup.output.format.channels))
    }
}

/// Gives what came in `frames` ago; as a delay it reads before it writes.
final class HistoryRenderer: Renderer, @unchecked Sendable {
    private let frames: Int
    private let readsFirst: Bool
    private var history: [[Float]]

    init(frames: Int, channels: Int, readsFirst: Bool = false) {
        self.frames = frames
        self.readsFirst = readsFirst
        history = Array(repeating: Array(repeating: 0, count: frames), count: channels)
    }

    func render(_ block: RenderBlock) {
        if !readsFirst { absorb(block) }
        for channel in history.indices {
            let output = block.output[channel]
            for frame in 0..<output.count { output[frame] = history[channel][frame] }
            if !readsFirst { history[channel].removeFirst(output.count) }
        }
    }

    func absorb(_ block: RenderBlock) {
        for channel in history.indices {
            history[channel] += block.input[channel]
            if readsFirst { history[channel].removeFirst(block.input.frameCount) }
        }
    }

    func reset() {}
}

/// A delay that may close a loop.
struct EchoProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.echo", summary: "A declared delay.", inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [.integer("delay_frames", in: 1...100_000, unit: .frames, required: true, "How long.")])
    let frames: Int

    init(_ parameters: Parameters) throws(PipelineError) { frames = try parameters.integer("delay_frames") }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [
            OutputStream(request.inputs[0] ?? PartialFormat(), tail: frames, needs: [], delay: frames)
        ])
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(HistoryRenderer(frames: frames, channels: setup.output.format.channels, readsFirst: true))
    }
}

/// Cannot be prepared.
struct RefusingProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.refusing", summary: "Refuses.", inputs: [.audio("in")], outputs: [.audio("out")])

    init(_ parameters: Parameters) throws(PipelineError) {}

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { throw PipelineError(.unavailable, "it is out") }
}

/// Multiplies by a constant; not in place.
struct ScaleProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.scale", summary: "Multiplies.", inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [.number("factor", in: -10...10, default: 1, "By what.")])
    let factor: Float

    init(_ parameters: Parameters) throws(PipelineError) { factor = Float(try parameters.number("factor")) }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(ScaleRenderer(factor)) }
}

final class ScaleRenderer: Renderer {
    private let factor: Float

    init(_ factor: Float) { self.factor = factor }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        for channel in 0..<block.output.channelCount {
            let (input, output) = (block.input[channel], block.output[channel])
            for frame in 0..<output.count { output[frame] = input[frame] * factor }
        }
    }

    @_noLocks @_noAllocation
    func reset() {}
}

/// Passes audio on and tells every `period_frames` frames that it did.
struct TickProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.tick", summary: "Ticks.", inputs: [.audio("in")], outputs: [.audio("out"), .events("events")],
        parameters: [.integer("period_frames", in: 1...100_000, default: 100, unit: .frames, "How often.")],
        events: [EventDescriptor("tick", fields: ["index"], "Told at every multiple of the period.")],
        worksInPlace: true)
    let period: Int

    init(_ parameters: Parameters) throws(PipelineError) { period = try parameters.integer("period_frames") }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(TickRenderer(period: period, rate: setup.input.format.rate))
    }
}

final class TickRenderer: Renderer {
    private let period: Int
    private let rate: Int

    init(period: Int, rate: Int) {
        self.period = period
        self.rate = rate
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        for channel in 0..<output.channelCount {
            for frame in 0..<output.frameCount { output[channel][frame] = input[channel][frame] }
        }
        for frame in 0..<output.frameCount where (input.position + frame) % period == 0 {
            block.emit(0, at: input.position + frame, rate: rate, (Double((input.position + frame) / period), 0, 0, 0))
        }
    }

    @_noLocks @_noAllocation
    func reset() {}
}
