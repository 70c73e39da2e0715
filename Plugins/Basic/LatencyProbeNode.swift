internal import Glibc
public import SyrinxCore
internal import SyrinxDSP

/// Measures how long sound takes from its output back to its input: sends a click every so often and looks for it.
///
/// - Ports: `in` (mixed to mono), `out` (mono), `events`. Latency: 0; `out` begins a new path.
public struct LatencyProbeNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "latency_probe",
        summary: "Measures the way from its output back to its input, through devices and cables.",
        inputs: [.audio("in", mixesDown: true)], outputs: [.audio("out"), .events("events")],
        parameters: [
            .number(
                "interval_s", in: 0.01...60, default: 1, unit: .seconds,
                "Time between two clicks: longer than the way that is measured."),
            .number("level_dbfs", in: -60...0, default: -6, unit: .decibelsFullScale, "Peak of a click."),
            .number(
                "threshold_dbfs", in: -120...0, default: -50, unit: .decibelsFullScale,
                "What is weaker than this is no answer."),
        ],
        events: [
            EventDescriptor(
                "latency", fields: ["frames", "ms", "level_dbfs"],
                "The strongest sample after a click: how much later it came, and its level."),
            EventDescriptor("no_answer", "Nothing above the threshold came before the next click."),
        ],
        details: """
            A click is one sample, so that a digital way is measured to the frame; through converters and air it is as \
            good as their impulse response is sharp. The figure is the whole way, the periods of the device included, and \
            the latency of nodes between. Mind your ears: begin with a low level.
            """,
        example: #""probe": { "type": "latency_probe", "level_dbfs": -20 }"#)

    private let interval: Double
    private let level: Float
    private let threshold: Float

    public init(_ parameters: Parameters) throws(PipelineError) {
        interval = try parameters.number("interval_s")
        level = Float(pow(10, try parameters.number("level_dbfs") / 20))
        threshold = Float(pow(10, try parameters.number("threshold_dbfs") / 20))
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let rate = request.inputs.first??.rate ?? request.masterRate
        return Resolution(outputs: [OutputStream(PartialFormat(rate: rate, channels: 1), startsPath: true)])
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let rate = setup.output.format.rate
        return Prepared(
            LatencyProbeRenderer(
                rate: rate, interval: max(1, Int((interval * Double(rate)).rounded())), level: level,
                threshold: threshold))
    }
}

/// The render half of ``LatencyProbeNode``.
final class LatencyProbeRenderer: Renderer {
    private let rate: Int
    /// Frames between two clicks.
    private let interval: Int
    private let level: Float
    private let threshold: Float
    /// The strongest sample since the last click, and how many frames after it. Owned by the render thread.
    private nonisolated(unsafe) var strongest: Float = 0
    private nonisolated(unsafe) var delay = 0
    /// False until the first click.
    private nonisolated(unsafe) var isListening = false

    init(rate: Int, interval: Int, level: Float, threshold: Float) {
        self.rate = rate
        self.interval = interval
        self.level = level
        self.threshold = threshold
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input[0], block.output[0])
        var (strongest, delay, isListening) = (strongest, delay, isListening)
        var since = block.output.position % interval
        for frame in 0..<output.count {
            if since == 0 {
                if isListening { tell(block, at: block.output.position + frame, strongest, delay) }
                (strongest, delay, isListening) = (0, 0, true)
            }
            let heard = frame < input.count ? input[frame].magnitude : 0
            if isListening, heard > strongest { (strongest, delay) = (heard, since) }
            output[frame] = since == 0 ? level : 0
            since = since + 1 == interval ? 0 : since + 1
        }
        (self.strongest, self.delay, self.isListening) = (strongest, delay, isListening)
    }

    @_noLocks @_noAllocation
    func reset() {
        strongest = 0
        delay = 0
        isListening = false
    }

    @_noLocks @_noAllocation
    private func tell(_ block: RenderBlock, at position: Int, _ strongest: Float, _ delay: Int) {
        if strongest >= threshold, strongest.isFinite {
            let values = (Double(delay), Double(delay) * 1000 / Double(rate), decibels(strongest), 0.0)
            block.emit(0, at: position, rate: rate, earlier: interval - delay, values)
        } else {
            block.emit(1, at: position, rate: rate)
        }
    }

    /// 20 · log10 of an amplitude above 0.
    @_noLocks @_noAllocation
    private func decibels(_ amplitude: Float) -> Double { SyrinxDSP.log2(Double(amplitude)) * 6.020_599_913_279_624 }
}
