/// What a ``SessionRunner`` tells at once: what cannot wait until somebody asks for its status.
///
/// Calls come one at a time, in order, from the runner's own executor, after ``SessionRunner/status`` has been renewed. They
/// must not wait, and they cannot call the runner back except by a task of their own.
///
/// - Thread: control.
package protocol SessionOutlet: AnyObject, Sendable {
    /// ``SessionRunner/takeSpeech(upTo:)`` has something.
    func speechIsThere()
    /// Fade out, and drop what was taken but not yet heard.
    func drop()
    /// No more speech will come in this turn: play what is there to its end.
    func playOut()
    /// The same, but the turn has no end: the connection went in the middle of it.
    func breakOff()
    func tell(_ event: SessionEvent)
    /// A flag of the status is another than before: see ``SessionStatus/flags``.
    func statusChanged()
}

/// Runs the tools that EVI calls.
package protocol ToolRunner: Sendable {
    /// Runs a call to its end. A task that is cancelled ends the tool, and its result is not looked at.
    func run(_ call: ToolCall) async -> ToolResult
}

/// What became of a tool call.
package enum ToolResult: Sendable, Hashable {
    case answer(String)
    /// `error` is for logs, `content` for the language model.
    case failed(error: String, content: String?)
    /// Somebody else answers this one: a command `tool_response` or `tool_error` will come.
    case notMine
}
