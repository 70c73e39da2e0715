public import SyrinxCore
internal import SyrinxDSP

/// Turns down what is softer than a threshold: a gate or an expander, with hysteresis, hold and look-ahead.
///
/// - Ports: `in`, `key` (optional), `out`; `reduction`, `open` (control). `in` and `out` have the same rate and channels,
///   and may be one memory. Latency: `lookahead_ms`.
public struct GateNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "gate", summary: "Turns down what is softer than a threshold: gate and expander.",
        inputs: [.audio("in"), .audio("key", "What it listens to; left out: the input.")],
        outputs: [
            .audio("out"),
            .control("reduction", unit: .decibels, "How much it turns down: the most of the last millisecond."),
            .control("open", "1 while it is open."),
        ],
        parameters: [
            .number(
                "threshold_dbfs", in: -100...0, default: -45, unit: .decibelsFullScale, live: true,
                "Level from which on it is open."),
            .number(
                "hysteresis_db", in: 0...40, default: 6, unit: .decibels, live: true,
                "How much softer it must become before it closes."),
            .number(
                "ratio", in: 1...100, default: 10, unit: .ratio, live: true,
                "Closed: how many dB less come out for one less going in."),
            .number("knee_db", in: 0...40, default: 0, unit: .decibels, live: true, "Width of the curve's soft bend."),
            .number(
                "range_db", in: 0...120, default: 40, unit: .decibels, live: true, "The most that it turns down."),
            .number(
                "attack_ms", in: 0...1000, default: 1, unit: .milliseconds, live: true,
                "Time constant with which it opens."),
            .number(
                "hold_ms", in: 0...10_000, default: 60, unit: .milliseconds, live: true,
                "How long it stays open after the last sound."),
            .number(
                "release_ms", in: 0...10_000, default: 120, unit: .milliseconds, live: true,
                "Time constant with which it closes."),
            .number(
                "lookahead_ms", in: 0...100, default: 0, unit: .milliseconds,
                "How much earlier than the sound it opens; the latency."),
        ] + KeySettings.parameters,
        worksInPlace: true,
        details: """
            Closed, it is a downward expander: below the threshold one dB less in gives `ratio` dB less out, at most \
            `range_db` in all, with a parabola `knee_db` wide around the threshold. It opens at the knee's upper end, then \
            passes everything as it is, and closes when the level has been `hysteresis_db` lower for longer than `hold_ms`. \
            With no hysteresis and no hold it is an expander alone. The level is an envelope that takes peaks at once and \
            falls with 10 ms. Opening, the linear gain covers 63 % of its way in `attack_ms`; closing, the reduction in dB \
            covers 63 % in `release_ms`. With `lookahead_ms` of three times `attack_ms` no onset is clipped. Sources: D. \
            Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design", J. Audio Eng. Soc. 60 (6), \
            2012 (gain computer, turned round); U. Zölzer (ed.), "DAFX", 2nd ed. 2011, section 4.2.3 (noise gate: \
            hysteresis and hold).

            Threshold, hysteresis, ratio, knee and range glide for 20 ms. Open, it passes every bit. NaN and infinity at \
            the input count as 0.
            """,
        example: #""booth": { "type": "gate", "threshold_dbfs": -50, "range_db": 25, "lookahead_ms": 3 }"#)

    private let parameters: Parameters
    private let settings: GateSettings

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        settings = try GateSettings(parameters)
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        try settings.key.resolve(request, parameters, lookahead: settings.lookahead, controls: 2)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(GateRenderer(settings, setup.input.format, keyChannels: KeySettings.channels(setup)))
    }
}

/// A gate as its parameters describe it; times in ms, levels in dB.
struct GateSettings: Sendable {
    let threshold: Double
    let hysteresis: Double
    let ratio: Double
    let knee: Double
    let range: Double
    let attack: Double
    let hold: Double
    let release: Double
    let lookahead: Double
    let key: KeySettings

    init(_ parameters: Parameters) throws(PipelineError) {
        threshold = try parameters.number("threshold_dbfs")
        hysteresis = try parameters.number("hysteresis_db")
        ratio = try parameters.number("ratio")
        knee = try parameters.number("knee_db")
        range = try parameters.number("range_db")
        attack = try parameters.number("attack_ms")
        hold = try parameters.number("hold_ms")
        release = try parameters.number("release_ms")
        lookahead = try parameters.number("lookahead_ms")
        key = try KeySettings(parameters)
    }
}

/// How a gate's gain moves: opening in the linear gain, closing in dB.
struct GateMotion: BitwiseCopyable {
    /// In dB.
    private(set) var reduction: Double

    @_noLocks @_noAllocation
    init(reduction: Double) { self.reduction = reduction }

    @_noLocks @_noAllocation
    mutating func next(_ wanted: Double, attack: Double, release: Double) -> Float {
        if wanted > reduction {
            reduction = wanted + (reduction - wanted) * release
        } else if wanted < reduction {
            let goal = exp2(wanted * -0.166_096_404_744_368_13)
            let now = exp2(reduction * -0.166_096_404_744_368_13)
            reduction = log2(goal + (now - goal) * attack) * -6.020_599_913_279_624
            if reduction - wanted < 1e-6 { reduction = wanted }
        }
        return gain(reduction: reduction)
    }
}
