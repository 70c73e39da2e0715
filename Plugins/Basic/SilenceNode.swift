internal import Glibc
public import SyrinxCore

/// Tells by level alone where there is sound and where silence, to the sample.
///
/// - Ports: `in`, `out`, same rate and channels, may run in place; `events`. Latency: 0 frames.
public struct SilenceNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "silence", summary: "Finds silence and sound by level: events to the sample; passes its input through.",
        inputs: [.audio("in")], outputs: [.audio("out", "The input."), .events("events", "sound_begin, sound_end")],
        parameters: [
            .number(
                "threshold_dbfs", in: -120...0, default: -40, unit: .decibelsFullScale,
                "A sample of at least this magnitude, in any channel, is sound."),
            .number(
                "min_silence_ms", in: 1...60_000, default: 500, unit: .milliseconds,
                "Pauses that are shorter belong to the sound."),
            .number(
                "min_sound_ms", in: 0...10_000, default: 20, unit: .milliseconds,
                "What is shorter, from its first loud sample to its last, is none: clicks."),
        ],
        events: [
            EventDescriptor("sound_begin", "There is sound; the time is that of the first loud sample."),
            EventDescriptor(
                "sound_end", fields: ["duration_s"], "It is over; the time is that after the last loud sample."),
        ],
        worksInPlace: true,
        details: """
            What the threshold means depends on the recording: with noise in the room it stands some dB above the noise's \
            peaks. Where speech is to be told from other sounds, take `vad`.

            The begin is told once `min_sound_ms` have come, the end once `min_silence_ms` have; both carry the time at \
            which it happened. The report has `sounds` and `sound_end_frame`, the frame after the last loud sample \
            of the last sound, which the run's end may leave without its event. NaN counts as silence.
            """,
        example: #""pauses": { "type": "silence", "threshold_dbfs": -45, "min_silence_ms": 700 }"#)

    private let threshold: Float
    private let silence: Double
    private let sound: Double

    public init(_ parameters: Parameters) throws(PipelineError) {
        threshold = Float(pow(10, try parameters.number("threshold_dbfs") / 20))
        silence = try parameters.number("min_silence_ms")
        sound = try parameters.number("min_sound_ms")
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let rate = setup.input.format.rate
        func frames(_ milliseconds: Double) -> Int { max(1, Int((milliseconds * Double(rate) / 1000).rounded())) }
        let renderer = SilenceRenderer(
            setup.input.format, latency: setup.input.latency, threshold: threshold, minSilence: frames(silence),
            minSound: frames(sound))
        return Prepared(renderer, reporter: renderer)
    }
}
