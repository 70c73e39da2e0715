public import SyrinxCore

/// Turns down what is louder than a threshold, by a ratio, with attack, release, soft knee and look-ahead.
///
/// - Ports: `in`, `key` (optional), `out`; `reduction` (control). `in` and `out` have the same rate and channels, and may
///   be one memory. Latency: `lookahead_ms`.
public struct CompressorNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "compressor", summary: "Turns down what is louder than a threshold.",
        inputs: [.audio("in"), .audio("key", "What it listens to; left out: the input.")],
        outputs: [
            .audio("out"),
            .control("reduction", unit: .decibels, "How much it turns down: the most of the last millisecond."),
        ],
        parameters: [
            .number(
                "threshold_dbfs", in: -80...0, default: -20, unit: .decibelsFullScale, live: true,
                "Level from which on it turns down."),
            .number(
                "ratio", in: 1...100, default: 3, unit: .ratio, live: true,
                "How many dB more going in make one more coming out."),
            .number("knee_db", in: 0...40, default: 6, unit: .decibels, live: true, "Width of the curve's soft bend."),
            .number(
                "range_db", in: 0...120, default: 60, unit: .decibels, live: true, "The most that it turns down."),
            .number(
                "attack_ms", in: 0...1000, default: 10, unit: .milliseconds, live: true,
                "Time constant with which it turns down."),
            .number(
                "release_ms", in: 0...10_000, default: 150, unit: .milliseconds, live: true,
                "Time constant with which it comes back."),
            .number(
                "makeup_db", in: -40...40, default: 0, unit: .decibels, live: true, "Gain after the compression."),
            .number(
                "mix_percent", in: 0...100, default: 100, unit: .percent, live: true,
                "Share of the compressed sound; the rest is the input (parallel compression)."),
            .number(
                "lookahead_ms", in: 0...100, default: 0, unit: .milliseconds,
                "How far it sees ahead; the latency."),
        ] + KeySettings.parameters,
        worksInPlace: true,
        details: """
            Curve: input and output levels in dB; below the knee 1:1, above it 1/`ratio`, in between the parabola that \
            joins them. Levels are magnitudes of samples (`peak`) or a running mean of their squares (`rms`; a full-scale \
            sine has -3.01 dB); of several linked channels the loudest counts. The reduction is smoothed in dB by a \
            smooth decoupled peak detector: after an onset it covers 63 % in `attack_ms`; afterwards it falls with \
            `release_ms`, followed with `attack_ms`. It is feed-forward. Source: D. Giannoulis, M. Massberg, J. D. Reiss, \
            "Digital Dynamic Range Compressor Design: A Tutorial and Analysis", J. Audio Eng. Soc. 60 (6), 2012.

            Threshold, ratio, knee, range, make-up and mix glide for 20 ms. What is turned down by nothing passes bit for \
            bit if make-up is 0 and mix 100. NaN and infinity at the input count as 0.
            """,
        example: #""voice": { "type": "compressor", "threshold_dbfs": -24, "ratio": 3, "makeup_db": 6 }"#)

    private let parameters: Parameters
    private let settings: CompressorSettings

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        settings = try CompressorSettings(parameters)
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        try settings.key.resolve(request, parameters, lookahead: settings.lookahead, controls: 1)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(CompressorRenderer(settings, setup.input.format, keyChannels: KeySettings.channels(setup)))
    }
}

/// A compressor as its parameters describe it; times in ms, levels in dB.
struct CompressorSettings: Sendable {
    let threshold: Double
    let ratio: Double
    let knee: Double
    let range: Double
    let attack: Double
    let release: Double
    let makeup: Double
    let mix: Double
    let lookahead: Double
    let key: KeySettings

    init(_ parameters: Parameters) throws(PipelineError) {
        threshold = try parameters.number("threshold_dbfs")
        ratio = try parameters.number("ratio")
        knee = try parameters.number("knee_db")
        range = try parameters.number("range_db")
        attack = try parameters.number("attack_ms")
        release = try parameters.number("release_ms")
        makeup = try parameters.number("makeup_db")
        mix = try parameters.number("mix_percent")
        lookahead = try parameters.number("lookahead_ms")
        key = try KeySettings(parameters)
    }
}
