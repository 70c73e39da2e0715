public import SyrinxCore
internal import SyrinxDSP

/// Delays its input by a whole number of frames, with feedback if wanted.
///
/// - Ports: `in`, `out`, same rate and channels; may run in place. Latency: 0 frames; the delay is the effect itself.
public struct DelayNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "delay", summary: "Delays its input, with feedback if wanted; what loops are made with.",
        inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .number(
                "delay_ms", in: 0...60_000, default: 0, unit: .milliseconds, live: true,
                "The delay, to the nearest frame; held within least_ms…max_ms."),
            .number(
                "max_ms", in: 0...60_000, unit: .milliseconds,
                "The longest delay that a live change can reach; unset: delay_ms."),
            .number(
                "least_ms", in: 0...60_000, default: 0, unit: .milliseconds,
                "The shortest delay; a loop through the node needs 1 frame or more, and more is cheaper."),
            .number(
                "feedback_ratio", in: 0...0.99, default: 0, unit: .ratio, live: true,
                "How much of the output goes back to the input: echoes."),
        ],
        worksInPlace: true,
        details: """
            Delays count in whole frames, so that a delay passes every bit. A change of `delay_ms` crossfades from the \
            old delay to the new one in 10 ms, without a change of pitch; a change that comes while one is under way \
            follows it, and of several the last wins. `feedback_ratio` glides in 10 ms; it does nothing at a delay of 0.

            The delay is not latency: nothing is aligned to it. Dry and delayed sound are mixed by links. With feedback \
            the tail ends at -120 dB or 30 s, reckoned from the values in the file.
            """,
        example: #""echo": { "type": "delay", "delay_ms": 350, "feedback_ratio": 0.4 }"#)

    private let delay: Double
    private let longest: Double
    private let least: Double
    private let feedback: Double

    public init(_ parameters: Parameters) throws(PipelineError) {
        delay = try parameters.number("delay_ms")
        least = try parameters.number("least_ms")
        longest = try parameters.optionalNumber("max_ms") ?? max(delay, least)
        feedback = try parameters.number("feedback_ratio")
        if longest < max(delay, least) {
            throw parameters.error(
                "max_ms", "found \(longest) ms, expected at least \(max(delay, least)) ms, as delay_ms and least_ms ask"
            )
        }
        if delay < least, parameters.isSet("delay_ms"), delay > 0 {
            throw parameters.error("delay_ms", "found \(delay) ms, expected at least \(least) ms, as least_ms says")
        }
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var resolution = Resolution.sameAsInput(request)
        guard let rate = resolution.outputs[0].format.rate else {
            // How many frames it is shows later; that it closes a loop is known.
            if least > 0 { (resolution.outputs[0].needs, resolution.outputs[0].delay) = ([], 1) }
            return resolution
        }
        let limits = DelayLimits(least: least, longest: longest, rate: rate)
        resolution.outputs[0].tail = tail(limits, rate: rate)
        if limits.declared > 0 {
            resolution.outputs[0].needs = []
            resolution.outputs[0].delay = limits.declared
        }
        return resolution
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let format = setup.input.format
        return Prepared(
            DelayRenderer(
                DelayLimits(least: least, longest: longest, rate: format.rate), delay: delay, feedback: feedback,
                format, largestBlock: setup.input.largestBlock))
    }

    /// A delay line cannot grow while it sounds.
    public func reaches(_ parameters: Parameters) -> Bool {
        guard let wanted = try? DelayNode(parameters) else { return false }
        return wanted.longest <= longest
    }

    /// In frames.
    private func tail(_ limits: DelayLimits, rate: Int) -> Int {
        if feedback == 0 { return limits.longest }
        let echoes = (-6 * log2(10) / log2(feedback)).rounded(.up) + 1
        return Int(min(echoes * Double(limits.longest), 30 * Double(rate)))
    }
}

/// The bounds of a delay in frames.
struct DelayLimits: Sendable {
    let rate: Int
    /// The shortest delay that ever sounds.
    let least: Int
    let longest: Int
    /// What loops may count on; 0: the output needs the input of the same slice.
    let declared: Int

    /// - Units: milliseconds, Hz.
    init(least: Double, longest: Double, rate: Int) {
        func frames(_ milliseconds: Double) -> Int { Int((milliseconds * Double(rate) / 1000).rounded()) }
        self.rate = rate
        declared = least > 0 ? max(1, frames(least)) : 0
        self.least = declared
        self.longest = max(frames(longest), declared)
    }

    @_noLocks @_noAllocation
    func frames(_ milliseconds: Double) -> Int {
        min(max(Int(milliseconds * Double(rate) / 1000 + 0.5), least), longest)
    }
}
