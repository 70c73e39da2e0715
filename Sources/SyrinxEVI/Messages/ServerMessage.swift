package import SyrinxCore

/// What the server sends. Unknown types pass as `.unknown`.
///
/// - Source: protocol 3.
package enum ServerMessage: Sendable, Hashable {
    case chatMetadata(ChatMetadata)
    /// An echo of settings that were applied.
    case sessionSettings(SessionSettings)
    case error(ServerError)
    case userMessage(UserMessage)
    case userInterruption(UserInterruption)
    case assistantMessage(AssistantMessage)
    case assistantProsody(AssistantProsody)
    case audioOutput(AudioOutput)
    case assistantEnd(customSessionID: String? = nil)
    case toolCall(ToolCall)
    case toolResponse(ToolResponse)
    case toolError(ToolFailure)
    case unknown(type: String, Value)
}

package struct ChatMetadata: Sendable, Hashable {
    package var chatID: String
    /// What resumes the conversation.
    package var chatGroupID: String
    package var requestID: String?
    package var customSessionID: String?

    package init(chatID: String, chatGroupID: String, requestID: String? = nil, customSessionID: String? = nil) {
        self.chatID = chatID
        self.chatGroupID = chatGroupID
        self.requestID = requestID
        self.customSessionID = customSessionID
    }
}

package struct ServerError: Sendable, Hashable {
    /// A letter and four digits; decide by this.
    package var code: String
    package var slug: String
    package var message: String
    package var requestID: String?
    package var customSessionID: String?

    package init(code: String, slug: String, message: String, requestID: String? = nil) {
        self.code = code
        self.slug = slug
        self.message = message
        self.requestID = requestID
    }
}

package struct ChatMessage: Sendable, Hashable {
    package enum ToolResult: Sendable, Hashable {
        case response(ToolResponse)
        case failure(ToolFailure)
    }

    /// `assistant`, `user`, `system`, `tool`, …; an open list.
    package var role: String
    package var content: String?
    package var toolCall: ToolCall?
    package var toolResult: ToolResult?

    package init(role: String, content: String? = nil, toolCall: ToolCall? = nil, toolResult: ToolResult? = nil) {
        self.role = role
        self.content = content
        self.toolCall = toolCall
        self.toolResult = toolResult
    }
}

package struct UserMessage: Sendable, Hashable {
    package var message: ChatMessage
    package var fromText: Bool
    /// A provisional transcript, which the next one replaces.
    package var interim: Bool
    package var models: Inference
    /// Milliseconds into the audio of this chat.
    package var time: ClosedRange<Int>
    package var language: String?
    package var customSessionID: String?

    package init(
        _ content: String?, fromText: Bool = false, interim: Bool = false, models: Inference = Inference(),
        time: ClosedRange<Int>, language: String? = nil
    ) {
        message = ChatMessage(role: "user", content: content)
        self.fromText = fromText
        self.interim = interim
        self.models = models
        self.time = time
        self.language = language
    }
}

package struct UserInterruption: Sendable, Hashable {
    /// The server's own time of it, as it came; its unit is not documented.
    package var time: Value?
    package var customSessionID: String?

    package init(time: Value?) { self.time = time }
}

package struct AssistantMessage: Sendable, Hashable {
    /// Equals the `id` of the audio that speaks it.
    package var id: String?
    package var message: ChatMessage
    package var fromText: Bool
    package var isQuickResponse: Bool
    package var models: Inference
    package var language: String?
    package var customSessionID: String?

    package init(
        _ content: String?, id: String?, fromText: Bool = false, isQuickResponse: Bool = false,
        models: Inference = Inference(), language: String? = nil
    ) {
        message = ChatMessage(role: "assistant", content: content)
        self.id = id
        self.fromText = fromText
        self.isQuickResponse = isQuickResponse
        self.models = models
        self.language = language
    }
}

package struct AssistantProsody: Sendable, Hashable {
    package var id: String?
    package var models: Inference
    package var customSessionID: String?

    package init(id: String?, models: Inference) {
        self.id = id
        self.models = models
    }
}

package struct AudioOutput: Sendable, Hashable {
    /// The segment: the `id` of its `assistant_message`.
    package var id: String
    /// Place in the segment, from 0.
    package var index: Int
    /// A whole WAV file.
    package var data: [UInt8]
    package var customSessionID: String?

    package init(id: String, index: Int, data: [UInt8]) {
        self.id = id
        self.index = index
        self.data = data
    }
}
