public import SyrinxCore
internal import SyrinxDSP

/// Holds peaks below a ceiling, those between samples included, without distortion: it sees them coming.
///
/// - Ports: `in`, `out`; `reduction` (control). Same rate and channels; may run in place. Latency: `lookahead_ms`, and 80
///   frames more with `true_peak`.
public struct LimiterNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "limiter", summary: "Holds true peaks below a ceiling; sees them coming.",
        inputs: [.audio("in")],
        outputs: [
            .audio("out"),
            .control("reduction", unit: .decibels, "How much it turns down: the most of the last millisecond."),
        ],
        parameters: [
            .number(
                "ceiling_dbfs", in: -60...0, default: -1, unit: .decibelsFullScale, live: true,
                "What no peak passes; with true_peak in dBTP."),
            .number(
                "gain_db", in: -40...40, default: 0, unit: .decibels, live: true,
                "Gain before the limiter: how hard it is driven."),
            .number(
                "release_ms", in: 1...10_000, default: 80, unit: .milliseconds, live: true,
                "Time constant with which it comes back."),
            .number(
                "lookahead_ms", in: 0...50, default: 3, unit: .milliseconds,
                "How long before a peak it begins to turn down; the latency, with true_peak 80 frames more."),
            .boolean("true_peak", default: true, "Look between samples too (most of the work)."),
            KeySettings.linkParameter,
        ],
        worksInPlace: true,
        details: """
            The gain that each frame needs, 20·log10(peak/ceiling) dB less, is held for as long as the look-ahead (running \
            maximum), let go with `release_ms` in dB, and smoothed in the linear gain by three running means whose length \
            together is the look-ahead: so it has come down exactly when the peak arrives, on a bell-shaped slope. With \
            `true_peak` a peak is that of the waveform: 4 times oversampled by 128 taps, and a parabola through each \
            extreme. The gain is held 16 frames to both sides of a peak, so that interpolation around it sees no slope, and \
            aims 0.3 dB below the ceiling: \
            tones, steps, bursts, impulses and noise stay below it as a longer interpolation sees them. Only what lies \
            within 2 % of half the rate can be misjudged, by half a dB and, for a judge longer still, more; samples \
            themselves never pass.

            Sources: D. Lemire, "Streaming Maximum-Minimum Filter Using No More than Three Comparisons per Element", 2006; \
            W. M. Wells, IEEE PAMI 8 (2), 1986 (running means in cascade); ITU-R BS.1770-5, Annex 2 (true peak); D. \
            Giannoulis, M. Massberg, J. D. Reiss, J. Audio Eng. Soc. 60 (6), 2012 (release in the log domain).

            Below the ceiling every bit passes if `gain_db` is 0. Ceiling and gain glide for 20 ms at the input, so that \
            they are heard after the latency. NaN and infinity count as 0, samples are held within 180 dBFS.
            """,
        example: #""ceiling": { "type": "limiter", "ceiling_dbfs": -1, "gain_db": 6 }"#)

    private let settings: LimiterSettings

    public init(_ parameters: Parameters) throws(PipelineError) { settings = try LimiterSettings(parameters) }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var resolution = Resolution.sameAsInput(request)
        let rate = resolution.outputs[0].format.rate
        let latency = rate.map { LimiterTiming(settings, rate: $0).latency } ?? 0
        resolution.outputs[0].latency = Rational(Int128(latency))
        resolution.outputs.append(ControlGrid.output(request, lookAhead: latency, rate: rate))
        return resolution
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(LimiterRenderer(settings, setup.input.format))
    }
}

/// A limiter as its parameters describe it; times in ms, levels in dB.
struct LimiterSettings: Sendable {
    let ceiling: Double
    let gain: Double
    let release: Double
    let lookahead: Double
    let truePeak: Bool
    let link: Double

    init(_ parameters: Parameters) throws(PipelineError) {
        ceiling = try parameters.number("ceiling_dbfs")
        gain = try parameters.number("gain_db")
        release = try parameters.number("release_ms")
        lookahead = try parameters.number("lookahead_ms")
        truePeak = try parameters.boolean("true_peak")
        link = try parameters.number("link_percent") / 100
    }
}

/// Where a limiter's stages stand in time, in frames.
///
/// A frame's peak is known `detection` frames after it came in. Gains are held for `hold` frames, and then averaged over
/// `attack` frames; at the output they meet the audio `latency` frames after it came in. With hold = attack + 2·guard and
/// latency = detection + attack − 1 + guard, the average that a frame gets is made of values that all know every peak within
/// `guard` frames around it.
struct LimiterTiming: Sendable {
    let detection: Int
    let attack: Int
    let hold: Int
    let latency: Int

    /// Frames on both sides of a peak for which the gain is no higher than there.
    static var guardFrames: Int { 16 }

    init(_ settings: LimiterSettings, rate: Int) {
        let around = settings.truePeak ? Self.guardFrames : 0
        detection = settings.truePeak ? TruePeakDetector.delay : 0
        attack = frames(settings.lookahead, rate: rate) + 1
        hold = attack + 2 * around
        latency = detection + attack - 1 + around
    }
}
