import Glibc
import ResamplePlugin
import SyrinxCore
import SyrinxTestKit
import Testing

@Suite("resample")
struct ResampleNodeTests {
    static let qualities = ["fast", "medium", "high", "best", "linear", "hold"]

    /// A node between two rates, in slices of R.
    static func harness(
        _ pair: RatePair, quality: String = "high", channels: Int = 1, inputLatency: Int = 0, masterRate: Int? = nil,
        largestBlock: Int = 4096
    ) throws -> NodeHarness {
        try NodeHarness(
            ResampleNode.self, ["rate_hz": .integer(pair.output), "quality": .string(quality)],
            inputs: [StreamFormat(rate: pair.input, channels: channels)], inputLatencies: [inputLatency],
            masterRate: masterRate ?? max(pair.input, pair.output), largestBlock: largestBlock)
    }

    /// All the frames of one stream, through one node at its input's pace.
    static func convert(
        _ samples: [Float], _ pair: RatePair, quality: String = "high", inputLatency: Int = 0, cuts: [Int] = [480]
    ) throws -> [Float] {
        let harness = try harness(
            pair, quality: quality, inputLatency: inputLatency, masterRate: pair.input,
            largestBlock: cuts.max() ?? 1)
        return try harness.render([[samples]], frames: samples.count, cuts: cuts).output[0]
    }

    @Test("an impulse comes out where its instant lies, plus the stated latency", arguments: RatePair.usual, qualities)
    func impulse(pair: RatePair, quality: String) throws {
        for frame in [0, 1, 2, 333, 1_000, 4_801] {
            let samples = TestSignal.impulse(at: frame, frames: 12_000)
            let latency = try #require(
                Self.harness(pair, quality: quality).resolution.outputs[0].latency.wholeFrames(atRate: 1))
            let output = try Self.convert(samples, pair, quality: quality)
            let exact = Double(frame) * Double(pair.output) / Double(pair.input) + Double(latency)
            if quality == "hold" || (quality == "linear" && pair.output < pair.input) { continue }
            let peak = try #require(output.indices.max { abs(output[$0]) < abs(output[$1]) })
            #expect(abs(Double(peak) - exact.rounded()) <= 0.5, "frame \(frame)")
        }
    }

    @Test("a sine comes out with the phase that the stated latency gives it", arguments: RatePair.all, qualities)
    func phase(pair: RatePair, quality: String) throws {
        let lower = min(pair.input, pair.output)
        let frequency = Double(lower) / 100
        let samples = TestSignal.sine(frequency, rate: pair.input, frames: 6_000 * max(1, pair.input / lower))
        let harness = try Self.harness(pair, quality: quality)
        let latency = harness.resolution.outputs[0].latency.double / Double(pair.output)
        let output = try Self.convert(samples, pair, quality: quality)
        let delay = Self.delay(output, from: output.count / 2, of: frequency, rate: pair.output)
        let period = 1 / frequency
        let error = (delay - latency).remainder(dividingBy: period)
        // hold shows a sample until the next: 0…1 input frame late, 0.5 in the mean.
        let range = quality == "hold" ? -1e-9...1 / Double(pair.input) : -0.005 / Double(lower)...0.005 / Double(lower)
        #expect(range.contains(error), "off by \(error * Double(lower)) frames of the lower rate")
    }

    @Test("no frame has to be made up, in whatever way time is cut", arguments: RatePair.all, qualities)
    func shortfall(pair: RatePair, quality: String) throws {
        for masterRate in [pair.input, pair.output, 48_000, 192_000]
        where masterRate <= 50 * min(pair.input, pair.output) {
            for latency in [0, 77] {
                for cuts in [[1], [1, 300, 7]] {
                    let harness = try Self.harness(
                        pair, quality: quality, inputLatency: latency, masterRate: masterRate, largestBlock: 512)
                    let frames = cuts == [1] ? 700 : 4_000
                    let renderer = try #require(harness.prepared.renderer as? ResampleRenderer)
                    _ = try harness.render([[TestSignal.constant(1, frames: 100)]], frames: frames, cuts: cuts)
                    #expect(renderer.shortfall == 0, "R = \(masterRate), \(latency) frames late, cuts \(cuts)")
                }
            }
        }
    }

    @Test("what has come together is a whole number of output frames", arguments: RatePair.all)
    func wholeLatency(pair: RatePair) throws {
        for inputLatency in [0, 1, 13, 160, 4_567] {
            let own = try Self.harness(pair, inputLatency: inputLatency).resolution.outputs[0].latency
            let total = own + Rational(Int128(inputLatency) * Int128(pair.output), over: Int128(pair.input))
            #expect(total.denominator == 1)
            #expect(own > .zero)
            #expect(own.double <= Double(Self.reach(pair)) * Double(pair.output) / Double(pair.input) + 1)
        }
    }

    /// By how many seconds a sine is late, up to whole periods: a straight-line fit of sine and cosine from `first` on.
    static func delay(_ samples: [Float], from first: Int, of frequency: Double, rate: Int) -> Double {
        // Least squares, so that the stretch need not hold whole periods.
        var (ss, sc, cc, ys, yc) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for k in first..<samples.count {
            let angle = 2 * .pi * frequency * Double(k) / Double(rate)
            let (s, c, y) = (sin(angle), cos(angle), Double(samples[k]))
            (ss, sc, cc, ys, yc) = (ss + s * s, sc + s * c, cc + c * c, ys + y * s, yc + y * c)
        }
        let determinant = ss * cc - sc * sc
        let (a, b) = ((ys * cc - yc * sc) / determinant, (yc * ss - ys * sc) / determinant)
        return -atan2(b, a) / (2 * .pi * frequency)
    }

    /// Half the length of the best filter, in input frames.
    static func reach(_ pair: RatePair) -> Int { 144 * max(1, (pair.input + pair.output - 1) / pair.output) }

    @Test("there and back again is where it was", arguments: [("best", -100.0), ("medium", -85), ("fast", -80)])
    func thereAndBack(quality: String, limit: Double) throws {
        let (there, back) = (RatePair(48_000, 44_100), RatePair(44_100, 48_000))
        let tone = TestSignal.sine(1_000, rate: 48_000, frames: 48_000, amplitude: 0.5)
        for late in [0, 1, 5, 100] {
            let input = [Float](repeating: 0, count: late) + tone
            let first = try Self.harness(there, quality: quality, inputLatency: late).resolution.outputs[0].latency
            let middle = try #require(
                (Rational(Int128(late) * 44_100, over: 48_000) + first).wholeFrames(atRate: 1))
            let second = try Self.harness(back, quality: quality, inputLatency: middle).resolution.outputs[0].latency
            let end = try #require((Rational(Int128(middle) * 48_000, over: 44_100) + second).wholeFrames(atRate: 1))
            let down = try Self.convert(input, there, quality: quality, inputLatency: late)
            let up = try Self.convert(down, back, quality: quality, inputLatency: middle)
            // The tone's sudden start rings; what follows is compared.
            let residue = Measure.residueDecibels(up[(end + 4_800)..<(end + 40_000)], tone[4_800..<40_000])
            #expect(residue < limit, "\(late) frames late: \(residue) dB")
        }
    }

    @Test("a tone of 1 kHz keeps its level and is clean", arguments: RatePair.usual)
    func tone(pair: RatePair) throws {
        for (quality, limit) in [("fast", -95.0), ("medium", -115), ("high", -125)] {
            let tone = TestSignal.sine(1_000, rate: pair.input, frames: pair.input, amplitude: 0.5)
            let latency = try #require(
                Self.harness(pair, quality: quality).resolution.outputs[0].latency.wholeFrames(atRate: 1))
            let output = try Self.convert(tone, pair, quality: quality)
            let expected = TestSignal.sine(1_000, rate: pair.output, frames: pair.output / 2, amplitude: 0.5)
            let middle = pair.output / 10..<pair.output / 2
            let residue = Measure.residueDecibels(
                output[(middle.lowerBound + latency)..<(middle.upperBound + latency)], expected[middle])
            #expect(residue < limit, "\(quality): \(residue) dB")
        }
    }
}

/// Two rates, Hz.
struct RatePair: Sendable, CustomTestStringConvertible {
    let input: Int
    let output: Int

    init(_ input: Int, _ output: Int) {
        self.input = input
        self.output = output
    }

    var testDescription: String { "\(input) → \(output)" }

    static let usual = [
        RatePair(44_100, 48_000), RatePair(48_000, 44_100), RatePair(48_000, 16_000), RatePair(96_000, 44_100),
        RatePair(22_050, 48_000),
    ]
    static let odd = [
        RatePair(8_000, 192_000), RatePair(192_000, 8_000), RatePair(44_101, 47_999), RatePair(48_000, 47_999),
    ]
    static let all = usual + odd
}
