internal import Glibc
internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxNet
internal import SyrinxRealtime

/// Answers every request: looks at credentials, opens chats, leads to REST.
///
/// - Thread: any.
final class Reception: Sendable {
    private struct State {
        var chatCount = 0
        var origin = ""
    }

    /// 16 MiB, of a message from the client.
    static let messageLimit = 16 << 20
    let shelf: Shelf
    let book: ChatBook
    let fileSeed = UInt64.random(in: 0...(.max))
    private let options: EmulatorOptions
    private let access: AccessDesk
    private let speech: SpeechDesk
    private let seed: UInt64
    private let state = Locked(State())

    init(_ options: EmulatorOptions) {
        self.options = options
        seed = options.scenario.seed ?? options.seed
        access = AccessDesk(key: options.apiKey, secret: options.secretKey)
        speech = SpeechDesk(usesEspeak: options.usesEspeak)
        shelf = Shelf(seed: seed)
        book = ChatBook(audioLimit: options.audioBytes)
    }

    /// `http://127.0.0.1:PORT`, for addresses of files.
    var origin: String {
        get { state.withLock { $0.origin } }
        set { state.withLock { $0.origin = newValue } }
    }

    func unixMilliseconds() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
    }

    func answer(_ request: NetServer.Request) async -> NetServer.Answer {
        let path = request.path.split(separator: "/").map { PercentEncoding.decode(String($0)) }
        if path == ["oauth2-cc", "token"] { return .response(access.token(request)) }
        do throws(Refused) {
            if path.first == "files" { return .response(try answerFile(Array(path.dropFirst()))) }
            if path == ["v0", "evi", "chat"] { return try openChat(request) }
            if path.count == 5, path[..<3] == ["v0", "evi", "chat"] {
                return try await control(path[3], path[4], request)
            }
            guard access.admits(request) else { throw Self.unauthorized }
            if path == ["v0", "tts", "voices"] { return .response(try answerVoices(request)) }
            guard path.count >= 3, path[..<2] == ["v0", "evi"] else {
                throw Refused(.fault(404, "there is no such path"))
            }
            let steps = Array(path.dropFirst(3))
            if path[2] == "chats" { return .response(try answerChats(steps, request)) }
            if path[2] == "chat_groups" { return .response(try answerGroups(steps, request)) }
            guard let kind = Shelf.Kind(rawValue: path[2]) else { throw Refused(.fault(404, "there is no such path")) }
            return .response(try answer(kind, steps, request))
        } catch {
            return .response(error.response)
        }
    }

    private static var unauthorized: Refused {
        Refused(.fault(401, "no valid API key or access token came with this request"))
    }

    // MARK: Chats

    private func openChat(_ request: NetServer.Request) throws(Refused) -> NetServer.Answer {
        guard access.admitsSocket(request) else { throw Self.unauthorized }
        let number = state.withLock { state in
            state.chatCount += 1
            return state.chatCount - 1
        }
        let script = options.scenario.chat(number)
        if let refusal = script.refusal {
            var response = SyrinxNet.HTTPResponse.fault(refusal.status, "the scenario refuses this connection")
            if let seconds = refusal.retryAfterSeconds { response.headers["Retry-After"] = String(seconds) }
            throw Refused(response)
        }
        let setup = setup(request, number, script)
        let allows = request.isTrue("allow_connection")
        return .webSocket { [self] socket in
            var setup = setup
            setup.unixMilliseconds = unixMilliseconds()
            let record = ChatRecordKeeper(setup, allowsConnection: allows, book: book)
            if setup.failure == nil { book.add(record) }
            let runner = ChatRunner(socket, setup, speech: speech, record: record)
            record.runner = runner
            await runner.run()
        }
    }

    private func setup(_ request: NetServer.Request, _ number: Int, _ script: Scenario.Chat) -> ChatSetup {
        var random = SeededRandom(seed: seed, "chat \(number)")
        let resumed = request.query("resumed_chat_group_id").flatMap { $0.isEmpty ? nil : $0 }
        let (chatID, groupID) = (random.uuid(), random.uuid())
        var setup = ChatSetup(
            chatID: chatID, groupID: resumed ?? groupID, requestID: random.uuid(), seed: random.next())
        setup.scenario = options.scenario
        setup.script = script
        setup.isParrot = options.isParrot
        setup.isVerbose = request.isTrue("verbose_transcription")
        setup.settings = SessionSettings(query: request.query)
        if setup.settings.voiceID == nil { setup.settings.voiceID = request.query("voice_id") }
        if let resumed {
            let chats = book.group(resumed)
            setup.isResumed = true
            setup.remembered = chats.reduce(0) { count, chat in
                count + chat.events.count { ["USER_MESSAGE", "AGENT_MESSAGE"].contains($0.entry.type) }
            }
            if chats.isEmpty {
                setup.failure = ("E0708", "No chat group with the given resumed_chat_group_id was found.")
            }
        }
        if let id = request.query("config_id"), !id.isEmpty {
            if let persona = persona(id, request.query("config_version").flatMap { Int($0) }) {
                setup.persona = persona
            } else if options.isStrict {
                setup.failure = ("E0400", "No config with the given config_id and config_version was found.")
            } else {
                // A rehearsal of a pipeline that names somebody's own config.
                setup.persona.configID = id
            }
        }
        return setup
    }

    /// What a stored config says; nil: there is none.
    private func persona(_ id: String, _ version: Int?) -> ChatSetup.Persona? {
        guard let item = shelf.item(.configs, id), let config = shelf.value(.configs, item, version) else { return nil }
        var persona = ChatSetup.Persona()
        persona.configID = id
        persona.configVersion = config["version"]?.whole
        persona.prompt = config["prompt"]?["text"]?.string
        persona.voice = config["voice"]?["name"]?.string ?? persona.voice
        persona.tools = (config["tools"]?.list ?? []).compactMap { tool in
            guard let name = tool["name"]?.string, let parameters = tool["parameters"]?.string else { return nil }
            return SessionSettings.Tool(
                name, parameters: parameters, description: tool["description"]?.string,
                fallbackContent: tool["fallback_content"]?.string)
        }
        persona.builtinTools = (config["builtin_tools"]?.list ?? []).compactMap { tool in
            tool["name"]?.string.map {
                SessionSettings.BuiltinTool($0, fallbackContent: tool["fallback_content"]?.string)
            }
        }
        func message(_ name: String) -> String? {
            guard let message = config["event_messages"]?[name], message["enabled"]?.boolean == true else { return nil }
            return message["text"]?.string ?? ""
        }
        persona.newChatText = message("on_new_chat")
        persona.inactivityText = message("on_inactivity_timeout")
        persona.maxDurationText = message("on_max_duration_timeout")
        func seconds(_ value: Value?, _ name: String) -> Moment? {
            value?[name]?.double.map { .seconds(min(max($0, 1), 1_800)) }
        }
        if let inactivity = config["timeouts"]?["inactivity"] {
            persona.inactivity =
                inactivity["enabled"]?.boolean == false
                ? nil : seconds(inactivity, "duration_secs") ?? persona.inactivity
        }
        if let duration = config["timeouts"]?["max_duration"], duration["enabled"]?.boolean != false {
            persona.maxDuration = seconds(duration, "duration_secs") ?? persona.maxDuration
        }
        if config["nudges"]?["enabled"]?.boolean == true {
            persona.nudgeInterval = seconds(config["nudges"], "interval_secs")
        }
        if let detection = config["turn_detection"] {
            persona.hearing.endOfTurnSilenceMilliseconds = detection["end_of_turn_silence_ms"]?.whole ?? 800
            persona.hearing.threshold = detection["speech_detection_threshold"]?.double ?? 0.5
            persona.hearing.prefixPaddingMilliseconds = min(1_000, max(0, detection["prefix_padding_ms"]?.whole ?? 300))
        }
        persona.minInterruptionMilliseconds = config["interruption"]?["min_interruption_ms"]?.whole ?? 800
        return persona
    }

    // MARK: Control plane

    private func control(
        _ id: String, _ verb: String, _ request: NetServer.Request
    ) async throws(Refused) -> NetServer.Answer {
        guard verb == "connect" ? access.admitsSocket(request) : access.admits(request) else { throw Self.unauthorized }
        guard let chat = book.chat(id), chat.facts.isActive, let runner = chat.runner else {
            throw Refused(.fault(404, "no chat with this id is active"))
        }
        switch verb {
        case "connect":
            guard chat.allowsConnection else {
                throw Refused(.fault(403, "the chat was not started with allow_connection=true"))
            }
            return .webSocket { socket in await runner.attach(socket) }
        case "send":
            guard request.method == "POST" else { throw Refused(.fault(405, "only POST is answered here")) }
            let message: ClientMessage
            do throws(WireFault) {
                message = try ClientMessage(decoding: request.body)
            } catch {
                throw Refused(.invalid(["body"], error.description))
            }
            if case .audioInput = message {
                throw Refused(.invalid(["body", "type"], "audio_input is not taken here"))
            }
            guard await runner.command(message) else { throw Refused(.fault(404, "no chat with this id is active")) }
            return .response(.json(.object([])))
        default: throw Refused(.fault(404, "there is no such path"))
        }
    }
}

extension NetServer.Request {
    func isTrue(_ name: String) -> Bool { ["true", "True", "1"].contains(query(name) ?? "") }
}
