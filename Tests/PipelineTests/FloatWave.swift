import CommandTestKit
import Foundation

/// WAV files of 32-bit floats, for tests that compare to the bit.
enum FloatWave {
    struct Broken: Error {}

    /// - Parameter channels: planar.
    static func write(_ channels: [[Float]], rate: Int, to file: URL) throws {
        let frames = channels[0].count
        var data = Data()
        func put<T: FixedWidthInteger>(_ number: T) {
            withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) }
        }
        let bytes = frames * channels.count * 4
        data.append(contentsOf: Array("RIFF".utf8))
        put(UInt32(bytes + 36))
        data.append(contentsOf: Array("WAVEfmt ".utf8))
        put(UInt32(16))
        put(UInt16(3))
        put(UInt16(channels.count))
        put(UInt32(rate))
        put(UInt32(rate * channels.count * 4))
        put(UInt16(channels.count * 4))
        put(UInt16(32))
        data.append(contentsOf: Array("data".utf8))
        put(UInt32(bytes))
        for frame in 0..<frames { for channel in channels { put(channel[frame].bitPattern) } }
        try data.write(to: file)
    }

    /// Planar samples.
    static func read(_ file: URL) throws -> [[Float]] {
        let data = try Data(contentsOf: file)
        guard let format = Wave.format(of: data), format.bits == 32, let bytes = Wave.chunk("data", of: data) else {
            throw Broken()
        }
        let samples = bytes.withUnsafeBytes { raw in
            (0..<bytes.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
            }
        }
        return (0..<format.channels).map { channel in
            stride(from: channel, to: samples.count, by: format.channels).map { samples[$0] }
        }
    }
}
