import SyrinxEVI
import Testing

@Suite("EVI speech pieces")
struct WAVTests {
    static func u16(_ value: Int) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8 & 0xFF)] }
    static func u32(_ value: Int) -> [UInt8] { u16(value & 0xFFFF) + u16(value >> 16 & 0xFFFF) }
    static func chunk(_ tag: String, _ body: [UInt8], stated: Int? = nil) -> [UInt8] {
        Array(tag.utf8) + u32(stated ?? body.count) + body + (body.count % 2 == 1 ? [0] : [])
    }
    static func format(kind: Int = 1, channels: Int = 1, rate: Int = 48_000, bits: Int = 16, more: [UInt8] = [])
        -> [UInt8]
    {
        let width = channels * bits / 8
        return chunk("fmt ", u16(kind) + u16(channels) + u32(rate) + u32(rate * width) + u16(width) + u16(bits) + more)
    }
    static func file(_ chunks: [UInt8]...) -> [UInt8] {
        let body = chunks.flatMap { $0 }
        return Array("RIFF".utf8) + u32(4 + body.count) + Array("WAVE".utf8) + body
    }
    static let sound: [Int16] = [0, 1, -1, 32_767, -32_768, 256]
    static let data: [UInt8] = sound.flatMap { u16(Int(UInt16(bitPattern: $0))) }

    @Test(
        "15. headers of every usual and unusual kind are read",
        arguments: [
            (file(format(), chunk("data", data)), 48_000), (file(format(rate: 24_000), chunk("data", data)), 24_000),
            (
                file(chunk("LIST", Array("INFOx".utf8)), format(), chunk("bext", [1, 2, 3]), chunk("data", data)),
                48_000
            ),
            (file(format(), chunk("data", data, stated: 0)), 48_000),
            (file(format(), chunk("data", data, stated: 0xFFFF_FFFF)), 48_000),
            (file(format(), chunk("data", data, stated: 4_000)), 48_000),
            (file(format(), chunk("data", data), chunk("LIST", [1, 2])), 48_000),
            (file(format(more: u16(0)), chunk("data", data)), 48_000),
            (
                file(
                    format(kind: 0xFFFE, more: u16(22) + u16(16) + u32(4) + u16(1) + [UInt8](repeating: 0, count: 14)),
                    chunk("data", data)), 48_000
            ),
        ])
    func headers(bytes: [UInt8], rate: Int) throws {
        let piece = try WAVPiece(reading: bytes)
        #expect(piece.sampleRate == rate)
        #expect(piece.samples == Self.sound)
    }

    @Test("15. stereo is mixed down to the mean")
    func stereo() throws {
        let bytes = Self.file(Self.format(channels: 2), Self.chunk("data", Self.data))
        #expect(try WAVPiece(reading: bytes).samples == [0, 16_383, -16_256])
    }

    @Test("15. no data, and half a sample too many, are no fault")
    func little() throws {
        #expect(try WAVPiece(reading: Self.file(Self.format(), Self.chunk("data", []))).samples == [])
        #expect(
            try WAVPiece(reading: Self.file(Self.format(), Self.chunk("data", Self.data + [9]))).samples == Self.sound)
        let followed = Self.file(Self.format(), Self.chunk("data", []), Self.chunk("LIST", [1, 2, 3, 4]))
        #expect(try WAVPiece(reading: followed).samples == [])
        let cut = Array(Self.file(Self.format(), Self.chunk("data", Self.data)).dropLast(5))
        #expect(try WAVPiece(reading: cut).samples == [0, 1, -1])
    }

    @Test(
        "15. what cannot be played is refused with a reason",
        arguments: [
            (file(format(bits: 8), chunk("data", data)), "8 bits"),
            (file(format(bits: 24), chunk("data", data)), "24 bits"),
            (file(format(kind: 3, bits: 32), chunk("data", data)), "floating point"),
            (file(format(kind: 7, bits: 8), chunk("data", data)), "encoding 7"),
            (file(format(channels: 0), chunk("data", data)), "0 channels"),
            (file(format(rate: 0), chunk("data", data)), "0 Hz"),
            (file(chunk("data", data), format()), "before its format"), (file(format()), "no data"),
            (Array("RIFX".utf8), "no WAV"), ([], "no WAV"), (file(), "no format"),
            (file(chunk("fmt ", [1, 0])), "2 bytes"),
        ])
    func refused(bytes: [UInt8], reason: String) {
        let fault = #expect(throws: WireFault.self) { try WAVPiece(reading: bytes) }
        #expect(fault?.description.contains(reason) == true, "\(String(describing: fault))")
        #expect(fault?.kind == .audio)
    }

    @Test("what is written is read again")
    func written() throws {
        let piece = WAVPiece(sampleRate: 44_100, samples: Self.sound)
        #expect(try WAVPiece(reading: piece.encoded()) == piece)
        #expect(piece.encoded() == Self.file(Self.format(rate: 44_100), Self.chunk("data", Self.data)))
    }
}
