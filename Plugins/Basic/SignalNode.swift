public import SyrinxCore
internal import SyrinxDSP

/// Makes test tones, sweeps, noise, impulses and silence.
///
/// - Ports: `out`. Latency: 0 frames. A source: it follows R unless `rate_hz` is set.
public struct SignalNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "signal", summary: "Makes test signals: sine, sweep, noise, impulses, square, silence.",
        outputs: [.audio("out")],
        parameters: [
            .choice("shape", of: SignalShape.allCases.map(\.rawValue), default: "sine", "What it makes."),
            .number(
                "frequency_hz", in: 0.001...3_072_000, default: 1000, unit: .hertz, live: true,
                "Of sine and square; where a sweep begins. At most half the rate."),
            .number("end_hz", in: 0.001...3_072_000, unit: .hertz, "Where a sweep ends; half the rate at most."),
            .choice("sweep", of: ["exponential", "linear"], default: "exponential", "How a sweep's frequency moves."),
            .number(
                "level_dbfs", in: -200...24, default: -20, unit: .decibelsFullScale, live: true,
                "Peak level; see below for noise. Glides in 10 ms."),
            .number(
                "period_s", in: 0...86_400, unit: .seconds,
                "From impulse to impulse (unset or 0: only one), or length of a sweep (unset: duration_s, or 1)."),
            .number("at_s", in: 0...86_400, default: 0, unit: .seconds, "When the first impulse comes."),
            .integer("seed", in: 0...Int.max, default: 1, "Noise with the same seed is the same noise."),
            .integer("channels", in: Limits.channels, default: 1, "How many channels come out."),
            .integer("rate_hz", in: Limits.rates, unit: .hertz, "Its own rate; unset: the graph's."),
            .number("duration_s", in: 0...8_640_000, unit: .seconds, "How long it lasts; unset: for ever."),
        ],
        details: """
            Sine, sweep and square have the peak level `level_dbfs`, and the same samples in every channel. White noise \
            is spread evenly over ± that level, so its RMS lies 4.77 dB lower; pink noise has the RMS of white noise at \
            the same level, and peaks that may go beyond it. Every channel has noise of its own. An impulse is one sample.

            The phase is kept as a whole number of 2^-64 turns: it never drifts, and it goes on without a jump when \
            `frequency_hz` moves. A sweep takes up a new `frequency_hz` at its next begin. Each sweep begins at phase 0. \
            The square is band-limited (polynomial steps over two samples). Noise depends on seed, channel and frame \
            number alone; pink is white noise through Paul Kellet's filter, -3 dB an octave from 10 Hz on.
            """,
        example: #""tone": { "type": "signal", "frequency_hz": 440, "level_dbfs": -12, "duration_s": 2 }"#)

    private let parameters: Parameters
    private let shape: SignalShape
    private let frequency: Double
    private let endFrequency: Double?
    private let isExponential: Bool
    private let level: Double
    private let period: Double?
    private let firstImpulse: Double
    private let seed: Int
    private let channels: Int
    private let rate: Int?
    private let duration: Double?

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        shape = SignalShape(rawValue: try parameters.string("shape")) ?? .sine
        frequency = try parameters.number("frequency_hz")
        endFrequency = try parameters.optionalNumber("end_hz")
        isExponential = try parameters.string("sweep") == "exponential"
        level = try parameters.number("level_dbfs")
        period = try parameters.optionalNumber("period_s")
        firstImpulse = try parameters.number("at_s")
        seed = try parameters.integer("seed")
        channels = try parameters.integer("channels")
        rate = try parameters.optionalInteger("rate_hz")
        duration = try parameters.optionalNumber("duration_s")
        if shape == .sweep, endFrequency == nil {
            throw parameters.error("end_hz", "not set; a sweep needs the frequency where it ends")
        }
        if let rate { try checkFrequencies(rate: rate) }
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let rate = rate ?? request.masterRate
        var end = SourceEnd.never
        if let rate {
            try checkFrequencies(rate: rate)
            if let duration { end = .after(frames: Self.frames(duration, rate)) }
        } else if duration != nil {
            end = .whenRead  // the length in frames waits for the rate
        }
        return Resolution(outputs: [OutputStream(PartialFormat(rate: rate, channels: channels))], end: end)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let format = setup.output.format
        let rate = format.rate
        var recipe = SignalRecipe(shape: shape, rate: rate, frequency: frequency, level: level)
        recipe.isExponential = isExponential
        recipe.endFrequency = endFrequency ?? frequency
        recipe.firstImpulse = Self.frames(firstImpulse, rate)
        if let duration { recipe.endFrame = Self.frames(duration, rate) }
        let sweepLength = period.flatMap { $0 > 0 ? $0 : nil } ?? duration ?? 1
        recipe.period = shape == .sweep ? max(1, Self.frames(sweepLength, rate)) : Self.frames(period ?? 0, rate)
        recipe.seed = UInt64(seed)
        return Prepared(SignalRenderer(recipe, channels: format.channels))
    }

    /// To the nearest frame: 0.1 s at 44.1 kHz is 4410 frames, whatever binary fractions make of it.
    private static func frames(_ seconds: Double, _ rate: Int) -> Int { Int((seconds * Double(rate)).rounded()) }

    private func checkFrequencies(rate: Int) throws(PipelineError) {
        let highest = Double(rate) / 2
        if shape == .sine || shape == .square || shape == .sweep, frequency > highest {
            throw parameters.error(
                "frequency_hz", "found \(frequency) Hz, expected at most \(highest) Hz, half the rate")
        }
        if shape == .sweep, let endFrequency, endFrequency > highest {
            throw parameters.error("end_hz", "found \(endFrequency) Hz, expected at most \(highest) Hz, half the rate")
        }
    }
}

/// What ``SignalNode`` can make.
enum SignalShape: String, CaseIterable {
    case sine, sweep, white, pink, impulse, square, silence
}
