public import SyrinxCore

/// Takes what a loudspeaker plays out of what a microphone hears.
///
/// - Ports: `in` (the microphone), `reference` (what the loudspeaker plays), both mixed to mono; `out` (mono), `delay_ms`,
///   `erle_db`, `double_talk` (control), `events`. Latency: a frame of 10 ms less a sample, and the module's own delay.
public struct EchoCancelNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "echo_cancel",
        summary: "Takes what a loudspeaker plays out of what a microphone hears; noise suppression and gain control.",
        inputs: [
            .audio("in", mixesDown: true, "What the microphone hears."),
            .audio("reference", mixesDown: true, isPlayback: true, "What the loudspeaker plays."),
        ],
        outputs: [
            .audio("out", "The microphone without the loudspeaker, mono."),
            .control("delay_ms", unit: .milliseconds, "How much later than the reference its echo is heard."),
            .control("erle_db", unit: .decibels, "How much of the echo is taken away, over the last second of it."),
            .control("double_talk", "1 while the loudspeaker plays and somebody speaks."),
            .events("events", "What is wrong with the reference."),
        ],
        parameters: [
            .choice(
                "suppression", of: ["low", "moderate", "high"], default: "moderate",
                "How hard what the filter leaves of the echo is pressed down; more costs more of the near end."),
            .choice(
                "noise_suppression", of: ["off", "low", "moderate", "high", "very_high"], default: "off",
                "How much steady noise is taken away; adds 6 ms of latency."),
            .choice(
                "gain_control", of: ["off", "adaptive", "fixed"], default: "off",
                "Brings speech to gain_target_dbfs: adaptive follows the speaker, fixed is a compressor."),
            .integer(
                "gain_target_dbfs", in: -31...0, default: -3, unit: .decibelsFullScale, "Where gain control aims at."),
            .integer("gain_most_db", in: 0...90, default: 9, unit: .decibels, "The most that it amplifies."),
            .boolean("high_pass", default: true, "Take away what lies below speech."),
            .boolean(
                "follow_delay", default: true,
                "Let the reference wait by the delay that was measured, so that the echo follows it closely."),
            .boolean(
                "mute_unlearnt", default: false,
                "Give silence while an echo is heard that is not cancelled yet: the first second, and after a jump; 3 s at most."
            ),
            .boolean(
                "extended_filter", default: false,
                "Cancel 128 ms of echo instead of 48; for delays that wander. Costs more of the near end."),
            .integer(
                "expected_delay_ms", in: 0...500, default: 0, unit: .milliseconds,
                "How much later than the reference its echo is expected, before more is known."),
            .number(
                "silent_after_s", in: 0...3_600, default: 30, unit: .seconds,
                "A reference that is silent for so long while the microphone hears something is told; 0: never."),
        ],
        events: [
            EventDescriptor("echo_delay", fields: ["delay_ms"], "The echo's delay was found, or has jumped."),
            EventDescriptor(
                "echo_reference_late", fields: ["delay_ms"],
                "The echo is heard before the reference: nothing can be cancelled. Take the reference earlier."),
            EventDescriptor(
                "echo_reference_drifts", fields: ["drift_ppm"],
                "The delay creeps: loudspeaker and microphone run on different clocks."),
            EventDescriptor(
                "echo_reference_silent", fields: ["silent_s"],
                "Nothing comes to the reference while the microphone hears something."),
        ],
        details: """
            The work is done by WebRTC's audio processing module (0.3, mono, at 8, 16, 32 or 48 kHz): a partitioned-block \
            adaptive filter in the frequency domain, and suppression of what is left by coherence. At other rates both \
            ends are resampled to the next such rate and the result back. Frames of 10 ms are counted from the sample \
            position 0, so that block size never shows. NaN and infinity count as 0.

            Take `reference` where the room's sound is final: behind every gain and limiter that the loudspeaker hears. \
            Links into it are not waited for, so that the microphone is not delayed; the reference must come before its \
            echo, by up to about half a second. `explain` tells when something lies between reference and loudspeaker.

            `delay_ms` is measured by the agreement of signs at 8 kHz, -64...448 ms, and stands at the last that was \
            sure. `double_talk` is reliable once the canceller has converged. Source: J. Benesty, T. Gänsler, D. R. \
            Morgan, M. M. Sondhi, S. L. Gay, "Advances in Network and Acoustic Echo Cancellation", 2001.
            """,
        example: #""aec": { "type": "echo_cancel", "noise_suppression": "moderate" }"#)

    private let parameters: Parameters
    private let levels: (echo: Int, noise: Int, gain: Int)
    private let silence: Double
    private let expectedDelay: Int

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        func place(_ name: String, _ words: [String]) throws(PipelineError) -> Int {
            let word = try parameters.string(name)
            return words.firstIndex(of: word) ?? 0
        }
        levels = (
            try place("suppression", ["low", "moderate", "high"]),
            try place("noise_suppression", ["off", "low", "moderate", "high", "very_high"]) - 1,
            try place("gain_control", ["off", "adaptive", "fixed"])
        )
        silence = try parameters.number("silent_after_s")
        expectedDelay = try parameters.integer("expected_delay_ms")
    }

    public func inputChannels(_ port: String) -> Int? { 1 }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let rate = request.inputs.compactMap { $0?.rate }.first ?? request.masterRate
        var latency = 0
        if let rate { latency = EchoTiming(try settings(rate), rate: rate).latency }
        var resolution = Resolution(
            outputs: [OutputStream(PartialFormat(rate: rate, channels: 1), latency: latency)])
        resolution.outputs += Array(repeating: .control(), count: 3)
        return resolution
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let rate = setup.output.format.rate
        let settings = try settings(rate)
        let core = EchoCore(
            settings, expectedDelay: expectedDelay, followsDelay: try parameters.boolean("follow_delay"),
            mutesUnlearnt: try parameters.boolean("mute_unlearnt"), silenceLimit: Int(silence * 100))
        let timing = EchoTiming(settings, rate: rate)
        let renderer = EchoCancelRenderer(
            try AudioProcessing(settings, at: parameters.path), core, timing,
            hasReference: setup.inputs[1].isConnected)
        let bridge = EchoBridge(renderer)
        return Prepared(renderer, sink: bridge, reporter: bridge)
    }

    /// What the module is made with for streams of a rate.
    private func settings(_ rate: Int) throws(PipelineError) -> AudioProcessing.Settings {
        AudioProcessing.Settings(
            rate: AudioProcessing.rates.first { $0 >= rate } ?? 48_000, echoLevel: levels.echo,
            noiseLevel: levels.noise, gainMode: levels.gain,
            gainTarget: -(try parameters.integer("gain_target_dbfs")),
            gainMost: try parameters.integer("gain_most_db"), highPass: try parameters.boolean("high_pass"),
            findsDelay: false,
            extendedFilter: try parameters.boolean("extended_filter"))
    }
}
