import SyrinxCore

/// Tells when a sound begins: a node that lives in the program itself.
///
/// - Ports: `in`, one channel; `events`. Latency: 0 frames.
struct OnsetNode: Node {
    static let descriptor = NodeDescriptor(
        type: "onset", summary: "Tells when a sound begins.",
        inputs: [.audio("in")], outputs: [.events("events", "One for each beginning.")],
        parameters: [
            .number("threshold_dbfs", in: -120...0, default: -40, unit: .decibelsFullScale, "What counts as sound."),
            .number("rest_ms", in: 1...10_000, default: 100, unit: .milliseconds, "Silence that ends a sound."),
        ],
        events: [EventDescriptor("onset", fields: ["magnitude"], "A sound begins.")])

    private let threshold: Double
    private let rest: Double

    init(_ parameters: Parameters) throws(PipelineError) {
        threshold = try parameters.number("threshold_dbfs")
        rest = try parameters.number("rest_ms")
    }

    func inputChannels(_ port: String) -> Int? { 1 }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let rate = setup.input.format.rate
        return Prepared(OnsetRenderer(decibels: threshold, restFrames: Int(rest * Double(rate) / 1000), rate: rate))
    }
}

/// The render half of ``OnsetNode``.
final class OnsetRenderer: Renderer {
    private let threshold: Float
    private let restFrames: Int
    private let rate: Int
    /// Frames since the last loud one. Owned by the render thread.
    private nonisolated(unsafe) var quiet: Int

    init(decibels: Double, restFrames: Int, rate: Int) {
        // Of 20 dB to a factor of ten; the library's pow stays out of render.
        var magnitude = 1.0
        for _ in 0..<Int(-decibels) { magnitude *= 0.891_250_938_133_745_5 }
        threshold = Float(magnitude)
        self.restFrames = max(1, restFrames)
        self.rate = rate
        quiet = self.restFrames
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        let samples = input[0]
        var quiet = quiet
        for frame in 0..<input.frameCount {
            let magnitude = abs(samples[frame])
            if magnitude < threshold {
                quiet = min(quiet &+ 1, restFrames)
                continue
            }
            if quiet == restFrames {
                block.emit(0, at: input.position + frame, rate: rate, (Double(magnitude), 0, 0, 0))
            }
            quiet = 0
        }
        self.quiet = quiet
    }

    @_noLocks @_noAllocation
    func reset() { quiet = restFrames }
}
