internal import SyrinxCore

extension ServerMessage {
    /// A message, and what was amiss in it that could be done without.
    package struct Decoded: Sendable, Hashable {
        package let message: ServerMessage
        package let notes: [WireFault]
    }

    /// Reads a text frame. Unknown types, members, enumeration values and nulls pass.
    ///
    /// - Throws: `WireFault` for what is no message at all, or lacks what gives it its meaning.
    package static func decode(_ bytes: [UInt8]) throws(WireFault) -> Decoded {
        let (value, blob) = try WireJSON.read(bytes, blob: "data")
        let outer = try WireObject(value, path: "message")
        let type = try outer.requiredString("type")
        var object = try WireObject(value, path: Shown.plain(type, limit: 40))
        let session = object.string("custom_session_id")
        let message: ServerMessage
        switch type {
        case "chat_metadata":
            message = .chatMetadata(
                ChatMetadata(
                    chatID: try object.requiredString("chat_id"),
                    chatGroupID: try object.requiredString("chat_group_id"),
                    requestID: object.string("request_id"), customSessionID: session))
        case "session_settings": message = .sessionSettings(SessionSettings(reading: object))
        case "error": message = .error(try ServerError(reading: object))
        case "user_message": message = .userMessage(try UserMessage(reading: &object))
        case "user_interruption":
            var interruption = UserInterruption(time: object["time"])
            interruption.customSessionID = session
            if object["time"] == nil { object.note("time", expected: "an integer") }
            message = .userInterruption(interruption)
        case "assistant_message": message = .assistantMessage(try AssistantMessage(reading: &object))
        case "assistant_prosody":
            var prosody = AssistantProsody(id: object.string("id"), models: Inference(in: &object))
            prosody.customSessionID = session
            message = .assistantProsody(prosody)
        case "audio_output":
            let index = try object.requiredInteger("index")
            guard index >= 0 else { throw object.fault("index", expected: "0 or more") }
            var output = AudioOutput(id: try object.requiredString("id"), index: index, data: [])
            output.data = try audio(in: object, blob.map { bytes[$0] })
            output.customSessionID = session
            message = .audioOutput(output)
        case "assistant_end": message = .assistantEnd(customSessionID: session)
        case "tool_call": message = .toolCall(try ToolCall(reading: &object))
        case "tool_response": message = .toolResponse(try ToolResponse(reading: object))
        case "tool_error": message = .toolError(try ToolFailure(reading: object))
        default:
            // Only audio may leave its `data` where it lay.
            message = .unknown(type: type, blob == nil ? value : try WireJSON.read(bytes).value)
        }
        return Decoded(message: message, notes: object.notes)
    }
}

extension ServerError {
    fileprivate init(reading object: WireObject) throws(WireFault) {
        code = try object.requiredString("code")
        slug = object.string("slug") ?? ""
        message = object.string("message") ?? ""
        requestID = object.string("request_id")
        customSessionID = object.string("custom_session_id")
    }
}

extension ChatMessage {
    fileprivate init(in object: WireObject, role expected: String) throws(WireFault) {
        let message = try object.requiredObject("message")
        role = message.string("role") ?? expected
        content = message.string("content")
        if var call = message.object("tool_call") { toolCall = try? ToolCall(reading: &call) }
        if let result = message.object("tool_result") {
            // A failure may carry `content` too; its `error` tells it apart.
            if result.has("error") {
                toolResult = (try? ToolFailure(reading: result)).map(ToolResult.failure)
            } else {
                toolResult = (try? ToolResponse(reading: result)).map(ToolResult.response)
            }
        }
    }
}

extension UserMessage {
    fileprivate init(reading object: inout WireObject) throws(WireFault) {
        message = try ChatMessage(in: object, role: "user")
        fromText = object.boolean("from_text", otherwise: false)
        interim = object.boolean("interim", otherwise: false)
        models = Inference(in: &object)
        if let span = object.object("time"), let begin = span.integer("begin"), let end = span.integer("end") {
            time = begin...max(begin, end)
        } else {
            object.note("time", expected: "begin and end in milliseconds")
            time = 0...0
        }
        language = object.string("language")
        customSessionID = object.string("custom_session_id")
    }
}

extension AssistantMessage {
    fileprivate init(reading object: inout WireObject) throws(WireFault) {
        id = object.string("id")
        message = try ChatMessage(in: object, role: "assistant")
        fromText = object.boolean("from_text", otherwise: false)
        isQuickResponse = object.boolean("is_quick_response", otherwise: false)
        models = Inference(in: &object)
        language = object.string("language")
        customSessionID = object.string("custom_session_id")
    }
}
