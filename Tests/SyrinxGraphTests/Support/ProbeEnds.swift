import Synchronization
import SyrinxCore

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
