/// A piece of speech: a whole WAV file, as `audio_output` carries it, read into samples of one channel.
///
/// Chunks are walked, so whatever stands before or after `data` is passed over; a length of 0 or 0xFFFFFFFF, or one that
/// reaches past the end, means: to the end. Several channels are mixed down to their mean.
///
/// - Units: `sampleRate` in Hz; samples are signed 16 bits.
/// - Source: protocol 4.2.
package struct WAVPiece: Sendable, Hashable {
    package static let rates = 8_000...192_000
    package static let channelLimit = 8

    package let sampleRate: Int
    package let samples: [Int16]

    package init(sampleRate: Int, samples: [Int16]) {
        self.sampleRate = sampleRate
        self.samples = samples
    }

    /// Reads a file.
    ///
    /// - Throws: `WireFault(.audio)`; no input reaches a trap.
    package init(reading bytes: [UInt8]) throws(WireFault) {
        let reader = ByteReader(bytes: bytes)
        guard reader.tag(0) == "RIFF", reader.tag(8) == "WAVE" else {
            throw WireFault(.audio, "found \(bytes.count) bytes that are no WAV file, expected RIFF and WAVE")
        }
        var format: Format?
        var place = 12
        while place + 8 <= bytes.count {
            let start = place + 8
            let left = bytes.count - start
            let stated = reader.u32(place + 4)
            switch reader.tag(place) {
            case "fmt ": format = try Format(reader, at: start, count: min(stated, left))
            case "data":
                guard let format else { throw WireFault(.audio, "found data before its format, expected fmt first") }
                // A streamed file does not know its length when it writes the header. A true 0 has nothing behind it, or
                // further chunks.
                let isOpen = stated == 0xFFFF_FFFF || (stated == 0 && !reader.hasChunk(start))
                sampleRate = format.rate
                samples = reader.mono(start, count: isOpen ? left : min(stated, left), channels: format.channels)
                return
            default: break
            }
            place = start + stated + stated & 1  // a pad byte follows an odd length
        }
        throw WireFault(.audio, "found no \(format == nil ? "format" : "data") in the WAV file, expected fmt and data")
    }

    private struct Format {
        let channels: Int
        let rate: Int

        init(_ reader: ByteReader, at place: Int, count: Int) throws(WireFault) {
            guard count >= 16 else { throw WireFault(.audio, "found a format of \(count) bytes, expected 16 or more") }
            var kind = reader.u16(place)
            // WAVE_FORMAT_EXTENSIBLE: the kind is the start of the sub-format's GUID.
            if kind == 0xFFFE, count >= 26 { kind = reader.u16(place + 24) }
            let bits = reader.u16(place + 14)
            channels = reader.u16(place + 2)
            rate = reader.u32(place + 4)
            guard kind == 1, bits == 16 else {
                let found = kind == 3 ? "floating point" : kind == 1 ? "PCM" : "encoding \(kind)"
                throw WireFault(.audio, "found \(found) of \(bits) bits, expected PCM of 16 bits")
            }
            guard (1...channelLimit).contains(channels) else {
                throw WireFault(.audio, "found \(channels) channels, expected 1…\(channelLimit)")
            }
            guard rates.contains(rate) else {
                throw WireFault(.audio, "found \(rate) Hz, expected \(rates.lowerBound)…\(rates.upperBound) Hz")
            }
        }
    }

    /// The samples as a WAV file of one channel with a plain header of 44 bytes.
    package func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(44 + 2 * samples.count)
        func put16(_ value: Int) { bytes += [UInt8(value & 0xFF), UInt8(value >> 8 & 0xFF)] }
        func put32(_ value: Int) {
            put16(value & 0xFFFF)
            put16(value >> 16)
        }
        bytes += "RIFF".utf8
        put32(36 + 2 * samples.count)
        bytes += "WAVEfmt ".utf8
        put32(16)
        put16(1)
        put16(1)
        put32(sampleRate)
        put32(2 * sampleRate)
        put16(2)
        put16(16)
        bytes += "data".utf8
        put32(2 * samples.count)
        PCM16.append(samples[...], to: &bytes)
        return bytes
    }
}

/// Little-endian numbers at byte offsets; beyond the end there are zeros.
private struct ByteReader {
    let bytes: [UInt8]

    func u16(_ place: Int) -> Int {
        place >= 0 && place + 2 <= bytes.count ? Int(bytes[place]) | Int(bytes[place + 1]) << 8 : 0
    }

    func u32(_ place: Int) -> Int { u16(place) | u16(place + 2) << 16 }

    func tag(_ place: Int) -> String? {
        place + 4 <= bytes.count ? String(decoding: bytes[place..<place + 4], as: UTF8.self) : nil
    }

    /// Whether a well-formed chunk that ends in the file begins here.
    func hasChunk(_ place: Int) -> Bool {
        guard place + 8 <= bytes.count else { return false }
        return bytes[place..<place + 4].allSatisfy { (0x20..<0x7F).contains($0) }
            && place + 8 + u32(place + 4) <= bytes.count
    }

    func mono(_ start: Int, count: Int, channels: Int) -> [Int16] {
        let frames = count / (2 * channels)
        return bytes.withUnsafeBytes { bytes in
            [Int16](unsafeUninitializedCapacity: frames) { samples, filled in
                #if _endian(little)
                    if channels == 1, frames > 0 {
                        UnsafeMutableRawBufferPointer(samples).copyMemory(
                            from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + 2 * frames]))
                        filled = frames
                        return
                    }
                #endif
                for frame in 0..<frames {
                    let place = start + 2 * channels * frame
                    if channels == 1 {
                        samples[frame] = Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Int16.self))
                        continue
                    }
                    var sum = 0
                    for channel in 0..<channels {
                        let word = bytes.loadUnaligned(fromByteOffset: place + 2 * channel, as: Int16.self)
                        sum += Int(Int16(littleEndian: word))
                    }
                    samples[frame] = Int16(sum / channels)
                }
                filled = frames
            }
        }
    }
}

/// Signed 16-bit little-endian PCM.
package enum PCM16 {
    /// Appends samples as bytes.
    package static func append(_ samples: ArraySlice<Int16>, to bytes: inout [UInt8]) {
        samples.withUnsafeBytes { raw in
            #if _endian(little)
                bytes.append(contentsOf: raw)
            #else
                for sample in samples {
                    withUnsafeBytes(of: sample.littleEndian) { bytes.append(contentsOf: $0) }
                }
            #endif
        }
    }
}
