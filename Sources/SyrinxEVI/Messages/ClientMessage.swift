package import SyrinxCore

/// What a client sends: one JSON object a text frame.
///
/// - Source: protocol 2.
package enum ClientMessage: Sendable, Hashable {
    case audioInput([UInt8], customSessionID: String? = nil)
    case sessionSettings(SessionSettings)
    /// Counts as the user's words.
    case userInput(String, customSessionID: String? = nil)
    /// EVI speaks exactly this.
    case assistantInput(String, customSessionID: String? = nil)
    case toolResponse(ToolResponse)
    case toolError(ToolFailure)
    case pauseAssistant(customSessionID: String? = nil)
    case resumeAssistant(customSessionID: String? = nil)
}

extension ClientMessage {
    /// The message as the bytes of a text frame, with its documented members and no others.
    package func encoded() -> [UInt8] {
        guard case .audioInput(let audio, let session) = self else { return Array(value.json().utf8) }
        // Frequent and long: no strings on the way.
        var text = Array(#"{"type":"audio_input","data":""#.utf8)
        text.reserveCapacity(text.count + Base64.encodedCount(audio.count) + 64)
        text += Base64.characters(of: audio)
        text.append(UInt8(ascii: "\""))
        if let session { text += #","custom_session_id":\#(Value.string(session).json())"#.utf8 }
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// The message as a JSON object.
    package var value: Value {
        switch self {
        case .audioInput(let audio, let session):
            var list = MemberList(type: "audio_input")
            list.add("data", Base64.encode(audio))
            list.add("custom_session_id", session)
            return list.value
        case .sessionSettings(let settings): return settings.value
        case .userInput(let text, let session): return Self.value("user_input", text: text, session)
        case .assistantInput(let text, let session): return Self.value("assistant_input", text: text, session)
        case .toolResponse(let response): return response.value
        case .toolError(let failure): return failure.value
        case .pauseAssistant(let session): return Self.value("pause_assistant_message", session)
        case .resumeAssistant(let session): return Self.value("resume_assistant_message", session)
        }
    }

    private static func value(_ type: String, text: String? = nil, _ session: String?) -> Value {
        var list = MemberList(type: type)
        list.add("text", text)
        list.add("custom_session_id", session)
        return list.value
    }

    /// Reads a text frame as a server does.
    ///
    /// - Throws: `.syntax` for what is no JSON (E0100), `.shape` for what is no message (E0101), `.audio` for audio that
    ///   is no Base64 (E0201).
    package init(decoding bytes: [UInt8]) throws(WireFault) {
        let (value, blob) = try WireJSON.read(bytes, blob: "data")
        let outer = try WireObject(value, path: "message")
        let type = try outer.requiredString("type")
        let object = try WireObject(value, path: type)
        let session = object.string("custom_session_id")
        switch type {
        case "audio_input":
            self = .audioInput(try audio(in: object, blob.map { bytes[$0] }), customSessionID: session)
        case "session_settings": self = .sessionSettings(SessionSettings(reading: object))
        case "user_input": self = .userInput(try object.requiredString("text"), customSessionID: session)
        case "assistant_input": self = .assistantInput(try object.requiredString("text"), customSessionID: session)
        case "tool_response": self = .toolResponse(try ToolResponse(reading: object))
        case "tool_error": self = .toolError(try ToolFailure(reading: object))
        case "pause_assistant_message": self = .pauseAssistant(customSessionID: session)
        case "resume_assistant_message": self = .resumeAssistant(customSessionID: session)
        default:
            throw WireFault(
                .shape, at: "message.type", "found \(Shown.quoted(type)), expected a type that a client sends")
        }
    }
}

/// The bytes behind the member `data`.
func audio(in object: WireObject, _ text: ArraySlice<UInt8>?) throws(WireFault) -> [UInt8] {
    // Escaped slashes are legal in JSON, so the text may have come as an ordinary string too.
    let characters: ArraySlice<UInt8>
    if let text { characters = text } else { characters = Array(try object.requiredString("data").utf8)[...] }
    guard let bytes = Base64.decode(characters) else {
        throw WireFault(.audio, at: "\(object.path).data", "found \(characters.count) characters that are no Base64")
    }
    return bytes
}
