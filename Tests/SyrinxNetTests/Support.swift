import Foundation
import NetTestKit
import Testing

@testable import SyrinxNet

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
