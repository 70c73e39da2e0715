public import SyrinxCore
internal import SyrinxDSP

/// Multiplies its input by a gain that glides to each new value.
///
/// - Ports: `in`, `out`, same rate and channels; may run in place. Latency: 0 frames.
public struct GainNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "gain", summary: "Multiplies its input by a gain.",
        inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .number("gain_db", in: -120...24, default: 0, unit: .decibels, live: true, "Gain relative to unity.")
        ],
        worksInPlace: true,
        details: "A change glides to its new value in 10 ms, in a straight line of the linear gain.",
        example: #""trim": { "type": "gain", "gain_db": -3 }"#)

    private let gain: Double

    public init(_ parameters: Parameters) throws(PipelineError) {
        gain = try parameters.number("gain_db")
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(GainRenderer(decibels: gain, rate: setup.input.format.rate))
    }
}

/// The render half of ``GainNode``.
final class GainRenderer: Renderer {
    private let initial: Float
    /// Length of a glide, 10 ms, counted in frames so that block size never shows.
    private let glideFrames: Int
    /// The linear gain. Owned by the render thread.
    private nonisolated(unsafe) var glide: LinearGlide

    init(decibels: Double, rate: Int) {
        initial = decibelsToLinear(decibels)
        glideFrames = rate / 100
        glide = LinearGlide(at: initial)
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        let glide = glide
        for channel in 0..<output.channelCount {
            multiply(input[channel], by: glide, into: output[channel])
        }
        self.glide.advance(by: output.frameCount)
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        glide.aim(at: decibelsToLinear(value), over: glideFrames)
    }

    @_noLocks @_noAllocation
    func reset() { glide = LinearGlide(at: initial) }
}
