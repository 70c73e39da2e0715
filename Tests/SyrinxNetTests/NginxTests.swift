import Foundation
import Glibc
import NetTestKit
import Testing

@testable import SyrinxNet

/// A real reverse proxy between client and server, as studios and companies put one before theirs.
@Suite("Through nginx", .serialized, .timeLimit(.minutes(3)), .enabled(if: Nginx.path != nil, "needs nginx"))
struct NginxTests {
    let certificates: Certificates

    init() throws { certificates = try Certificates.shared.get() }

    @Test("a WebSocket and a request go through TLS and the proxy, by name and by address")
    func good() async throws {
        let server = try await echoServer()
        let nginx = try Nginx(certificates, "good", behind: server.port)
        let client = try makeClient()
        for host in ["localhost", "127.0.0.1"] {
            let socket = try await client.webSocket("wss://\(host):\(nginx.port)/chat")
            let long = String(repeating: "ü", count: 100_000)
            try await socket.send(text: long)
            var messages = socket.messages.makeAsyncIterator()
            #expect(await messages.next() == .text(long))
            #expect(await socket.close().code == 1000)
            let answer = try await client.send(HTTPRequest("GET", "https://\(host):\(nginx.port)/page"))
            #expect(answer.status == 200 && String(decoding: answer.body, as: UTF8.self) == "/page\n")
        }
        await server.stop()
    }

    @Test(
        "a certificate that proves nothing is not spoken to",
        arguments: [
            ("expired", "certificate has expired"), ("other", "hostname mismatch"), ("self", "self-signed certificate"),
            ("revoked", "certificate revoked"),
        ])
    func bad(identity: String, words: String) async throws {
        let server = try await echoServer()
        let nginx = try Nginx(certificates, identity, behind: server.port)
        var settings = TLSSettings(authoritiesFile: certificates.authority)
        if identity == "revoked" { settings.revocationListsFile = certificates.revocations }
        let client = try NetClient(tls: settings, timeouts: .generous)
        let error = await failure { _ = try await client.webSocket("wss://localhost:\(nginx.port)/chat") }
        #expect(error?.code == .untrusted && error?.message.contains(words) == true, "\(String(describing: error))")
        await server.stop()
    }

    @Test("a server behind it that is away is a refusal with its status")
    func away() async throws {
        let server = try await echoServer()
        let port = server.port
        await server.stop()
        let nginx = try Nginx(certificates, "good", behind: port)
        let error = await failure { _ = try await makeClient().webSocket("wss://localhost:\(nginx.port)/chat") }
        #expect(error?.code == .refused && error?.refusal?.status == 502)
    }

    @Test("a proxy that is killed is a lost connection, 1006")
    func killed() async throws {
        let server = try await echoServer()
        let nginx = try Nginx(certificates, "good", behind: server.port)
        let socket = try await makeClient().webSocket("wss://localhost:\(nginx.port)/chat")
        try await socket.send(text: "x")
        var messages = socket.messages.makeAsyncIterator()
        #expect(await messages.next() == .text("x"))
        nginx.stop()
        let closed = try await socket.closed
        #expect(closed.code == 1006 && !closed.isClean)
        await server.stop()
    }
}

/// An nginx of our own that ends TLS and hands on to a plain server.
final class Nginx {
    static let path = ["/usr/sbin/nginx", "/usr/bin/nginx"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    let port: Int
    private let process = Process()
    private let folder: String

    init(_ certificates: Certificates, _ identity: String, behind target: Int) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-nginx-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        port = try Self.freePort()
        let text = """
            daemon off; master_process off; pid \(folder)/pid; error_log \(folder)/log;
            events {}
            http {
              access_log off;
              client_body_temp_path \(folder)/a; proxy_temp_path \(folder)/b; fastcgi_temp_path \(folder)/c;
              uwsgi_temp_path \(folder)/d; scgi_temp_path \(folder)/e;
              map $http_upgrade $connection_upgrade { default upgrade; '' close; }
              server {
                listen 127.0.0.1:\(port) ssl;
                ssl_certificate \(certificates.folder)/\(identity).pem;
                ssl_certificate_key \(certificates.folder)/\(identity).key;
                location / {
                  proxy_pass http://127.0.0.1:\(target); proxy_http_version 1.1;
                  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
                }
              }
            }
            """
        let file = "\(folder)/nginx.conf"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: try #require(Self.path))
        process.arguments = ["-p", folder, "-c", file]
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<500 {
            if Self.answers(port) { return }
            if !process.isRunning { break }
            usleep(20_000)
        }
        throw Fault(words: (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? "nginx did not start")
    }

    /// Not by SIGTERM: programs that were started on a thread of the pool have it blocked.
    func stop() { kill(process.processIdentifier, SIGKILL) }

    deinit {
        stop()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    /// A port that nobody listens at just now.
    private static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = address(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self)
            return bind(socket, pointer, size) == 0 && getsockname(socket, pointer, &size) == 0
        }
        guard isBound else { throw Fault(words: "no port is free") }
        return Int(in_port_t(bigEndian: address.sin_port))
    }

    private static func answers(_ port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = address(port)
        return withUnsafeBytes(of: &address) { bytes in
            connect(
                socket, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self),
                socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
