import Foundation

@testable import SyrinxNet

/// Passes bytes between a client and a port of this machine, until told to stop passing or to cut.
final class Relay: @unchecked Sendable {
    private let lock = NSLock()
    private var isSilent = false
    private var ends: [RawConnection] = []
    private var server: RawServer?

    var port: Int { server?.port ?? 0 }

    init(to target: Int) throws {
        server = try RawServer { [unowned self] client in
            guard let peer = try? RawConnection.connect(port: target) else { return }
            self.pass(client, peer)
        }
    }

    /// Connects the two until one ends.
    func pass(_ client: RawConnection, _ peer: RawConnection) {
        lock.withLock { ends += [client, peer] }
        let back = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [self] in
            while let bytes = peer.read() { if !silent { client.write(bytes) } }
            if !silent { client.end() }
            back.signal()
        }
        while let bytes = client.read() { if !silent { peer.write(bytes) } }
        peer.end()
        back.wait()
        peer.close()
    }

    private var silent: Bool { lock.withLock { isSilent } }

    /// Bytes are taken and thrown away from now on.
    func goSilent() { lock.withLock { isSilent = true } }

    /// Ends TCP to both sides.
    func cut() { for end in lock.withLock({ ends }) { end.end() } }
}

/// A proxy that knows CONNECT and one name.
final class ConnectProxy: Sendable {
    private let server: RawServer
    let requests = OneShot<String>()
    var port: Int { server.port }

    /// - Parameters:
    ///   - answer: the status line's number and words; anything but 200 ends there.
    ///   - target: where every name leads.
    init(answer: String = "200 Go", target: Int) throws {
        let requests = requests
        server = try RawServer { client in
            requests.resolve(.success(client.readHead()))
            client.write("HTTP/1.1 \(answer)\r\nVia: test\r\n\r\n")
            guard answer.hasPrefix("200"), let peer = try? RawConnection.connect(port: target),
                let relay = try? Relay(to: target)
            else { return }
            relay.pass(client, peer)
        }
    }
}
