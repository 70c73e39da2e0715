internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOWebSocket

extension NetError {
    /// An error of ours as it is, one of NIO's in our terms.
    static func from(_ error: any Error, at place: String) -> NetError {
        switch error {
        case let error as NetError: error.placed(at: place)
        case is CancellationError: .cancelled
        case let error as NIOConnectionError: unreachable(error, at: place)
        case let error as ChannelError: from(error, at: place)
        case let error as IOError: from(error, at: place)
        case let error as HTTPParserError: malformedHTTP("\(error)", at: place)
        case let error as NIOHTTPDecoderError: malformedHTTP("\(error)", at: place)
        case let error as NIOWebSocketError: NetError(.malformed, at: place, "sent a broken frame", cause: "\(error)")
        default: NetError(.lost, at: place, "the connection failed", cause: "\(error)")
        }
    }

    private static func from(_ error: ChannelError, at place: String) -> NetError {
        if case .connectTimeout(let limit) = error {
            return late("connecting", .nanoseconds(limit.nanoseconds), at: place)
        }
        return NetError(.lost, at: place, "the connection is closed")
    }

    private static func from(_ error: IOError, at place: String) -> NetError {
        NetError(.lost, at: place, "the connection was lost", cause: error.words)
    }

    private static func malformedHTTP(_ words: String, at place: String) -> NetError {
        // The parser's names of errors only; they hold nothing of what was sent.
        NetError(.malformed, at: place, "the answer is no HTTP", cause: words)
    }

    /// Every address was tried, or the name has none.
    private static func unreachable(_ error: NIOConnectionError, at place: String) -> NetError {
        if error.connectionErrors.isEmpty {
            return NetError(
                .unavailable, at: place, "the name \"\(error.host)\" has no address; check the name and the network",
                cause: (error.dnsAError ?? error.dnsAAAAError).map { "\($0)" })
        }
        let causes = error.connectionErrors.map { failure in
            let words =
                switch failure.error {
                case let error as IOError: error.words
                case ChannelError.connectTimeout: "no answer in time"
                default: "\(failure.error)"
                }
            return "\(failure.target.ipAddress ?? "?"): \(words)"
        }
        let silent = error.connectionErrors.allSatisfy {
            if case ChannelError.connectTimeout = $0.error { true } else { false }
        }
        return NetError(
            silent ? .timedOut : .unavailable, at: place, "nobody accepts a connection",
            cause: causes.joined(separator: ", "))
    }
}

extension IOError {
    /// What the system says about the number.
    fileprivate var words: String {
        strerror(errnoCode).map { String(cString: $0) } ?? "errno \(errnoCode)"
    }
}
