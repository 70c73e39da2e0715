public import SyrinxCore

/// Brings speech to one loudness, slowly, and leaves pauses alone.
///
/// - Ports: `in`, `out`; `gain`, `level` (control). Same rate and channels; may run in place. Latency: 0.
public struct AGCNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "agc", summary: "Brings speech to one loudness, slowly; leaves pauses alone.",
        inputs: [.audio("in")],
        outputs: [
            .audio("out"),
            .control("gain", unit: .decibels, "What it multiplies by."),
            .control("level", unit: .loudness, "Loudness of the speech that comes in; -200: none yet."),
        ],
        parameters: [
            .number(
                "target_lufs", in: -50...0, default: -20, unit: .loudness, live: true, "Loudness of what comes out."),
            .number(
                "gate_lufs", in: -80...0, default: -50, unit: .loudness, live: true,
                "What is softer is a pause, and changes nothing."),
            .number("max_boost_db", in: 0...60, default: 18, unit: .decibels, live: true, "The most that it adds."),
            .number("max_cut_db", in: 0...60, default: 18, unit: .decibels, live: true, "The most that it takes."),
            .number(
                "window_s", in: 0.4...60, default: 3, unit: .seconds,
                "Over how much speech its level is averaged."),
            .number("rise_s", in: 0.1...60, default: 2, unit: .seconds, live: true, "Time constant of a rising gain."),
            .number(
                "fall_s", in: 0.1...60, default: 0.4, unit: .seconds, live: true, "Time constant of a falling gain."),
        ],
        worksInPlace: true,
        details: """
            Ten times a second the loudness of the last 400 ms is taken, with K-weighting and channel weights as in \
            BS.1770. It counts as speech if it is above `gate_lufs` and not more than 10 LU below the speech level so far; \
            after 3 s that are all softer than that the level begins anew (somebody else speaks). The speech level is \
            the mean power of what counts, over `window_s` of speech, of all that was heard while that is less. The gain \
            moves towards target less level, held within `max_cut_db` and `max_boost_db`, with `rise_s` or `fall_s`, and \
            stands still in pauses, so that background does not come up. In between it glides. Peaks are a `limiter`'s \
            affair: put one behind. Sources: ITU-R BS.1770-5 (K-weighting, absolute and relative gate); EBU Tech 3341 \
            (momentary loudness).

            Filter coefficients for any rate: B. De Man, "Evaluation of Implementations of the EBU R128 Loudness \
            Measurement", AES Convention 145, 2018. NaN and infinity count as 0.
            """,
        example: #""level": { "type": "agc", "target_lufs": -18 }"#)

    private let settings: AGCSettings

    public init(_ parameters: Parameters) throws(PipelineError) { settings = try AGCSettings(parameters) }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var resolution = Resolution.sameAsInput(request)
        for _ in 0..<2 {
            resolution.outputs.append(
                ControlGrid.output(request, lookAhead: 0, rate: resolution.outputs[0].format.rate))
        }
        return resolution
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(AGCRenderer(settings, setup.input.format))
    }
}

/// An automatic gain as its parameters describe it; times in s, levels in LUFS and dB.
struct AGCSettings: Sendable {
    let target: Double
    let gate: Double
    let boost: Double
    let cut: Double
    let window: Double
    let rise: Double
    let fall: Double

    init(_ parameters: Parameters) throws(PipelineError) {
        target = try parameters.number("target_lufs")
        gate = try parameters.number("gate_lufs")
        boost = try parameters.number("max_boost_db")
        cut = try parameters.number("max_cut_db")
        window = try parameters.number("window_s")
        rise = try parameters.number("rise_s")
        fall = try parameters.number("fall_s")
    }
}
