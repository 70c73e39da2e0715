import Foundation
import Glibc

/// A file store on loopback that promises more bytes than it sends, then cuts the connection.
final class BrokenStore: Sendable {
    struct Failure: Error {
        let words = String(cString: strerror(errno))
    }

    let port: Int
    private let listener: Int32

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard listener >= 0, isBound else { throw Failure() }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread {
            while true {
                let peer = accept(listener, nil, nil)
                if peer < 0 { return }
                var chunk = [UInt8](repeating: 0, count: 4_096)
                _ = read(peer, &chunk, chunk.count)
                let text = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this"
                _ = text.withCString { send(peer, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                close(peer)
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
