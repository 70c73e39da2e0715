package import SyrinxCore

/// What overrides the config for one chat: message `session_settings`, and the object spread over the query.
///
/// - Source: protocol 1.3 and 2.2.
package struct SessionSettings: Sendable, Hashable {
    /// Text that is added to what the user says; removing it is written as `null`.
    package enum ContextChange: Sendable, Hashable {
        case set(Context)
        case remove
    }

    package struct Context: Sendable, Hashable {
        package static let persistent = "persistent"
        package static let temporary = "temporary"
        package var text: String
        /// `persistent` or `temporary`; nil: the server's default, for the next answer only.
        package var type: String?

        package init(_ text: String, type: String? = nil) {
            self.text = text
            self.type = type
        }
    }

    /// The format of the user's audio: signed 16-bit little-endian PCM.
    package struct AudioFormat: Sendable, Hashable {
        package var encoding = "linear16"
        package var sampleRate: Int
        package var channels: Int
        package var codec: String?

        package init(sampleRate: Int, channels: Int = 1, codec: String? = nil) {
            self.sampleRate = sampleRate
            self.channels = channels
            self.codec = codec
        }
    }

    package struct BuiltinTool: Sendable, Hashable {
        package var name: String
        package var fallbackContent: String?

        package init(_ name: String, fallbackContent: String? = nil) {
            self.name = name
            self.fallbackContent = fallbackContent
        }
    }

    package struct Tool: Sendable, Hashable {
        package var name: String
        package var type = "function"
        /// A JSON Schema, as text.
        package var parameters: String
        package var description: String?
        package var fallbackContent: String?

        package init(_ name: String, parameters: String, description: String? = nil, fallbackContent: String? = nil) {
            self.name = name
            self.parameters = parameters
            self.description = description
            self.fallbackContent = fallbackContent
        }
    }

    package var audio: AudioFormat?
    package var builtinTools: [BuiltinTool]?
    package var context: ContextChange?
    package var customSessionID: String?
    /// In the query only.
    package var eventLimit: Int?
    package var languageModelKey: Secret?
    package var metadata: Value?
    package var systemPrompt: String?
    package var tools: [Tool]?
    /// Strings, numbers and booleans by name, in the order written.
    package var variables: [Value.Member]?
    package var voiceID: String?

    package init() {}

    package var isEmpty: Bool { self == SessionSettings() }

    /// Takes over what `change` says; what it leaves out stays. Variables are merged by name.
    package mutating func merge(_ change: SessionSettings) {
        audio = change.audio ?? audio
        builtinTools = change.builtinTools ?? builtinTools
        context = change.context ?? context
        customSessionID = change.customSessionID ?? customSessionID
        eventLimit = change.eventLimit ?? eventLimit
        languageModelKey = change.languageModelKey ?? languageModelKey
        metadata = change.metadata ?? metadata
        systemPrompt = change.systemPrompt ?? systemPrompt
        tools = change.tools ?? tools
        voiceID = change.voiceID ?? voiceID
        guard let fresh = change.variables else { return }
        var merged = (variables ?? []).filter { old in !fresh.contains { $0.name == old.name } }
        merged += fresh
        variables = merged
    }
}

// MARK: Writing

extension SessionSettings {
    /// The message's JSON object.
    package var value: Value {
        var list = MemberList(type: "session_settings")
        if let audio {
            var format = MemberList()
            format.add("encoding", audio.encoding)
            format.add("sample_rate", audio.sampleRate)
            format.add("channels", audio.channels)
            format.add("codec", audio.codec)
            list.add("audio", format.value)
        }
        list.add("builtin_tools", builtinTools.map { .list($0.map(\.value)) })
        switch context {
        case nil: break
        case .remove: list.add("context", Value.null)
        case .set(let context):
            var text = MemberList()
            text.add("text", context.text)
            text.add("type", context.type)
            list.add("context", text.value)
        }
        list.add("custom_session_id", customSessionID)
        list.add("language_model_api_key", languageModelKey?.reveal())
        list.add("metadata", metadata)
        list.add("system_prompt", systemPrompt)
        list.add("tools", tools.map { .list($0.map(\.value)) })
        list.add("variables", variables.map(Value.object))
        list.add("voice_id", voiceID)
        return list.value
    }
}

extension SessionSettings.BuiltinTool {
    fileprivate var value: Value {
        var list = MemberList()
        list.add("name", name)
        list.add("fallback_content", fallbackContent)
        return list.value
    }
}

extension SessionSettings.Tool {
    fileprivate var value: Value {
        var list = MemberList()
        list.add("name", name)
        list.add("type", type)
        list.add("parameters", parameters)
        list.add("description", description)
        list.add("fallback_content", fallbackContent)
        return list.value
    }
}

// MARK: Reading

extension SessionSettings {
    /// Reads the message, or the object of the query; whatever does not fit is left out.
    package init(reading object: WireObject) {
        if let audio = object.object("audio"), let rate = audio.integer("sample_rate") {
            var format = AudioFormat(
                sampleRate: rate, channels: audio.integer("channels") ?? 1, codec: audio.string("codec"))
            format.encoding = audio.string("encoding") ?? format.encoding
            self.audio = format
        }
        builtinTools = Self.list(object, "builtin_tools") { tool in
            tool.string("name").map { BuiltinTool($0, fallbackContent: tool.string("fallback_content")) }
        }
        if let context = object.object("context"), let text = context.string("text") {
            self.context = .set(Context(text, type: context.string("type")))
        } else if object.has("context"), object["context"] == nil {
            context = .remove
        }
        customSessionID = object.string("custom_session_id")
        eventLimit = object.integer("event_limit")
        languageModelKey = object.string("language_model_api_key").map { Secret($0) }
        metadata = object["metadata"]
        systemPrompt = object.string("system_prompt")
        tools = Self.list(object, "tools") { tool in
            guard let name = tool.string("name"), let parameters = tool.string("parameters") else { return nil }
            var read = Tool(
                name, parameters: parameters, description: tool.string("description"),
                fallbackContent: tool.string("fallback_content"))
            read.type = tool.string("type") ?? read.type
            return read
        }
        if case .object(let members) = object["variables"] { variables = members }
        voiceID = object.string("voice_id")
    }

    private static func list<Element>(
        _ object: WireObject, _ name: String, _ read: (WireObject) -> Element?
    ) -> [Element]? {
        object[name]?.list?.compactMap { value in
            (try? WireObject(value, path: "\(object.path).\(name)")).flatMap(read)
        }
    }
}
