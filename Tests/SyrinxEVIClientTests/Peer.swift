import NetTestKit
import SyrinxCore
import SyrinxEVI
import SyrinxNet
import SyrinxRealtime

/// A server that plays a script to whoever opens a WebSocket, and answers requests.
final class Peer: Sendable {
    typealias Script = @Sendable (PeerChat) async -> Void
    /// Nil: the request may have its WebSocket.
    typealias Desk = @Sendable (NetServer.Request) async -> NetServer.Answer?

    let wire: Wire
    let requests: Log<NetServer.Request>
    let chats: Log<PeerChat>
    private let server: NetServer

    static func start(
        _ wire: Wire = .plain, options: NetServer.Options = .init(),
        _ script: @escaping Script = { await $0.greetAndListen() }
    ) async throws -> Peer {
        try await answering(wire, options: options, { _ in nil }, script: script)
    }

    static func answering(
        _ wire: Wire = .plain, options: NetServer.Options = .init(), _ desk: @escaping Desk,
        script: @escaping Script = { await $0.greetAndListen() }
    ) async throws -> Peer {
        let (requests, chats) = (Log<NetServer.Request>(), Log<PeerChat>())
        let numbers = Locked(0)
        let identity = wire == .tls ? try Certificates.shared.get().identity("good") : nil
        let server = try await NetServer.start(identity: identity, options: options) { request in
            requests.append(request)
            if let answer = await desk(request) { return answer }
            let number = numbers.withLock { number in
                number += 1
                return number
            }
            return .webSocket { socket in
                let chat = PeerChat(number, request, socket)
                chats.append(chat)
                await script(chat)
            }
        }
        return Peer(wire, server, requests, chats)
    }

    private init(
        _ wire: Wire, _ server: NetServer, _ requests: Log<NetServer.Request>, _ chats: Log<PeerChat>
    ) {
        self.wire = wire
        self.server = server
        self.requests = requests
        self.chats = chats
    }

    var base: BaseAddress {
        get throws { try BaseAddress("\(wire == .tls ? "wss" : "ws")://127.0.0.1:\(server.port)") }
    }

    var transport: NetTransport {
        get throws {
            var settings = NetTransport.Settings()
            if wire == .tls { settings.authoritiesFile = try Certificates.shared.get().authority }
            return try NetTransport(settings)
        }
    }

    var handshakes: [NetServer.Request] { requests.all.filter(\.isWebSocket) }

    func stop() async { await server.stop() }
}

/// One WebSocket of a ``Peer``.
final class PeerChat: Sendable {
    enum Heard: Sendable, Hashable {
        case message(ClientMessage)
        case audio([UInt8])
        /// A text that is no message.
        case nonsense(String)
    }

    /// From 1.
    let number: Int
    let request: NetServer.Request
    let socket: WebSocket
    let heard = Log<Heard>()
    /// Of that, the pieces of audio.
    let pieces = Log<[UInt8]>()
    let closures = Log<WebSocket.Closure>()

    init(_ number: Int, _ request: NetServer.Request, _ socket: WebSocket) {
        self.number = number
        self.request = request
        self.socket = socket
    }

    func say(_ message: ServerMessage) async { await say(text: String(decoding: message.encoded(), as: UTF8.self)) }

    func say(text: String) async { try? await socket.send(text: text) }

    func greet() async {
        await say(.chatMetadata(ChatMetadata(chatID: "chat-\(number)", chatGroupID: "group-1")))
    }

    func error(_ code: String) async {
        await say(.error(ServerError(code: code, slug: "slug", message: "words of \(code)")))
    }

    /// Hears the client out.
    func listen() async {
        for await message in socket.messages {
            switch message {
            case .binary(let bytes):
                heard.append(.audio(bytes))
                pieces.append(bytes)
            case .text(let text):
                if let message = try? ClientMessage(decoding: Array(text.utf8)) {
                    heard.append(.message(message))
                    if case .audioInput(let bytes, customSessionID: _) = message { pieces.append(bytes) }
                } else {
                    heard.append(.nonsense(text))
                }
            }
        }
        if let closure = try? await socket.closed { closures.append(closure) }
    }

    func greetAndListen() async {
        await greet()
        await listen()
    }

    /// Reads one message.
    func next() async -> WebSocket.Message? {
        var iterator = socket.messages.makeAsyncIterator()
        return await iterator.next()
    }

    var query: [String: String] {
        Dictionary(request.query.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    var messages: [ClientMessage] {
        heard.all.compactMap { if case .message(let message) = $0 { message } else { nil } }
    }

    /// All audio so far, as it came by binary frames or texts.
    var audio: [[UInt8]] { pieces.all }

    /// Waits until a piece with this sample in it has come.
    func hears(_ sample: Int16) async -> Bool {
        let bytes = [UInt8(truncatingIfNeeded: sample), UInt8(truncatingIfNeeded: sample >> 8)]
        return await pieces.wait { $0.last.map { $0.prefix(2).elementsEqual(bytes) } ?? false }
    }

    /// Whether a piece that came begins with this sample.
    func heard(_ sample: Int16) -> Bool { audio.contains { samples(Array($0.prefix(2))) == [sample] } }
}

/// A piece of speech of 100 ms at 24 kHz that rises by one a sample, so that order shows.
func speech(_ id: String, _ index: Int, frames: Int = 2_400, rate: Int = 24_000) -> ServerMessage {
    let samples = (0..<frames).map { Int16(truncatingIfNeeded: index * frames + $0 + 1) }
    return .audioOutput(
        AudioOutput(id: id, index: index, data: WAVPiece(sampleRate: rate, samples: samples).encoded()))
}

func samples(_ bytes: [UInt8]) -> [Int16] {
    stride(from: 0, to: bytes.count - 1, by: 2).map {
        Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
    }
}
