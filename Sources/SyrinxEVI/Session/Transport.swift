internal import SyrinxCore
internal import SyrinxNet

/// A header or query parameter. What is secret shows as a mark.
package struct Field: Sendable, Hashable, CustomStringConvertible {
    package let name: String
    private let text: Secret
    package let isSecret: Bool

    package init(_ name: String, _ value: String) {
        self.name = name
        text = Secret(value)
        isSecret = false
    }

    package init(_ name: String, _ secret: Secret) {
        self.name = name
        text = secret
        isSecret = true
    }

    /// The value, for the wire only.
    package func reveal() -> String { text.reveal() }

    /// The value as it may be shown.
    package var shown: String { isSecret ? SecretMask.mark : text.reveal() }

    package var description: String { "\(name): \(shown)" }
}

extension Field: CustomDebugStringConvertible, CustomReflectable {
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["name": name, "value": shown]) }
}

/// A WebSocket handshake to make. Its description holds no secret.
package struct ConnectRequest: Sendable, Hashable, CustomStringConvertible {
    package let base: BaseAddress
    /// Percent-encoded, with its leading slash.
    package let path: String
    package let query: [Field]
    package let headers: [Field]
    /// The handshake must be answered within this.
    package let handshakeLimit: Moment
    /// The largest message that is taken; a larger one closes with 1009.
    package var messageByteLimit = WireJSON.byteLimit
    /// A ping this often, and the connection counts as lost when no pong comes within it.
    package var pingInterval: Moment = .seconds(20)

    package init(
        base: BaseAddress, path: String, query: [Field], headers: [Field], handshakeLimit: Moment = .seconds(5)
    ) {
        self.base = base
        self.path = path
        self.query = query
        self.headers = headers
        self.handshakeLimit = handshakeLimit
    }

    /// Path and query as the request line wants them, secrets included: for the wire only.
    package func revealTarget() -> String { path + Self.query(query) { $0.reveal() } }

    package var description: String { base.description + path + Self.query(query) { $0.shown } }

    static func query(_ fields: [Field], _ value: (Field) -> String) -> String {
        if fields.isEmpty { return "" }
        return "?" + PercentEncoding.query(fields.map { ($0.name, value($0)) })
    }
}

/// An HTTP request as a value. Its description holds no secret.
package struct HTTPRequest: Sendable, Hashable, CustomStringConvertible {
    package enum Method: String, Sendable, Hashable {
        case get = "GET"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package let method: Method
    package let base: BaseAddress
    package let path: String
    package let query: [Field]
    package let headers: [Field]
    package let body: [UInt8]?

    package init(
        _ method: Method, base: BaseAddress, path: String, query: [Field] = [], headers: [Field] = [],
        body: [UInt8]? = nil
    ) {
        self.method = method
        self.base = base
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// Path and query as the request line wants them, secrets included: for the wire only.
    package func revealTarget() -> String { path + ConnectRequest.query(query) { $0.reveal() } }

    package var description: String {
        "\(method.rawValue) \(base.http.description)\(path)\(ConnectRequest.query(query) { $0.shown })"
    }
}

extension HTTPRequest: CustomDebugStringConvertible {
    package var debugDescription: String { description }
}

/// An HTTP response as a value.
package struct HTTPResponse: Sendable, Hashable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The last header of that name, whatever its capitals.
    package func header(_ name: String) -> String? {
        headers.last { $0.name.lowercased() == name.lowercased() }?.value
    }

    package static func == (one: Self, other: Self) -> Bool {
        one.status == other.status && one.body == other.body && one.headers.count == other.headers.count
            && zip(one.headers, other.headers).allSatisfy { $0.name == $1.name && $0.value == $1.value }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(status)
        hasher.combine(body)
    }
}

/// Why there is no connection, or no longer.
package struct TransportFailure: Error, Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// No route, no such host, refused, reset, timed out.
        case unreachable
        /// The certificate is not to be trusted. Trying again does not help.
        case untrusted
        /// What we ask for cannot be asked: a key with a line break in it. Trying again does not help.
        case invalid
    }

    package let kind: Kind
    /// The library's own words.
    package let message: String
    /// The peer may have got what was sent.
    package let wasSent: Bool

    package init(_ kind: Kind, _ message: String, wasSent: Bool = true) {
        self.kind = kind
        self.message = message
        self.wasSent = wasSent
    }
}

/// A frame to send.
package enum OutgoingFrame: Sendable, Hashable {
    case text([UInt8])
    case binary([UInt8])
}

/// What a connection reports, in order.
package enum TransportEvent: Sendable, Hashable {
    /// The handshake was answered with 101.
    case opened
    /// It was answered with something else.
    case refused(status: Int, retryAfter: Moment?)
    /// There was no answer.
    case failed(TransportFailure)
    case text([UInt8])
    case binary(byteCount: Int)
    /// Whether what is given to send goes out, or waits because the peer does not read.
    case writable(Bool)
    /// The connection is over: the peer's code, 1005 for none, 1006 for a connection that broke.
    case closed(code: Int, reason: String)
}

/// Opens WebSockets and makes HTTP requests. SyrinxNet gives one; a test gives its own.
package protocol Transport: Sendable {
    /// Opens a socket. Pings, pongs, fragments and the close handshake are its own business.
    ///
    /// - Parameter report: gets what happens, one call at a time and in order; `.refused`, `.failed` and `.closed` are
    ///   the last. While it does not return, nothing more is read.
    func open(
        _ request: ConnectRequest, report: @escaping @Sendable (TransportEvent) async -> Void
    ) -> any TransportConnection

    /// Makes a request.
    func fetch(_ request: HTTPRequest, limit: Moment) async throws(TransportFailure) -> HTTPResponse
}

/// One socket, open or opening.
package protocol TransportConnection: Sendable {
    /// Gives a frame to send. Never waits; `.writable(false)` tells when to hold back.
    func send(_ frame: OutgoingFrame)

    /// Starts the close handshake; `.closed` follows, at the latest after `limit`.
    func close(code: Int, reason: String, limit: Moment)

    /// Lets go of the socket at once, without a word to the peer. `.failed` or `.closed` still follows, as the last report.
    func abandon()

    /// The time from the last answered ping to its pong.
    var roundTrip: Moment? { get }
}
