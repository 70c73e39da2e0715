public import SyrinxCore
internal import SyrinxEVI

/// A conversation with Hume's Empathic Voice Interface.
///
/// - Ports: `in` (audio, mixed to mono), `barge_in`, `barge_in_hint` (control), `commands` (events); `out` (mono),
///   `speaking`, `listening`, `received`, one control output per emotion, `events`. Latency: `playback_buffer_ms`; `out` begins a new path.
public struct EVINode: Node {
    public static let descriptor = NodeDescriptor(
        type: "evi", summary: "A conversation with Hume's Empathic Voice Interface (EVI).",
        inputs: [
            .audio("in", mixesDown: true, "The user's voice, at any rate."),
            .control(
                "barge_in", isImmediate: true,
                "A detector's word or probability: the user takes the turn."),
            .control(
                "barge_in_hint", isImmediate: true,
                "The same while it is not yet sure: speech is a little quieter."),
            .events("commands", "say, speak, pause, resume, mute, settings, tool_response, tool_error."),
        ],
        outputs: [
            .audio("out", "EVI's speech."),
            .control("speaking", "1 while speech sounds."),
            .control("listening", "1 while what comes in is heard by EVI."),
            .audio("received", "EVI's speech as it came: not ducked, not faded, and what was dropped too."),
            .events("events", "What happens in the conversation."),
        ],
        listedOutputs: ListedOutputs("expressions", "The last score of an emotion, 0 to 1"),
        parameters: EVIParameters.all, pace: .wallClock, details: details,
        example: #""evi": { "type": "evi", "api_key": "${env:HUME_API_KEY}", "config_id": "${env:EVI_CONFIG|}" }"#)

    private static let details = """
        Without a device the timer drives the graph: its clock stands still while the session connects and reconnects, so \
        that a file loses nothing, and the run ends when the last answer has been heard. With a device nothing waits: \
        what is said while there is no chat is dropped and counted.

        Speech is held back by `playback_buffer_ms` and then plays without gaps; an interruption fades it out within \
        `fade_ms`. `barge_in` is heeded one control value (1 ms) later, so that a detector may listen to what the \
        session itself plays; it waits for no longer path.

        What a `vad` hears is linked best as `vad:turn -> evi:barge_in` and `vad:speech -> evi:barge_in_hint`: speech is a \
        little quieter (`barge_in_hint_db`) as soon as anybody makes a sound, much quieter (`barge_in_db`) once that is more \
        than a murmur or a cough, and comes back if it was not or EVI does not confirm. A yes lasts as long as the detector's \
        hangover. `barge_in_min_ms` and `barge_in_hold_ms` make a yes of a bare probability: what is shorter does nothing, and \
        pauses between words are bridged.

        `received` is for recordings: each sample of `out` before it was ducked or faded, at the same instant. Where speech \
        is dropped (an interruption, a pause) it goes on as it would have been heard, with what the server still sends of \
        it, until the next speech begins to sound, and there it ends. While barge_in makes speech wait, it waits too. It \
        keeps no run going.

        Events: `connected`, `reconnected`, `rolled_over`, `user_message` and `assistant_message` with their scores, \
        `user_message_interim`, `assistant_prosody`, `assistant_end`, `interruption`, `playback_began`, \
        `playback_finished`, `tool_call`, `tool_answer`, `reconnecting`, `rolling_over`, `asleep`, `awake`, `muted`, \
        `paused`, `resumed`, `error`, `warning`, and `closed` with the reason.

        Commands are events of these names: `say` (`text`: as if the user had said it), `speak` (`text`: EVI says exactly \
        this), `pause`, `resume`, `mute` (`muted`, true if left out), `settings` (members as in the protocol), \
        `tool_response` (`tool_call_id`, `content`), `tool_error` (`tool_call_id`, `error`, `content`).

        Nothing of a conversation is stored unless the file says so.
        """

    /// Where `mute` stands among the parameters.
    static let muteIndex = descriptor.parameters.firstIndex { $0.name == "mute" } ?? -1

    /// Where `barge_in_threshold` stands.
    static let thresholdIndex = descriptor.parameters.firstIndex { $0.name == "barge_in_threshold" } ?? -1

    let settings: EVISettings

    public init(_ parameters: Parameters) throws(PipelineError) { settings = try EVISettings(parameters) }

    public func inputChannels(_ port: String) -> Int? { 1 }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let rate = rate(request)
        let buffer = rate.map { settings.bufferFrames(atRate: $0) } ?? 0
        // What barge_in says is heeded a millisecond later, in whole frames.
        let delay = max(1, (rate ?? Limits.controlRate) / Limits.controlRate)
        var outputs = [
            OutputStream(
                PartialFormat(rate: rate, channels: 1), latency: buffer, needs: [], delay: delay, startsPath: true)
        ]
        let control = PartialFormat(rate: Limits.controlRate, channels: 1)
        let late = settings.bufferFrames(atRate: Limits.controlRate)
        outputs.append(OutputStream(control, latency: late, needs: [], delay: 1, startsPath: true))
        outputs.append(OutputStream(control, latency: 0, needs: [], delay: 1, startsPath: true))
        outputs.append(outputs[0])
        for _ in settings.expressions {
            outputs.append(OutputStream(control, latency: 0, needs: [], delay: 1, startsPath: true))
        }
        return Resolution(outputs: outputs, facts: settings.facts)
    }

    /// R, unless the file says otherwise; a session that nothing is linked to and that must say first has 48 kHz.
    private func rate(_ request: FormatRequest) -> Int? {
        if let rate = settings.rate ?? request.masterRate { return rate }
        guard let input = request.inputs[0] else { return 48_000 }
        return input.rate
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        guard setup.isPaced else {
            throw PipelineError(
                .invalidGraph,
                "a session runs at the pace of the clock on the wall; leave engine.driver out, or give timer")
        }
        let renderer = EVIRenderer(settings.layout(setup))
        let service = try EVIService(settings, setup, renderer)
        return Prepared(
            renderer, services: [service], sink: service, receiver: service, reporter: service, keeper: service)
    }
}
