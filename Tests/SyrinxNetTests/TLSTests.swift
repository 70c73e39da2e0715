import Foundation
import Glibc
import NetTestKit
import SyrinxTestKit
import Testing

@testable import SyrinxNet

@Suite("TLS", .serialized, .timeLimit(.minutes(3)))
struct TLSTests {
    let certificates: Certificates

    init() throws { certificates = try Certificates.shared.get() }

    private func attempt(
        _ identity: String, host: String = "localhost", settings: TLSSettings? = nil
    ) async throws -> NetError? {
        let server = try await echoServer(certificates.identity(identity))
        let settings = settings ?? TLSSettings(authoritiesFile: certificates.authority)
        let client = try NetClient(tls: settings, timeouts: .generous)
        let error = await failure { await (try client.webSocket(server.socketAddress(host))).close() }
        await server.stop()
        return error
    }

    @Test("a good certificate is accepted by name and by address", arguments: ["localhost", "127.0.0.1"])
    func good(host: String) async throws {
        #expect(try await attempt("good", host: host) == nil)
    }

    @Test("a good certificate is accepted by its IPv6 address")
    func goodIPv6() async throws {
        let server = try await echoServer(certificates.identity("good"), host: "::1")
        await (try makeClient().webSocket(server.socketAddress("[::1]"))).close()
        await server.stop()
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let identity: String
        let host: String
        let words: String
        var testDescription: String { "\(identity) for \(host)" }
    }

    @Test(
        "a certificate that proves nothing is refused in OpenSSL's words",
        arguments: [
            Bad(identity: "expired", host: "localhost", words: "certificate has expired"),
            Bad(identity: "other", host: "localhost", words: "hostname mismatch"),
            Bad(identity: "other", host: "127.0.0.1", words: "IP address mismatch"),
            Bad(identity: "self", host: "localhost", words: "self-signed certificate"),
            // Its name stands in the subject only, where nobody looks any more.
            Bad(identity: "named", host: "localhost", words: "hostname mismatch"),
        ])
    func bad(_ bad: Bad) async throws {
        let error = try await attempt(bad.identity, host: bad.host)
        #expect(error?.code == .untrusted)
        #expect(error?.message.contains(bad.words) == true, "\(String(describing: error))")
        #expect(error?.cause?.contains("certificate verify failed") == true)
        #expect(error?.place.hasPrefix("wss://\(bad.host):") == true)
    }

    @Test("an authority that nobody named is refused")
    func unknownAuthority() async throws {
        let error = try await attempt("good", settings: TLSSettings())
        #expect(error?.code == .untrusted)
        #expect(error?.message.contains("unable to get local issuer certificate") == true)
    }

    @Test("a revoked certificate is refused if the list is given, another of the same authority is not")
    func revoked() async throws {
        let settings = TLSSettings(
            authoritiesFile: certificates.authority, revocationListsFile: certificates.revocations)
        #expect(try await attempt("revoked") == nil)
        let error = try await attempt("revoked", settings: settings)
        #expect(error?.code == .untrusted && error?.message.contains("certificate revoked") == true)
        #expect(try await attempt("good", settings: settings) == nil)
    }

    @Test("verification can be given up for this machine, and through no proxy")
    func loopbackOnly() async throws {
        let settings = TLSSettings(trustsLoopback: true)
        #expect(try await attempt("expired", settings: settings) == nil)
        #expect(try await attempt("self", host: "127.0.0.1", settings: settings) == nil)
        // Another name leads to this machine, by way of a proxy that is on it.
        let server = try await echoServer(certificates.identity("self"))
        let proxy = try ConnectProxy(target: server.port)
        let client = try NetClient(
            tls: settings, proxy: ProxySettings(environment: ["https_proxy": "127.0.0.1:\(proxy.port)"]))
        let error = await failure { _ = try await client.webSocket("wss://evi.test/") }
        #expect(error?.code == .untrusted)
        await server.stop()
    }

    @Test(
        "version 1.2 alone and 1.3 alone are spoken, and none in common is an error",
        arguments: [TLSSettings.Version.tls12, .tls13], [TLSSettings.Version.tls12, .tls13])
    func versions(server: TLSSettings.Version, client: TLSSettings.Version) async throws {
        let peer = try await echoServer(certificates.identity("good", server...server))
        let one = try NetClient(
            tls: TLSSettings(authoritiesFile: certificates.authority, versions: client...client),
            timeouts: .generous)
        let error = await failure {
            let socket = try await one.webSocket(peer.socketAddress())
            try await socket.send(text: "x")
            var messages = socket.messages.makeAsyncIterator()
            #expect(await messages.next() == .text("x"))
        }
        #expect((error == nil) == (server == client))
        #expect(error == nil || error?.code == .tls && error?.cause?.contains("version") == true)
        await peer.stop()
    }

    @Test(
        "openssl s_server is spoken to, whatever it speaks, and its bad certificate is not",
        arguments: ["-tls1_2", "-tls1_3"])
    func opensslServer(version: String) async throws {
        let client = try makeClient()
        let good = try OpenSSLServer(certificates, "good", ["-www", version])
        let answer = try await client.send(HTTPRequest("GET", "https://localhost:\(good.port)/"))
        let page = String(decoding: answer.body, as: UTF8.self)
        #expect(answer.status == 200 && page.contains(version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3"))
        let bad = try OpenSSLServer(certificates, "expired", ["-www", version])
        let error = await failure { _ = try await client.send(HTTPRequest("GET", "https://localhost:\(bad.port)/")) }
        #expect(error?.code == .untrusted)
    }

    @Test("a server that asks for renegotiation is refused it")
    func renegotiation() async throws {
        let server = try OpenSSLServer(certificates, "good", ["-tls1_2"])
        let client = try makeClient(timeouts: NetTimeouts(response: .seconds(20)))
        let address = "https://localhost:\(server.port)/hello"
        let task = Task { await failure { _ = try await client.send(HTTPRequest("POST", address)) } }
        let shown = await server.type("R", after: "POST /hello")
        // The server prints its alarm: the client has said no (RFC 5246, section 7.2.2), and the connection ends.
        #expect(shown.contains("no renegotiation"))
        #expect(await task.value != nil)
    }

    @Test("the server's name is sent, and an address is not")
    func serverName() async throws {
        // The server has a second certificate for the name; without the name it shows the wrong one.
        let server = try OpenSSLServer(
            certificates, "other",
            [
                "-www", "-servername", "localhost", "-cert2", "\(certificates.folder)/good.pem", "-key2",
                "\(certificates.folder)/good.key",
            ])
        let client = try makeClient()
        #expect(try await client.send(HTTPRequest("GET", "https://localhost:\(server.port)/")).status == 200)
        let error = await failure {
            _ = try await client.send(HTTPRequest("GET", "https://127.0.0.1:\(server.port)/"))
        }
        #expect(error?.message.contains("IP address mismatch") == true)
    }

    @Test("a server that speaks no TLS, none at all, or stops half-way is one clear error")
    func noTLS() async throws {
        let plain = try await echoServer()
        let first = await failure { _ = try await makeClient().webSocket("wss://127.0.0.1:\(plain.port)/") }
        #expect(first?.code == .tls)
        await plain.stop()
        let closing = try RawServer { _ = $0.read() }
        let second = await failure { _ = try await makeClient().webSocket("wss://127.0.0.1:\(closing.port)/") }
        #expect(second?.code == .tls)
        let silent = try RawServer { $0.drain() }
        let client = try makeClient(timeouts: NetTimeouts(tls: .milliseconds(300)))
        let third = await failure { _ = try await client.webSocket("wss://127.0.0.1:\(silent.port)/") }
        #expect(third?.code == .timedOut && third?.message == "the TLS handshake took longer than 0.3 s")
        let task = Task { await failure { _ = try await makeClient().webSocket("wss://127.0.0.1:\(silent.port)/") } }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        #expect(await task.value?.code == .cancelled)
    }

    @Test("files that are not there or hold something else are named")
    func files() async throws {
        let missing = await failure { _ = try NetClient(tls: TLSSettings(authoritiesFile: "/nonexistent.pem")) }
        #expect(missing?.message.contains("/nonexistent.pem") == true && missing?.cause != nil)
        let wrong = await failure {
            _ = try NetClient(tls: TLSSettings(revocationListsFile: certificates.authority))
        }
        #expect(wrong?.message.contains("ca.pem") == true)
        var identity = certificates.identity("good")
        identity.keyFile = "\(certificates.folder)/other.key"
        let mixed = identity
        let error = await failure { _ = try await echoServer(mixed) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("random bytes in and after the handshake never crash and always end", arguments: 0..<40)
    func fuzz(seed: Int) async throws {
        var random = SeededRandom(seed: UInt64(seed))
        let bytes = (0..<Int.random(in: 1...2_000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
        }
        let server = try await echoServer(certificates.identity("good"))
        let flip = Int.random(in: 0...3_000, using: &random)
        // A relay that flips one byte somewhere in what the server sends.
        let relay = try RawServer { client in
            guard let peer = try? RawConnection.connect(port: server.port) else { return }
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                var offset = 0
                while var piece = peer.read() {
                    if (offset..<offset + piece.count).contains(flip) { piece[flip - offset] ^= 0x55 }
                    offset += piece.count
                    client.write(piece)
                }
                client.end()
                done.signal()
            }
            while let piece = client.read() { peer.write(piece) }
            peer.end()
            done.wait()
        }
        let client = try makeClient(timeouts: NetTimeouts(tls: .seconds(2), upgrade: .seconds(2)))
        _ = await failure {
            let socket = try await client.webSocket("wss://127.0.0.1:\(relay.port)/")
            try await socket.send(text: "hello")
            await socket.close()
        }
        let garbage = try RawServer { peer in
            _ = peer.read()
            peer.write(bytes)
        }
        let error = await failure { _ = try await client.webSocket("wss://127.0.0.1:\(garbage.port)/") }
        #expect(error != nil)
        // A server gets rubbish from a client, too.
        let rude = try RawConnection.connect(port: server.port)
        rude.write(bytes)
        rude.end()
        await (try makeClient().webSocket(server.socketAddress())).close()
        await server.stop()
    }
}

/// `openssl s_server` on a port of its own choice.
final class OpenSSLServer {
    let port: Int
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(_ certificates: Certificates, _ identity: String, _ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["openssl", "s_server", "-accept", "127.0.0.1:0"]
            + ["-cert", "\(certificates.folder)/\(identity).pem", "-key", "\(certificates.folder)/\(identity).key"]
            + arguments
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        var text = ""
        while !text.contains("ACCEPT 127.0.0.1:") || !text.hasSuffix("\n") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Fault(words: "openssl s_server did not start: \(text)") }
            text += String(decoding: more, as: UTF8.self)
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("ACCEPT") } ?? ""
        port = Int(line.split(separator: ":").last ?? "") ?? 0
    }

    /// Types a line when the server has shown some words, then reads until a connection's end or an error is shown.
    func type(_ line: String, after words: String) async -> String {
        let (input, output) = (input.fileHandleForWriting, output.fileHandleForReading)
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var text = ""
                var isTyped = false
                while !text.contains("renegotiation:") && !text.contains("shutting down SSL") {
                    let more = output.availableData
                    guard !more.isEmpty else { break }
                    text += String(decoding: more, as: UTF8.self)
                    if !isTyped, text.contains(words) {
                        isTyped = true
                        input.write(Data((line + "\n").utf8))
                    }
                }
                continuation.resume(returning: text)
            }
        }
    }

    // Not by SIGTERM: programs that were started on a thread of the pool have it blocked.
    deinit { kill(process.processIdentifier, SIGKILL) }
}
