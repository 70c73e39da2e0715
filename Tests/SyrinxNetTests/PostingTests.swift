import NetTestKit
import Testing

@testable import SyrinxNet

@Suite("WebSocket, posted messages")
struct PostingTests {
    @Test("posted messages arrive in order, texts and bytes mixed, also over TLS", arguments: [false, true])
    func order(tls: Bool) async throws {
        let server = try await echoServer(tls ? try Certificates.shared.get().identity("good") : nil)
        let socket = try await makeClient().webSocket(server.socketAddress())
        var events = socket.events.makeAsyncIterator()
        for number in 0..<1_000 {
            socket.post(text: Array("\(number)".utf8))
            socket.post(binary: [UInt8(truncatingIfNeeded: number)])
        }
        var messages: [WebSocket.Message] = []
        while messages.count < 2_000, let event = await events.next() {
            if case .message(let message) = event { messages.append(message) }
        }
        let expected = (0..<1_000).flatMap {
            [WebSocket.Message.text("\($0)"), .binary([UInt8(truncatingIfNeeded: $0)])]
        }
        #expect(messages == expected)
        await socket.close()
        await server.stop()
    }

    @Test("whoever posts is told that the peer does not read, long before megabytes wait, and told when it reads again")
    func behind() async throws {
        var options = NetServer.Options()
        options.webSocket.receiveWindow = 1
        let (gate, bytes, done) = (Gate(), Counter(), Gate())
        let server = try await NetServer.start(options: options) { _ in
            .webSocket { socket in
                await gate.pass()
                for await message in socket.messages {
                    if case .binary(let piece) = message { bytes.add(piece.count) }
                    if case .text = message { done.open() }
                }
            }
        }
        let socket = try await makeClient().webSocket(server.socketAddress())
        var events = socket.events.makeAsyncIterator()
        // As a live source does: a piece now and then, until told to hold back.
        let told = Counter()
        let posted = Counter()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while told.value == 0, posted.value < 64 << 20 {
                    socket.post(binary: [UInt8](repeating: 7, count: 16_384))
                    posted.add(16_384)
                    try? await Task.sleep(for: .milliseconds(1))
                }
            }
            let first = await events.next()
            told.add()
            #expect(first == .writable(false))
        }
        #expect(posted.value < 8 << 20)
        gate.open()
        #expect(await events.next() == .writable(true))
        socket.post(text: Array("end".utf8))
        await done.pass()
        #expect(bytes.value == posted.value)
        await socket.close()
        await server.stop()
    }

    @Test("after beginClosing the peer may finish what it says, and the end is clean")
    func lastWords() async throws {
        let server = try await NetServer.start { _ in
            .webSocket { socket in
                // Speaks until it hears the close, which ends its messages.
                let speech = Task {
                    while !Task.isCancelled { try? await socket.send(text: "word") }
                }
                for await _ in socket.messages {}
                speech.cancel()
            }
        }
        let socket = try await makeClient().webSocket(server.socketAddress())
        var events = socket.events.makeAsyncIterator()
        #expect(await events.next() == .message(.text("word")))
        socket.post(binary: [1])
        socket.beginClosing(code: 3_000, reason: "enough", within: .seconds(60))
        while let event = await events.next() { #expect(event == .message(.text("word"))) }
        let end = try await socket.closed
        #expect(end.code == 3_000 && end.isClean && !end.byPeer)
        await server.stop()
    }

    @Test("a server that begins to read when the client has gone still hears all that was said before")
    func lateReader() async throws {
        let (late, done, counter) = (Gate(), Gate(), Counter())
        let server = try await NetServer.start { _ in
            .webSocket { socket in
                await late.pass()  // until the task is cancelled, because the connection is gone
                for await _ in socket.messages { counter.add() }
                done.open()
            }
        }
        let socket = try await makeClient().webSocket(server.socketAddress())
        for _ in 0..<10 { socket.post(binary: [1, 2, 3]) }
        #expect(await socket.close().isClean)
        await done.pass()
        #expect(counter.value == 10)
        await server.stop()
    }

    @Test("a peer that does not answer the close is left within the time that was given")
    func deafPeer() async throws {
        let gate = Gate()
        var options = NetServer.Options()
        options.webSocket.receiveWindow = 1
        let server = try await NetServer.start(options: options) { _ in .webSocket { _ in await gate.pass() } }
        let socket = try await makeClient().webSocket(server.socketAddress())
        // Fills the server's window, so that it does not see the close.
        for _ in 0..<4 { try await socket.send(binary: [1, 2, 3]) }
        socket.beginClosing(code: 1_000, reason: "", within: .milliseconds(100))
        let end = try await socket.closed
        #expect(!end.isClean)
        // What is posted on a connection that is over is dropped.
        socket.post(text: [0x78])
        gate.open()
        await server.stop()
    }
}
