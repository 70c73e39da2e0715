internal import Glibc
internal import SyrinxCore
internal import SyrinxDSP
internal import SyrinxEVI

/// The parameters of one session, read and checked.
struct EVISettings: Sendable {
    /// What the end of a session does to the run.
    enum OnClose: Sendable, Hashable {
        case end, stay
    }

    static let sendRates = [8_000, 16_000, 24_000, 44_100, 48_000]

    /// As far as it does not depend on the run.
    let options: SessionOptions
    let tools: EVITools
    /// Folder of the pipeline file; empty: the working directory.
    let directory: String
    let authorities: String?
    let revocations: String?
    let rate: Int?
    let sendRate: Int?
    let expressions: [String]
    let hearsAssistant: Bool
    let onClose: OnClose?
    /// nil: not said; 0: without limit.
    let maxAttempts: Int?
    let maxMinutes: Double
    private let isMuted: Bool
    private let buffer: Double
    private let fade: Double
    private let bargeIn: BargeIn.Mode
    private let bargeInDecibels: Double
    private let hintDecibels: Double
    private let bargeInReturn: Double
    private let bargeInConfirm: Double
    private let bargeInThreshold: Double
    private let bargeInDecision: SpeechDecision
    private let hintDecision: SpeechDecision

    init(_ parameters: Parameters) throws(PipelineError) {
        tools = try EVITools(parameters)
        options = try Self.options(parameters, tools)
        directory = parameters.directory
        authorities = try parameters.optionalString("ca_file")
        revocations = try parameters.optionalString("tls_crl_file")
        rate = try parameters.optionalInteger("rate_hz")
        sendRate = try parameters.optionalInteger("send_rate_hz")
        if let sendRate, !Self.sendRates.contains(sendRate) {
            let rates = Self.sendRates.map(String.init).joined(separator: ", ")
            throw parameters.error("send_rate_hz", "found \(sendRate) Hz, expected one of \(rates)")
        }
        let expressions = try parameters.optionalList("expressions")?.compactMap(\.string) ?? []
        self.expressions = expressions
        if let twice = expressions.first(where: { name in expressions.filter { $0 == name }.count > 1 }) {
            throw parameters.error("expressions", "found \(Shown.quoted(twice)) twice, expected it once")
        }
        hearsAssistant = try parameters.string("expressions_of") == "assistant"
        switch try parameters.optionalString("on_close") {
        case "end": onClose = .end
        case "stay": onClose = .stay
        default: onClose = nil
        }
        maxAttempts = try parameters.optionalInteger("max_attempts")
        maxMinutes = try parameters.number("max_minutes")
        isMuted = try parameters.integer("mute") == 1
        buffer = try parameters.number("playback_buffer_ms")
        fade = try parameters.number("fade_ms")
        switch try parameters.string("on_barge_in") {
        case "pause": bargeIn = .pause
        case "none": bargeIn = .none
        default: bargeIn = .duck
        }
        bargeInDecibels = try parameters.number("barge_in_db")
        hintDecibels = try parameters.number("barge_in_hint_db")
        bargeInReturn = try parameters.number("barge_in_return_ms")
        bargeInConfirm = try parameters.number("barge_in_confirm_ms")
        bargeInThreshold = try parameters.number("barge_in_threshold")
        // A control value is a millisecond.
        let hold = Int(try parameters.number("barge_in_hold_ms").rounded())
        let hysteresis = Float(try parameters.number("barge_in_hysteresis"))
        bargeInDecision = SpeechDecision(
            leastHops: Int(try parameters.number("barge_in_min_ms").rounded()), hangoverHops: hold,
            hysteresis: hysteresis)
        hintDecision = SpeechDecision(leastHops: 1, hangoverHops: hold, hysteresis: hysteresis)
    }

    /// For `explain` and the report.
    var facts: [(name: String, value: Value)] {
        var facts: [(name: String, value: Value)] = [
            ("connects_to", .string(options.base.description)),
            ("max_minutes", maxMinutes == 0 ? .string("no limit") : .number(maxMinutes)),
        ]
        if !tools.shown.isEmpty { facts.append(("runs", .list(tools.shown.map(Value.string)))) }
        return facts
    }

    func bufferFrames(atRate rate: Int) -> Int { max(1, Int((buffer * Double(rate) / 1000).rounded())) }

    // MARK: For one run

    /// - Parameters:
    ///   - isTimed: nothing but the timer drives the run: its clock can wait.
    ///   - isRecorded: somebody wants what was received.
    func options(isTimed: Bool, inputRate: Int, isRecorded: Bool) -> SessionOptions {
        var options = options
        // As much as may wait to be heard.
        options.playback.droppedSamples = isRecorded ? options.playback.samples : 0
        options.sendRate = sendRate ?? (Self.sendRates.contains(inputRate) ? inputRate : 48_000)
        options.clockWaits = isTimed
        switch maxAttempts {
        case nil: options.maxAttempts = isTimed ? 6 : nil
        case 0: options.maxAttempts = nil
        case let count: options.maxAttempts = count
        }
        return options
    }

    func layout(_ setup: Setup) -> EVIRenderer.Layout {
        let (input, output) = (setup.inputs[0], setup.outputs[0])
        let rate = output.format.rate
        func frames(_ milliseconds: Double) -> Int { Int((milliseconds * Double(rate) / 1000).rounded()) }
        let buffer = bufferFrames(atRate: rate)
        // The way out of speech that is late, within what has been gathered.
        let dryFade = min(rate / 200, max(1, buffer / 4))
        return EVIRenderer.Layout(
            inputRate: input.format.rate, rate: rate, inputRoom: input.format.rate + 2 * input.largestBlock,
            speechRoom: rate / 2 + 2 * buffer + 2 * output.largestBlock, hasBargeIn: setup.inputs[1].isConnected,
            hasHint: setup.inputs[2].isConnected,
            hearsUser: setup.inputs[1].isConnected || setup.inputs[2].isConnected,
            isRecorded: setup.outputs[3].isConnected,
            expressionCount: expressions.count,
            head: PlayoutHead(bufferFrames: buffer, fadeFrames: dryFade, dropFadeFrames: frames(fade)),
            firstFrame: buffer,
            bargeIn: BargeIn(
                BargeIn.Settings(
                    mode: bargeIn, level: Float(pow(10, bargeInDecibels / 20)),
                    hintLevel: Float(pow(10, hintDecibels / 20)), glideFrames: frames(20),
                    returnFrames: frames(bargeInReturn), confirmFrames: frames(bargeInConfirm)),
                turn: bargeInDecision, hint: hintDecision),
            threshold: Float(bargeInThreshold), thresholdParameter: EVINode.thresholdIndex,
            muteParameter: EVINode.muteIndex, isMuted: isMuted)
    }
}

// MARK: Reading

extension EVISettings {
    private static func options(_ parameters: Parameters, _ tools: EVITools) throws(PipelineError) -> SessionOptions {
        var options = SessionOptions(credentials: try credentials(parameters))
        do throws(PipelineError) {
            options.base = try BaseAddress(try parameters.string("base_url"))
        } catch {
            throw parameters.error("base_url", error.message)
        }
        options.configID = try parameters.optionalString("config_id")
        options.configVersion = try parameters.optionalInteger("config_version")
        options.resumedChatGroupID = try parameters.optionalString("resumed_chat_group_id")
        options.verboseTranscription = try parameters.boolean("verbose_transcription")
        options.allowConnection = try parameters.boolean("allow_connection")
        options.settings = try settings(parameters)
        options.settings.builtinTools = tools.builtin
        options.settingsByMessage = try parameters.boolean("settings_by_message")
        options.sendFrames = try parameters.string("send_frames") == "text" ? .text : .binary
        options.isHalfDuplex = try parameters.boolean("half_duplex")
        options.halfDuplexTail = .milliseconds(try parameters.number("half_duplex_tail_ms"))
        options.startsMuted = try parameters.integer("mute") == 1
        options.tools = tools.specs
        options.dropsPlaybackOnPause = try parameters.boolean("drop_on_pause")
        options.dropsPlaybackOnLoss = try parameters.boolean("drop_on_loss")
        options.stopsOnUserMessage = try parameters.boolean("stop_on_user_message")
        options.handshakeLimit = .seconds(try parameters.number("connect_timeout_s"))
        options.metadataLimit = .seconds(try parameters.number("ready_timeout_s"))
        options.rollsOver = try parameters.boolean("rollover")
        options.onIdle = try parameters.string("on_idle") == "sleep" ? .sleep : .end
        options.wakeLevel = try parameters.optionalNumber("wake_db")
        let minutes = try parameters.number("max_minutes")
        options.budget = minutes == 0 ? nil : .seconds(minutes * 60)
        options.answerWait = .seconds(try parameters.number("answer_wait_s"))
        options.linger = .seconds(try parameters.number("linger_s"))
        return options
    }

    private static func credentials(_ parameters: Parameters) throws(PipelineError) -> Credentials {
        let key = try parameters.optionalString("api_key")
        let secret = try parameters.optionalString("secret_key")
        let token = try parameters.optionalString("access_token")
        for (name, value) in [("api_key", key), ("secret_key", secret), ("access_token", token)] {
            guard let value else { continue }
            if value.isEmpty || !value.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }) {
                throw parameters.error(
                    name, "found characters that no key has (a blank, a line break?), expected plain ASCII")
            }
        }
        switch (key, secret, token) {
        case (let key?, nil, nil): return .key(Secret(key))
        case (let key?, let secret?, nil): return .keyAndSecret(Secret(key), Secret(secret))
        case (nil, nil, let token?): return .token(Secret(token))
        case (nil, let secret, nil):
            let alone = secret == nil ? "" : " beside secret_key"
            throw parameters.error(
                "api_key",
                #"found none, expected one\#(alone): write "api_key": "${env:HUME_API_KEY}" and set HUME_API_KEY"#)
        case (_, _, .some): throw parameters.error("access_token", "found beside a key, expected one of them")
        }
    }

    private static func settings(_ parameters: Parameters) throws(PipelineError) -> SessionSettings {
        var settings = SessionSettings()
        settings.systemPrompt = try parameters.optionalString("system_prompt")
        settings.voiceID = try parameters.optionalString("voice_id")
        settings.customSessionID = try parameters.optionalString("custom_session_id")
        settings.eventLimit = try parameters.optionalInteger("event_limit")
        settings.languageModelKey = try parameters.optionalString("language_model_api_key").map { Secret($0) }
        settings.metadata = parameters.value("metadata")
        if let context = parameters.value("context") {
            guard let text = context["text"]?.string else {
                throw parameters.error("context", "found no text, expected \"text\": what EVI is to know")
            }
            settings.context = .set(SessionSettings.Context(text, type: context["type"]?.string))
        }
        if case .object(let variables)? = parameters.value("variables") {
            for variable in variables {
                switch variable.value {
                case .string, .number, .integer, .boolean: continue
                default:
                    throw parameters.error(
                        "variables\(Shown.step(variable.name))",
                        "found \(Shown.plain(variable.value.json())), expected a string, a number or a boolean")
                }
            }
            settings.variables = variables
        }
        return settings
    }
}
