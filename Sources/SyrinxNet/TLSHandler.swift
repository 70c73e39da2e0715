internal import NIOCore

/// TLS between the network and the rest of a channel's pipeline.
///
/// What is written before the handshake is done waits. The peer's end without its word for it (close_notify) is an error,
/// so that nobody takes a cut answer for a whole one.
///
/// - Thread: network; all of it on the channel's event loop.
final class TLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case handshake, open
        /// The peer sends no more.
        case ended
        case closed
    }

    private let stream: TLSStream
    private let place: String
    /// Resolved when the peer has proved who it is, or not.
    private let ready: OneShot<Void>
    private var phase = Phase.handshake
    private var pending = CircularBuffer<(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)>()
    private var wantsFlush = false

    init(_ stream: consuming TLSStream, place: String, ready: OneShot<Void> = OneShot()) {
        self.stream = stream
        self.place = place
        self.ready = ready
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { advance(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        advance(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch phase {
        case .handshake:
            fail(NetError(.tls, "the connection was closed in the TLS handshake"), context)
        case .open:
            fail(NetError(.lost, "the connection ended without the end of TLS; data may be missing"), context)
        case .ended, .closed: break
        }
        phase = .closed
        failPending()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ready.resolve(.failure(.from(error, at: place)))
        context.fireErrorCaught(error)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase == .handshake || phase == .open else { return }
        unwrapInboundIn(data).withUnsafeReadableBytes { stream.feed($0) }
        advance(context)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard phase != .closed else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        pending.append((unwrapOutboundIn(data), promise))
    }

    func flush(context: ChannelHandlerContext) {
        wantsFlush = true
        encrypt(context)
        context.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if phase == .open || phase == .ended {
            phase = .closed
            stream.close()
            send(context)
            context.flush()
        }
        phase = .closed
        ready.resolve(.failure(NetError(.lost, at: place, "the connection is closed")))
        failPending()
        context.close(mode: .all, promise: promise)
    }

    /// Goes as far as the bytes at hand allow.
    private func advance(_ context: ChannelHandlerContext) {
        if phase == .handshake {
            let step = stream.handshake()
            send(context)
            context.flush()
            switch step {
            case .done:
                phase = .open
                ready.resolve(.success(()))
                encrypt(context)
                context.flush()
            case .hungry: return
            case .ended: return fail(NetError(.tls, "the peer ended TLS in the handshake"), context)
            case .failed(let error): return fail(error, context)
            }
        }
        while phase == .open {
            var plain = context.channel.allocator.buffer(capacity: 16_384)
            let step = stream.read(into: &plain)
            switch step {
            case .done: context.fireChannelRead(wrapInboundOut(plain))
            case .hungry:
                // Answers that TLS itself gave, to a change of keys for one.
                if stream.waiting > 0 {
                    send(context)
                    context.flush()
                }
                context.fireChannelReadComplete()
                return
            case .ended:
                phase = .ended
                context.fireChannelReadComplete()
                context.channel.close(promise: nil)
            case .failed(let error): fail(error, context)
            }
        }
    }

    /// Events of the bytes below say nothing about those above; `advance` fires its own.
    func channelReadComplete(context: ChannelHandlerContext) {}

    private func encrypt(_ context: ChannelHandlerContext) {
        guard wantsFlush, phase == .open else { return }
        while phase == .open, let (first, promise) = pending.popFirst() {
            var bytes = first
            while bytes.readableBytes > 0 {
                var count = 0
                let step = bytes.withUnsafeReadableBytes { stream.write($0, count: &count) }
                bytes.moveReaderIndex(forwardBy: count)
                if case .done = step {
                    if bytes.readableBytes > 0 { send(context) }
                    continue
                }
                // Written bytes never wait for the peer's: renegotiation, the one reason for it, is refused.
                let error =
                    if case .failed(let error) = step { error } else { NetError(.tls, "TLS takes no more data") }
                promise?.fail(error.placed(at: place))
                return fail(error, context)
            }
            send(context, promise, always: true)
        }
        wantsFlush = false
    }

    /// Passes encrypted bytes on, if there are any.
    private func send(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>? = nil, always: Bool = false)
    {
        guard always || stream.waiting > 0 else { return }
        var bytes = context.channel.allocator.buffer(capacity: stream.waiting)
        stream.drain(into: &bytes)
        context.write(wrapOutboundOut(bytes), promise: promise)
    }

    private func fail(_ error: NetError, _ context: ChannelHandlerContext) {
        guard phase != .closed else { return }
        phase = .closed
        // The alert that tells the peer.
        send(context)
        context.flush()
        failPending()
        let error = error.placed(at: place)
        ready.resolve(.failure(error))
        context.fireErrorCaught(error)
        context.channel.close(promise: nil)
    }

    private func failPending() {
        while let (_, promise) = pending.popFirst() { promise?.fail(ChannelError.ioOnClosedChannel) }
    }
}
