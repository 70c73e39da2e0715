internal import NIOCore
internal import NIOWebSocket

/// Joins the fragments of a message.
struct IncomingMessage {
    enum Step {
        case more
        case message(WebSocket.Message, bytes: Int)
        /// The close code, and what the peer did.
        case fault(UInt16, String)
    }

    private let limit: Int
    private var isText = false
    /// Nil between messages.
    private var bytes: ByteBuffer?

    init(limit: Int) { self.limit = limit }

    /// Takes a frame of text, bytes, or continuation.
    mutating func take(_ frame: WebSocketFrame) -> Step {
        var data = frame.unmaskedData
        if frame.opcode == .continuation {
            guard bytes != nil else { return .fault(1002, "continued a message that had not begun") }
        } else {
            guard bytes == nil else { return .fault(1002, "began a message within another") }
            isText = frame.opcode == .text
        }
        let count = (bytes?.readableBytes ?? 0) + data.readableBytes
        guard count <= limit else {
            bytes = nil
            return .fault(1009, "sent a message over the limit of \(limit) bytes")
        }
        if bytes == nil { bytes = data } else { bytes?.writeBuffer(&data) }
        guard frame.fin, let whole = bytes else { return .more }
        bytes = nil
        guard isText else { return .message(.binary(Array(whole.readableBytesView)), bytes: count) }
        guard let text = whole.readableBytesView.withContiguousStorageIfAvailable({ validated($0) }) ?? nil else {
            return .fault(1007, "sent a text that is no UTF-8")
        }
        return .message(.text(text), bytes: count)
    }

    private func validated(_ bytes: UnsafeBufferPointer<UInt8>) -> String? { String(validating: bytes, as: UTF8.self) }
}

/// What waits to be sent: control frames first, then messages piece by piece, then the close.
struct OutgoingFrames {
    private struct Item {
        var opcode: WebSocketOpcode
        var bytes: ByteBuffer
        /// The bytes are a frame already.
        var isFrame = false
        var hasBegun = false
        /// Who waits for it to be gone. Nil: nobody.
        let sent: OneShot<Void>?
    }

    /// The last ping's answer. If the socket is full meanwhile, only the newest is owed (RFC 6455, section 5.5.3).
    var pong: ByteBuffer?
    var ping: ByteBuffer?
    private var items = CircularBuffer<Item>()
    private var closing: ByteBuffer?

    mutating func add(_ opcode: WebSocketOpcode, _ bytes: ByteBuffer, _ sent: OneShot<Void>?) {
        items.append(Item(opcode: opcode, bytes: bytes, sent: sent))
    }

    /// Adds a message that is one frame already.
    mutating func add(frame: ByteBuffer) { items.append(Item(opcode: .binary, bytes: frame, isFrame: true, sent: nil)) }

    mutating func close(_ code: UInt16?, _ reason: String) {
        var payload = ByteBuffer()
        if let code {
            payload.writeInteger(code)
            payload.writeString(reason)
        }
        closing = payload
    }

    /// Drops the messages. One that has begun is broken off: a close frame follows.
    mutating func cut(with error: NetError) {
        while let item = items.popFirst() { item.sent?.resolve(.failure(error)) }
        pong = nil
        ping = nil
    }

    /// A frame to write.
    struct Frame {
        let bytes: ByteBuffer
        var isClose = false
        /// Who waits for its message to be gone.
        var sent: OneShot<Void>?
    }

    /// The next frame.
    mutating func next(limit: Int, masked: Bool) -> Frame? {
        func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer, fin: Bool = true) -> ByteBuffer {
            data.withUnsafeReadableBytes { FrameWriter.frame(opcode, $0, fin: fin, masked: masked) }
        }
        if let bytes = pong {
            pong = nil
            return Frame(bytes: frame(.pong, bytes))
        }
        if let bytes = ping {
            ping = nil
            return Frame(bytes: frame(.ping, bytes))
        }
        if !items.isEmpty {
            let index = items.startIndex
            if items[index].isFrame { return Frame(bytes: items.removeFirst().bytes) }
            let count = min(limit, items[index].bytes.readableBytes)
            let piece = items[index].bytes.readSlice(length: count) ?? ByteBuffer()
            let isLast = items[index].bytes.readableBytes == 0
            let opcode = items[index].hasBegun ? .continuation : items[index].opcode
            items[index].hasBegun = true
            return Frame(bytes: frame(opcode, piece, fin: isLast), sent: isLast ? items.removeFirst().sent : nil)
        }
        if let payload = closing {
            closing = nil
            return Frame(bytes: frame(.connectionClose, payload), isClose: true)
        }
        return nil
    }
}

/// Which codes may stand in a close frame (RFC 6455, section 7.4, and the registry it opened).
enum CloseCode {
    static func mayArrive(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    static func maySend(_ code: UInt16) -> Bool { mayArrive(code) }

    /// What of a reason finds room in a control frame, cut between characters.
    static func cut(_ reason: String) -> String {
        var reason = reason
        while reason.utf8.count > 123 { reason.removeLast() }
        return reason
    }
}

/// Whether the peer still lives: pings sent, anything heard.
struct KeepAlive {
    var timer: Scheduled<Void>?
    private var count: UInt64 = 0
    private var sent: NIODeadline?
    private var lastHeard = NIODeadline.now()
    private var wasPaused = false

    mutating func heard() { lastHeard = .now() }

    /// Nothing was read for a while, by our own doing.
    mutating func pause() { wasPaused = true }

    /// The payload of the next ping.
    mutating func ping(isReading: Bool) -> ByteBuffer {
        count += 1
        sent = .now()
        wasPaused = !isReading
        return ByteBuffer(integer: count)
    }

    /// The round trip, if this answers the last ping.
    mutating func pong(_ payload: ByteBuffer) -> Duration? {
        guard let sent, payload == ByteBuffer(integer: count) else { return nil }
        self.sent = nil
        return .nanoseconds((NIODeadline.now() - sent).nanoseconds)
    }

    /// Whether nothing came since the last ping although we were listening all the time.
    func isDead(isReading: Bool) -> Bool {
        guard let sent else { return false }
        return isReading && !wasPaused && lastHeard < sent
    }
}
