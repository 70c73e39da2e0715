internal import SyrinxCore

/// The requests that open a chat: the address with all that fits into it, and the token before it.
///
/// - Source: protocol 1.2, 1.3.
enum ChatRequest {
    /// A longer prompt goes in a message.
    static let promptLimit = 1_000
    /// So does everything but the audio format when the address would grow beyond this.
    static let targetLimit = 6_000

    /// Splits settings into what goes with the address and what goes as the first message.
    ///
    /// Prompt and variables stay together, since they apply together. The key of a language model never goes into an
    /// address.
    static func split(
        _ settings: SessionSettings, byMessage: Bool
    ) -> (query: SessionSettings, message: SessionSettings?) {
        var message = settings
        message.eventLimit = nil
        if byMessage { return (limitOnly(settings), message.isEmpty ? nil : message) }
        var query = settings
        query.tools = nil
        query.builtinTools = nil
        query.metadata = nil
        query.languageModelKey = nil
        query.audio?.codec = nil
        if query.context == .remove { query.context = nil }
        if (query.systemPrompt?.unicodeScalars.count ?? 0) > promptLimit {
            query.systemPrompt = nil
            query.variables = nil
        }
        if ConnectRequest.query(fields(query), { $0.reveal() }).utf8.count > targetLimit {
            query.systemPrompt = nil
            query.variables = nil
            query.context = nil
        }
        if settings.audio?.codec == nil { message.audio = nil }
        if query.systemPrompt != nil { message.systemPrompt = nil }
        if query.variables != nil { message.variables = nil }
        if query.context != nil || message.context == .remove { message.context = nil }
        message.customSessionID = nil
        message.voiceID = nil
        return (query, message.isEmpty ? nil : message)
    }

    private static func limitOnly(_ settings: SessionSettings) -> SessionSettings {
        var query = SessionSettings()
        query.eventLimit = settings.eventLimit
        return query
    }

    /// The handshake of one attempt.
    static func connect(
        _ options: SessionOptions, settings: SessionSettings, groupID: String?, token: Secret?
    ) -> ConnectRequest {
        var query: [Field] = []
        var headers: [Field] = []
        switch options.credentials {
        case .key(let key): headers.append(Field("X-Hume-Api-Key", key))
        case .keyAndSecret: query.append(Field("access_token", token ?? Secret("")))
        case .token(let token): query.append(Field("access_token", token))
        }
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { query.append(Field(name, value)) }
        }
        add("config_id", options.configID)
        add("config_version", options.configVersion.map(String.init))
        add("resumed_chat_group_id", groupID)
        add("event_limit", settings.eventLimit.map(String.init))
        add("verbose_transcription", options.verboseTranscription ? "true" : nil)
        add("allow_connection", options.allowConnection ? "true" : nil)
        query += fields(settings)
        return ConnectRequest(
            base: options.base, path: options.base.prefix + "/v0/evi/chat", query: query, headers: headers,
            handshakeLimit: options.handshakeLimit)
    }

    /// One parameter a leaf, in brackets.
    private static func fields(_ settings: SessionSettings) -> [Field] {
        var fields: [Field] = []
        func add(_ place: String, _ value: String?) {
            if let value { fields.append(Field("session_settings" + place, value)) }
        }
        if let audio = settings.audio {
            add("[audio][encoding]", audio.encoding)
            add("[audio][sample_rate]", String(audio.sampleRate))
            add("[audio][channels]", String(audio.channels))
        }
        if case .set(let context)? = settings.context {
            add("[context][text]", context.text)
            add("[context][type]", context.type)
        }
        add("[custom_session_id]", settings.customSessionID)
        add("[system_prompt]", settings.systemPrompt)
        add("[voice_id]", settings.voiceID)
        for variable in settings.variables ?? [] {
            add("[variables][\(variable.name)]", variable.value.string ?? variable.value.json())
        }
        return fields
    }

    /// The exchange of key and secret for a token.
    static func token(_ base: BaseAddress, key: Secret, secret: Secret) -> HTTPRequest {
        let pair = Base64.encode(Array("\(key.reveal()):\(secret.reveal())".utf8))
        return HTTPRequest(
            .post, base: base, path: base.prefix + "/oauth2-cc/token",
            headers: [
                Field("Authorization", Secret("Basic " + pair)),
                Field("Content-Type", "application/x-www-form-urlencoded"),
            ], body: Array("grant_type=client_credentials".utf8))
    }

    /// The token in the answer; nil if there is none.
    static func token(in response: HTTPResponse) -> Secret? {
        guard response.status == 200,
            let value = try? WireJSON.read(response.body, byteLimit: 1 << 16).value,
            let object = try? WireObject(value, path: "token"),
            let token = object.string("access_token"), !token.isEmpty
        else { return nil }
        return Secret(token)
    }
}
