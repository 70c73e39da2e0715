internal import NIOCore
internal import NIOWebSocket

/// One WebSocket connection (RFC 6455), a client's or a server's side.
///
/// Pings are answered and sent, fragments joined and made, closes answered, without anybody's help. A socket that nobody
/// holds any more is cut.
///
/// - Thread: any. Nothing here may be called from render.
public final class WebSocket: Sendable {
    public enum Message: Sendable, Hashable {
        case text(String)
        case binary([UInt8])
    }

    /// What happens on a connection.
    public enum Event: Sendable, Hashable {
        case message(Message)
        /// Whether what is posted goes out, or waits because the peer does not read.
        case writable(Bool)
    }

    /// How and why a connection ended.
    public struct Closure: Sendable, Hashable {
        /// The code of whoever closed first. 1005: closed without one. 1006: lost without a word.
        public let code: UInt16
        public let reason: String
        /// Whether the peer closed first.
        public let byPeer: Bool
        /// Whether both sides said goodbye.
        public let isClean: Bool
        /// What went wrong, where something did.
        public let error: NetError?
    }

    private let channel: any Channel
    private let handler: NIOLoopBound<WebSocketHandler>
    private let shared: WebSocketShared

    init(_ channel: any Channel, _ handler: NIOLoopBound<WebSocketHandler>, _ shared: WebSocketShared) {
        self.channel = channel
        self.handler = handler
        self.shared = shared
    }

    deinit { channel.close(promise: nil) }

    /// Scheme, host and port of the peer.
    public var place: String { shared.place }

    /// What the peer sends, in order, whole. For one reader; ends when the connection does, see ``closed`` for why.
    ///
    /// A reader that falls behind by more than ``WebSocketOptions/receiveWindow`` bytes makes the peer wait.
    public var messages: Messages { Messages(socket: self) }

    /// ``messages``, and between them word of whether what is posted gets away. For one reader, instead of ``messages``.
    public var events: Events { Events(socket: self) }

    /// Sends a text. Returns when the system has taken it whole, so who awaits this cannot outrun the network.
    ///
    /// Cancelling stops the waiting only: a message that has begun is finished.
    ///
    /// - Throws: `.closed` or `.lost` on a connection that is over, `.tooLarge` above ``WebSocketOptions/messageLimit``.
    public func send(text: String) async throws(NetError) {
        try await send(.text, ByteBuffer(string: text))
    }

    /// Sends bytes. As ``send(text:)``.
    public func send(binary: [UInt8]) async throws(NetError) {
        try await send(.binary, ByteBuffer(bytes: binary))
    }

    /// Gives a text, in UTF-8, to be sent, and returns at once. Messages leave in the order in which they were given.
    ///
    /// Whoever posts reads ``events``, and holds back between `.writable(false)` and `.writable(true)`: nothing else bounds
    /// what waits. What cannot be sent because the connection is over is dropped.
    public func post(text: [UInt8]) { post(.text, text) }

    /// Gives bytes to be sent. As ``post(text:)``.
    public func post(binary: [UInt8]) { post(.binary, binary) }

    private func post(_ opcode: WebSocketOpcode, _ message: [UInt8]) {
        let handler = handler
        // A message of one frame becomes it here: once copied, masked on the way, on the caller's thread.
        let isFrame = message.count <= shared.options.fragmentLimit
        let bytes =
            isFrame
            ? message.withUnsafeBytes { FrameWriter.frame(opcode, $0, masked: !shared.isServer) }
            : ByteBuffer(bytes: message)
        channel.eventLoop.execute { handler.value.post(opcode, bytes, isFrame: isFrame) }
    }

    /// Says goodbye after what was sent so far, and returns at once. What the peer says until it closes too is still
    /// handed out.
    ///
    /// - Parameters:
    ///   - code: as in ``close(code:reason:)``.
    ///   - limit: how long the peer may take, at most ``NetTimeouts/close``.
    public func beginClosing(code: UInt16 = 1000, reason: String = "", within limit: Duration) {
        let handler = handler
        channel.eventLoop.execute { handler.value.close(code: code, reason: reason, listens: true, atMost: limit) }
    }

    /// Says goodbye after what was sent so far, and waits until the connection is gone, at most
    /// ``NetTimeouts/close``.
    ///
    /// - Parameters:
    ///   - code: 1000…1003, 1007…1014 or 3000…4999; any other is not sent, and the peer reads 1005.
    ///   - reason: cut to 123 bytes.
    /// - Returns: how it ended. A cancelled task cuts the connection and returns at once.
    @discardableResult
    public func close(code: UInt16 = 1000, reason: String = "") async -> Closure {
        let handler = handler
        channel.eventLoop.execute { handler.value.close(code: code, reason: reason) }
        do {
            return try await shared.closure.value()
        } catch {
            abort()
            return await ended()
        }
    }

    /// Cuts the connection without a word.
    public func abort() { channel.close(promise: nil) }

    /// How the connection ended; waits for its end.
    ///
    /// - Throws: `.cancelled` if the task is cancelled.
    public var closed: Closure {
        get async throws(NetError) { try await shared.closure.value() }
    }

    /// The time between the last answered ping and its pong.
    public var roundTrip: Duration? { shared.roundTrip }

    private func ended() async -> Closure {
        switch await shared.closure.valueEvenIfCancelled() {
        case .success(let closure): closure
        // The handler resolves it by success only.
        case .failure(let error): Closure(code: 1006, reason: "", byPeer: false, isClean: false, error: error)
        }
    }

    private func send(_ opcode: WebSocketOpcode, _ bytes: ByteBuffer) async throws(NetError) {
        guard bytes.readableBytes <= shared.options.messageLimit else {
            throw NetError(
                .tooLarge, at: place,
                "a message of \(bytes.readableBytes) bytes is over the limit of \(shared.options.messageLimit)")
        }
        let sent = OneShot<Void>()
        let handler = handler
        channel.eventLoop.execute { handler.value.send(opcode, bytes, sent) }
        try await sent.value()
    }

    /// The messages of a ``WebSocket``.
    public struct Messages: AsyncSequence, Sendable {
        fileprivate let socket: WebSocket

        public struct Iterator: AsyncIteratorProtocol {
            fileprivate let socket: WebSocket

            /// The next message; nil at the end, and in a task that is cancelled.
            public mutating func next() async -> Message? {
                while let event = try? await socket.shared.inbox.next() {
                    if case .message(let message) = event { return message }
                }
                return nil
            }

            public mutating func next(isolation actor: isolated (any Actor)?) async -> Message? {
                while let event = try? await socket.shared.inbox.next() {
                    if case .message(let message) = event { return message }
                }
                return nil
            }
        }

        public func makeAsyncIterator() -> Iterator { Iterator(socket: socket) }
    }

    /// The events of a ``WebSocket``.
    public struct Events: AsyncSequence, Sendable {
        fileprivate let socket: WebSocket

        public struct Iterator: AsyncIteratorProtocol {
            fileprivate let socket: WebSocket

            /// The next event; nil at the end, and in a task that is cancelled.
            public mutating func next() async -> Event? { try? await socket.shared.inbox.next() }

            public mutating func next(isolation actor: isolated (any Actor)?) async -> Event? {
                try? await socket.shared.inbox.next()
            }
        }

        public func makeAsyncIterator() -> Iterator { Iterator(socket: socket) }
    }
}

/// What can be set for a connection.
public struct WebSocketOptions: Sendable, Hashable {
    /// The largest message, both ways, in bytes. A larger one closes the connection with 1009.
    public var messageLimit: Int
    /// Messages that wait for their reader, in bytes, before the peer has to wait.
    public var receiveWindow: Int
    /// Messages are sent in fragments of at most this many bytes, between which pings and pongs find room.
    public var fragmentLimit: Int
    /// From one ping to the next. Nil sends none, and then a peer that is silently gone is not noticed.
    public var pingInterval: Duration?
    /// A peer that has sent nothing at all for this long after a ping is gone. Not counted while a full window keeps us from
    /// reading.
    public var pongTimeout: Duration

    public init(
        messageLimit: Int = 16 << 20, receiveWindow: Int = 1 << 20, fragmentLimit: Int = 1 << 20,
        pingInterval: Duration? = .seconds(20), pongTimeout: Duration = .seconds(20)
    ) {
        self.messageLimit = messageLimit
        self.receiveWindow = receiveWindow
        self.fragmentLimit = fragmentLimit
        self.pingInterval = pingInterval
        self.pongTimeout = pongTimeout
    }
}
