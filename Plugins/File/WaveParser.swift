internal import SyrinxDSP

/// What a WAV or AU header says, read from the front without ever going back, so that it works on a pipe.
struct StreamHeader: Sendable, Hashable {
    var rate: Int
    var channels: Int
    var coding: Coding
    /// Bytes of one frame.
    var frameBytes: Int
    /// True: samples lie in the other byte order than this machine's.
    var isSwapped: Bool
    /// Bytes of samples; nil: as many as there are, the header leaves it open.
    var dataBytes: Int?

    enum Coding: Sendable, Hashable {
        case pcm(PCMEncoding)
        case ulaw, alaw
        /// Something else, with its format tag.
        case other(UInt16)
    }

    /// Where the bytes come from.
    protocol Bytes {
        /// Exactly `count` bytes, or nil where there are fewer.
        mutating func take(_ count: Int) -> [UInt8]?
        mutating func skip(_ count: Int) -> Bool
    }

    /// Reads the rest of a WAV header, up to the first sample.
    ///
    /// - Parameter start: the 12 bytes that were read already.
    /// - Returns: nil where it is none, or is cut short.
    init?(wave start: [UInt8], from bytes: inout some Bytes) {
        guard start.count == 12, Array(start[8...]) == Array("WAVE".utf8) else { return nil }
        let isBig = start[0..<4].elementsEqual("RIFX".utf8)
        guard isBig || start[0..<4].elementsEqual("RIFF".utf8) || start[0..<4].elementsEqual("RF64".utf8) else {
            return nil
        }
        func number(_ content: ArraySlice<UInt8>) -> Int {
            (isBig ? Array(content) : content.reversed()).reduce(0) { $0 << 8 | Int($1) }
        }
        let riffSize = number(start[4..<8])
        var largeDataBytes: Int?
        var found: StreamHeader?
        for _ in 0..<1000 {
            guard let head = bytes.take(8) else { return nil }
            let size = number(head[4...])
            switch String(decoding: head[..<4], as: UTF8.self) {
            case "data":
                guard var header = found else { return nil }
                // Writers on a pipe do not know the size: all ones, or the largest that they dare, or nothing at all.
                let isOpen = size >= 0x7FFF_0000 || size == 0 && (riffSize == 0 || riffSize >= 0x7FFF_0000)
                header.dataBytes = largeDataBytes ?? (isOpen ? nil : size)
                self = header
                return
            case "ds64" where size >= 24 && size <= 65_536:
                guard let content = bytes.take(size + size % 2) else { return nil }
                let dataBytes = number(content[8..<16])
                if dataBytes > 0 { largeDataBytes = dataBytes }
            case "fmt " where size >= 16 && size <= 65_536:
                guard let content = bytes.take(size + size % 2) else { return nil }
                var tag = UInt16(number(content[0..<2]))
                if tag == 0xFFFE, size >= 26 { tag = UInt16(number(content[24..<26])) }
                let frameBytes = number(content[12..<14])
                let channels = number(content[2..<4])
                guard channels > 0, frameBytes % channels == 0 else { return nil }
                found = StreamHeader(
                    rate: number(content[4..<8]), channels: channels,
                    coding: Self.coding(tag, width: frameBytes / channels), frameBytes: frameBytes, isSwapped: isBig)
            default:
                guard bytes.skip(size + size % 2) else { return nil }
            }
        }
        return nil
    }

    /// Reads the rest of an AU header.
    init?(au start: [UInt8], from bytes: inout some Bytes) {
        guard start.count == 12, start[..<4].elementsEqual(".snd".utf8) else { return nil }
        func number(_ content: ArraySlice<UInt8>) -> Int { content.reduce(0) { $0 << 8 | Int($1) } }
        let (offset, size) = (number(start[4..<8]), number(start[8...]))
        guard let rest = bytes.take(12), offset >= 24, offset <= 1 << 20, bytes.skip(offset - 24) else { return nil }
        let code = number(rest[0..<4])
        let coding: Coding =
            switch code {
            case 1: .ulaw
            case 2: .pcm(.s8)
            case 3: .pcm(.s16)
            case 4: .pcm(.s24)
            case 5: .pcm(.s32)
            case 6: .pcm(.f32)
            case 7: .pcm(.f64)
            case 27: .alaw
            default: .other(UInt16(truncatingIfNeeded: code))
            }
        let channels = number(rest[8..<12])
        self.init(
            rate: number(rest[4..<8]), channels: channels, coding: coding, frameBytes: channels * coding.width,
            isSwapped: true, dataBytes: size >= 0x7FFF_0000 ? nil : size)
    }

    init(rate: Int, channels: Int, coding: Coding, frameBytes: Int, isSwapped: Bool, dataBytes: Int? = nil) {
        self.rate = rate
        self.channels = channels
        self.coding = coding
        self.frameBytes = frameBytes
        self.isSwapped = isSwapped
        self.dataBytes = dataBytes
    }

    private static func coding(_ tag: UInt16, width: Int) -> Coding {
        switch (tag, width) {
        case (1, 1): .pcm(.u8)
        case (1, 2): .pcm(.s16)
        case (1, 3): .pcm(.s24)
        case (1, 4): .pcm(.s32)
        case (3, 4): .pcm(.f32)
        case (3, 8): .pcm(.f64)
        case (6, 1): .alaw
        case (7, 1): .ulaw
        default: .other(tag)
        }
    }
}

extension StreamHeader.Coding {
    /// Bytes of one sample.
    var width: Int {
        switch self {
        case .pcm(let encoding): encoding.width
        case .ulaw, .alaw: 1
        case .other: 0
        }
    }

    /// As in the fact `subtype`.
    var name: String {
        switch self {
        case .pcm(let encoding): Subtype.ofEncoding(encoding).name
        case .ulaw: "ulaw"
        case .alaw: "alaw"
        case .other(let tag): "tag \(tag)"
        }
    }

    init?(subtype: String) {
        switch subtype {
        case "ulaw": self = .ulaw
        case "alaw": self = .alaw
        default:
            guard let encoding = Subtype.named(subtype)?.encoding else { return nil }
            self = .pcm(encoding)
        }
    }
}

/// The values of the 256 codes of G.711, full scale ±1 as libsndfile has it.
///
/// - Source: ITU-T G.711: sign, three bits of segment, four of step; μ-law codes are stored inverted, A-law with every
///   second bit inverted.
func lawTable(isMu: Bool) -> [Float] {
    (0..<256).map { code in
        let bits = isMu ? ~code & 0xFF : code ^ 0x55
        let (segment, step) = ((bits >> 4) & 7, bits & 15)
        let magnitude: Int
        if isMu {
            magnitude = ((step << 3) + 0x84) << segment - 0x84
        } else {
            magnitude = segment == 0 ? (step << 4) + 8 : ((step << 4) + 0x108) << (segment - 1)
        }
        let isNegative = isMu ? bits & 0x80 != 0 : bits & 0x80 == 0
        return Float(isNegative ? -magnitude : magnitude) / 32_768
    }
}
