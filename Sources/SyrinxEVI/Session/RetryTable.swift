/// What follows from an `error` code, a close code, or an answer to the handshake.
///
/// - Source: protocol 1.2, 4.4, 4.5. Unknown `E` is final, unknown `I` is worth another try, `W` is for the log.
package enum RetryTable {
    /// What an `error` message means for the chat.
    package enum ErrorRule: Sendable, Hashable {
        /// The session lives; the code says nothing about a close that follows.
        case harmless
        /// The chat is over; another try makes no sense.
        case final
        /// The chat is over or will be; connect again and resume.
        case retry
        /// The chat group cannot be resumed: one new chat without it.
        case retryWithoutGroup
        /// Nobody spoke for too long.
        case idle
        /// The chat reached its greatest length.
        case maxDuration
        /// The audio could not be transcribed.
        case transcription
    }

    package static func rule(error code: String) -> ErrorRule {
        switch code {
        case "E0712": .harmless
        case "E0708", "E0710", "E0720": .retryWithoutGroup
        case "E0714": .idle
        case "E0715": .maxDuration
        case "I0116": .transcription
        default:
            switch code.first {
            case "W": .harmless
            case "I": .retry
            default: .final
            }
        }
    }

    /// Whether the server is known to close after this error, so that a client may stop waiting for it.
    package static func closes(after code: String) -> Bool {
        switch code {
        case "E0300", "E0301", "E0708", "E0710", "E0714", "E0715", "E0720", "I0116", "I0118": true
        default: false
        }
    }

    /// Whether a close with this code is worth another try.
    package static func retries(close code: Int) -> Bool {
        switch code {
        case 1001, 1005, 1006, 1011...1014: true
        default: false
        }
    }

    /// Whether a handshake that was answered with this status is worth another try.
    package static func retries(status: Int) -> Bool { status == 408 || status == 429 || (500...599).contains(status) }
}

/// How long to wait before the next attempt: 0.5 s, doubling to 15 s, with 20 % of chance.
package struct BackOff: Sendable, Hashable {
    package var first: Moment = .milliseconds(500)
    package var greatest: Moment = .seconds(15)
    package var jitter = 0.2

    package init() {}

    /// The wait after `failures` attempts in a row that led nowhere, 1 for the first.
    package func delay(after failures: Int, using random: inout some RandomNumberGenerator) -> Moment {
        var delay = first
        for _ in 1..<max(1, min(failures, 32)) where delay < greatest { delay *= 2 }
        return min(delay, greatest) * (1 + Double.random(in: -jitter...jitter, using: &random))
    }
}
