/// How long each stage of a connection may take.
public struct NetTimeouts: Sendable, Hashable {
    /// Name, address and TCP, to the server or to the proxy.
    public var connect: Duration
    /// The proxy's answer to CONNECT.
    public var proxy: Duration
    /// The handshake of TLS.
    public var tls: Duration
    /// The WebSocket handshake, from request to answer.
    public var upgrade: Duration
    /// A request and its answer's head; then each piece of its body.
    public var response: Duration
    /// From our word of closing to the peer's.
    public var close: Duration

    public init(
        connect: Duration = .seconds(10), proxy: Duration = .seconds(10), tls: Duration = .seconds(10),
        upgrade: Duration = .seconds(10), response: Duration = .seconds(60), close: Duration = .seconds(5)
    ) {
        self.connect = connect
        self.proxy = proxy
        self.tls = tls
        self.upgrade = upgrade
        self.response = response
        self.close = close
    }
}
