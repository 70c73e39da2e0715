internal import NIOCore
internal import NIOWebSocket

/// The rules of RFC 6455 above single frames: messages of fragments, pings, the way to close.
///
/// - Thread: network; all of it on the channel's event loop.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case open
        /// Our close frame waits behind messages or is on its way.
        case closing
        /// Both close frames are through, or no other will come: only TCP is left.
        case leaving
        case gone
    }

    private let shared: WebSocketShared
    private var context: ChannelHandlerContext?
    private var phase = Phase.open
    private var outgoing = OutgoingFrames()
    private var incoming: IncomingMessage
    /// What the end will be called; the first cause counts.
    private var ending: WebSocket.Closure?
    private var closeSent = false
    /// After our close, what the peer still says is for somebody.
    private var listensToTheEnd = false
    /// A posted message waits for the socket, and its sender was told.
    private var isBehind = false
    private var isCloseWritten = false
    private var closesWhenWritten = false
    private var isPumping = false
    private var closeTimer: Scheduled<Void>?
    private var keepAlive = KeepAlive()

    init(_ shared: WebSocketShared) {
        self.shared = shared
        incoming = IncomingMessage(limit: shared.options.messageLimit)
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        shared.inbox.letRead(context.channel)
        schedulePing()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pump()
        if isBehind, context.channel.isWritable {
            isBehind = false
            deliver(.writable(true), bytes: 0)
        }
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase == .open || phase == .closing else { return }
        let frame = unwrapInboundIn(data)
        if let fault = fault(of: frame) { return fail(1002, .malformed, fault) }
        switch frame.opcode {
        case .ping: outgoing.pong = frame.unmaskedData
        case .pong: pongArrived(frame.unmaskedData)
        case .connectionClose: peerCloses(frame.unmaskedData)
        // Who has said goodbye does not listen any more.
        default: if phase == .open || !closeSent || listensToTheEnd { take(frame) }
        }
        pump()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard phase == .open || phase == .closing else { return }
        switch error {
        case NIOWebSocketError.invalidFrameLength:
            fail(1009, .tooLarge, "sent a message over the limit of \(shared.options.messageLimit) bytes")
        case is NIOWebSocketError:
            fail(1002, .malformed, "sent a broken control frame")
        default:
            end(1006, error: .from(error, at: shared.place))
            context.close(promise: nil)
        }
    }

    // MARK: Receiving

    /// What forbids a frame, whatever it says.
    private func fault(of frame: WebSocketFrame) -> String? {
        if frame.rsv1 || frame.rsv2 || frame.rsv3 { return "sent a frame with an extension that was not agreed" }
        if (frame.maskKey == nil) == shared.isServer {
            return shared.isServer ? "sent a frame without a mask" : "sent a frame with a mask"
        }
        switch frame.opcode {
        case .ping, .pong, .connectionClose, .text, .binary, .continuation: return nil
        default: return "sent a frame of an unknown kind"
        }
    }

    private func take(_ frame: WebSocketFrame) {
        switch incoming.take(frame) {
        case .more: break
        case .message(let message, let bytes): deliver(.message(message), bytes: bytes)
        case .fault(let code, let words):
            fail(code, code == 1009 ? .tooLarge : .malformed, words)
        }
    }

    private func deliver(_ event: WebSocket.Event, bytes: Int) {
        guard shared.inbox.put(event, bytes: bytes) else { return }
        keepAlive.pause()
        // While closing, the peer's close must not wait behind what nobody fetches.
        if phase == .open { context?.channel.setReading(false) }
    }

    private func peerCloses(_ payload: ByteBuffer) {
        var payload = payload
        guard payload.readableBytes != 1 else { return fail(1002, .malformed, "closed with half a code") }
        let code = payload.readInteger(as: UInt16.self)
        if let code, !CloseCode.mayArrive(code) { return fail(1002, .malformed, "closed with the code \(code)") }
        guard let reason = String(validating: payload.readableBytesView, as: UTF8.self) else {
            return fail(1007, .malformed, "closed with a reason that is no UTF-8")
        }
        if let ending {
            // The answer to ours.
            self.ending = .init(
                code: ending.code, reason: ending.reason, byPeer: ending.byPeer, isClean: true, error: ending.error)
        } else {
            ending = .init(code: code ?? 1005, reason: reason, byPeer: true, isClean: true, error: nil)
        }
        if !closeSent {
            outgoing.cut(with: NetError(.closed, at: shared.place, "the peer has closed the connection"))
            sendClose(code, "")
        }
        leave()
    }

    // MARK: Sending

    func send(_ opcode: WebSocketOpcode, _ bytes: ByteBuffer, _ sent: OneShot<Void>) {
        guard phase == .open, context != nil else {
            sent.resolve(.failure(sendFault))
            return
        }
        outgoing.add(opcode, bytes, sent)
        pump()
    }

    /// Sends without anybody who waits. A full socket is told of by an event.
    ///
    /// - Parameter isFrame: the bytes are a frame already; else a message, which may be more than one frame.
    func post(_ opcode: WebSocketOpcode, _ bytes: ByteBuffer, isFrame: Bool) {
        guard phase == .open, let context else { return }
        if isFrame { outgoing.add(frame: bytes) } else { outgoing.add(opcode, bytes, nil) }
        pump()
        guard !isBehind, !context.channel.isWritable else { return }
        isBehind = true
        deliver(.writable(false), bytes: 0)
    }

    private var sendFault: NetError {
        ending?.error ?? NetError(.closed, at: shared.place, "the connection is closed")
    }

    /// Writes while the socket takes it. Of a long message one fragment at a time, so that a pong gets between.
    private func pump() {
        guard !isPumping, let context, phase != .gone else { return }
        isPumping = true
        defer { isPumping = false }
        while context.channel.isWritable,
            let frame = outgoing.next(limit: shared.options.fragmentLimit, masked: !shared.isServer)
        {
            let (sent, isClose) = (frame.sent, frame.isClose)
            guard sent != nil || isClose else {
                context.writeAndFlush(wrapOutboundOut(frame.bytes), promise: nil)
                continue
            }
            let place = shared.place
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { result in
                sent?.resolve(result.mapError { .from($0, at: place) })
                if isClose { self.closeWritten() }
            }
            context.writeAndFlush(wrapOutboundOut(frame.bytes), promise: promise)
        }
    }

    // MARK: Keep-alive

    /// Called with every byte that comes.
    func peerIsAlive() { keepAlive.heard() }

    private func schedulePing() {
        guard let interval = shared.options.pingInterval, let context else { return }
        keepAlive.timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(interval)) { self.ping() }
    }

    private func ping() {
        guard phase == .open, let context else { return }
        outgoing.ping = keepAlive.ping(isReading: !shared.inbox.isPaused)
        pump()
        keepAlive.timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(shared.options.pongTimeout)) {
            self.judge()
        }
    }

    private func judge() {
        guard phase == .open, let context else { return }
        guard keepAlive.isDead(isReading: !shared.inbox.isPaused) else { return schedulePing() }
        let words = "sent nothing for \(shared.options.pongTimeout.inWords) after a ping; the connection is dead"
        end(1006, error: NetError(.lost, at: shared.place, words))
        context.channel.close(promise: nil)
    }

    private func pongArrived(_ payload: ByteBuffer) {
        if let time = keepAlive.pong(payload) { shared.roundTrip = time }
    }

    // MARK: Closing

    /// - Parameters:
    ///   - listens: what the peer says until it closes too is still handed out.
    ///   - bound: how long the peer may take, if less than usual.
    func close(code: UInt16, reason: String, listens: Bool = false, atMost bound: Duration? = nil) {
        guard phase == .open else { return }
        let isSent = CloseCode.maySend(code)
        let reason = isSent ? CloseCode.cut(reason) : ""
        ending = .init(code: isSent ? code : 1005, reason: reason, byPeer: false, isClean: false, error: nil)
        phase = .closing
        listensToTheEnd = listens
        // What still comes may not be for anybody, but the peer's close stands behind it.
        if !listens { shared.inbox.finish() }
        context?.channel.setReading(true)
        sendClose(isSent ? code : nil, reason)
        limitClosing(atMost: bound)
    }

    /// Ends the connection because of what the peer did.
    private func fail(_ code: UInt16, _ kind: NetError.Code, _ words: String) {
        guard phase == .open || phase == .closing else { return }
        end(code, error: NetError(kind, at: shared.place, "the peer \(words)"))
        outgoing.cut(with: sendFault)
        if !closeSent { sendClose(code, "") }
        // Reading goes on without looking, so that the close frame is not overtaken by a reset.
        phase = .leaving
        context?.channel.setReading(true)
        limitClosing(atMost: .seconds(1))
    }

    private func end(_ code: UInt16, error: NetError?) {
        if ending == nil || ending?.error == nil && error != nil && ending?.isClean == false {
            ending = .init(
                code: ending?.code ?? code, reason: ending?.reason ?? "", byPeer: false, isClean: false, error: error)
        }
        shared.inbox.finish()
    }

    private func sendClose(_ code: UInt16?, _ reason: String) {
        closeSent = true
        outgoing.close(code, reason)
        pump()
    }

    /// Both have said goodbye. The server ends TCP (RFC 6455, section 7.1.1); the client waits for that a moment.
    private func leave() {
        phase = .leaving
        shared.inbox.finish()
        guard let context else { return }
        context.channel.setReading(true)
        guard shared.isServer else { return limitClosing() }
        // Behind the close frame, which may still wait for a slow socket.
        closesWhenWritten = true
        limitClosing()
        if isCloseWritten { context.channel.close(promise: nil) }
    }

    private func closeWritten() {
        isCloseWritten = true
        if closesWhenWritten { context?.channel.close(promise: nil) }
    }

    private func limitClosing(atMost bound: Duration? = nil) {
        guard let context else { return }
        closeTimer?.cancel()
        let limit = min(shared.closeTimeout, bound ?? shared.closeTimeout)
        closeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            guard self.phase != .gone else { return }
            if self.phase == .closing { self.end(1006, error: .late("closing", limit, at: self.shared.place)) }
            self.context?.channel.close(promise: nil)
        }
    }

    private func finish() {
        guard phase != .gone else { return }
        phase = .gone
        keepAlive.timer?.cancel()
        closeTimer?.cancel()
        let lost = NetError(.lost, at: shared.place, "the connection was closed without a close frame")
        let closure = ending ?? .init(code: 1006, reason: "", byPeer: true, isClean: false, error: lost)
        ending = closure
        outgoing.cut(with: closure.error ?? NetError(.closed, at: shared.place, "the connection is closed"))
        shared.inbox.finish()
        shared.closure.resolve(.success(closure))
    }
}
