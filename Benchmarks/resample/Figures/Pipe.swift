import Glibc
import SyrinxDSP

/// Converts one channel of raw floats from standard input to standard output, aligned in time: for other programs' measurements.
enum Pipe {
    static func run(from input: Int, to output: Int, _ quality: ResamplerQuality) {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(STDIN_FILENO, &part, part.count)
            if count <= 0 { break }
            bytes += part[..<count]
        }
        var samples = bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        let key = ResamplerTable.Key(inputRate: input, outputRate: output, quality: quality)
        let wanted = (samples.count * output + input - 1) / input
        // The filter looks beyond the end.
        samples += [Float](repeating: 0, count: 2 * key.taps)
        var resampler = RationalResampler(
            .shared(key), channels: 1, backlog: 2 * key.taps, largestInput: samples.count)
        resampler.begin(instant: 0, next: 0)
        resampler.append(samples, count: samples.count, channel: 0)
        resampler.advance(samples.count)
        var result = [Float](repeating: 0, count: wanted)
        let made = result.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            resampler.direct(0, to: start)
            return resampler.convert(wanted)
        }
        result.withUnsafeBytes { bytes in
            var done = 0
            while done < 4 * made, let start = bytes.baseAddress {
                let count = write(STDOUT_FILENO, start + done, 4 * made - done)
                if count <= 0 { break }
                done += count
            }
        }
    }
}
