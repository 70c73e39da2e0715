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
        try registry.register(EchoProbe.self)
        try registry.register(TickProbe.self)
        try registry.register(ScaleProbe.self)
        try registry.register(RefusingProbe.self)
    }
}

/// A sample that tells its channel and frame: no two of a test are alike, all are exact in Float.
func probeSample(channel: Int, frame: Int) -> Float { Float((frame + 1) % 4096) / 4096 + Float(channel) }

/// A source of `frames` frames at a rate of its own.
struct SourceProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.source", summary: "Gives samples that tell where they come from.", outputs: [.audio("out")],
        parameters: [
            .integer("rate_hz", in: Limits.rates, "Its rate."), .integer("channels", in: 1...64, default: 1, "Width."),
            .integer("frames", in: 0...100_000_000, "Length; left out: endless."),
            .integer("impulse_frames", in: 0...100_000_000, unit: .frames, "One impulse, here, instead."),
        ])
    let rate: Int?
    let channels: Int
    let frames: Int?
    let impulse: Int?

    init(_ parameters: Parameters) throws(PipelineError) {
        rate = try parameters.optionalInteger("rate_hz")
        channels = try parameters.integer("channels")
        frames = try parameters.optionalInteger("frames")
        impulse = try parameters.optionalInteger("impulse_frames")
    }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(
            outputs: [OutputStream(PartialFormat(rate: rate ?? request.masterRate, channels: channels))],
            end: frames.map { .after(frames: $0) } ?? .never)
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(SourceProbeRenderer(frames: frames ?? .max, impulse: impulse ?? -1))
    }
}

final class SourceProbeRenderer: Renderer {
    let frames: Int
    let impulse: Int

    init(frames: Int, impulse: Int) {
        self.frames = frames
        self.impulse = impulse
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        let start = output.position
        for channel in 0..<output.channelCount {
            let samples = output[channel]
            for frame in 0..<samples.count {
                let index = start + frame
                if impulse >= 0 {
                    samples[frame] = index == impulse ? 1 : 0
                } else {
                    samples[frame] = index < frames ? Float((index + 1) % 4096) / 4096 + Float(channel) : 0
                }
            }
        }
    }

    @_noLocks @_noAllocation
    func reset() {}
}

/// Keeps what it hears, as a file would: without the latency at its head, up to the run's end.
struct SinkProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.sink", summary: "Keeps what it hears.", inputs: [.audio("in")],
        parameters: [.integer("channels", in: 1...64, "Width; left out: that of its links.")])
    let channels: Int?

    init(_ parameters: Parameters) throws(PipelineError) { channels = try parameters.optionalInteger("channels") }

    func inputChannels(_ port: String) -> Int? { channels }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let tape = Tape(channels: setup.input.format.channels, latency: setup.input.latency)
        return Prepared(tape, sink: tape, reporter: tape)
    }
}

/// Keeps what it hears, and says that it writes a file.
struct FileProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.file", summary: "Keeps what it hears.", inputs: [.audio("in")],
        parameters: [.path("path", .write, required: true, "Not written in truth.")])

    init(_ parameters: Parameters) throws(PipelineError) {}

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let tape = Tape(channels: setup.input.format.channels, latency: setup.input.latency)
        return Prepared(tape, sink: tape, reporter: tape)
    }
}

// SAFETY: written by the driver's thread, read after the run.
final class Tape: Renderer, SinkBridge, Reporter, @unchecked Sendable {
    private(set) var samples: [[Float]]
    private(set) var isFinished = false
    private let latency: Int
    private var seen = 0
    private var end = Int.max

    init(channels: Int, latency: Int) {
        samples = Array(repeating: [], count: channels)
        self.latency = latency
    }

    func render(_ block: RenderBlock) {
        let input = block.input
        for channel in 0..<input.channelCount {
            for (frame, sample) in input[channel].enumerated() where (latency..<end).contains(seen + frame) {
                samples[channel].append(sample)
            }
        }
        seen += input.frameCount
    }

    func reset() {}
    func waitToTake(through frame: Int) -> Bool { true }
    func end(at frame: Int) { end = frame }
    func finish() { isFinished = true }
    func figures() -> [(name: String, value: Value)] { [("frames", .integer(samples[0].count))] }
}

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

/// Control values that climb: value k is k.
struct StaircaseProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.staircase", summary: "Climbs one step every millisecond.", outputs: [.control("out")],
        parameters: [.integer("latency_ms", in: 0...1000, default: 0, "The latency that it states.")])
    let latency: Int

    init(_ parameters: Parameters) throws(PipelineError) { latency = try parameters.integer("latency_ms") }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [.control(latency: latency)])
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(StaircaseRenderer()) }
}

final class StaircaseRenderer: Renderer {
    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let values = block.output[0]
        for index in 0..<values.count { values[index] = Float(block.output.position + index) }
    }

    @_noLocks @_noAllocation
    func reset() {}
}

/// Adds a live parameter to its input, from the very frame at which it is set.
struct LevelProbe: Node {
    static let descriptor = NodeDescriptor(
        type: "probe.level", summary: "Adds a level.", inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .number("level", in: 0...1000, default: 0, live: true, "What it adds."),
            .number("fixed", in: 0...1, default: 0, "A structural one."),
        ], worksInPlace: true)

    init(_ parameters: Parameters) throws(PipelineError) {}

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(LevelRenderer()) }
}

final class LevelRenderer: Renderer {
    private nonisolated(unsafe) var level: Float = 0

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        for channel in 0..<block.output.channelCount {
            let (input, output) = (block.input[channel], block.output[channel])
            for frame in 0..<output.count { output[frame] = input[frame] + level }
        }
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) { level = Float(value) }

    @_noLocks @_noAllocation
    func reset() { level = 0 }
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
