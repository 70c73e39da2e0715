import Dispatch
import NetTestKit
import Testing

@testable import SyrinxNet

@Suite("WebSocket, when things go wrong", .serialized, .timeLimit(.minutes(3)))
struct WebSocketFaultTests {
    struct Broken: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let code: UInt16
    }

    static let broken = [
        Broken(testDescription: "a reserved bit", bytes: frame(0xC1, [65]), code: 1002),
        Broken(testDescription: "an unknown kind", bytes: frame(0x83, [65]), code: 1002),
        Broken(testDescription: "an unknown control kind", bytes: frame(0x8B), code: 1002),
        Broken(testDescription: "a masked frame of a server", bytes: frame(0x81, [65], isMasked: true), code: 1002),
        Broken(testDescription: "a continuation of nothing", bytes: frame(0x80, [65]), code: 1002),
        Broken(testDescription: "a message within another", bytes: frame(0x01, [65]) + frame(0x81, [65]), code: 1002),
        Broken(testDescription: "a ping in fragments", bytes: frame(0x09, [65]), code: 1002),
        Broken(
            testDescription: "a ping of 126 bytes", bytes: frame(0x89, [UInt8](repeating: 1, count: 126)), code: 1002),
        Broken(testDescription: "a close of one byte", bytes: frame(0x88, [3]), code: 1002),
        Broken(testDescription: "a close with 1006", bytes: frame(0x88, [3, 238]), code: 1002),
        Broken(testDescription: "a close reason that is no UTF-8", bytes: frame(0x88, [3, 232, 0xFF]), code: 1007),
        Broken(testDescription: "a text that is no UTF-8", bytes: frame(0x81, [0xC3, 0x28]), code: 1007),
        Broken(testDescription: "a surrogate", bytes: frame(0x81, [0xED, 0xA0, 0x80]), code: 1007),
        Broken(
            testDescription: "a length beyond all bounds", bytes: [0x82, 127] + [UInt8](repeating: 255, count: 8),
            code: 1009),
    ]

    @Test("a broken frame closes with the right code and is told", arguments: broken)
    func brokenFrames(_ broken: Broken) async throws {
        let code = OneShot<UInt16?>()
        let server = try RawServer { peer in
            peer.acceptWebSocket()
            peer.write(broken.bytes)
            code.resolve(.success(peer.readCloseCode()))
        }
        let socket = try await makeClient().webSocket("ws://127.0.0.1:\(server.port)/")
        let end = try await socket.closed
        #expect(end.code == broken.code && !end.isClean)
        #expect(end.error?.code == .malformed || broken.code == 1009)
        #expect(try await code.value() == broken.code)
        var messages = socket.messages.makeAsyncIterator()
        #expect(await messages.next() == nil)
    }

    @Test("a server refuses a client's frame without a mask")
    func unmasked() async throws {
        let server = try await echoServer()
        let client = try RawConnection.connect(port: server.port)
        #expect(client.askForWebSocket().contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        client.write(frame(0x81, [65]))
        #expect(client.readCloseCode() == 1002)
        await server.stop()
    }

    @Test("a half-open connection is found dead by its silence, plain and over TLS", arguments: [false, true])
    func halfOpen(tls: Bool) async throws {
        // Between the two stands a relay that can go silent without closing anything.
        let server = try await echoServer(tls ? Certificates.shared.get().identity("good") : nil)
        let relay = try Relay(to: server.port)
        let options = WebSocketOptions(pingInterval: .milliseconds(300), pongTimeout: .seconds(3))
        let socket = try await makeClient().webSocket(
            "\(tls ? "wss" : "ws")://127.0.0.1:\(relay.port)/", options: options)
        // While the peer answers, the connection lives for much longer than the limit.
        try await Task.sleep(for: .seconds(5))
        try await socket.send(text: "still here")
        var messages = socket.messages.makeAsyncIterator()
        #expect(await messages.next() == .text("still here"))
        #expect(socket.roundTrip != nil)
        relay.goSilent()
        let end = try await socket.closed
        #expect(end.code == 1006 && end.error?.code == .lost)
        #expect(end.error?.message.contains("ping") == true)
        await server.stop()
    }

    @Test("a reader that is slow for long is not taken for a dead peer")
    func slowReaderLives() async throws {
        let server = try await NetServer.start { _ in
            .webSocket { socket in
                for _ in 0..<100 { try? await socket.send(binary: [UInt8](repeating: 1, count: 100_000)) }
            }
        }
        let options = WebSocketOptions(
            receiveWindow: 10_000, pingInterval: .milliseconds(100), pongTimeout: .seconds(2))
        let socket = try await makeClient().webSocket(server.socketAddress(), options: options)
        try await Task.sleep(for: .seconds(5))
        var count = 0
        for await _ in socket.messages { count += 1 }
        #expect(count == 100)
        #expect(try await socket.closed.code == 1000)
        await server.stop()
    }

    @Test("a lost connection is 1006, whether ended, reset, or killed", arguments: ["end", "reset", "stop"])
    func lost(how: String) async throws {
        let (ready, go) = (Gate(), DispatchSemaphore(value: 0))
        let raw = try RawServer { peer in
            peer.acceptWebSocket()
            ready.open()
            go.wait()
            if how == "reset" { peer.reset() }
        }
        let server = try await echoServer(Certificates.shared.get().identity("good"))
        let socket = try await makeClient().webSocket(
            how == "stop" ? server.socketAddress() : "ws://127.0.0.1:\(raw.port)/")
        if how == "stop" {
            await server.stop()
        } else {
            await ready.pass()
            go.signal()
        }
        var messages = socket.messages.makeAsyncIterator()
        #expect(await messages.next() == nil)
        let end = try await socket.closed
        #expect(end.code == 1006 && !end.isClean && end.error?.code == .lost)
        #expect(await failure { try await socket.send(text: "x") }?.code == .lost)
    }

    @Test("TLS that is cut without its end is a lost connection")
    func truncated() async throws {
        let server = try await echoServer(Certificates.shared.get().identity("good"))
        let relay = try Relay(to: server.port)
        let socket = try await makeClient().webSocket("wss://127.0.0.1:\(relay.port)/")
        relay.cut()
        let end = try await socket.closed
        #expect(end.code == 1006)
        #expect(end.error?.message.contains("TLS") == true)
        await server.stop()
    }

    @Test("a refusal tells status, body and when to come back, and nothing of the credentials")
    func refusals() async throws {
        let server = try await NetServer.start { request in
            let key = request.headers["X-Hume-Api-Key"] ?? ""
            let token = request.query.first { $0.name == "access_token" }?.value ?? ""
            return .response(
                HTTPResponse(
                    Int(request.path.dropFirst()) ?? 500, headers: ["Retry-After": "7"],
                    body: Array("no: key \(key) token \(token)".utf8)))
        }
        let client = try makeClient()
        for status in [400, 401, 403, 404, 429, 500, 503, 200, 302] {
            let error = await failure {
                _ = try await client.webSocket(
                    server.socketAddress(path: "/\(status)?access_token=tok%2Fen-1234567"),
                    headers: ["X-Hume-Api-Key": "hume-key-123456"])
            }
            #expect(error?.code == .refused)
            #expect(error?.refusal?.status == status)
            #expect(error?.refusal?.body == "no: key … token …")
            #expect(error?.refusal?.retryAfterSeconds == 7)
            #expect(error?.place == "ws://127.0.0.1:\(server.port)")
            let all = "\(error!) \(String(reflecting: error!)) \(error!.message)"
            #expect(!all.contains("hume-key") && !all.contains("1234567"))
        }
        await server.stop()
    }

    @Test("an endless refusal is read in part only")
    func endlessRefusal() async throws {
        let server = try RawServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 500 No\r\nConnection: close\r\n\r\n")
            while peer.write([UInt8](repeating: 65, count: 65_536)) {}
        }
        let error = await failure { _ = try await makeClient().webSocket("ws://127.0.0.1:\(server.port)/") }
        #expect(error?.refusal?.body.count == 4_096)
    }

    @Test(
        "an answer that only looks like a WebSocket's is refused",
        arguments: [
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\n",
            "Connection: Upgrade\r\n", "",
        ])
    func badUpgrade(headers: String) async throws {
        let server = try RawServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 101 Switching Protocols\r\n\(headers)\r\n")
            peer.drain()
        }
        let error = await failure { _ = try await makeClient().webSocket("ws://127.0.0.1:\(server.port)/") }
        #expect(error?.code == .malformed)
    }

    @Test("extensions and subprotocols that were not offered are refused")
    func unasked() async throws {
        for extra in ["Sec-WebSocket-Extensions: permessage-deflate\r\n", "Sec-WebSocket-Protocol: chat\r\n"] {
            let server = try RawServer { peer in
                peer.acceptWebSocket(extra)
                peer.drain()
            }
            let error = await failure { _ = try await makeClient().webSocket("ws://127.0.0.1:\(server.port)/") }
            #expect(error?.code == .malformed)
        }
    }

    @Test("frames that come in one piece with the handshake's answer are not lost")
    func eagerServer() async throws {
        let server = try RawServer { peer in
            let head = peer.readHead()
            let key = head.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }!.dropFirst(19)
            let answer =
                "HTTP/1.1 101 x\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(OpenSSL.webSocketAccept(key: String(key)))\r\n\r\n"
            peer.write(Array(answer.utf8) + frame(0x81, [65]) + frame(0x81, [66]))
            peer.drain()
        }
        let socket = try await makeClient().webSocket("ws://127.0.0.1:\(server.port)/")
        var messages = socket.messages.makeAsyncIterator()
        #expect(await messages.next() == .text("A"))
        #expect(await messages.next() == .text("B"))
    }

    @Test("a peer that does not answer a close is cut after the limit")
    func closeTimeout() async throws {
        let server = try RawServer { peer in
            peer.acceptWebSocket()
            peer.drain()
        }
        let client = try makeClient(timeouts: NetTimeouts(close: .milliseconds(300)))
        let socket = try await client.webSocket("ws://127.0.0.1:\(server.port)/")
        let end = await socket.close(code: 1000)
        #expect(end.code == 1000 && !end.isClean && end.error?.code == .timedOut)
    }

    @Test("a handshake without an answer ends at its limit, and at once when cancelled")
    func upgradeTimeout() async throws {
        let server = try RawServer { $0.drain() }
        let address = "ws://127.0.0.1:\(server.port)/"
        let client = try makeClient(timeouts: NetTimeouts(upgrade: .milliseconds(300)))
        let late = await failure { _ = try await client.webSocket(address) }
        #expect(late?.code == .timedOut)
        #expect(late?.message == "the WebSocket handshake took longer than 0.3 s")
        let patient = try makeClient(timeouts: NetTimeouts(upgrade: .seconds(600)))
        let task = Task { await failure { _ = try await patient.webSocket(address) } }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        #expect(await task.value?.code == .cancelled)
    }

    @Test("cancelling ends reading, waiting for the end, and closing")
    func cancellation() async throws {
        let server = try RawServer { peer in
            peer.acceptWebSocket()
            peer.drain()
        }
        let client = try makeClient(timeouts: NetTimeouts(close: .seconds(600)))
        let socket = try await client.webSocket("ws://127.0.0.1:\(server.port)/")
        let reader = Task {
            var messages = socket.messages.makeAsyncIterator()
            return await messages.next()
        }
        let watcher = Task { await failure { _ = try await socket.closed } }
        try await Task.sleep(for: .milliseconds(100))
        reader.cancel()
        watcher.cancel()
        #expect(await reader.value == nil)
        #expect(await watcher.value?.code == .cancelled)
        let closer = Task { await socket.close() }
        try await Task.sleep(for: .milliseconds(100))
        closer.cancel()
        #expect(await closer.value.isClean == false)
    }

    @Test("a socket that nobody holds is cut")
    func forgotten() async throws {
        let gone = Gate()
        let server = try RawServer { peer in
            peer.acceptWebSocket()
            peer.drain()
            gone.open()
        }
        var socket: WebSocket? = try await makeClient().webSocket("ws://127.0.0.1:\(server.port)/")
        #expect(socket != nil)
        socket = nil
        await gone.pass()
    }
}
