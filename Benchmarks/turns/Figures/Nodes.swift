internal import SyrinxCore

/// Samples that outlive a run: what a microphone plays, or a tape takes.
final class Reel: @unchecked Sendable {
    // SAFETY: filled before the run or by its render thread alone, and read after it has ended.
    let samples: UnsafeMutableBufferPointer<Float>

    init(_ samples: [Float]) {
        self.samples = .allocate(capacity: max(1, samples.count))
        self.samples.initialize(repeating: 0)
        _ = self.samples.update(from: samples)
    }

    convenience init(frames: Int) { self.init([Float](repeating: 0, count: frames)) }

    deinit { samples.deallocate() }

    var all: [Float] { Array(samples) }
}

/// Plays a reel, by the run's own frames.
struct MicrophoneNode: NodeInstance {
    let reel: Reel

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [OutputStream(PartialFormat(rate: Talk.rate, channels: 1))])
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(MicrophoneRenderer(reel)) }
}

private final class MicrophoneRenderer: Renderer {
    private nonisolated(unsafe) let samples: UnsafeMutableBufferPointer<Float>

    init(_ reel: Reel) { samples = reel.samples }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        for k in 0..<output.frameCount {
            let place = output.position &+ k
            output[0][k] = place < samples.count ? samples[place] : 0
        }
    }

    @_noLocks @_noAllocation
    func reset() {}
}

/// Takes what a loudspeaker would play onto a reel, by the run's own frames: no latency is taken off.
struct LoudspeakerNode: NodeInstance {
    let reel: Reel

    func inputChannels(_ port: String) -> Int? { 1 }
    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let renderer = LoudspeakerRenderer(reel)
        return Prepared(renderer, sink: renderer)
    }
}

private final class LoudspeakerRenderer: Renderer, SinkBridge {
    private nonisolated(unsafe) let samples: UnsafeMutableBufferPointer<Float>

    init(_ reel: Reel) { samples = reel.samples }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        for k in 0..<input.frameCount where input.position &+ k < samples.count {
            samples[input.position &+ k] = input[0][k]
        }
    }

    @_noLocks @_noAllocation
    func reset() {}

    func waitToTake(through frame: Int) -> Bool { true }
    func end(at frame: Int) {}
    func finish() {}
}
