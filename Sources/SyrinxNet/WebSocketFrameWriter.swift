internal import NIOCore
internal import NIOWebSocket

/// Frames as bytes (RFC 6455, section 5.2), head and data in one piece of memory, so that a frame is one write.
///
/// SwiftNIO's own encoder masks byte by byte and, where the data has no room before it, writes the head apart.
enum FrameWriter {
    /// The longest head: two bytes, eight of length, four of mask.
    private static let longestHead = 14

    /// A whole frame.
    ///
    /// - Parameter masked: as a client must; the mask is new for every frame (section 5.3).
    static func frame(
        _ opcode: WebSocketOpcode, _ data: UnsafeRawBufferPointer, fin: Bool = true, masked: Bool
    ) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: longestHead + data.count)
        buffer.writeInteger(UInt8(webSocketOpcode: opcode) | (fin ? 0x80 : 0))
        let maskBit: UInt8 = masked ? 0x80 : 0
        switch data.count {
        case ...125: buffer.writeInteger(UInt8(data.count) | maskBit)
        case ...0xFFFF:
            buffer.writeInteger(126 | maskBit)
            buffer.writeInteger(UInt16(data.count))
        default:
            buffer.writeInteger(127 | maskBit)
            buffer.writeInteger(UInt64(data.count))
        }
        guard masked else {
            buffer.writeBytes(data)
            return buffer
        }
        let key = UInt32.random(in: .min ... .max)
        buffer.writeInteger(key, endianness: .little)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: data.count) { room in
            mask(data, by: key, into: room)
            return data.count
        }
        return buffer
    }

    /// - Parameter key: its first byte in memory is the lowest.
    /// - Shape: `room` has place for `data`.
    static func mask(_ data: UnsafeRawBufferPointer, by key: UInt32, into room: UnsafeMutableRawBufferPointer) {
        let wide = (UInt64(key) | UInt64(key) << 32).littleEndian
        var place = 0
        while place &+ 8 <= data.count {
            let word = data.loadUnaligned(fromByteOffset: place, as: UInt64.self) ^ wide
            room.storeBytes(of: word, toByteOffset: place, as: UInt64.self)
            place &+= 8
        }
        while place < data.count {
            room[place] = data[place] ^ UInt8(truncatingIfNeeded: key >> (8 * UInt32(place & 3)))
            place &+= 1
        }
    }
}
