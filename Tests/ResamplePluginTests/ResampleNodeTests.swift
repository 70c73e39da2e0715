import Glibc
import ResamplePlugin
import SyrinxCore
import SyrinxTestKit
import Testing

@Suite("resample")
struct ResampleNodeTests {
    /// Every way in which the node works, engine and quality; the short form leaves out what differs in its filter's length only.
    static let ways =
        isLong
        ? ["fast", "medium", "high", "best"].map { Way("native", $0) }
            + ["fast", "medium", "high", "linear", "hold"].map { Way("libsamplerate", $0) }
        : fewWays
    static let fewWays =
        [Way("native", "fast"), Way("native", "best")]
        + ["fast", "linear", "hold"].map { Way("libsamplerate", $0) }

    /// A node between two rates, in slices of R.
    static func harness(
        _ pair: RatePair, _ way: Way = Way("native", "high"), channels: Int = 1, inputLatency: Int = 0,
        masterRate: Int? = nil,
        largestBlock: Int = 4096
    ) throws -> NodeHarness {
        try NodeHarness(
            ResampleNode.self,
            [
                "rate_hz": .integer(pair.output), "quality": .string(way.quality), "engine": .string(way.engine),
                "phase": .string(way.phase),
            ],
            inputs: [StreamFormat(rate: pair.input, channels: channels)], inputLatencies: [inputLatency],
            masterRate: masterRate ?? max(pair.input, pair.output), largestBlock: largestBlock)
    }

    /// All the frames of one stream, through one node at its input's pace.
    static func convert(
        _ samples: [Float], _ pair: RatePair, _ way: Way = Way("native", "high"), inputLatency: Int = 0,
        cuts: [Int] = [480]
    ) throws -> [Float] {
        let harness = try harness(
            pair, way, inputLatency: inputLatency, masterRate: pair.input,
            largestBlock: cuts.max() ?? 1)
        return try harness.render([[samples]], frames: samples.count, cuts: cuts).output[0]
    }

    @Test("an impulse comes out where its instant lies, plus the stated latency", arguments: RatePair.all, ways)
    func impulse(pair: RatePair, way: Way) throws {
        for frame in isLong ? [0, 1, 2, 333, 1_000, 4_801] : [0, 333, 4_801] {
            let samples = TestSignal.impulse(at: frame, frames: 12_000)
            let latency = try #require(
                Self.harness(pair, way).resolution.outputs[0].latency.wholeFrames(atRate: 1))
            let output = try Self.convert(samples, pair, way)
            let exact = Double(frame) * Double(pair.output) / Double(pair.input) + Double(latency)
            if way.quality == "hold" || (way.quality == "linear" && pair.output < pair.input) { continue }
            let peak = try #require(output.indices.max { abs(output[$0]) < abs(output[$1]) })
            #expect(abs(Double(peak) - exact.rounded()) <= 0.5, "frame \(frame)")
        }
    }

    @Test("a sine comes out with the phase that the stated latency gives it", arguments: RatePair.all, fewWays)
    func phase(pair: RatePair, way: Way) throws {
        let lower = min(pair.input, pair.output)
        let frequency = Double(lower) / 100
        let samples = TestSignal.sine(frequency, rate: pair.input, frames: 6_000 * max(1, pair.input / lower))
        let harness = try Self.harness(pair, way)
        let latency = harness.resolution.outputs[0].latency.double / Double(pair.output)
        let output = try Self.convert(samples, pair, way)
        let delay = Self.delay(output, from: output.count / 2, of: frequency, rate: pair.output)
        let period = 1 / frequency
        let error = (delay - latency).remainder(dividingBy: period)
        // hold shows a sample until the next: 0…1 input frame late, 0.5 in the mean.
        let range =
            way.quality == "hold" ? -1e-9...1 / Double(pair.input) : -0.005 / Double(lower)...0.005 / Double(lower)
        #expect(range.contains(error), "off by \(error * Double(lower)) frames of the lower rate")
    }

    @Test("no frame has to be made up, in whatever way time is cut", arguments: RatePair.all, fewWays + [.minimum])
    func shortfall(pair: RatePair, way: Way) throws {
        for masterRate in isLong ? [pair.input, pair.output, 48_000, 192_000] : [pair.output, 192_000]
        where masterRate <= 50 * min(pair.input, pair.output) {
            for latency in [0, 77] {
                for cuts in [[1], [1, 300, 7]] {
                    let harness = try Self.harness(
                        pair, way, inputLatency: latency, masterRate: masterRate, largestBlock: 512)
                    let frames = cuts == [1] ? 500 : isLong ? 2_000 : 700
                    _ = try harness.render([[TestSignal.constant(1, frames: 100)]], frames: frames, cuts: cuts)
                    #expect(try Self.shortfall(harness) == 0, "R = \(masterRate), \(latency) frames late, cuts \(cuts)")
                }
            }
        }
    }

    @Test("minimum phase lets low frequencies pass within some frames", arguments: RatePair.all)
    func minimumPhase(pair: RatePair) throws {
        let lower = min(pair.input, pair.output)
        let frequency = Double(lower) / 200
        let latency = try Self.harness(pair, .minimum).resolution.outputs[0].latency.double / Double(pair.output)
        // 4 frames of the lower rate and the short filter where there is one, rounded up to frames.
        #expect(latency * Double(lower) < 12)
        let output = try Self.convert(
            TestSignal.sine(frequency, rate: pair.input, frames: 6_000 * max(1, pair.input / lower)), pair, .minimum)
        let delay = Self.delay(output, from: output.count / 2, of: frequency, rate: pair.output)
        let error = (delay - latency).remainder(dividingBy: 1 / frequency) * Double(lower)
        #expect(abs(error) < 0.01, "off by \(error) frames of the lower rate")
    }

    @Test("minimum phase is for Syrinx's own filters")
    func minimumPhaseOfLibrary() {
        for way in [Way("libsamplerate", "high", phase: "minimum"), Way("native", "hold", phase: "minimum")] {
            let error = #expect(throws: PipelineError.self) { _ = try Self.harness(RatePair(48_000, 44_100), way) }
            #expect(
                error?.description.hasPrefix("nodes.test.phase: found minimum, but libsamplerate's filters") == true)
        }
    }

    /// How many frames a node's renderer had to make up.
    static func shortfall(_ harness: NodeHarness) throws -> Int {
        if let native = harness.prepared.renderer as? NativeResampleRenderer { return native.shortfall }
        return try #require(harness.prepared.renderer as? ResampleRenderer).shortfall
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

    /// The filters' gain at 1 kHz is 1 within their ripple, and that shows here.
    static let residues: [(Way, Double)] = [
        (Way("native", "best"), -135), (Way("native", "high"), -90), (Way("native", "medium"), -90),
        (Way("native", "fast"), -90), (Way("libsamplerate", "best"), -100), (Way("libsamplerate", "fast"), -80),
    ]

    @Test("there and back again is where it was", arguments: residues)
    func thereAndBack(way: Way, limit: Double) throws {
        let (there, back) = (RatePair(48_000, 44_100), RatePair(44_100, 48_000))
        let tone = TestSignal.sine(1_000, rate: 48_000, frames: isLong ? 48_000 : 12_000, amplitude: 0.5)
        for late in isLong ? [0, 1, 5, 100] : [0, 5] {
            let input = [Float](repeating: 0, count: late) + tone
            let first = try Self.harness(there, way, inputLatency: late).resolution.outputs[0].latency
            let middle = try #require(
                (Rational(Int128(late) * 44_100, over: 48_000) + first).wholeFrames(atRate: 1))
            let second = try Self.harness(back, way, inputLatency: middle).resolution.outputs[0].latency
            let end = try #require((Rational(Int128(middle) * 48_000, over: 44_100) + second).wholeFrames(atRate: 1))
            let down = try Self.convert(input, there, way, inputLatency: late)
            let up = try Self.convert(down, back, way, inputLatency: middle)
            // The tone's sudden start rings; what follows is compared.
            let residue = Measure.residueDecibels(
                up[(end + 4_800)..<(end + tone.count - 2_000)], tone[4_800..<tone.count - 2_000])
            #expect(residue < limit, "\(late) frames late: \(residue) dB")
        }
    }

    @Test("a tone of 1 kHz keeps its level and is clean", arguments: RatePair.all)
    func tone(pair: RatePair) throws {
        let ways: [(Way, Double)] = [
            (Way("native", "fast"), -95.0), (Way("native", "medium"), -95), (Way("native", "high"), -95),
            (Way("native", "best"), -135), (Way("libsamplerate", "fast"), -95), (Way("libsamplerate", "medium"), -115),
            (Way("libsamplerate", "high"), -125),
        ].filter { isLong || Self.fewWays.contains($0.0) }
        for (way, limit) in ways where way.engine == "native" || pair.output < 100_000 {
            let tone = TestSignal.sine(1_000, rate: pair.input, frames: pair.input / 5, amplitude: 0.5)
            let latency = try #require(Self.harness(pair, way).resolution.outputs[0].latency.wholeFrames(atRate: 1))
            let output = try Self.convert(tone, pair, way)
            let expected = TestSignal.sine(1_000, rate: pair.output, frames: pair.output / 5, amplitude: 0.5)
            let middle = pair.output / 20..<pair.output * 3 / 20
            let residue = Measure.residueDecibels(
                output[(middle.lowerBound + latency)..<(middle.upperBound + latency)], expected[middle])
            #expect(residue < limit, "\(way): \(residue) dB")
        }
    }
}

/// SYRINX_LONG: every pair of rates with every engine and quality, and longer signals.
let isLong = getenv("SYRINX_LONG") != nil

/// An engine and a quality.
struct Way: Sendable, Hashable, CustomTestStringConvertible {
    let engine: String
    let quality: String
    let phase: String

    init(_ engine: String, _ quality: String, phase: String = "linear") {
        self.engine = engine
        self.quality = quality
        self.phase = phase
    }

    static let minimum = Way("native", "high", phase: "minimum")

    var testDescription: String { "\(engine) \(quality) \(phase)" }
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
        RatePair(22_050, 48_000), RatePair(44_100, 16_000), RatePair(24_000, 48_000), RatePair(32_000, 48_000),
    ]
    static let odd = [
        RatePair(8_000, 192_000), RatePair(192_000, 8_000), RatePair(44_101, 47_999), RatePair(48_000, 47_999),
    ]
    /// A row for each place, streams, a short filter before the long one, and rows between others.
    static let all =
        isLong ? usual + odd : [usual[0], usual[2], RatePair(44_100, 16_000), odd[2]]
}
