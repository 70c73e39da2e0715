import Foundation
import Glibc
import Testing

@testable import SyrinxNet

/// Certificates of an authority of our own, made by the `openssl` command once a run.
struct Certificates: Sendable {
    static let shared = Result { try Certificates() }

    let folder: String
    var authority: String { "\(folder)/ca.pem" }
    var revocations: String { "\(folder)/crl.pem" }

    func identity(
        _ name: String, _ versions: ClosedRange<TLSSettings.Version> = .tls12 ... .tls13
    ) -> TLSIdentity {
        TLSIdentity(
            certificateFile: "\(folder)/\(name).pem", keyFile: "\(folder)/\(name).key", versions: versions)
    }

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-net-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        atexit {
            if let made = try? Certificates.shared.get() { try? FileManager.default.removeItem(atPath: made.folder) }
        }
        let here = "subjectAltName=DNS:localhost,DNS:evi.test,IP:127.0.0.1,IP:::1"
        let script = """
            set -eu
            key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
            openssl req -x509 $key -keyout ca.key -out ca.pem -days 2 -subj "/CN=Syrinx test authority"
            openssl req -x509 $key -keyout self.key -out self.pem -days 2 -subj "/CN=localhost" -addext "\(here)"
            leaf() {
                openssl req $key -keyout $1.key -out $1.csr -subj "/CN=$1"
                echo "$2" >ext
                openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -days $3 -extfile ext -out $1.pem -set_serial $4
            }
            leaf good "\(here)" 2 101
            leaf expired "\(here)" -1 102
            leaf other "subjectAltName=DNS:other.test,IP:127.0.0.9" 2 103
            leaf named "keyUsage=digitalSignature" 2 104
            leaf revoked "\(here)" 2 105
            touch index
            echo 01 >crlnumber
            printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=index\\ncrlnumber=crlnumber\\ndefault_md=sha256\\n' >ca.conf
            printf 'default_crl_days=2\\n' >>ca.conf
            openssl ca -config ca.conf -revoke revoked.pem -cert ca.pem -keyfile ca.key
            openssl ca -config ca.conf -gencrl -out crl.pem -cert ca.pem -keyfile ca.key
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let log = "\(folder)/log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Fault(words: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "openssl failed")
        }
    }
}

struct Fault: Error {
    let words: String
}

extension NetTimeouts {
    /// For tests in which nothing should be late, on a machine that may be busy.
    static let generous = NetTimeouts(
        connect: .seconds(60), proxy: .seconds(60), tls: .seconds(60), upgrade: .seconds(60), response: .seconds(60),
        close: .seconds(60))
}

/// A client that trusts our own authority.
func makeClient(timeouts: NetTimeouts = .generous, proxy: ProxySettings = .none) throws -> NetClient {
    try NetClient(
        tls: TLSSettings(authoritiesFile: try Certificates.shared.get().authority), proxy: proxy, timeouts: timeouts)
}

/// A server that says every message back.
func echoServer(
    _ identity: TLSIdentity? = nil, host: String = "127.0.0.1", options: NetServer.Options = .init()
) async throws -> NetServer {
    try await NetServer.start(host: host, identity: identity, options: options) { request in
        request.isWebSocket ? .webSocket(echo) : .response(HTTPResponse(200, body: Array("\(request.path)\n".utf8)))
    }
}

@Sendable func echo(_ socket: WebSocket) async {
    for await message in socket.messages {
        switch message {
        case .text(let text): try? await socket.send(text: text)
        case .binary(let bytes): try? await socket.send(binary: bytes)
        }
    }
}

extension NetServer {
    /// The address of a WebSocket here.
    func socketAddress(_ host: String = "127.0.0.1", path: String = "/chat") -> String {
        "\(address.hasPrefix("https") ? "wss" : "ws")://\(host):\(port)\(path)"
    }
}

/// The error that a body throws.
func failure(_ body: () async throws -> Void) async -> NetError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? NetError
    }
}

/// A number that tasks share.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var number = 0

    var value: Int { lock.withLock { number } }
    @discardableResult
    func add(_ more: Int = 1) -> Int {
        lock.withLock {
            number += more
            return number
        }
    }
}

/// A place that a test waits for.
final class Gate: Sendable {
    private let shot = OneShot<Void>()
    func open() { shot.resolve(.success(())) }
    func pass() async { try? await shot.value() }
}
