internal import SyrinxCore
internal import SyrinxEVI

/// What the emulator is to do: what it says when, and what goes wrong.
///
/// Read from a JSON file by ``ScenarioReader``; a plain one answers whatever it hears.
package struct Scenario: Sendable, Hashable {
    /// The shape of the speech that is sent.
    struct Audio: Sendable, Hashable {
        enum Header: String, Sendable, Hashable, CaseIterable {
            /// 44 bytes.
            case plain
            /// With another chunk before the samples.
            case chunks
            /// With 0xFFFFFFFF for a length, as a stream that does not know it.
            case streamed
        }

        var rate = 48_000
        var pieceMilliseconds = 200
        /// How much faster than real time pieces are sent.
        var pace = 4.0
        var header = Header.plain
    }

    /// What the way from server to client is like.
    struct Network: Sendable, Hashable {
        var delayMilliseconds = 0
        /// Up to so much is added to each delay; the order stays.
        var jitterMilliseconds = 0
        /// Before so many of a hundred messages comes a broken copy.
        var malformedPercent = 0.0
    }

    /// When speech of the user counts as talking over.
    enum Interruption: String, Sendable, Hashable, CaseIterable {
        /// As long as what was sent would take to play.
        case whileHeard = "while_heard"
        /// As long as there is something left to send.
        case whileSending = "while_sending"
        case never
    }

    enum Afterwards: String, Sendable, Hashable, CaseIterable {
        /// As without a scenario.
        case answer
        /// From the beginning.
        case `repeat`
        /// Nothing.
        case silence
    }

    var seed: UInt64?
    var audio = Audio()
    var network = Network()
    var interruption = Interruption.whileHeard
    /// Pieces that are still sent after an interruption.
    var latePieces = 0
    var echoesSettings = true
    /// Audio may come so much ahead of the clock before it is refused as a file (E0723); nil: any.
    var burstLimitSeconds: Double? = 5
    var endOfTurnSilenceMilliseconds: Int?
    var minInterruptionMilliseconds: Int?
    var inactivitySeconds: Double?
    var maxDurationSeconds: Double?
    /// One entry for each connection, in order.
    var chats: [Chat] = []
    var afterChats = Afterwards.answer

    /// Answers whatever it hears.
    package static let plain = Scenario()

    package init() {}

    /// What the connection with this number, from 0, gets.
    func chat(_ number: Int) -> Chat {
        if chats.indices.contains(number) { return chats[number] }
        switch afterChats {
        case .answer: return Chat()
        case .repeat: return chats.isEmpty ? Chat() : chats[number % chats.count]
        case .silence:
            var chat = Chat()
            chat.afterTurns = .silence
            return chat
        }
    }

    /// One connection.
    struct Chat: Sendable, Hashable {
        /// The handshake is answered with this instead of 101.
        var refusal: Refusal?
        /// `chat_metadata` comes so late; nil: at once, negative: never.
        var metadataMilliseconds = 0
        var sendsMetadata = true
        var onOpen: [Step] = []
        var turns: [Turn] = []
        var afterTurns = Afterwards.answer
        var at: [Timed] = []
    }

    struct Refusal: Sendable, Hashable {
        var status: Int
        var retryAfterSeconds: Int?
    }

    /// What follows one message of the user.
    struct Turn: Sendable, Hashable {
        /// What the transcript says; nil: how long the speech was.
        var hears: String?
        var emotions: [String: Double]?
        var steps: [Step] = []
    }

    struct Timed: Sendable, Hashable {
        var seconds: Double
        var steps: [Step]
    }

    /// One thing to do.
    enum Step: Sendable, Hashable {
        /// Says a text: `assistant_message`, `assistant_prosody`, `audio_output` for each sentence.
        case say(String, quick: Bool)
        /// Says the user's own words.
        case parrot
        /// Says what lies in a WAV file.
        case play(path: String, samples: [Int16], rate: Int, text: String)
        /// As without a scenario.
        case answer
        case wait(milliseconds: Int)
        case tool(name: String, parameters: String, required: Bool, builtin: Bool, timeoutMilliseconds: Int)
        case error(code: String, slug: String, message: String)
        case close(code: Int, reason: String)
        case cut
        /// Neither sends nor reads for so long.
        case stall(milliseconds: Int)
        case send(Value)
        case sendText(String)
        case sendBinary(Int)
        /// A message of so many bytes.
        case huge(Int)
        case interrupt
        case hangUp

        /// Whether it is done at once, without a turn of its own.
        var isInstant: Bool {
            switch self {
            case .say, .parrot, .play, .answer, .wait, .tool, .hangUp: false
            default: true
            }
        }
    }
}
