package import SyrinxCore

/// Something that happened in a session. None holds a secret.
package enum SessionEvent: Sendable, Hashable {
    /// There is a chat. `how` it came about.
    case connected(ChatMetadata, how: Connection, after: Moment)
    case userMessage(UserMessage)
    case assistantMessage(AssistantMessage)
    case assistantProsody(AssistantProsody)
    case assistantEnd
    /// EVI stops speaking: the ids whose audio is dropped.
    case interruption(dropped: [String], cause: Interruption)
    case toolCall(ToolCall)
    case toolAnswer(id: String, name: String, outcome: ToolOutcome)
    case playbackBegan(id: String)
    /// The last sample of a turn was handed on; how much of the audio of its segments was.
    case playbackFinished
    case settingsEcho
    /// An `error` message of the server.
    case error(ServerError)
    /// Something that does not end the session.
    case warning(String)
    /// The connection is gone; an attempt follows after `delay`.
    case reconnecting(reason: String, attempt: Int, delay: Moment)
    case rollingOver(age: Moment, forced: Bool)
    case asleep
    case awake
    case muted(Bool)
    case paused(Bool)
    case closed(EndReason)

    package enum Connection: String, Sendable, Hashable {
        case fresh, resumed
        case reconnected
        case rolledOver = "rolled_over"
    }

    package enum Interruption: String, Sendable, Hashable {
        case server, pause, loss
        case userMessage = "user_message"
    }

    package enum ToolOutcome: String, Sendable, Hashable {
        case answered, failed, refused
        case timedOut = "timed_out"
        case superseded
    }
}

extension SessionEvent {
    /// Its name in logs.
    package var name: String {
        switch self {
        case .connected(_, let how, _): how == .fresh || how == .resumed ? "connected" : how.rawValue
        case .userMessage(let message): message.interim ? "user_message_interim" : "user_message"
        case .assistantMessage: "assistant_message"
        case .assistantProsody: "assistant_prosody"
        case .assistantEnd: "assistant_end"
        case .interruption: "interruption"
        case .toolCall: "tool_call"
        case .toolAnswer: "tool_answer"
        case .playbackBegan: "playback_began"
        case .playbackFinished: "playback_finished"
        case .settingsEcho: "settings"
        case .error: "error"
        case .warning: "warning"
        case .reconnecting: "reconnecting"
        case .rollingOver: "rolling_over"
        case .asleep: "asleep"
        case .awake: "awake"
        case .muted(let isMuted): isMuted ? "muted" : "unmuted"
        case .paused(let isPaused): isPaused ? "paused" : "resumed"
        case .closed: "closed"
        }
    }

    /// Its members in logs.
    package var fields: [Value.Member] {
        var list = MemberList()
        switch self {
        case .connected(let metadata, let how, let time):
            list.add("chat_id", metadata.chatID)
            list.add("chat_group_id", metadata.chatGroupID)
            list.add("request_id", metadata.requestID)
            list.add("resumed", how != .fresh)
            list.add("after_ms", time.inMilliseconds)
        case .userMessage(let message):
            list.add("text", message.message.content)
            list.add("from_text", message.fromText)
            list.add("begin_ms", message.time.lowerBound)
            list.add("end_ms", message.time.upperBound)
            list.add("language", message.language)
            list.add("scores", Self.scores(message.models))
        case .assistantMessage(let message):
            list.add("id", message.id)
            list.add("text", message.message.content)
            list.add("from_text", message.fromText)
            list.add("quick", message.isQuickResponse)
            list.add("language", message.language)
            list.add("scores", Self.scores(message.models))
        case .assistantProsody(let prosody):
            list.add("id", prosody.id)
            list.add("scores", Self.scores(prosody.models))
        case .interruption(let ids, let cause):
            list.add("dropped", .list(ids.map(Value.string)))
            list.add("cause", cause.rawValue)
        case .toolCall(let call):
            list.add("tool_call_id", call.id)
            list.add("name", call.name)
            list.add("parameters", call.parameters)
            list.add("builtin", call.type == ToolCall.builtin)
            list.add("response_required", call.responseRequired)
        case .toolAnswer(let id, let name, let outcome):
            list.add("tool_call_id", id)
            list.add("name", name)
            list.add("outcome", outcome.rawValue)
        case .playbackBegan(let id): list.add("id", id)
        case .error(let error):
            list.add("code", error.code)
            list.add("slug", error.slug)
            list.add("message", error.message)
            list.add("request_id", error.requestID)
        case .warning(let text): list.add("message", text)
        case .reconnecting(let reason, let attempt, let delay):
            list.add("reason", reason)
            list.add("attempt", attempt)
            list.add("delay_ms", delay.inMilliseconds)
        case .rollingOver(let age, let forced):
            list.add("age_s", .number(age.inSeconds))
            list.add("forced", forced)
        case .closed(let reason):
            list.add("reason", reason.name)
            list.add("message", reason.error?.description)
        case .assistantEnd, .playbackFinished, .settingsEcho, .asleep, .awake, .muted, .paused: break
        }
        return list.members
    }

    private static func scores(_ models: Inference) -> Value? { models.prosody.map { .object($0.members) } }
}
