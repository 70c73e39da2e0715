internal import SyrinxCore
internal import SyrinxEVI

/// The parameters of ``EVINode``: the descriptors, in the order of the reference page.
enum EVIParameters {
    static let all = credentials + conversation + tools + sending + hearing + lifetime

    private static let credentials: [ParameterDescriptor] = [
        .secret("api_key", "The API key, as ${env:HUME_API_KEY}; goes out as a header, never in an address."),
        .secret(
            "secret_key",
            "The secret key, as ${env:HUME_SECRET_KEY|}: with it, both are exchanged for a token at every connection."),
        .secret("access_token", "A token that somebody else has fetched, in the place of a key; valid for 30 minutes."),
        .string(
            "base_url", default: "wss://api.hume.ai",
            "Where EVI lives; plain ws:// is for this machine only. The token's address follows from it."),
        .path("ca_file", .read, "Further authorities to trust, PEM: for a private server."),
        .path(
            "tls_crl_file", .read,
            "Revocation lists, PEM; with them a certificate must be covered by one and not be on it."),
    ]

    private static let conversation: [ParameterDescriptor] = [
        .string("config_id", "The config to use; left out: EVI with default settings."),
        .integer("config_version", in: 0...1_000_000, "The config's version; left out: the latest."),
        .string("resumed_chat_group_id", "Continue this chat group."),
        .integer("event_limit", in: 1...1_000_000, "How many events of a resumed group EVI knows; left out: 300."),
        .boolean("verbose_transcription", default: false, "Also tell provisional transcripts."),
        .boolean("allow_connection", default: false, "Let others join the chat by the control plane."),
        .string("system_prompt", "The prompt in the place of the config's; may hold {{variables}}."),
        ParameterDescriptor(
            "context",
            .object([
                .string("text", required: true, "What EVI is to know."),
                .choice(
                    "type", of: ["temporary", "persistent"], default: "temporary",
                    "For the next answer, or for the rest of the chat."),
            ]), "Text that is added to what the user says."),
        ParameterDescriptor("variables", .map(.any), "Values for {{name}} in the prompt: strings, numbers, booleans."),
        .string("voice_id", "The voice in the place of the config's."),
        .string("custom_session_id", "Passed on to a language model of one's own, and echoed."),
        .secret("language_model_api_key", "The key of the language model's provider; Hume's own if left out."),
        ParameterDescriptor("metadata", .map(.any), "Free data that goes with the session."),
        .boolean("settings_by_message", default: false, "Send all settings as a message, none in the address."),
    ]

    private static let tools: [ParameterDescriptor] = [
        ParameterDescriptor(
            "tools",
            .map(
                .object([
                    ParameterDescriptor(
                        "command", .any, required: true,
                        "Program and arguments, run in the pipeline's folder without a shell: arguments of the call on standard input, the answer on standard output. null: an event of commands answers."
                    ),
                    .string("description", "What the language model reads to know when to call it."),
                    ParameterDescriptor("parameters", .any, "The JSON Schema of its arguments."),
                    .string("fallback_content", "What the language model gets where the tool fails."),
                    .number("timeout_s", in: 0.1...600, default: 10, unit: .seconds, "Then the call has failed."),
                    ParameterDescriptor(
                        "env", .map(.string), "Variables of its environment beside PATH, HOME and LANG."),
                ])), "What EVI may call, by name."),
        ParameterDescriptor(
            "builtin_tools", .list(.any, count: 0...16),
            "Tools of Hume's own: \"web_search\", \"hang_up\", or an object with name and fallback_content."),
    ]

    private static let sending: [ParameterDescriptor] = [
        .integer(
            "send_rate_hz", in: 8_000...48_000, unit: .hertz,
            "The rate of what is sent: 8000, 16000, 24000, 44100 or 48000; left out: the input's if it is one of these, else 48000."
        ),
        .choice(
            "send_frames", of: ["binary", "text"], default: "binary", "How audio is sent; text is a third more bytes."),
        .integer(
            "mute", in: 0...1, default: 0, live: true,
            "1: EVI hears silence; the stream goes on."),
        .boolean(
            "half_duplex", default: false,
            "Send silence while EVI is heard: for a room without an echo canceller."),
        .number(
            "half_duplex_tail_ms", in: 0...5_000, default: 300, unit: .milliseconds,
            "How much longer, for the device's delay and the room."),
        .choice(
            "on_barge_in", of: ["duck", "pause", "none"], default: "duck",
            "What a rise of barge_in does to speech until EVI confirms it: quieter, silent and waiting, or nothing."),
        .number(
            "barge_in_db", in: -60...0, default: -30, unit: .decibels, "How loud speech is while it is ducked."),
        .number(
            "barge_in_hint_db", in: -60...0, default: -10, unit: .decibels,
            "How loud speech is while barge_in_hint is high, and barge_in is not; 0: as it is."),
        .number(
            "barge_in_threshold", in: 0...1, default: 0.5, live: true,
            "Value of barge_in from which on the user is heard: for a probability."),
        .number("barge_in_hysteresis", in: 0...1, default: 0.1, "How far below the threshold that goes on."),
        .number(
            "barge_in_min_ms", in: 0...2_000, default: 0, unit: .milliseconds,
            "What is shorter does nothing to speech: coughs, keys; costs as much delay."),
        .number(
            "barge_in_hold_ms", in: 0...5_000, default: 0, unit: .milliseconds,
            "How long barge_in must have been low until the user is heard no more: pauses between words."),
        .number(
            "barge_in_confirm_ms", in: 50...10_000, default: 1_500, unit: .milliseconds,
            "Without an interruption by then, or when barge_in falls, all is as it was."),
        .number(
            "barge_in_return_ms", in: 1...2_000, default: 100, unit: .milliseconds,
            "How long speech takes to come back."),
    ]

    private static let hearing: [ParameterDescriptor] = [
        .integer("rate_hz", in: 8_000...384_000, unit: .hertz, "The rate of out; left out: the graph's rate R."),
        .number(
            "playback_buffer_ms", in: 5...2_000, default: 60, unit: .milliseconds,
            "Speech that is gathered before it sounds: what the network may be late."),
        .number(
            "fade_ms", in: 1...500, default: 20, unit: .milliseconds,
            "How speech goes away when it is interrupted."),
        .boolean(
            "stop_on_user_message", default: false,
            "Also stop at a final message of the user that comes after EVI has sent its turn and before it was heard."),
        .boolean("drop_on_pause", default: true, "A pause drops what is queued; false: it is heard to its end."),
        .boolean("drop_on_loss", default: false, "So does a lost connection."),
        ParameterDescriptor(
            "expressions", .list(.choice(Scores.names), count: 0...48),
            "Emotions whose last score a control output tells, named as the emotion: \"Joy\" is joy."),
        .choice(
            "expressions_of", of: ["user", "assistant"], default: "user", "Whose scores those are."),
    ]

    private static let lifetime: [ParameterDescriptor] = [
        .boolean(
            "rollover", default: true,
            "Go on in a new chat of the same group before the server's limit of 30 minutes, and after it."),
        .choice(
            "on_idle", of: ["end", "sleep"], default: "end",
            "When the server ends a chat in which nobody speaks: end, or wait and resume when somebody does."),
        .number(
            "wake_db", in: -120...0, unit: .decibelsFullScale,
            "A sleeping session resumes when the input reaches this level; left out: at barge_in and commands only."),
        .choice(
            "on_close", of: ["end", "stay"],
            "When the session is over: end the run, or stay silent; left out: end without a device, else stay."),
        .number(
            "max_minutes", in: 0...100_000, default: 120, unit: .minutes,
            "Chat that may be paid for in one run; 0: without limit."),
        .integer(
            "max_attempts", in: 0...1_000,
            "Attempts in a row that may lead nowhere; 0: without limit; left out: 6 without a device, else without limit."
        ),
        .number("connect_timeout_s", in: 0.5...120, default: 5, unit: .seconds, "Time for the handshake."),
        .number(
            "ready_timeout_s", in: 0.5...120, default: 10, unit: .seconds,
            "Time for the server's first message, and for a token."),
        .number(
            "answer_wait_s", in: 0...600, default: 10, unit: .seconds,
            "After the end of a file: how long an answer is waited for."),
        .number(
            "linger_s", in: 0...600, default: 5, unit: .seconds,
            "After the last answer was heard: how long it must be quiet."),
    ]
}
