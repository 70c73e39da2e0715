package import SyrinxCore

extension ServerMessage {
    /// The message as the bytes of a text frame.
    package func encoded() -> [UInt8] {
        guard case .audioOutput(let output) = self else { return Array(value.json().utf8) }
        var head = MemberList(type: "audio_output")
        head.add("id", output.id)
        head.add("index", output.index)
        head.add("custom_session_id", output.customSessionID)
        var text = Array(head.value.json().utf8.dropLast())
        text.reserveCapacity(text.count + Base64.encodedCount(output.data.count) + 16)
        text += #","data":""#.utf8
        text += Base64.characters(of: output.data)
        text += "\"}".utf8
        return text
    }

    /// The message as a JSON object.
    package var value: Value {
        switch self {
        case .chatMetadata(let metadata):
            var list = MemberList(type: "chat_metadata")
            list.add("chat_id", metadata.chatID)
            list.add("chat_group_id", metadata.chatGroupID)
            list.add("request_id", metadata.requestID)
            list.add("custom_session_id", metadata.customSessionID)
            return list.value
        case .sessionSettings(let settings): return settings.value
        case .error(let error):
            var list = MemberList(type: "error")
            list.add("code", error.code)
            list.add("slug", error.slug)
            list.add("message", error.message)
            list.add("request_id", error.requestID)
            list.add("custom_session_id", error.customSessionID)
            return list.value
        case .userMessage(let message): return message.value
        case .userInterruption(let interruption):
            var list = MemberList(type: "user_interruption")
            list.add("time", interruption.time)
            list.add("custom_session_id", interruption.customSessionID)
            return list.value
        case .assistantMessage(let message): return message.value
        case .assistantProsody(let prosody):
            var list = MemberList(type: "assistant_prosody")
            list.add("id", prosody.id)
            list.add("models", prosody.models.value)
            list.add("custom_session_id", prosody.customSessionID)
            return list.value
        case .audioOutput(let output):
            var list = MemberList(type: "audio_output")
            list.add("id", output.id)
            list.add("index", output.index)
            list.add("data", Base64.encode(output.data))
            list.add("custom_session_id", output.customSessionID)
            return list.value
        case .assistantEnd(let session):
            var list = MemberList(type: "assistant_end")
            list.add("custom_session_id", session)
            return list.value
        case .toolCall(let call): return call.value
        case .toolResponse(let response): return response.value
        case .toolError(let failure): return failure.value
        case .unknown(_, let value): return value
        }
    }
}

extension ChatMessage {
    fileprivate var value: Value {
        var list = MemberList()
        list.add("role", role)
        list.add("content", content)
        list.add("tool_call", toolCall?.value)
        switch toolResult {
        case nil: break
        case .response(let response): list.add("tool_result", response.value)
        case .failure(let failure): list.add("tool_result", failure.value)
        }
        return list.value
    }
}

extension UserMessage {
    fileprivate var value: Value {
        var list = MemberList(type: "user_message")
        list.add("from_text", fromText)
        list.add("interim", interim)
        list.add("language", language)
        list.add("message", message.value)
        list.add("models", models.value)
        list.add("time", .object([.init("begin", .integer(time.lowerBound)), .init("end", .integer(time.upperBound))]))
        list.add("custom_session_id", customSessionID)
        return list.value
    }
}

extension AssistantMessage {
    fileprivate var value: Value {
        var list = MemberList(type: "assistant_message")
        list.add("id", id)
        list.add("from_text", fromText)
        list.add("is_quick_response", isQuickResponse)
        list.add("language", language)
        list.add("message", message.value)
        list.add("models", models.value)
        list.add("custom_session_id", customSessionID)
        return list.value
    }
}
