/// What went wrong on the network, with whom, and what to do; never a secret.
///
/// A query, a credential or a header's value is in no member but ``Refusal/body``, and there the request's own are masked.
public struct NetError: Error, Sendable, Hashable {
    /// What kind of thing went wrong, to react to. New codes break no `switch`.
    public struct Code: Sendable, Hashable {
        public let name: String

        init(_ name: String) { self.name = name }

        /// An address, header or option of our own side is wrong. Trying again is of no use.
        public static let invalidArgument = Code("invalid-argument")
        /// There is no such name, or nobody accepts a connection.
        public static let unavailable = Code("unavailable")
        /// A stage took longer than it may.
        public static let timedOut = Code("timed-out")
        /// The peer's certificate does not show that it is who it should be. Nothing was sent.
        public static let untrusted = Code("untrusted")
        /// TLS failed for another reason.
        public static let tls = Code("tls")
        /// The proxy does not let us through.
        public static let proxy = Code("proxy")
        /// The server answered with a status that is no success; see ``NetError/refusal``.
        public static let refused = Code("refused")
        /// The peer breaks HTTP or WebSocket.
        public static let malformed = Code("malformed")
        /// More bytes than the limit.
        public static let tooLarge = Code("too-large")
        /// A connection that stood was lost.
        public static let lost = Code("lost")
        /// The connection was closed in good order, so nothing can be sent.
        public static let closed = Code("closed")
        /// The task was cancelled.
        public static let cancelled = Code("cancelled")
    }

    /// A server's answer that is no success.
    public struct Refusal: Sendable, Hashable {
        public let status: Int
        /// The first bytes of the answer's body (at most 4 KiB) as text, the request's query and header values masked.
        public let body: String
        /// How long the server wants to be left alone, in seconds, from `Retry-After` in either of its forms.
        public let retryAfterSeconds: Double?
    }

    public let code: Code
    /// Scheme, host and port, as in `wss://api.hume.ai:443`. Empty where there is none.
    public let place: String
    /// One sentence: what was found, what was expected, what to do.
    public let message: String
    /// The library's own words, where there are any.
    public let cause: String?
    /// With ``Code/refused``, and with ``Code/proxy`` if the proxy answered.
    public let refusal: Refusal?

    init(
        _ code: Code, at place: String = "", _ message: String, cause: String? = nil, refusal: Refusal? = nil
    ) {
        self.code = code
        self.place = place
        self.message = message
        self.cause = cause
        self.refusal = refusal
    }

    /// The same error, at a place if it has none.
    func placed(at place: String) -> NetError {
        self.place.isEmpty
            ? NetError(code, at: place, message, cause: cause, refusal: refusal) : self
    }

    static let cancelled = NetError(.cancelled, "cancelled")

    static func late(_ stage: String, _ limit: Duration, at place: String) -> NetError {
        NetError(.timedOut, at: place, "\(stage) took longer than \(limit.inWords)")
    }
}

extension NetError: CustomStringConvertible {
    /// `place: message (cause)`.
    public var description: String {
        let place = place.isEmpty ? "" : "\(place): "
        return place + message + (cause.map { " (\($0))" } ?? "")
    }
}

extension Duration {
    /// As in `20 s` or `0.25 s`.
    var inWords: String {
        let milliseconds = components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(Double(milliseconds) / 1_000) s"
    }
}
