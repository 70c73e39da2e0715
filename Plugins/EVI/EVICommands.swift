internal import SyrinxCore
internal import SyrinxEVI

/// Events of the input `commands` as the session understands them.
enum EVICommands {
    static let names = ["say", "speak", "pause", "resume", "mute", "settings", "tool_response", "tool_error"]

    /// What is wrong with an event.
    struct Fault: Error {
        let words: String
    }

    /// The command that an event stands for; nil: it tells of something else.
    static func command(_ event: PipelineEvent) throws(Fault) -> SessionCommand? {
        func field(_ name: String) -> Value? { event.fields.first { $0.name == name }?.value }
        func text(_ name: String) throws(Fault) -> String {
            guard let text = field(name)?.string, !text.isEmpty else {
                throw Fault(words: "the command \(event.event) has no \(name), expected a text")
            }
            return text
        }
        switch event.event {
        case "say": return .say(try text("text"))
        case "speak": return .speak(try text("text"))
        case "pause": return .pause
        case "resume": return .resume
        case "mute":
            switch field("muted") {
            case nil: return .mute(true)
            case .boolean(let isMuted): return .mute(isMuted)
            default: throw Fault(words: "the command mute has another muted than true or false")
            }
        case "settings": return .settings(try settings(event.fields))
        case "tool_response":
            guard let content = field("content")?.string else {
                throw Fault(words: "the command tool_response has no content, expected a text")
            }
            return .toolResponse(id: try text("tool_call_id"), content: content)
        case "tool_error":
            return .toolError(
                id: try text("tool_call_id"), error: field("error")?.string ?? "failed",
                content: field("content")?.string)
        case "warning", "failed": return nil
        default:
            let hint = NearestName.suggestion(event.event, among: names)
            throw Fault(words: "there is no command \(Shown.quoted(event.event))\(hint)")
        }
    }

    /// The members of `session_settings`, as far as the event has them.
    private static func settings(_ fields: [Value.Member]) throws(Fault) -> SessionSettings {
        let known: Set = [
            "builtin_tools", "context", "custom_session_id", "language_model_api_key", "metadata", "system_prompt",
            "tools", "variables", "voice_id",
        ]
        let members = fields.filter { known.contains($0.name) }
        guard let object = try? WireObject(.object(members), path: "settings") else {
            throw Fault(words: "the command settings is no object")
        }
        let settings = SessionSettings(reading: object)
        if settings.isEmpty {
            throw Fault(
                words: "the command settings has no member that can be set: \(known.sorted().joined(separator: ", "))")
        }
        return settings
    }
}
