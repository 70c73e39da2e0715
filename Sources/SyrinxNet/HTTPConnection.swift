internal import NIOCore
internal import NIOHTTP1

/// HTTP/1.1 on one channel, one request after the other.
final class HTTPConnection: Sendable {
    /// Bytes of an answer that may wait in memory for whoever reads it.
    private static let window = 256 << 10

    let channel: any Channel
    let place: String
    private let inbox = Inbox<HTTPClientResponsePart>(limit: window)

    init(_ channel: any Channel, at place: String) async throws(NetError) {
        self.channel = channel
        self.place = place
        let inbox = inbox
        try await channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPRequestEncoder(), name: HTTPNames.encoder)
            try pipeline.addHandler(
                ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes)), name: HTTPNames.decoder
            )
            let handler = InboxHandler<HTTPClientResponsePart>(inbox, place: place) {
                if case .body(let bytes) = $0 { bytes.readableBytes } else { 0 }
            }
            try pipeline.addHandler(handler, name: HTTPNames.inbox)
            // Whoever comes late to a channel that has gone must not wait for it.
            guard channel.isActive else {
                throw NetError(.lost, at: place, "the connection was closed before it was used")
            }
        }.awaited(at: place)
    }

    /// Cuts the connection with an error if it is not cancelled in time.
    func limit(_ limit: Duration, _ stage: String) -> Scheduled<Void> {
        let (channel, inbox, place) = (channel, inbox, place)
        return channel.eventLoop.scheduleTask(in: TimeAmount(limit)) {
            inbox.finish(.late(stage, limit, at: place))
            channel.close(promise: nil)
        }
    }

    func send(_ method: String, _ target: String, headers: HTTPHeaderFields, body: [UInt8]) async throws(NetError) {
        var head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: target)
        for (name, value) in headers.pairs { head.headers.add(name: name, value: value) }
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if !body.isEmpty {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        }
        try await channel.writeAndFlush(HTTPClientRequestPart.end(nil)).awaited(at: place)
    }

    /// The next answer's status and headers.
    func head() async throws(NetError) -> HTTPResponse {
        while let part = try await inbox.next() {
            if case .head(let head) = part {
                return HTTPResponse(Int(head.status.code), headers: HTTPHeaderFields(head.headers.lazy.map { $0 }))
            }
        }
        throw NetError(.lost, at: place, "the connection was closed before the answer")
    }

    /// The next piece of the answer's body, nil after the last one.
    func piece() async throws(NetError) -> ByteBuffer? {
        while let part = try await inbox.next() {
            switch part {
            case .body(let bytes): return bytes
            case .end: return nil
            case .head: throw NetError(.malformed, at: place, "an answer began within another")
            }
        }
        throw NetError(.lost, at: place, "the connection was closed within the answer")
    }

    /// Takes HTTP out of the pipeline. Bytes that came already go on to what is added.
    func remove<T: Sendable>(
        adding: @escaping @Sendable (any Channel) throws -> T = { _ in }
    ) async throws(NetError) -> T {
        let channel = channel
        return try await channel.eventLoop.flatSubmit { HTTPNames.replace(on: channel, adding: adding) }.awaited(
            at: place)
    }

    /// Whether the next request may go here: the server is there and has not said anything that nobody asked for.
    var isReusable: Bool { channel.isActive && inbox.isIdle }

    func close() { channel.close(promise: nil) }
}

/// The names by which the handlers of HTTP are found again, a client's and a server's.
enum HTTPNames {
    static let encoder = "syrinx.http.encoder"
    static let decoder = "syrinx.http.decoder"
    static let inbox = "syrinx.http.inbox"
    private static let holder = "syrinx.http.holder"

    /// Puts other handlers in the place of those for HTTP. Call on the channel's event loop.
    static func replace<T: Sendable>(
        on channel: any Channel, adding: @escaping @Sendable (any Channel) throws -> T
    ) -> EventLoopFuture<T> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            // What the decoder has not read comes out as it goes, and waits here for who comes after.
            try pipeline.addHandler(Holder(), name: holder)
            for name in [inbox, encoder] {
                pipeline.removeHandler(context: try pipeline.context(name: name)).whenFailure { _ in }
            }
        }
        .flatMap { channel.pipeline.removeHandler(name: decoder) }
        .flatMapThrowing {
            // First: what was held may fill the next inbox, and then nothing more is to be read.
            channel.setReading(true)
            let added = try adding(channel)
            let pipeline = channel.pipeline.syncOperations
            pipeline.removeHandler(context: try pipeline.context(name: holder)).whenFailure { _ in }
            guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
            return added
        }
    }
}

/// Keeps what comes until it is removed.
private final class Holder: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private var held: [NIOAny] = []

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { held.append(data) }

    func removeHandler(context: ChannelHandlerContext, removalToken: ChannelHandlerContext.RemovalToken) {
        for data in held { context.fireChannelRead(data) }
        held = []
        context.leavePipeline(removalToken: removalToken)
    }
}
