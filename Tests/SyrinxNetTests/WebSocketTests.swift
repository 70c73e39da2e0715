import Dispatch
import NetTestKit
import Testing

@testable import SyrinxNet

@Suite("WebSocket", .serialized, .timeLimit(.minutes(3)))
struct WebSocketTests {
    @Test("text and bytes come back as they were, plain and over TLS", arguments: [false, true])
    func echoes(tls: Bool) async throws {
        let server = try await echoServer(tls ? Certificates.shared.get().identity("good") : nil)
        let socket = try await makeClient().webSocket(server.socketAddress())
        let all: [WebSocket.Message] = [
            .text("hello"), .text(""), .text("ä 語 🎧"), .binary([]), .binary([0, 255, 1]),
            .binary((0..<70_000).map { UInt8(truncatingIfNeeded: $0) }), .text(String(repeating: "x", count: 126)),
        ]
        var messages = socket.messages.makeAsyncIterator()
        for message in all {
            switch message {
            case .text(let text): try await socket.send(text: text)
            case .binary(let bytes): try await socket.send(binary: bytes)
            }
            #expect(await messages.next() == message)
        }
        let end = await socket.close(code: 1000, reason: "done")
        #expect(end == .init(code: 1000, reason: "done", byPeer: false, isClean: true, error: nil))
        #expect(await messages.next() == nil)
        await server.stop()
    }

    @Test("a message of 16 MiB goes both ways over TLS, and one byte more is not sent")
    func large() async throws {
        let server = try await echoServer(Certificates.shared.get().identity("good"))
        let socket = try await makeClient().webSocket(server.socketAddress())
        let bytes = (0..<16 << 20).map { UInt8(truncatingIfNeeded: $0 / 1_000) }
        async let sent: Void = socket.send(binary: bytes)
        var messages = socket.messages.makeAsyncIterator()
        let answer = await messages.next()
        try await sent
        #expect(answer == .binary(bytes))
        let error = await failure { try await socket.send(binary: bytes + [1]) }
        #expect(error?.code == .tooLarge)
        await socket.close()
        await server.stop()
    }

    @Test("a peer's message over the limit closes with 1009, whole or in fragments", arguments: [false, true])
    func overlong(inFragments: Bool) async throws {
        let code = Counter()
        let seen = Gate()
        let server = try RawServer { peer in
            peer.acceptWebSocket()
            if inFragments {
                let piece = [UInt8](repeating: 0, count: 600)
                peer.write(frame(0x02, piece) + frame(0x00, piece))
            } else {
                // Only announced: 17 MiB never need to be sent.
                peer.write([0x82, 127, 0, 0, 0, 0, 1, 16, 0, 0])
            }
            code.add(Int(peer.readCloseCode() ?? 0))
            seen.open()
        }
        var options = WebSocketOptions()
        if inFragments { options.messageLimit = 1_000 }
        let socket = try await makeClient().webSocket("ws://127.0.0.1:\(server.port)/", options: options)
        let end = try await socket.closed
        #expect(end.code == 1009)
        #expect(end.error?.code == .tooLarge)
        await seen.pass()
        #expect(code.value == 1009)
    }

    @Test("fragments are joined, with a ping between them answered at once")
    func fragmentsIn() async throws {
        let server = try RawServer { peer in
            peer.acceptWebSocket()
            let word = Array("grün".utf8)
            // The cut goes through the middle of a character.
            peer.write(frame(0x01, Array(word.prefix(3))) + frame(0x89, [42]))
            guard let pong = peer.readFrame(), pong.first == 0x8A, pong.payload == [42], pong.isMasked else { return }
            peer.write(frame(0x00) + frame(0x80, Array(word.dropFirst(3))) + frame(0x82, [1]))
            peer.drain()
        }
        let socket = try await makeClient().webSocket("ws://127.0.0.1:\(server.port)/")
        var messages = socket.messages.makeAsyncIterator()
        #expect(await messages.next() == .text("grün"))
        #expect(await messages.next() == .binary([1]))
        socket.abort()
    }

    @Test("a long message is sent in fragments, masked, in order")
    func fragmentsOut() async throws {
        let frames = OneShot<[[UInt8]]>()
        let server = try RawServer { peer in
            peer.acceptWebSocket()
            var all: [[UInt8]] = []
            while all.count < 4, let frame = peer.readFrame() {
                all.append([frame.first, frame.isMasked ? 1 : 0] + frame.payload)
            }
            frames.resolve(.success(all))
            peer.drain()
        }
        let socket = try await makeClient().webSocket(
            "ws://127.0.0.1:\(server.port)/", options: WebSocketOptions(fragmentLimit: 4))
        try await socket.send(binary: Array(1...10))
        try await socket.send(text: "end")
        #expect(
            try await frames.value() == [
                [0x02, 1, 1, 2, 3, 4], [0x00, 1, 5, 6, 7, 8], [0x80, 1, 9, 10], [0x81, 1] + Array("end".utf8),
            ])
    }

    @Test("many tasks send at once, and no message is torn or lost")
    func concurrent() async throws {
        let server = try await echoServer(Certificates.shared.get().identity("good"))
        let socket = try await makeClient().webSocket(
            server.socketAddress(), options: WebSocketOptions(fragmentLimit: 1_000))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<20 {
                group.addTask {
                    for index in 0..<20 {
                        try await socket.send(text: "\(task)/\(index)/" + String(repeating: "y", count: task * 300))
                    }
                }
            }
            group.addTask {
                var found = Set<String>()
                var last = [Int](repeating: -1, count: 20)
                for await case .text(let text) in socket.messages {
                    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
                    let (task, index) = (Int(parts[0])!, Int(parts[1])!)
                    #expect(parts[2].count == task * 300 && index == last[task] + 1)
                    last[task] = index
                    found.insert("\(task)/\(index)")
                    if found.count == 400 { return }
                }
                Issue.record("ended after \(found.count)")
            }
            try await group.waitForAll()
        }
        await socket.close()
        await server.stop()
    }

    @Test("the close code and reason of either side arrive at the other")
    func closeCodes() async throws {
        let ends = OneShot<WebSocket.Closure>()
        let server = try await NetServer.start { request in
            .webSocket { socket in
                if request.path == "/server" {
                    await socket.close(code: 4_321, reason: "enough")
                } else {
                    if let end = try? await socket.closed { ends.resolve(.success(end)) }
                }
            }
        }
        let client = try makeClient()
        let first = try await client.webSocket(server.socketAddress(path: "/server"))
        #expect(try await first.closed == .init(code: 4_321, reason: "enough", byPeer: true, isClean: true, error: nil))
        let error = await failure { try await first.send(text: "late") }
        #expect(error?.code == .closed || error?.code == .lost)
        let second = try await client.webSocket(server.socketAddress(path: "/client"))
        await second.close(code: 1001, reason: String(repeating: "é", count: 100))
        let end = try await ends.value()
        #expect(end.code == 1001 && end.byPeer && end.isClean)
        #expect(end.reason == String(repeating: "é", count: 61))
        // A code that may not stand on the wire is left out.
        let third = try await client.webSocket(server.socketAddress(path: "/third"))
        #expect(await third.close(code: 1006).code == 1005)
        await server.stop()
    }

    @Test("what was sent before close arrives before it")
    func flushBeforeClose() async throws {
        let counter = Counter()
        let done = Gate()
        let server = try await NetServer.start { _ in
            .webSocket { socket in
                for await _ in socket.messages { counter.add() }
                done.open()
            }
        }
        let socket = try await makeClient().webSocket(server.socketAddress())
        for _ in 0..<100 { try await socket.send(binary: [UInt8](repeating: 1, count: 10_000)) }
        await socket.close()
        await done.pass()
        #expect(counter.value == 100)
        await server.stop()
    }

    @Test("a slow reader makes the peer wait, and its memory stays bounded")
    func backPressure() async throws {
        let sent = Counter()
        let server = try await NetServer.start { _ in
            .webSocket { socket in
                let piece = [UInt8](repeating: 3, count: 100_000)
                for _ in 0..<1_000 {
                    guard (try? await socket.send(binary: piece)) != nil else { return }
                    sent.add()
                }
            }
        }
        let socket = try await makeClient().webSocket(
            server.socketAddress(), options: WebSocketOptions(receiveWindow: 500_000))
        // The peer is stuck when its count stands still.
        var last = -1
        while sent.value != last || last == 0 {
            last = sent.value
            try await Task.sleep(for: .milliseconds(500))
        }
        // 100 MB are to be sent; the window and the system's socket buffers hold a part of that.
        #expect(last < 300, "\(last) messages of 100 kB are on the way to a reader that does not read")
        var count = 0
        for await message in socket.messages {
            guard case .binary(let bytes) = message, bytes.count == 100_000 else { break }
            count += 1
        }
        #expect(count == 1_000)
        #expect(try await socket.closed.code == 1000)
        await server.stop()
    }

    @Test("send waits for a peer that does not read, and cancelling ends the waiting")
    func sendWaits() async throws {
        let held = DispatchSemaphore(value: 0)
        defer { held.signal() }
        let server = try RawServer { peer in
            peer.acceptWebSocket()
            held.wait()
        }
        let socket = try await makeClient().webSocket("ws://127.0.0.1:\(server.port)/")
        let sent = Counter()
        let task = Task {
            await failure {
                while true {
                    try await socket.send(binary: [UInt8](repeating: 0, count: 1 << 20))
                    sent.add()
                }
            }
        }
        var last = -1
        while sent.value != last {
            last = sent.value
            try await Task.sleep(for: .milliseconds(500))
        }
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        #expect(last < 64)
        socket.abort()
    }
}
