internal import NIOCore
internal import NIOHTTP1

/// One client's connection: requests one after the other, perhaps a WebSocket at the end.
final class ServerConnection: Sendable {
    private let channel: any Channel
    private let server: ServerConnections
    private let inbox = Inbox<HTTPServerRequestPart>(limit: 256 << 10)
    private var place: String { server.place }

    /// Call on the channel's event loop.
    init(_ channel: any Channel, _ server: ServerConnections) throws {
        self.channel = channel
        self.server = server
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTPResponseEncoder(), name: HTTPNames.encoder)
        try pipeline.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)), name: HTTPNames.decoder)
        let handler = InboxHandler<HTTPServerRequestPart>(inbox, place: server.place) {
            if case .body(let bytes) = $0 { bytes.readableBytes } else { 0 }
        }
        try pipeline.addHandler(handler, name: HTTPNames.inbox)
    }

    func serve() async {
        do {
            while try await serveOne() {}
        } catch {
            // The client is gone, broke HTTP, or was too slow: there is nobody to tell.
        }
        channel.close(promise: nil)
    }

    /// Returns: whether another request may follow.
    private func serveOne() async throws(NetError) -> Bool {
        guard let (request, key, staysOpen) = try await receive() else { return false }
        switch await server.answer(request) {
        case .cut: return false
        case .response(let response):
            try await send(response, to: request.method, closes: !staysOpen)
            return staysOpen
        case .webSocket(let body):
            guard let key else {
                try await send(
                    HTTPResponse(426, headers: ["Upgrade": "websocket"], body: Array("WebSocket only\n".utf8)),
                    to: request.method, closes: true)
                return false
            }
            let socket = try await upgrade(key)
            await body(socket)
            await socket.close()
            return false
        }
    }

    /// A request with its body. Nil after the last one, or when an answer was given already.
    private func receive() async throws(NetError) -> (NetServer.Request, key: String?, staysOpen: Bool)? {
        let (channel, inbox, limit, place) = (channel, inbox, server.options.requestTimeout, place)
        let late = channel.eventLoop.scheduleTask(in: TimeAmount(limit)) {
            inbox.finish(.late("a request", limit, at: place))
            channel.close(promise: nil)
        }
        defer { late.cancel() }
        guard case .head(let head)? = try await inbox.next() else { return nil }
        let headers = HTTPHeaderFields(head.headers.lazy.map { $0 })
        if headers["Expect"]?.lowercased() == "100-continue" {
            let go = HTTPResponseHead(version: .http1_1, status: .continue)
            try await channel.writeAndFlush(HTTPServerResponsePart.head(go)).awaited(at: place)
        }
        var body: [UInt8] = []
        reading: while true {
            switch try await inbox.next() {
            case .body(let piece)?:
                guard body.count + piece.readableBytes <= server.options.bodyLimit else {
                    try await send(HTTPResponse(413), to: head.method.rawValue, closes: true)
                    return nil
                }
                body += piece.readableBytesView
            case .end?: break reading
            case .head?, nil: return nil
            }
        }
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let asksForUpgrade = headers["Upgrade"] != nil
        let isWebSocket =
            head.method == .GET && headers.lists("websocket", in: "Upgrade")
            && headers.lists("upgrade", in: "Connection") && headers["Sec-WebSocket-Version"] == "13"
            && headers["Sec-WebSocket-Key"] != nil
        let request = NetServer.Request(
            method: head.method.rawValue, path: parts.first.map(String.init) ?? "/",
            query: parts.count > 1 ? PercentEncoding.pairs(of: String(parts[1])) : [], headers: headers, body: body,
            isWebSocket: isWebSocket)
        // After an upgrade was asked for, the decoder reads no further request.
        return (
            request, isWebSocket ? headers["Sec-WebSocket-Key"] : nil, head.isKeepAlive && !asksForUpgrade
        )
    }

    private func send(_ response: HTTPResponse, to method: String, closes: Bool) async throws(NetError) {
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: response.status))
        for (name, value) in response.headers.pairs { head.headers.add(name: name, value: value) }
        if response.status >= 200, response.status != 204, response.status != 304 {
            head.headers.replaceOrAdd(name: "Content-Length", value: String(response.body.count))
        }
        if closes { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        if method != "HEAD", !response.body.isEmpty {
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: response.body))), promise: nil)
        }
        try await channel.writeAndFlush(HTTPServerResponsePart.end(nil)).awaited(at: place)
    }

    private func upgrade(_ key: String) async throws(NetError) -> WebSocket {
        let shared = WebSocketShared(
            isServer: true, place: place, options: server.options.webSocket, closeTimeout: server.options.closeTimeout)
        let channel = channel
        let handler = try await channel.eventLoop.flatSubmit {
            var head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols)
            head.headers.add(name: "Upgrade", value: "websocket")
            head.headers.add(name: "Connection", value: "Upgrade")
            head.headers.add(name: "Sec-WebSocket-Accept", value: OpenSSL.webSocketAccept(key: key))
            channel.write(HTTPServerResponsePart.head(head), promise: nil)
            channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
            return HTTPNames.replace(on: channel) { try shared.install(on: $0) }
        }.awaited(at: place)
        return WebSocket(channel, handler, shared)
    }
}
