/// How to prove who we are.
package enum Credentials: Sendable, Hashable {
    /// By header; queries end up in logs.
    case key(Secret)
    /// Exchanged for a token at every attempt.
    case keyAndSecret(Secret, Secret)
    /// A token that somebody else fetched. It cannot be renewed.
    case token(Secret)

    /// Everything in it that must not be seen.
    package var secrets: [Secret] {
        switch self {
        case .key(let key): [key]
        case .keyAndSecret(let key, let secret): [key, secret]
        case .token(let token): [token]
        }
    }
}

/// What a session is to do, fixed when it starts.
package struct SessionOptions: Sendable {
    package enum Frames: Sendable, Hashable {
        case binary
        case text
    }

    package enum OnIdle: Sendable, Hashable {
        case end
        /// Wait, and resume when somebody speaks.
        case sleep
    }

    package var base = BaseAddress.hume
    package var credentials: Credentials
    package var configID: String?
    package var configVersion: Int?
    /// Continue this chat group from the first connection on.
    package var resumedChatGroupID: String?
    package var verboseTranscription = false
    package var allowConnection = false
    package var settings = SessionSettings()
    /// Send all settings as a message, none in the query.
    package var settingsByMessage = false

    /// Hz: 8000, 16 000, 24 000, 44 100 or 48 000.
    package var sendRate = 48_000
    package var sendFrames = Frames.binary
    /// Audio that may wait for a slow socket.
    package var backlogBytes = 256 << 10
    /// Send zeros while EVI is heard, and for `halfDuplexTail` after.
    package var isHalfDuplex = false
    package var halfDuplexTail: Moment = .milliseconds(300)
    package var startsMuted = false

    package var tools: [ToolSpec] = []
    package var playback = PlaybackQueue.Limits()
    package var dropsPlaybackOnPause = true
    package var dropsPlaybackOnLoss = false
    /// Also stop at a final, spoken user message that comes after `assistant_end` while audio is still queued.
    package var stopsOnUserMessage = false

    package var metadataLimit: Moment = .seconds(10)
    package var handshakeLimit: Moment = .seconds(5)
    package var backOff = BackOff()
    /// Attempts in a row that may lead nowhere; nil: no limit.
    package var maxAttempts: Int? = 6
    /// A chat that lived this long clears the count of attempts.
    package var provenAfter: Moment = .seconds(30)
    package var rollsOver = true
    /// The length at which the server ends a chat.
    package var chatLimit: Moment = .seconds(1_800)
    package var onIdle = OnIdle.end
    /// Peak level of a piece, in dBFS, that wakes a sleeping session; nil: level does not.
    package var wakeLevel: Double?
    /// Chat that may be paid for; nil: no limit.
    package var budget: Moment? = .seconds(120 * 60)
    /// A driver that stands still while there is no chat, so that nothing is lost.
    package var clockWaits = false
    /// After the input's end: how long to wait for an answer, and how long it must be quiet after one.
    package var answerWait: Moment = .seconds(10)
    package var linger: Moment = .seconds(5)

    package init(credentials: Credentials) { self.credentials = credentials }

    /// When a roll-over may begin, by the age of the chat, and when it must: 28:00 and 29:30 of 30 minutes.
    var rollOver: (from: Moment, at: Moment) {
        (chatLimit - min(.seconds(120), chatLimit / 4), chatLimit - min(.seconds(30), chatLimit / 10))
    }
}

/// A tool that the pipeline file names.
package struct ToolSpec: Sendable, Hashable {
    package var tool: SessionSettings.Tool
    package var timeout: Moment

    package init(_ tool: SessionSettings.Tool, timeout: Moment = .seconds(10)) {
        self.tool = tool
        self.timeout = timeout
    }
}
