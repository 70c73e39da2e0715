internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Speaks to servers: WebSocket and HTTP/1.1 over TLS, on the process's shared event loops.
///
/// One client carries one set of trust, proxy and limits, and keeps a few idle connections for the next request. Make one,
/// use it from anywhere.
///
/// - Thread: any. Nothing here may be called from render.
public final class NetClient: Sendable {
    let dialer: Dialer
    let timeouts: NetTimeouts
    let pool = ConnectionPool()

    /// - Throws: `.invalidArgument` for files that cannot be read, in OpenSSL's words.
    public convenience init(
        tls: TLSSettings = TLSSettings(), proxy: ProxySettings = .none, timeouts: NetTimeouts = NetTimeouts()
    ) throws(NetError) {
        try self.init(tls: tls, proxy: proxy, timeouts: timeouts, resolver: nil)
    }

    /// - Parameter resolver: who turns names into addresses; nil is the system.
    init(
        tls: TLSSettings, proxy: ProxySettings, timeouts: NetTimeouts, resolver: (any Resolver & Sendable)?
    ) throws(NetError) {
        self.timeouts = timeouts
        dialer = Dialer(
            loops: MultiThreadedEventLoopGroup.singleton, tls: try TLSContext(tls), trustsLoopback: tls.trustsLoopback,
            proxy: proxy, timeouts: timeouts, resolver: resolver)
    }

    deinit { pool.close() }

    /// Opens a WebSocket.
    ///
    /// - Parameters:
    ///   - address: `wss://…`, or `ws://…` on this machine.
    ///   - headers: added to the handshake's own, for credentials and the like.
    /// - Throws: `.refused` with status, a piece of the body and `Retry-After` if the server answers anything but 101.
    ///   Redirects are not followed.
    public func webSocket(
        _ address: String, headers: HTTPHeaderFields = [:], options: WebSocketOptions = WebSocketOptions()
    ) async throws(NetError) -> WebSocket {
        let address = try WebAddress(address)
        guard address.scheme.isWebSocket else {
            throw NetError(.invalidArgument, at: address.place, "a WebSocket's address begins with wss:// or ws://")
        }
        try headers.check(at: address.place)
        let channel = try await dialer.dial(address)
        do {
            return try await upgrade(channel, address, headers, options)
        } catch {
            channel.close(promise: nil)
            throw error.placed(at: address.place)
        }
    }

    private func upgrade(
        _ channel: any Channel, _ address: WebAddress, _ headers: HTTPHeaderFields, _ options: WebSocketOptions
    ) async throws(NetError) -> WebSocket {
        let connection = try await HTTPConnection(channel, at: address.place)
        let late = connection.limit(timeouts.upgrade, "the WebSocket handshake")
        defer { late.cancel() }
        let key = OpenSSL.base64((0..<16).map { _ in UInt8.random(in: 0...255) })
        var all = headers
        all["Host"] = address.hostHeader
        all["Upgrade"] = "websocket"
        all["Connection"] = "Upgrade"
        all["Sec-WebSocket-Version"] = "13"
        all["Sec-WebSocket-Key"] = key
        try await connection.send("GET", address.target, headers: all, body: [])
        let answer = try await connection.head()
        guard answer.status == 101 else {
            throw await refusal(answer, connection, Secrets(of: address, headers), "a WebSocket was refused")
        }
        try Self.check(answer, key: key, at: address.place)
        let shared = WebSocketShared(
            isServer: false, place: address.place, options: options, closeTimeout: timeouts.close)
        let handler = try await connection.remove { channel in try shared.install(on: channel) }
        return WebSocket(channel, handler, shared)
    }

    /// What RFC 6455, section 4.1, asks of the answer.
    private static func check(_ answer: HTTPResponse, key: String, at place: String) throws(NetError) {
        let fault: String? =
            if !answer.headers.lists("websocket", in: "Upgrade") {
                "lacks Upgrade: websocket"
            } else if !answer.headers.lists("upgrade", in: "Connection") {
                "lacks Connection: Upgrade"
            } else if answer.headers["Sec-WebSocket-Accept"] != OpenSSL.webSocketAccept(key: key) {
                "does not fit our key (Sec-WebSocket-Accept)"
            } else if answer.headers["Sec-WebSocket-Extensions"] != nil {
                "names an extension that was not offered"
            } else if answer.headers["Sec-WebSocket-Protocol"] != nil {
                "names a subprotocol that was not offered"
            } else {
                nil
            }
        if let fault { throw NetError(.malformed, at: place, "the answer to the WebSocket handshake \(fault)") }
    }

    /// An answer as an error, with the beginning of its body.
    func refusal(
        _ answer: HTTPResponse, _ connection: HTTPConnection, _ secrets: Secrets, _ what: String
    ) async -> NetError {
        var body: [UInt8] = []
        // The status is the news; a body that breaks off is not.
        while body.count < Secrets.excerpt, let piece = try? await connection.piece() {
            body += piece.readableBytesView.prefix(Secrets.excerpt - body.count)
        }
        return NetError(
            .refused, at: connection.place, "\(what) with HTTP \(answer.status)",
            refusal: .init(
                status: answer.status, body: secrets.masked(body), retryAfterSeconds: answer.retryAfterSeconds))
    }
}

/// What of a request must not come back in an error, should the server repeat it.
struct Secrets: Sendable {
    /// Bytes of a body that an error carries.
    static let excerpt = 4_096
    private let words: [String]

    init(of address: WebAddress, _ headers: HTTPHeaderFields) {
        var words = Set<String>()
        if let mark = address.target.firstIndex(of: "?") {
            let query = address.target[address.target.index(after: mark)...]
            words.insert(String(query))
            for pair in query.split(separator: "&") {
                if let equals = pair.firstIndex(of: "=") { words.insert(String(pair[pair.index(after: equals)...])) }
            }
            for pair in PercentEncoding.pairs(of: String(query)) { words.insert(pair.value) }
        }
        for (_, value) in headers.pairs {
            words.insert(value)
            // As in "Bearer TOKEN".
            for word in value.split(separator: " ") { words.insert(String(word)) }
        }
        // Longest first, so that a part does not hide the rest of the whole. Short words (true, 1) are in every text.
        self.words = words.filter { $0.utf8.count >= 6 }.sorted { $0.utf8.count > $1.utf8.count }
    }

    func masked(_ body: [UInt8]) -> String {
        var text = String(decoding: body, as: UTF8.self)
        for word in words {
            // A word that the excerpt's end cuts is as secret.
            text = text.split(separator: word, omittingEmptySubsequences: false).joined(separator: "…")
            if body.count >= Self.excerpt {
                for length in stride(from: word.count - 1, to: 3, by: -1) where text.hasSuffix(word.prefix(length)) {
                    text = String(text.dropLast(length)) + "…"
                    break
                }
            }
        }
        return text
    }
}
