public import Foundation

/// Little WAV files for tests, made and read without the code under test.
public enum Wave {
    /// A file of 16-bit samples.
    ///
    /// - Parameter channels: the samples of each channel, equally many.
    public static func s16(rate: Int, channels: [[Int16]]) -> Data {
        var samples = Data()
        for frame in channels[0].indices {
            for channel in channels { samples.append(little: UInt16(bitPattern: channel[frame])) }
        }
        let width = channels.count * 2
        var file = Data("RIFF".utf8)
        file.append(little: UInt32(36 + samples.count))
        file += Data("WAVEfmt ".utf8)
        file.append(little: UInt32(16))
        file.append(little: UInt16(1))
        file.append(little: UInt16(channels.count))
        file.append(little: UInt32(rate))
        file.append(little: UInt32(rate * width))
        file.append(little: UInt16(width))
        file.append(little: UInt16(16))
        file += Data("data".utf8)
        file.append(little: UInt32(samples.count))
        return file + samples
    }

    /// Noise and a tone, different in every channel, always the same.
    public static func music(rate: Int, channels: Int, frames: Int, seed: UInt64 = 1) -> Data {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var all = [[Int16]](repeating: [], count: channels)
        for frame in 0..<frames {
            for channel in 0..<channels {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let noise = Double(Int32(truncatingIfNeeded: state >> 33)) / 4_294_967_296 * 4000
                let tone = 9000 * sin(2 * .pi * (220 + 110 * Double(channel)) * Double(frame) / Double(rate))
                all[channel].append(Int16(tone + noise))
            }
        }
        return s16(rate: rate, channels: all)
    }

    /// A chunk's content, found by walking the file's chunks.
    public static func chunk(_ name: String, of file: Data) -> Data? {
        let bytes = [UInt8](file)
        var place = 12
        while place + 8 <= bytes.count {
            let size = (0..<4).reduce(0) { $0 | Int(bytes[place + 4 + $1]) << (8 * $1) }
            let end = min(bytes.count, place + 8 + size)
            if String(decoding: bytes[place..<place + 4], as: UTF8.self) == name { return Data(bytes[place + 8..<end]) }
            place = place + 8 + size + size % 2
        }
        return nil
    }

    /// Rate, channels and bits of a WAV file.
    public static func format(of file: Data) -> (rate: Int, channels: Int, bits: Int)? {
        guard let chunk = chunk("fmt ", of: file).map({ [UInt8]($0) }), chunk.count >= 16 else { return nil }
        let rate = (0..<4).reduce(0) { $0 | Int(chunk[4 + $1]) << (8 * $1) }
        return (rate, Int(chunk[2]) | Int(chunk[3]) << 8, Int(chunk[14]) | Int(chunk[15]) << 8)
    }
}

extension Data {
    fileprivate mutating func append<T: FixedWidthInteger>(little number: T) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
