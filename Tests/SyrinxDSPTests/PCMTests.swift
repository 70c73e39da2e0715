import Testing

@testable import SyrinxDSP

@Suite("Samples on their way to bytes and back")
struct PCMTests {
    /// Values that lie where rounding and clipping change, beside noise.
    static func samples(_ count: Int, bits: Int, seed: UInt64) -> [Float] {
        let noise = CounterNoise(seed: seed)
        let step = Float(1) / Float(Int64(1) << (bits - 1))
        let edges: [Float] = [
            0, -0.0, 1, -1, 1 - step, 1 - step / 2, -1 - step / 2, 1 + step, -1 - step, step / 2, -step / 2, 1.5 * step,
            2.5 * step, -2.5 * step, .infinity, -.infinity, .nan, -.nan, .leastNonzeroMagnitude, 7, -7,
            Float(0.5).nextUp,
            Float(1).nextDown, Float(-1).nextUp, Float(-1).nextDown,
        ]
        return (0..<count).map { k in
            // Blocks without anything near the ends, and blocks with everything, so that both ways are taken.
            if k / 3000 % 2 == 1, k % 7 == 0 { return edges[Int(noise.bits(at: k) % UInt64(edges.count))] }
            return noise.uniform(at: k) * 0.97
        }
    }

    /// What the documentation says, one sample at a time.
    static func rounded(_ sample: Float, bits: Int, noise: Float?) -> (number: Int, isClipped: Bool) {
        let scale = Double(Int64(1) << (bits - 1))
        var value = Double(sample) * scale
        if let noise { value = bits <= 22 ? Double(Float(value) + noise) : value + Double(noise) }
        if value.isNaN { return (0, false) }
        let whole = value.rounded(.toNearestOrEven)
        // Half a step below the lowest rounds to it.
        if whole > scale - 1 { return (Int(scale) - 1, true) }
        return whole < -scale ? (Int(-scale), true) : (Int(whole), false)
    }

    static func bytes(of number: Int, _ layout: PCMLayout) -> [UInt8] {
        let word = UInt64(bitPattern: Int64(number << layout.shift + (layout.isUnsigned ? 128 : 0)))
        let bytes = (0..<layout.width).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
        return layout.isSwapped ? bytes.reversed() : bytes
    }

    static let layouts: [PCMLayout] =
        [PCMEncoding.u8, .s8, .s16, .s24, .s32].flatMap { [PCMLayout($0), PCMLayout($0, swapped: true)] }
        + [
            PCMLayout(bits: 12, inWordsOf: 2, atTop: true), PCMLayout(bits: 20, inWordsOf: 4, atTop: true),
            PCMLayout(bits: 24, inWordsOf: 4, atTop: true), PCMLayout(bits: 24, inWordsOf: 4, atTop: false),
        ]

    static func encode(
        _ planes: [Float], channels: Int, frames: Int, _ layout: PCMLayout, dither: TriangularDither? = nil,
        by vectors: PCMVectors, cut: Int? = nil
    ) -> (bytes: [UInt8], tally: PCMTally) {
        var bytes = [UInt8](repeating: 0xA5, count: channels * frames * layout.width + 1)
        var tally = PCMTally()
        let pieces = cut.map { [0..<$0, $0..<frames] } ?? [0..<frames]
        bytes.withUnsafeMutableBytes { target in
            planes.withUnsafeBufferPointer { planes in
                for piece in pieces {
                    let noise = dither.map { _ in TriangularDither(seed: 7, index: piece.lowerBound * channels) }
                    // At an odd address, as in a file behind a header of any length.
                    let sources = (0..<channels).map { channel in
                        planes.baseAddress.map { $0 + (channel * frames + piece.lowerBound) }
                    }
                    encodePCM(
                        sources, channels: channels, count: piece.count, as: layout, dither: noise,
                        into: target.baseAddress! + 1 + piece.lowerBound * channels * layout.width, tally: &tally,
                        by: vectors)
                }
            }
        }
        return (Array(bytes.dropFirst()), tally)
    }

    @Test(
        "whole numbers are the nearest, even on a tie, and kept within their range, with noise and without",
        arguments: layouts, [false, true])
    func integers(layout: PCMLayout, isDithered: Bool) {
        let bits = layout.bits ?? 0
        for channels in [1, 2, 3] {
            let frames = 9_001 / channels
            let planes = Self.samples(frames * channels, bits: bits, seed: UInt64(channels))
            let dither = isDithered ? TriangularDither(seed: 7, index: 0) : nil
            var expected: [UInt8] = []
            var tally = PCMTally()
            for frame in 0..<frames {
                for channel in 0..<channels {
                    let sample = planes[channel * frames + frame]
                    let (number, isClipped) = Self.rounded(
                        sample, bits: bits, noise: dither?.value(frame * channels + channel))
                    expected += Self.bytes(of: number, layout)
                    tally.clipped += isClipped ? 1 : 0
                    if sample.isNaN { tally.notNumbers += 1 } else { tally.peak = max(tally.peak, sample.magnitude) }
                }
            }
            for vectors in PCMVectors.usable {
                let made = Self.encode(planes, channels: channels, frames: frames, layout, dither: dither, by: vectors)
                #expect(made.bytes == expected, "\(vectors), \(channels) channels")
                #expect(made.tally == tally, "\(vectors), \(channels) channels")
                let parts = Self.encode(
                    planes, channels: channels, frames: frames, layout, dither: dither, by: vectors, cut: 1_111)
                #expect(parts.bytes == expected, "\(vectors), \(channels) channels, in two parts")
                #expect(parts.tally == tally)
            }
        }
    }

    @Test(
        "floating point keeps every bit, there and back",
        arguments: [PCMEncoding.f32, .f64], [false, true])
    func floats(encoding: PCMEncoding, isSwapped: Bool) {
        let layout = PCMLayout(encoding, swapped: isSwapped)
        for channels in [1, 2, 5] {
            let frames = 7_001
            let planes = Self.samples(frames * channels, bits: 16, seed: 9)
            for vectors in PCMVectors.usable {
                let made = Self.encode(planes, channels: channels, frames: frames, layout, by: vectors)
                let back = Self.decode(made.bytes, channels: channels, frames: frames, layout, by: vectors)
                // A NaN that is made wider and narrower again keeps being one, not its bits.
                #expect(
                    zip(back, planes).allSatisfy {
                        $0.bitPattern == $1.bitPattern || encoding == .f64 && $0.isNaN && $1.isNaN
                    }, "\(vectors)")
                #expect(made.tally.clipped == 0)
                #expect(made.tally.notNumbers == planes.count { $0.isNaN })
                #expect(made.tally.peak == .infinity)
            }
        }
    }

    static func decode(
        _ bytes: [UInt8], channels: Int, frames: Int, _ layout: PCMLayout, by vectors: PCMVectors
    ) -> [Float] {
        var planes = [Float](repeating: 99, count: channels * frames)
        let shifted = [0] + bytes
        planes.withUnsafeMutableBufferPointer { planes in
            shifted.withUnsafeBytes { bytes in
                let targets = (0..<channels).map { channel in planes.baseAddress.map { $0 + channel * frames } }
                decodePCM(
                    bytes.baseAddress! + 1, as: layout, channels: channels, count: frames, into: targets, by: vectors)
            }
        }
        return planes
    }

    @Test("any bytes are read as the nearest float of their number", arguments: layouts)
    func reading(layout: PCMLayout) {
        let noise = CounterNoise(seed: 4)
        let bits = layout.bits ?? 0
        for channels in [1, 2, 6] {
            let frames = 2_003
            let bytes = (0..<channels * frames * layout.width).map { UInt8(truncatingIfNeeded: noise.bits(at: $0)) }
            let expected = (0..<channels * frames).map { place in
                let (channel, frame) = (place / frames, place % frames)
                let first = (frame * channels + channel) * layout.width
                var own = Array(bytes[first..<first + layout.width])
                if layout.isSwapped { own.reverse() }
                var word = own.reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
                if layout.isUnsigned { word -= 128 }
                // What lies above the number is not its own.
                let above = 64 - Int64(bits + layout.shift)
                return Float(Double(word << above) * 0x1p-63)
            }
            for vectors in PCMVectors.usable {
                let read = Self.decode(bytes, channels: channels, frames: frames, layout, by: vectors)
                #expect(read == expected, "\(vectors), \(channels) channels")
            }
        }
    }

    @Test("what was read from whole numbers goes back to the same bytes", arguments: [PCMEncoding.u8, .s8, .s16, .s24])
    func roundTrip(encoding: PCMEncoding) {
        let noise = CounterNoise(seed: 5)
        let layout = PCMLayout(encoding)
        let bytes = (0..<2 * 5_000 * layout.width).map { UInt8(truncatingIfNeeded: noise.bits(at: $0)) }
        for vectors in PCMVectors.usable {
            let planes = Self.decode(bytes, channels: 2, frames: 5_000, layout, by: vectors)
            #expect(Self.encode(planes, channels: 2, frames: 5_000, layout, by: vectors).bytes == bytes)
        }
    }
}

extension PCMVectors {
    /// Those that this machine has.
    static var usable: [PCMVectors] { widest == .wide ? allCases : [.portable] }
}
