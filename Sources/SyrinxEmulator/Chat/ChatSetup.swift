internal import SyrinxCore
internal import SyrinxEVI

/// What a chat starts with: from the handshake, the config, and the scenario.
struct ChatSetup: Sendable {
    var chatID: String
    var groupID: String
    var requestID: String
    /// Chance of this chat alone.
    var seed: UInt64
    var scenario = Scenario.plain
    var script = Scenario.Chat()
    /// The handshake's settings.
    var settings = SessionSettings()
    var isVerbose = false
    var isParrot = false
    /// Messages of earlier chats of the group.
    var remembered = 0
    var isResumed = false
    var persona = Persona()
    /// The chat cannot be: this code is sent in the place of `chat_metadata`, then the close.
    var failure: (code: String, message: String)?
    /// Unix time, in milliseconds, at the chat's origin of time.
    var unixMilliseconds = 0

    /// What of a config matters here.
    struct Persona: Sendable {
        var configID: String?
        var configVersion: Int?
        var prompt: String?
        var voice = "default"
        var tools: [SessionSettings.Tool] = []
        var builtinTools: [SessionSettings.BuiltinTool] = []
        /// nil: none is spoken; empty: one of our own.
        var newChatText: String?
        var inactivityText: String?
        var maxDurationText: String?
        /// nil: switched off.
        var inactivity: Moment? = .seconds(120)
        var maxDuration: Moment = .seconds(1_800)
        var nudgeInterval: Moment?
        var hearing = TurnDetector.Settings()
        var minInterruptionMilliseconds = 800
    }
}

/// A line of the chat's history.
struct LogEntry: Sendable, Hashable {
    var role: String
    var type: String
    var text: String?
    var scores: Scores?
    var metadata: Value?
    /// What later entries may refer to.
    var key: String?
    var relatedKey: String?
}
