internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// A small server of HTTP and WebSocket for this machine only, plain or TLS: for rehearsal and tests.
///
/// - Thread: any.
public final class NetServer: Sendable {
    /// What came in. A WebSocket's handshake is one too.
    public struct Request: Sendable {
        public let method: String
        /// As it came, without the query.
        public let path: String
        /// Decoded, in order.
        public let query: [(name: String, value: String)]
        public let headers: HTTPHeaderFields
        public let body: [UInt8]
        /// Whether the client asks for a WebSocket.
        public let isWebSocket: Bool
    }

    public enum Answer: Sendable {
        case response(HTTPResponse)
        /// Makes the connection a WebSocket, calls the closure, and closes it with 1000 when that returns. Anything but a
        /// WebSocket's handshake is refused with 426.
        case webSocket(@Sendable (WebSocket) async -> Void)
        /// Cuts the connection without an answer.
        case cut
    }

    /// What can be set.
    public struct Options: Sendable {
        public var bodyLimit = 16 << 20
        public var connectionLimit = 4_096
        /// How long a client may take for a request, and be idle between two.
        public var requestTimeout = Duration.seconds(60)
        public var closeTimeout = Duration.seconds(5)
        public var webSocket = WebSocketOptions()

        public init() {}
    }

    /// The port that is listened on.
    public let port: Int
    /// `http://…` or `https://…`, host and port.
    public let address: String
    private let listener: any Channel
    private let connections: ServerConnections

    /// - Parameters:
    ///   - host: `127.0.0.1`, `::1` or another address of loopback.
    ///   - port: 0 lets the system choose one.
    ///   - identity: nil is plain.
    ///   - answer: called for every request, on its own task.
    /// - Throws: `.invalidArgument` for an address that other machines could reach or files that cannot be read;
    ///   `.unavailable` if the port is taken.
    public static func start(
        host: String = "127.0.0.1", port: Int = 0, identity: TLSIdentity? = nil, options: Options = Options(),
        answer: @escaping @Sendable (Request) async -> Answer
    ) async throws(NetError) -> NetServer {
        guard let address = IPAddress(host), address.isLoopback, (0...65_535).contains(port) else {
            throw NetError(.invalidArgument, "a server listens on this machine only: 127.0.0.1 or ::1, port 0 to 65535")
        }
        let scheme = identity == nil ? "http" : "https"
        let place = "\(scheme)://\(host.contains(":") ? "[\(host)]" : host)"
        var context: TLSContext?
        if let identity { context = try TLSContext(identity) }
        let connections = ServerConnections(options: options, place: place, answer: answer)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256).serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [context] channel in
                channel.eventLoop.makeCompletedFuture { try connections.begin(channel, context) }
            }
        let listener: any Channel
        do {
            listener = try await bootstrap.bind(host: host, port: port).awaited(at: "\(place):\(port)")
        } catch {
            throw NetError(.unavailable, at: "\(place):\(port)", "cannot listen there", cause: error.cause)
        }
        return NetServer(listener, connections, place)
    }

    private init(_ listener: any Channel, _ connections: ServerConnections, _ place: String) {
        self.listener = listener
        self.connections = connections
        port = listener.localAddress?.port ?? 0
        address = "\(place):\(port)"
    }

    deinit {
        listener.close(promise: nil)
        connections.cut()
    }

    /// Cuts every connection and gives the port back.
    public func stop() async {
        listener.close(promise: nil)
        _ = try? await listener.closeFuture.awaited(at: address)
        connections.cut()
    }
}

/// The connections of a server, each with the task that serves it.
final class ServerConnections: Sendable {
    private struct State {
        var isOpen = true
        var tasks: [ObjectIdentifier: (channel: any Channel, task: Task<Void, Never>?)] = [:]
    }

    let options: NetServer.Options
    let place: String
    let answer: @Sendable (NetServer.Request) async -> NetServer.Answer
    private let state = NIOLockedValueBox(State())

    init(
        options: NetServer.Options, place: String,
        answer: @escaping @Sendable (NetServer.Request) async -> NetServer.Answer
    ) {
        self.options = options
        self.place = place
        self.answer = answer
    }

    /// Call on the channel's event loop, before it is active.
    func begin(_ channel: any Channel, _ context: TLSContext?) throws {
        let id = ObjectIdentifier(channel)
        let isWelcome = state.withLockedValue { state in
            guard state.isOpen, state.tasks.count < options.connectionLimit else { return false }
            state.tasks[id] = (channel, nil)
            return true
        }
        guard isWelcome else { throw NetError(.unavailable, "too many connections") }
        channel.closeFuture.whenComplete { _ in
            let task = self.state.withLockedValue { $0.tasks.removeValue(forKey: id)?.task }
            task?.cancel()
        }
        if let context {
            try channel.pipeline.syncOperations.addHandler(TLSHandler(try context.accept(), place: place))
        }
        let connection = try ServerConnection(channel, self)
        let task = Task { await connection.serve() }
        let isThere = state.withLockedValue { state in
            guard state.tasks[id] != nil else { return false }
            state.tasks[id]?.task = task
            return true
        }
        if !isThere { task.cancel() }
    }

    func cut() {
        let all = state.withLockedValue { state in
            state.isOpen = false
            return Array(state.tasks.values)
        }
        for (channel, task) in all {
            channel.close(promise: nil)
            task?.cancel()
        }
    }
}
