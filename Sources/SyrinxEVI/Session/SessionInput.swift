/// What a session is fed with.
package enum SessionInput: Sendable {
    // What is large and seldom lies in a box of its own: inputs are handed on every few milliseconds.
    case start
    /// The answer to `.fetchToken`.
    indirect case token(attempt: Int, Result<HTTPResponse, TransportFailure>)
    /// Something about the socket of an attempt; attempts that are over say nothing any more.
    case transport(attempt: Int, TransportEvent)
    /// The user's voice at `sendRate`, one channel, as it is captured.
    case microphone([Int16])
    /// Nothing more will come from the microphone: a file has ended.
    case inputEnded
    /// All samples before `frames` of this piece were handed on.
    case played(serial: Int, frames: Int)
    /// A local detector hears somebody speak.
    case bargeIn(Bool)
    indirect case command(SessionCommand)
    /// Time has passed: ``Session/deadline`` was reached.
    case tick
    /// End in good order.
    case stop
}

/// What the user of a session may want in the midst of it.
package enum SessionCommand: Sendable, Hashable {
    /// Words of the user, typed.
    case say(String)
    /// EVI is to speak exactly this.
    case speak(String)
    case pause
    case resume
    case mute(Bool)
    /// Applied now, and again at every reconnection.
    case settings(SessionSettings)
    case toolResponse(id: String, content: String)
    case toolError(id: String, error: String, content: String?)
}

/// What a session wants done. Actions are to be carried out in their order.
package enum SessionAction: Sendable, Hashable {
    indirect case fetchToken(attempt: Int, HTTPRequest)
    indirect case connect(attempt: Int, ConnectRequest)
    case send(attempt: Int, OutgoingFrame)
    /// Start the close handshake.
    indirect case close(attempt: Int, code: Int, reason: String)
    /// Let go of a socket that is closed, or does not answer.
    case abandon(attempt: Int)
    /// Speech is there: ``Session/takeAudio(upTo:)`` gives it.
    case play
    /// Fade out and drop what was taken but not yet heard.
    case drop
    /// No more speech will come in this turn: play what is there to its end.
    case playOut
    /// The same, in the middle of a turn: what is there ends with a fade.
    case breakOff
    indirect case runTool(ToolCall)
    case cancelTool(id: String)
    indirect case event(SessionEvent)
    /// It is over; nothing follows.
    indirect case end(EndReason)
}

extension SessionAction {
    /// Somebody besides the socket hears of it.
    var isForOutlet: Bool { if case .send = self { false } else { true } }
}
