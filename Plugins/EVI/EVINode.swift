public import SyrinxCore
internal import SyrinxEVI

/// A conversation with Hume's Empathic Voice Interface.
///
/// - Ports: `in` (audio, mixed to mono), `barge_in` (control), `commands` (events); `out` (mono), `speaking`, `listening`,
///   one control output per emotion, `events`. Latency: `playback_buffer_ms`; `out` begins a new path.
public struct EVINode: Node {
    public static let descriptor = NodeDescriptor(
        type: "evi", summary: "A conversation with Hume's Empathic Voice Interface (EVI).",
        inputs: [
            .audio("in", mixesDown: true, "The user's voice, at any rate."),
            .control("barge_in", "1 while a local detector hears the user: speech gives way before EVI knows."),
            .events("commands", "say, speak, pause, resume, mute, settings, tool_response, tool_error."),
        ],
        outputs: [
            .audio("out", "EVI's speech."),
            .control("speaking", "1 while speech sounds."),
            .control("listening", "1 while what comes in is heard by EVI."),
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
        session itself plays.

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
        for _ in 0..<1 + settings.expressions.count {
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
