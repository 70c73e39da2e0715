public import SyrinxCore

/// Finds speech: tells how likely somebody speaks, and when speech begins and ends.
///
/// - Ports: `in`, `out`, same rate and channels, may run in place; `probability`, `speech`, `turn` (control); `events`.
///   Latency: `lookahead_ms`.
public struct VADNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "vad", summary: "Finds speech: probability, yes or no, events; passes its input through, or speech only.",
        inputs: [.audio("in")],
        outputs: [
            .audio("out", "The input, delayed by the look-ahead; with `gate` only what is speech."),
            .control("probability", "How likely somebody speaks, 0…1."),
            .control("speech", "1 while there is speech, else 0."),
            .control(
                "turn", "1 from where speech is more than a murmur, a cough or a key, to its end; else 0."),
            .events("events", "speech_begin, speech_end"),
        ],
        parameters: [
            .choice(
                "engine", of: VADSettings.Engine.allCases.map(\.rawValue), default: "statistical",
                "What detects: statistical needs no model, neural is Silero VAD."),
            .path("model", .read, "For neural: its weights; left out: what scripts/models has put into its place."),
            .number("threshold", in: 0...1, default: 0.5, live: true, "Probability from which it is speech."),
            .number("hysteresis", in: 0...1, default: 0.1, "How far below the threshold speech goes on."),
            .number(
                "min_speech_ms", in: 0...2_000, default: 20, unit: .milliseconds,
                "What is shorter is no speech; costs as much delay."),
            .number(
                "hangover_ms", in: 0...10_000, default: 80, unit: .milliseconds,
                "How long speech must have stopped until it is over."),
            .number(
                "pre_roll_ms", in: 0...2_000, default: 100, unit: .milliseconds,
                "How much before it was found speech is said to begin."),
            .number(
                "lookahead_ms", in: 0...5_000, unit: .milliseconds,
                "Delay of `out` against what is known of it; 0, or with `gate` as much as the pre-roll needs."),
            .number(
                "turn_ms", in: 0...10_000, default: 700, unit: .milliseconds,
                "What has lasted so long is a turn, however it sounds; 0: all speech is."),
            .boolean(
                "gate", default: false, "Only speech passes, pre-roll and hangover included; the rest is silence."),
            .number("fade_ms", in: 0...1_000, default: 5, unit: .milliseconds, "Fades of the gate."),
        ],
        events: [
            EventDescriptor(
                "speech_begin", fields: ["probability"],
                "Speech has been found; the time is that of the pre-roll's begin."),
            EventDescriptor(
                "speech_end", fields: ["duration_s", "quiet_s"],
                "Speech is over; the time includes the hangover: the last quiet_s were without speech."),
        ],
        worksInPlace: true,
        details: """
            All channels are mixed, brought to 16 kHz, and looked at every 10 ms. The control outputs and events come \
            as soon as anything is known, 20 ms after a clear onset; `lookahead_ms` delays the audio so that a gain driven \
            by `speech` comes in time. A link into an input without compensation (evi:barge_in) has no part in that delay.

            The engine `statistical` follows the noise by minimum statistics (Martin 2001; Cohen and Berdugo 2002) and \
            fuses likelihood ratios (Sohn, Kim and Sung 1999), long-term spectral divergence (Ramírez et al. 2004), \
            periodicity and levels relative to running quantiles in one small layer of learnt weights. 0.5 is where a missed \
            onset costs more than a false alarm; raise `threshold` for the contrary. Digital silence is never speech.

            `turn` is what an interruption should go by: it passes over "mhm", coughs and keys, which is why it comes later than \
            `speech`: some 110 ms after the first sample at the median. A sound is a turn once it has a voice and with it open \
            lips (strong above 470 or 1000 Hz) or a hiss, which closed lips, coughs and keys do not have both; or after \
            `turn_ms`. "Uh-huh" and "okay" are turns.

            The engine `neural` computes Silero VAD (MIT licence) from a safetensors file: one probability for every 32 ms, \
            14.5 ms after their end. Without `model` the file is looked for in SYRINX_MODELS, or else in \
            ~/.local/share/syrinx/models; `scripts/models` fetches it.

            NaN and infinity pass and count as 0 for the detection.
            """,
        example: #""voice": { "type": "vad", "min_speech_ms": 100, "hangover_ms": 300 }"#)

    private let settings: VADSettings

    public init(_ parameters: Parameters) throws(PipelineError) {
        settings = try VADSettings(parameters)
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var resolution = Resolution.sameAsInput(request)
        let format = resolution.outputs[0].format
        var control = OutputStream.control()
        if let rate = format.rate {
            let delay = settings.delayFrames(rate: rate)
            resolution.outputs[0] = OutputStream(format, latency: delay)
            control = OutputStream(
                control.format,
                latency: OutputStream.wholeLatency(
                    lookAhead: delay, inputLatency: request.inputLatencies[0], inputRate: rate,
                    rate: Limits.controlRate
                ).own)
        }
        resolution.outputs += [control, control, control]
        return resolution
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let detector =
            switch settings.engine {
            case .statistical: AnyDetector(StatisticalDetector())
            case .neural: AnyDetector(try NeuralModel.network(settings.model, at: "\(settings.path).model"))
            }
        return Prepared(
            VADRenderer(settings, detector, setup.input, findsTurns: setup.outputs[3].isConnected))
    }
}

/// The parameters of ``VADNode``.
struct VADSettings: Sendable {
    /// What detects.
    enum Engine: String, CaseIterable {
        case statistical, neural
    }

    let engine: Engine
    /// The neural engine's weights; nil: those that are in their place.
    let model: String?
    /// Where the node stands in the file.
    let path: String
    let timing: DetectorTiming
    let threshold: Double
    let hysteresis: Double
    let leastMilliseconds: Double
    let hangoverMilliseconds: Double
    let preRollMilliseconds: Double
    /// nil: as much as the gate needs.
    let lookaheadMilliseconds: Double?
    let gates: Bool
    let fadeMilliseconds: Double
    let turnMilliseconds: Double

    init(_ parameters: Parameters) throws(PipelineError) {
        engine = Engine(rawValue: try parameters.string("engine")) ?? .statistical
        model = try parameters.optionalString("model")
        path = parameters.path
        timing =
            switch engine {
            case .statistical: StatisticalDetector.timing
            case .neural: SileroNetwork.timing
            }
        if engine != .neural, model != nil {
            throw parameters.error("model", "is for the engine neural; found engine \(engine.rawValue)")
        }
        threshold = try parameters.number("threshold")
        hysteresis = try parameters.number("hysteresis")
        leastMilliseconds = try parameters.number("min_speech_ms")
        hangoverMilliseconds = try parameters.number("hangover_ms")
        preRollMilliseconds = try parameters.number("pre_roll_ms")
        gates = try parameters.boolean("gate")
        lookaheadMilliseconds = try parameters.optionalNumber("lookahead_ms")
        fadeMilliseconds = try parameters.number("fade_ms")
        turnMilliseconds = try parameters.number("turn_ms")
    }

    /// How many hops in a row must speak for speech; what one of them speaks for beyond itself counts.
    var leastHops: Int { max(1, timing.hops(milliseconds: leastMilliseconds) - (timing.span / timing.hop - 1)) }

    var hangoverHops: Int { max(1, timing.hops(milliseconds: hangoverMilliseconds)) }

    /// How many hops of speech are a turn, however they sound.
    var turnHops: Int { timing.hops(milliseconds: turnMilliseconds) }

    /// Frames of the port at `rate` that hold `milliseconds`, rounded up.
    func frames(_ milliseconds: Double, rate: Int) -> Int {
        Int((milliseconds * Double(rate) / 1_000 - 1e-9).rounded(.up))
    }

    /// By how much the audio is delayed.
    func delayFrames(rate: Int) -> Int {
        if let lookaheadMilliseconds { return frames(lookaheadMilliseconds, rate: rate) }
        if !gates { return 0 }
        // From the pre-roll's begin to the end of the hop with which speech is found.
        let hops = ((leastHops - 1) * timing.hop + timing.lag) * rate / timing.rate + 1
        return hops + HopReader.foresight(rate: rate, timing) + frames(preRollMilliseconds, rate: rate)
    }
}
