import Glibc
import SyrinxDSP
import SyrinxTestKit
import Testing

@Suite("polyphase resampler")
struct RationalResamplerTests {
    /// Rates of every kind of table. Vectors of 8: a row for each pair of place and phase, streams with one phase, with mirrored
    /// ones and with others, a row for each phase, rows between others. Vectors of 16: columns of which 8 taps see the same
    /// samples in the place of rows, and columns of which 4 do.
    static let rates = [
        (48_000, 44_100), (48_000, 16_000), (16_000, 48_000), (32_000, 48_000), (24_000, 48_000), (44_100, 48_000),
        (44_101, 47_999), (88_200, 48_000), (96_000, 48_000),
    ]
    /// And some where a short filter comes first; of the second, its two rates have more in common than those of the whole.
    static let allRates = rates + [(44_100, 16_000), (96_000, 44_100)]

    /// What a resampler that begins with its first filter on silence makes of some channels.
    ///
    /// - Parameter blocks: frames that are appended at once, over and over; none for all.
    static func convert(
        _ input: [[Float]], from inputRate: Int, to outputRate: Int, _ quality: ResamplerQuality,
        phase: ResamplerPhase = .linear, _ vectors: RationalResampler.Vectors = .widest, blocks: [Int] = []
    ) -> [[Float]] {
        let key = ResamplerTable.Key(inputRate: inputRate, outputRate: outputRate, quality: quality, phase: phase)
        let frames = input[0].count
        let table = vectors == .widest ? ResamplerTable.shared(key) : ResamplerTable(key, vectors: vectors)
        var resampler = RationalResampler(
            table, channels: input.count, backlog: 2 * key.taps, largestInput: blocks.max() ?? frames, vectors: vectors)
        resampler.begin(instant: 0, next: 0)
        let most = (frames - key.reach) * outputRate / inputRate
        let outputs = input.map { _ in UnsafeMutablePointer<Float>.allocate(capacity: most) }
        defer { for output in outputs { output.deallocate() } }
        var (read, made, turn) = (0, 0, 0)
        while read < frames {
            let count = min(blocks.isEmpty ? frames : blocks[turn % blocks.count], frames - read)
            resampler.reserve(count)
            for (channel, samples) in input.enumerated() {
                resampler.append(Array(samples[read..<read + count]), count: count, channel: channel)
            }
            resampler.advance(count)
            for (channel, output) in outputs.enumerated() { resampler.direct(channel, to: output + made) }
            made += resampler.convert(most - made)
            read += count
            turn += 1
        }
        return outputs.map { Array(UnsafeBufferPointer(start: $0, count: made)) }
    }

    @Test("a filter passes and stops what it states", arguments: ResamplerQuality.allCases)
    func response(quality: ResamplerQuality) {
        // 8 places between two samples of the lower rate: what lies beyond 4 times it, folded, is small.
        let density = 8
        let half = quality.taps / 2 * density
        let filter = quality.filter(at: (0...half).map { Double($0) / Double(density) }).map { $0 / Double(density) }
        func gain(_ frequency: Double) -> Double {
            let turn = 2 * Double.pi * frequency / Double(density)
            return filter.indices.dropFirst().reduce(filter[0]) { $0 + 2 * filter[$1] * cos(turn * Double($1)) }
        }
        let edge =
            switch quality {
            case .fast: 0.74
            case .medium: 0.86
            case .high, .best: 0.907
            }
        for step in 0...60 {
            let decibels = 20 * log10(gain(edge / 2 * Double(step) / 60))
            #expect(abs(decibels) < 0.01, "\(decibels) dB at step \(step) of the pass-band")
        }
        var most = 0.0
        for step in 0..<500 { most = max(most, abs(gain(0.5 + 0.0011 * Double(step) * (1 + Double(step) / 150)))) }
        #expect(20 * log10(most) < -quality.attenuation)
    }

    @Test("an output is the sum of inputs times the filter's closed form", arguments: rates)
    func closedForm(input: Int, output: Int) {
        let key = ResamplerTable.Key(inputRate: input, outputRate: output, quality: .high)
        let stretch = max(1, Double(input) / Double(output))
        let noise = TestSignal.noise(frames: 1_500)
        let result = Self.convert([noise], from: input, to: output, .high)[0]
        #expect(result.count > 100)
        for k in stride(from: 0, to: result.count, by: 37) {
            let instant = Double(k) * Double(input) / Double(output)
            let first = max(0, Int(instant) - key.reach)
            let last = min(noise.count, Int(instant) + key.reach + 1)
            let filter = ResamplerQuality.high.filter(at: (first..<last).map { (Double($0) - instant) / stretch })
            let sum = (first..<last).reduce(0.0) { $0 + Double(noise[$1]) * filter[$1 - first] / stretch }
            // Single precision: a few parts in 2^24 of the largest product.
            #expect(abs(Double(result[k]) - sum) < 3e-7, "output \(k)")
        }
    }

    @Test("all vectors give the same sums but for rounding", arguments: allRates)
    func vectors(input: Int, output: Int) {
        for (channels, phase) in [(1, ResamplerPhase.linear), (2, .linear), (3, .linear), (2, .minimum)] {
            let noise = (0..<channels).map { TestSignal.noise(seed: UInt64($0), frames: 2_000) }
            let plain = Self.convert(noise, from: input, to: output, .best, phase: phase, .portable)
            for vectors in RationalResampler.Vectors.allCases
            where vectors.rawValue <= RationalResampler.Vectors.widest.rawValue {
                let wide = Self.convert(noise, from: input, to: output, .best, phase: phase, vectors)
                for channel in 0..<channels {
                    #expect(wide[channel].count == plain[channel].count)
                    #expect(Measure.largestDifference(wide[channel], plain[channel]) < 3e-7)
                }
            }
        }
    }

    @Test("minimum phase has the gain of linear phase, and comes at once", arguments: ResamplerQuality.allCases)
    func minimumPhase(quality: ResamplerQuality) {
        let density = 8
        let times = (-8 * density..<quality.taps * density).map { Double($0) / Double(density) }
        let middle = (-quality.taps * density / 2...quality.taps * density / 2).map { Double($0) / Double(density) }
        let one = quality.filter(at: times, phase: .minimum).map { $0 / Double(density) }
        let other = quality.filter(at: middle).map { $0 / Double(density) }
        func gain(_ filter: [Double], _ frequency: Double) -> Double {
            let turn = 2 * Double.pi * frequency / Double(density)
            let (real, imaginary) = filter.indices.reduce((0.0, 0.0)) {
                ($0.0 + filter[$1] * cos(turn * Double($1)), $0.1 + filter[$1] * sin(turn * Double($1)))
            }
            return (real * real + imaginary * imaginary).squareRoot()
        }
        for step in 0...50 {
            let frequency = 0.8 * Double(step) / 50
            let (minimum, linear) = (gain(one, frequency), gain(other, frequency))
            // Equal down to the ripple of the stop-band.
            #expect(abs(minimum - linear) < 1.5 * pow(10, -quality.attenuation / 20), "at \(frequency)")
        }
        // Low frequencies lie at time 0, after 5 samples at most; linear phase takes half the length.
        let delay = zip(times, one).reduce(0.0) { $0 + $1.0 * $1.1 }
        #expect(abs(delay) < 0.01)
        #expect(zip(times, one).first { $0.1 != 0 }?.0 ?? -9 > -5)
        for (input, output) in [(48_000, 44_100), (48_000, 16_000), (44_100, 16_000)] {
            let key = ResamplerTable.Key(inputRate: input, outputRate: output, quality: quality, phase: .minimum)
            #expect(key.reach < 5 * input / output + 5 + (output == 16_000 ? 20 : 0))
        }
    }

    @Test("a channel's bits do not depend on how many are computed with it", arguments: allRates)
    func alone(input: Int, output: Int) {
        let noise = (0..<3).map { TestSignal.noise(seed: UInt64($0), frames: 1_000) }
        let together = Self.convert(noise, from: input, to: output, .medium)
        for channel in 0..<3 {
            #expect(Self.convert([noise[channel]], from: input, to: output, .medium)[0] == together[channel])
        }
    }

    @Test("bits do not depend on how the stream is cut", arguments: allRates)
    func cuts(input: Int, output: Int) {
        let noise = (0..<2).map { TestSignal.noise(seed: UInt64($0), frames: 6_000) }
        for vectors in RationalResampler.Vectors.allCases
        where vectors.rawValue <= RationalResampler.Vectors.widest.rawValue {
            let kinds: [(ResamplerQuality, ResamplerPhase)] = [(.high, .linear), (.best, .linear), (.best, .minimum)]
            for (quality, phase) in kinds {
                func converted(_ blocks: [Int]) -> [[Float]] {
                    Self.convert(noise, from: input, to: output, quality, phase: phase, vectors, blocks: blocks)
                }
                let whole = converted([])
                #expect(whole[0].count > 500)
                #expect(converted([64]) == whole)
                #expect(converted([1, 7, 300, 32, 2, 1_000, 90, 23]) == whole)
            }
        }
    }

    @Test(
        "best leaves 150 dB between a tone and all else",
        arguments: [(48_000, 44_100), (96_000, 48_000), (44_100, 16_000), (384_000, 11_025)])
    func precise(input: Int, output: Int) {
        // Not 1 kHz: of 16 kHz that makes 16 samples over and over, and their roundings alone come to −148 dB.
        let tone = TestSignal.sine(997, rate: input, frames: max(12_000, input / 6), amplitude: 0.5)
        let result = Self.convert([tone], from: input, to: output, .best)[0].dropFirst(400)
        // Least squares: the gain within the ripple is not the question.
        var (ss, sc, cc, ys, yc, yy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        let turn = 2 * Double.pi * 997 / Double(output)
        for (k, sample) in result.enumerated() {
            let (s, c, y) = (sin(turn * Double(k)), cos(turn * Double(k)), Double(sample))
            (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c)
            (ys, yc, yy) = (ys + y * s, yc + y * c, yy + y * y)
        }
        let determinant = ss * cc - sc * sc
        let (a, b) = ((ys * cc - yc * sc) / determinant, (yc * ss - ys * sc) / determinant)
        let rest = result.enumerated().reduce(0.0) {
            let error = Double($1.element) - a * sin(turn * Double($1.offset)) - b * cos(turn * Double($1.offset))
            return $0 + error * error
        }
        #expect(10 * log10(rest / yy) < -150)
    }

    @Test("two converters of one kind share a table, and it goes with the last of them")
    func sharing() {
        let key = ResamplerTable.Key(inputRate: 12_345, outputRate: 8_000, quality: .fast)
        var one: ResamplerTable? = .shared(key)
        weak let first = one
        #expect(
            ResamplerTable.shared(ResamplerTable.Key(inputRate: 24_690, outputRate: 16_000, quality: .fast)) === one)
        #expect(ResamplerTable.shared(ResamplerTable.Key(inputRate: 12_345, outputRate: 8_000, quality: .best)) !== one)
        one = nil
        #expect(first == nil)
    }

    @Test("a sample that is not finite counts as silence")
    func notFinite() {
        var noise = TestSignal.noise(frames: 1_000)
        noise[500] = 0
        let clean = Self.convert([noise], from: 48_000, to: 44_100, .fast)
        for value in [Float.nan, .infinity, -.infinity] {
            noise[500] = value
            #expect(Self.convert([noise], from: 48_000, to: 44_100, .fast) == clean)
        }
    }
}
