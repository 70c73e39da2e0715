import Foundation
import Glibc

@testable import SyrinxNet

/// A server of bytes that misbehaves as a test wants it: a thread for each connection, blocking calls.
final class RawServer: @unchecked Sendable {
    let port: Int
    private let listener: Int32
    private let lock = NSLock()
    private var isOpen = true

    /// - Parameter serve: called on a thread of its own for each connection, which is closed when it returns.
    init(_ serve: @escaping @Sendable (RawConnection) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard status else { throw Fault(words: "cannot listen") }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    // Only this thread uses the descriptor, so only this thread may give its number free.
                    Glibc.close(listener)
                    return
                }
                Thread.detachNewThread {
                    let connection = RawConnection(client)
                    serve(connection)
                    connection.close()
                }
            }
        }
    }

    deinit { stop() }

    /// Listens no more.
    func stop() {
        lock.withLock {
            guard isOpen else { return }
            isOpen = false
            shutdown(listener, Int32(SHUT_RDWR))
        }
    }
}

/// One connection of a ``RawServer``.
final class RawConnection: @unchecked Sendable {
    private let descriptor: Int32
    private let lock = NSLock()
    private var isOpen = true

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        // Nothing waits for ever.
        var limit = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    static func connect(port: Int) throws -> RawConnection {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Fault(words: "cannot connect") }
        return RawConnection(descriptor)
    }

    /// Returns: nothing at the end or after a minute.
    func read(_ most: Int = 65_536) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: most)
        let count = recv(descriptor, &bytes, most, 0)
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    /// Reads on and throws away until the peer ends.
    func drain() { while read() != nil {} }

    /// Exactly so many bytes.
    func read(exactly count: Int) -> [UInt8]? {
        var all: [UInt8] = []
        while all.count < count {
            guard let more = read(count - all.count) else { return nil }
            all += more
        }
        return all
    }

    /// The head of a request or answer, with its empty line.
    func readHead() -> String {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), let byte = read(1) { head += byte }
        return String(decoding: head, as: UTF8.self)
    }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + offset, bytes.count - offset, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// Answers a WebSocket's handshake. Returns the request's head.
    @discardableResult
    func acceptWebSocket(_ extra: String = "") -> String {
        let head = readHead()
        let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("sec-websocket-key:") } ?? ""
        let key = line.split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces) ?? ""
        write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(OpenSSL.webSocketAccept(key: key))\r\n\(extra)\r\n")
        return head
    }

    /// A client's handshake, with the server's answer read.
    func askForWebSocket() -> String {
        write(
            "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        return readHead()
    }

    /// The next frame, unmasked. Nil at the end.
    func readFrame() -> (first: UInt8, isMasked: Bool, payload: [UInt8])? {
        guard let head = read(exactly: 2) else { return nil }
        var count = Int(head[1] & 0x7F)
        if count >= 126 {
            guard let more = read(exactly: count == 126 ? 2 : 8) else { return nil }
            count = more.reduce(0) { $0 << 8 | Int($1) }
        }
        let isMasked = head[1] & 0x80 != 0
        var mask: [UInt8] = [0, 0, 0, 0]
        if isMasked {
            guard let bytes = read(exactly: 4) else { return nil }
            mask = bytes
        }
        guard var payload = read(exactly: count) else { return nil }
        for index in payload.indices { payload[index] ^= mask[index & 3] }
        return (head[0], isMasked, payload)
    }

    /// The code of the close frame that comes after whatever else. Nil if none comes.
    func readCloseCode() -> UInt16? {
        while let frame = readFrame() {
            guard frame.first & 15 == 8 else { continue }
            return frame.payload.count < 2 ? 1005 : UInt16(frame.payload[0]) << 8 | UInt16(frame.payload[1])
        }
        return nil
    }

    /// Ends with a reset instead of an orderly end.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Says that no more comes, and gets no more.
    func end() {
        lock.withLock { if isOpen { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    func close() {
        lock.withLock {
            guard isOpen else { return }
            isOpen = false
            Glibc.close(descriptor)
        }
    }
}

/// A frame as bytes. `first`: FIN, reserved bits and opcode.
func frame(_ first: UInt8, _ payload: [UInt8] = [], isMasked: Bool = false) -> [UInt8] {
    var bytes = [first]
    let bit: UInt8 = isMasked ? 0x80 : 0
    switch payload.count {
    case ..<126: bytes.append(bit | UInt8(payload.count))
    case ..<65_536: bytes += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
    default:
        bytes.append(bit | 127)
        bytes += (0..<8).map { UInt8(payload.count >> (56 - 8 * $0) & 255) }
    }
    guard isMasked else { return bytes + payload }
    let mask: [UInt8] = [1, 2, 3, 4]
    return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
}
