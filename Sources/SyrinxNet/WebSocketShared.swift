internal import NIOCore
internal import NIOWebSocket
internal import Synchronization

/// What the two halves of a WebSocket, the user's and the event loop's, both know.
final class WebSocketShared: Sendable {
    let isServer: Bool
    let place: String
    let options: WebSocketOptions
    let closeTimeout: Duration
    let inbox: Inbox<WebSocket.Event>
    let closure = OneShot<WebSocket.Closure>()
    private let roundTripNanoseconds = Atomic<Int64>(-1)

    init(isServer: Bool, place: String, options: WebSocketOptions, closeTimeout: Duration) {
        self.isServer = isServer
        self.place = place
        // The framing's own bounds: a length is positive and below 4 GiB.
        var options = options
        options.messageLimit = min(max(options.messageLimit, 1), 1 << 30)
        options.fragmentLimit = max(options.fragmentLimit, 1)
        self.options = options
        self.closeTimeout = closeTimeout
        inbox = Inbox(limit: options.receiveWindow)
    }

    var roundTrip: Duration? {
        get {
            let nanoseconds = roundTripNanoseconds.load(ordering: .relaxed)
            return nanoseconds < 0 ? nil : .nanoseconds(nanoseconds)
        }
        set {
            guard let newValue else { return }
            roundTripNanoseconds.store(TimeAmount(newValue).nanoseconds, ordering: .relaxed)
        }
    }

    /// Puts framing at the end of a pipeline. Call on the channel's event loop.
    func install(on channel: any Channel) throws -> NIOLoopBound<WebSocketHandler> {
        let handler = WebSocketHandler(self)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ReadMarker { [weak handler] in handler?.peerIsAlive() })
        try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: options.messageLimit)))
        try pipeline.addHandler(handler)
        return NIOLoopBound(handler, eventLoop: channel.eventLoop)
    }
}

/// Tells of every byte that comes, before it is part of a frame.
private final class ReadMarker: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let mark: () -> Void

    init(_ mark: @escaping () -> Void) { self.mark = mark }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        mark()
        context.fireChannelRead(data)
    }
}
