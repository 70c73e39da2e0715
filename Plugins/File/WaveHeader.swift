internal import SyrinxDSP

/// The chunks of a WAV file before and after its samples, as we write them.
///
/// ```
/// RIFF size WAVE  JUNK (28)  [bext]  fmt  [fact]  data size …samples… [pad]  [cue] [LIST adtl] [LIST INFO]
/// ```
///
/// A file that outgrows 4 GiB turns its first three words into `RF64 −1 WAVE ds64` (EBU Tech 3306), for which `JUNK`
/// keeps the place. On a stream the sizes stay open: 0xFFFFFFFF, and no `JUNK`.
struct WaveHeader {
    /// Format tags of the `fmt` chunk.
    enum Coding: UInt16 {
        case integer = 1
        case float = 3
        case alaw = 6
        case ulaw = 7
        case extensible = 0xFFFE
    }

    let rate: Int
    let channels: Int
    let coding: Coding
    /// Bytes of one sample.
    let width: Int
    let isStream: Bool
    /// The content of the broadcast chunk; empty: none.
    var broadcast: [UInt8] = []
    /// Whole chunks that follow the samples.
    var trailer: [UInt8] = []

    /// Full size of the header, where the samples begin.
    var size: Int { bytes(dataBytes: 0).count }

    /// The header for so many bytes of samples.
    func bytes(dataBytes: Int) -> [UInt8] {
        let frameBytes = width * channels
        var body: [UInt8] = []
        if !broadcast.isEmpty { body.chunk("bext", broadcast) }
        // More than two channels, or more than 16 bits, ask for the extensible form by Microsoft's rules; readers take
        // the plain one for 24 and 32 bits as well, so that only channels decide.
        let isExtensible = channels > 2 && (coding == .integer || coding == .float)
        var format: [UInt8] = []
        format.append(little: isExtensible ? Coding.extensible.rawValue : coding.rawValue)
        format.append(little: UInt16(channels))
        format.append(little: UInt32(rate))
        format.append(little: UInt32(truncatingIfNeeded: rate * frameBytes))
        format.append(little: UInt16(truncatingIfNeeded: frameBytes))
        format.append(little: UInt16(8 * width))
        if isExtensible {
            format.append(little: UInt16(22))
            format.append(little: UInt16(8 * width))
            format.append(little: UInt32(0))  // no positions are said of the channels
            format.append(little: coding.rawValue)
            format += [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
        } else if coding != .integer {
            format.append(little: UInt16(0))
        }
        body.chunk("fmt ", format)
        let frames = isStream ? Int(UInt32.max) : dataBytes / frameBytes
        if coding != .integer {
            var fact: [UInt8] = []
            fact.append(little: UInt32(clamping: frames))
            body.chunk("fact", fact)
        }
        body += Array("data".utf8)

        var header: [UInt8] = []
        if isStream {
            header += Array("RIFF".utf8)
            header.append(little: UInt32.max)
            header += Array("WAVE".utf8)
            body.append(little: UInt32.max)
            return header + body
        }
        let riffBytes = 4 + 36 + body.count + 4 + dataBytes + dataBytes % 2 + trailer.count
        let isLarge = riffBytes > Int(UInt32.max) - 8
        header += Array((isLarge ? "RF64" : "RIFF").utf8)
        header.append(little: isLarge ? UInt32.max : UInt32(riffBytes))
        header += Array("WAVE".utf8)
        var sizes: [UInt8] = []
        sizes.append(little: UInt64(isLarge ? riffBytes : 0))
        sizes.append(little: UInt64(isLarge ? dataBytes : 0))
        sizes.append(little: UInt64(isLarge ? frames : 0))
        sizes.append(little: UInt32(0))
        header.chunk(isLarge ? "ds64" : "JUNK", sizes)
        body.append(little: isLarge ? UInt32.max : UInt32(dataBytes))
        return header + body
    }
}

/// The header of an AU stream, big-endian, its length open.
func openAUHeader(rate: Int, channels: Int, encoding: UInt32) -> [UInt8] {
    var header = Array(".snd".utf8)
    for word in [24, UInt32.max, encoding, UInt32(rate), UInt32(channels)] { header.append(little: word.byteSwapped) }
    return header
}

extension [UInt8] {
    mutating func append(little value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Appends a RIFF chunk, padded to an even length.
    mutating func chunk(_ name: String, _ content: [UInt8]) {
        self += Array(name.utf8)
        append(little: UInt32(content.count))
        self += content
        if content.count % 2 == 1 { append(0) }
    }
}
