internal import Foundation

/// WAV files for the emulator to play: 16 bits, mono.
enum WaveFile {
    static func write(_ samples: [Int16], rate: Int, to file: URL) throws {
        var data = Data("RIFF".utf8)
        func put<T: FixedWidthInteger>(_ number: T) {
            withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) }
        }
        put(UInt32(36 + 2 * samples.count))
        data.append(contentsOf: Array("WAVEfmt ".utf8))
        put(UInt32(16))
        put(UInt16(1))
        put(UInt16(1))
        put(UInt32(rate))
        put(UInt32(2 * rate))
        put(UInt16(2))
        put(UInt16(16))
        data.append(contentsOf: Array("data".utf8))
        put(UInt32(2 * samples.count))
        samples.withUnsafeBytes { data.append(contentsOf: $0) }
        try data.write(to: file)
    }
}
