import Foundation
import Glibc
import NIOCore
import NIOPosix
import NetTestKit
import SyrinxTestKit
import Testing

@testable import SyrinxNet

@Suite("HTTP client and server", .serialized, .timeLimit(.minutes(3)))
struct HTTPTests {
    @Test("method, path, query, headers and body arrive, and the answer comes back", arguments: [false, true])
    func roundTrip(tls: Bool) async throws {
        let server = try await NetServer.start(identity: tls ? Certificates.shared.get().identity("good") : nil) {
            request in
            let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
            let text = "\(request.method) \(request.path) \(query) \(request.headers["x-one"] ?? "-") \(request.body)"
            return .response(HTTPResponse(201, headers: ["X-Two": "2"], body: Array(text.utf8)))
        }
        let query = PercentEncoding.query([("name", "ü & {{x}}"), ("n", "1")])
        let answer = try await makeClient().send(
            HTTPRequest(
                "POST", "\(server.address)/v0/evi/tools?\(query)#no", headers: ["X-One": "1"], body: [1, 2, 3]))
        #expect(answer.status == 201 && answer.headers["x-two"] == "2" && answer.isSuccess)
        #expect(String(decoding: answer.body, as: UTF8.self) == "POST /v0/evi/tools name=ü & {{x}};n=1 1 [1, 2, 3]")
        await server.stop()
    }

    @Test("a connection is used again, and replaced when the server has closed it")
    func keepAlive() async throws {
        let accepted = Counter()
        let server = try RawServer { peer in
            let number = accepted.add()
            // The first connection answers twice and then dies without a word; the next one lives on.
            for _ in 0..<(number == 1 ? 2 : 100) {
                guard !peer.readHead().isEmpty else { return }
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(number)!")
            }
            if number == 1 { _ = peer.readHead() }
        }
        let client = try makeClient()
        var bodies: [String] = []
        for _ in 0..<4 {
            let answer = try await client.send(HTTPRequest("GET", "http://127.0.0.1:\(server.port)/"))
            bodies.append(String(decoding: answer.body, as: UTF8.self))
        }
        #expect(bodies == ["1!", "1!", "2!", "2!"])
        #expect(accepted.value == 2)
    }

    @Test("an answer that nobody asked for is not taken for the next one's")
    func unsolicited() async throws {
        let server = try RawServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")
            peer.write("HTTP/1.1 408 Too slow\r\nContent-Length: 0\r\n\r\n")
            peer.drain()
        }
        let client = try makeClient()
        for _ in 0..<3 {
            let answer = try await client.send(HTTPRequest("GET", "http://127.0.0.1:\(server.port)/"))
            #expect(answer.status == 200 && answer.body == Array("one".utf8))
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    @Test("a request that creates something is sent once, whatever happens to its connection")
    func noRepeat() async throws {
        let requests = Counter()
        let server = try RawServer { peer in
            guard !peer.readHead().isEmpty else { return }
            requests.add()
        }
        let client = try makeClient()
        let error = await failure {
            _ = try await client.send(HTTPRequest("POST", "http://127.0.0.1:\(server.port)/", body: [1]))
        }
        #expect(error?.code == .lost)
        #expect(requests.value == 1)
    }

    @Test("a body over the limit is an error, with and without its length told", arguments: [true, false])
    func bodyLimit(told: Bool) async throws {
        let server = try RawServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 200 OK\r\n" + (told ? "Content-Length: 5000\r\n\r\n" : "Connection: close\r\n\r\n"))
            peer.write([UInt8](repeating: 1, count: 5_000))
        }
        let error = await failure {
            _ = try await makeClient().send(HTTPRequest("GET", "http://127.0.0.1:\(server.port)/", bodyLimit: 4_000))
        }
        #expect(error?.code == .tooLarge)
    }

    @Test("a download streams to its sink, the server waits for a slow one, and the sink's error ends it")
    func download() async throws {
        let served = [UInt8](repeating: 5, count: 8 << 20)
        let server = try await NetServer.start(identity: Certificates.shared.get().identity("good")) { request in
            .response(HTTPResponse(request.path == "/no" ? 404 : 200, body: request.path == "/no" ? [7] : served))
        }
        let client = try makeClient()
        let count = Counter()
        let answer = try await client.download(HTTPRequest("GET", "\(server.address)/")) { piece in
            if count.value == 0 { try await Task.sleep(for: .milliseconds(300)) }
            count.add(piece.count)
        }
        #expect(answer.status == 200 && answer.body.isEmpty && count.value == served.count)
        let missing = try await client.download(HTTPRequest("GET", "\(server.address)/no")) { _ in count.add() }
        #expect(missing.status == 404 && missing.body == [7] && count.value == served.count)
        await #expect(throws: Fault.self) {
            _ = try await client.download(HTTPRequest("GET", "\(server.address)/")) { _ in throw Fault(words: "full") }
        }
        await server.stop()
    }

    @Test("an answer that breaks off is an error, by length, by chunks, and by the end of TLS")
    func cutAnswers() async throws {
        for head in ["Content-Length: 50", "Transfer-Encoding: chunked"] {
            let server = try RawServer { peer in
                _ = peer.readHead()
                peer.write("HTTP/1.1 200 OK\r\n\(head)\r\n\r\n5\r\nhello")
            }
            let error = await failure {
                _ = try await makeClient().send(HTTPRequest("GET", "http://127.0.0.1:\(server.port)/"))
            }
            #expect(error?.code == .malformed || error?.code == .lost)
        }
        // By TLS: the body has no length, so only the missing end of TLS tells.
        let identity = try Certificates.shared.get().identity("good")
        let script = """
            import socket, ssl, sys
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1], sys.argv[2])
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1], flush=True)
            while True:
                peer = context.wrap_socket(listener.accept()[0], server_side=True)
                whole = b"whole" in peer.recv(65536)
                peer.sendall(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\nhello")
                if whole: peer.unwrap()
                peer.shutdown(socket.SHUT_RDWR)
                peer.close()
            """
        let peer = try Script(script, [identity.certificateFile, identity.keyFile])
        let whole = try await makeClient().send(HTTPRequest("GET", "https://localhost:\(peer.port)/whole"))
        #expect(whole.body == Array("hello".utf8))
        let error = await failure {
            _ = try await makeClient().send(HTTPRequest("GET", "https://localhost:\(peer.port)/cut"))
        }
        #expect(error?.code == .lost && error?.message.contains("TLS") == true)
    }

    @Test("redirects are followed, to other servers without credentials, and not for ever")
    func redirects() async throws {
        let other = try await NetServer.start { request in
            .response(HTTPResponse(200, body: Array((request.headers["X-Key"] ?? "none").utf8)))
        }
        let elsewhere = other.address
        let server = try await NetServer.start { request in
            switch request.path {
            case "/here": .response(HTTPResponse(302, headers: ["Location": "there?x=1"]))
            case "/there": .response(HTTPResponse(200, body: Array((request.headers["X-Key"] ?? "none").utf8)))
            case "/away": .response(HTTPResponse(307, headers: ["Location": "\(elsewhere)/"]))
            default: .response(HTTPResponse(301, headers: ["Location": "/loop"]))
            }
        }
        let client = try makeClient()
        func ask(_ path: String, _ method: String = "GET") async throws -> HTTPResponse {
            try await client.send(HTTPRequest(method, server.address + path, headers: ["X-Key": "secret"]))
        }
        #expect(try await ask("/here").body == Array("secret".utf8))
        #expect(try await ask("/away").body == Array("none".utf8))
        #expect(try await ask("/away", "POST").status == 307)
        #expect(await failure { _ = try await ask("/loop") }?.code == .malformed)
        await other.stop()
        await server.stop()
    }

    @Test("an answer that does not come ends at its limit, and at once when cancelled")
    func timeouts() async throws {
        let server = try RawServer { peer in
            let head = peer.readHead()
            if head.contains("/half") { peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") }
            peer.drain()
        }
        let address = "http://127.0.0.1:\(server.port)"
        let client = try makeClient(timeouts: NetTimeouts(response: .milliseconds(300)))
        #expect(await failure { _ = try await client.send(HTTPRequest("GET", address)) }?.code == .timedOut)
        #expect(await failure { _ = try await client.send(HTTPRequest("GET", address + "/half")) }?.code == .timedOut)
        let task = Task { await failure { _ = try await makeClient().send(HTTPRequest("GET", address)) } }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        #expect(await task.value?.code == .cancelled)
    }

    @Test("nobody there, a name that is none, and an address that is wrong are told apart")
    func unreachable() async throws {
        let client = try makeClient()
        let closed = try RawServer { _ in }
        let port = closed.port
        closed.stop()
        let refused = await failure {
            _ = try await client.send(HTTPRequest("GET", "http://localhost:\(port)/?k=geheim"))
        }
        #expect(refused?.code == .unavailable)
        #expect(refused?.cause?.contains("127.0.0.1: Connection refused") == true)
        #expect(!"\(refused!)".contains("geheim"))
        let unknown = await failure { _ = try await client.send(HTTPRequest("GET", "https://no-such-host.invalid/")) }
        #expect(unknown?.code == .unavailable && unknown?.message.contains("no-such-host.invalid") == true)
        for wrong in ["", "api.hume.ai", "ftp://x/", "https://", "https://a b/", "https://u:geheim@h/", "https://h:0/"]
        {
            let error = await failure { _ = try await client.send(HTTPRequest("GET", wrong)) }
            #expect(error?.code == .invalidArgument && !"\(error!)".contains("geheim"), "\(wrong)")
        }
        let plain = await failure { _ = try await client.webSocket("ws://example.com/") }
        #expect(plain?.code == .invalidArgument && plain?.message.contains("TLS") == true)
        let header = await failure {
            _ = try await client.send(HTTPRequest("GET", "http://localhost:1/", headers: ["X-Key": "geheim\r\nX: y"]))
        }
        #expect(header?.message.contains("X-Key") == true && !"\(header!)".contains("geheim"))
    }

    @Test("IPv6 and IPv4 are raced: a server on either is reached, also if the other one is silent")
    func races() async throws {
        let silent = "100::1"  // The discard prefix (RFC 6666): nobody answers, or there is no way to it.
        for (four, six, host) in [
            ("127.0.0.1", "::1", "127.0.0.1"), ("127.0.0.1", "::1", "::1"), ("127.0.0.1", silent, "127.0.0.1"),
            ("192.0.2.1", "::1", "::1"),
        ] {
            let server = try await echoServer(Certificates.shared.get().identity("good"), host: host)
            let client = try NetClient(
                tls: TLSSettings(authoritiesFile: try Certificates.shared.get().authority), proxy: .none,
                timeouts: .generous, resolver: FixedNames(four: four, six: six))
            let answer = try await client.send(HTTPRequest("GET", "https://evi.test:\(server.port)/x"))
            #expect(answer.body == Array("/x\n".utf8))
            await server.stop()
        }
    }

    @Test("curl gets what our server gives, over TLS, with keep-alive, HEAD and a long body")
    func curl() async throws {
        let certificates = try Certificates.shared.get()
        let server = try await NetServer.start(identity: certificates.identity("good")) { request in
            .response(HTTPResponse(200, body: Array("\(request.method) \(request.body.count)\n".utf8)))
        }
        let file = "\(certificates.folder)/body"
        try Data(repeating: 1, count: 3_000_000).write(to: URL(fileURLWithPath: file))
        let base =
            ["-sS", "--cacert", certificates.authority, "--noproxy", "*"]
            + ["-w", "%{http_code} %{num_connects}\n"]
        let url = "https://localhost:\(server.port)/"
        let two = try await run("curl", base + [url, url])
        #expect(two == "GET 0\n200 1\nGET 0\n200 0\n")
        // Its size makes curl ask first (Expect: 100-continue).
        let long = try await run("curl", base + ["--http1.1", "--data-binary", "@\(file)", url])
        #expect(long == "POST 3000000\n200 1\n")
        let head = try await run("curl", base + ["-I", url])
        #expect(head.contains("Content-Length: 7") || head.contains("content-length: 7"))
        await server.stop()
    }

    @Test("what is no HTTP ends in an error on our side, and harms no server", arguments: 0..<60)
    func fuzz(seed: Int) async throws {
        var random = SeededRandom(seed: UInt64(seed) &+ 1_000)
        var answer = Array(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\nTransfer-Encoding: identity\r\n\r\nhello".utf8)
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            answer[Int.random(in: 0..<answer.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        let bytes = answer
        let raw = try RawServer { peer in
            _ = peer.readHead()
            peer.write(bytes)
        }
        let client = try makeClient(timeouts: NetTimeouts(upgrade: .seconds(5), response: .seconds(5)))
        _ = await failure { _ = try await client.send(HTTPRequest("GET", "http://127.0.0.1:\(raw.port)/")) }
        let error = await failure { _ = try await client.webSocket("ws://127.0.0.1:\(raw.port)/") }
        #expect(error != nil)
        let server = try await echoServer()
        let rude = try RawConnection.connect(port: server.port)
        rude.write(bytes)
        rude.end()
        let after = try await client.send(HTTPRequest("GET", "\(server.address)/alive"))
        #expect(after.body == Array("/alive\n".utf8))
        await server.stop()
    }

    @Test("endless headers are refused by client and server")
    func endlessHeaders() async throws {
        let raw = try RawServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 200 OK\r\n")
            while peer.write("X-Pad: " + String(repeating: "a", count: 10_000) + "\r\n") {}
        }
        let error = await failure {
            _ = try await makeClient().send(HTTPRequest("GET", "http://127.0.0.1:\(raw.port)/"))
        }
        #expect(error?.code == .malformed)
        let server = try await echoServer()
        let rude = try RawConnection.connect(port: server.port)
        rude.write("GET / HTTP/1.1\r\n")
        var count = 0
        while count < 10_000, rude.write("X-Pad: " + String(repeating: "a", count: 10_000) + "\r\n") { count += 1 }
        #expect(count < 10_000)
        await server.stop()
    }

    @Test("a server answers a wrong upgrade with 426, too long a body with 413, and listens on this machine only")
    func server() async throws {
        var options = NetServer.Options()
        options.bodyLimit = 10
        let server = try await NetServer.start(options: options) { _ in .webSocket(echo) }
        let client = try makeClient()
        #expect(try await client.send(HTTPRequest("GET", server.address)).status == 426)
        #expect(
            try await client.send(HTTPRequest("POST", server.address, body: [UInt8](repeating: 0, count: 11))).status
                == 413)
        for host in ["0.0.0.0", "::", "192.0.2.1", "localhost.example"] {
            #expect(await failure { _ = try await echoServer(host: host) }?.code == .invalidArgument)
        }
        let taken = await failure { _ = try await NetServer.start(port: server.port) { _ in .cut } }
        #expect(taken?.code == .unavailable && taken?.cause == "Address already in use")
        await server.stop()
    }

    @Test("a server that cuts leaves its client with a lost connection")
    func cut() async throws {
        let server = try await NetServer.start { _ in .cut }
        #expect(await failure { _ = try await makeClient().send(HTTPRequest("GET", server.address)) }?.code == .lost)
        await server.stop()
    }

    /// Runs a program and returns what it prints.
    private func run(_ program: String, _ arguments: [String]) async throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // The server in this process needs the pool's threads meanwhile.
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let data = output.fileHandleForReading.readDataToEndOfFile()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
        }
    }
}

/// A Python program that serves on a port and prints it first.
final class Script {
    let port: Int
    private let process = Process()

    init(_ text: String, _ arguments: [String]) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", text] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        try process.run()
        var line = ""
        while !line.hasSuffix("\n") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Fault(words: "python3 did not start") }
            line += String(decoding: more, as: UTF8.self)
        }
        port = Int(line.dropLast()) ?? 0
    }

    // Not by SIGTERM: programs that were started on a thread of the pool have it blocked.
    deinit { kill(process.processIdentifier, SIGKILL) }
}

/// A resolver by which every name has the same two addresses.
struct FixedNames: Resolver, Sendable {
    let four: String
    let six: String

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { answer(four, port) }
    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { answer(six, port) }
    func cancelQueries() {}

    private func answer(_ address: String, _ port: Int) -> EventLoopFuture<[SocketAddress]> {
        MultiThreadedEventLoopGroup.singleton.next().makeCompletedFuture {
            [try SocketAddress(ipAddress: address, port: port)]
        }
    }
}
