import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import DynamicsPlugin

@Suite("compressor")
struct CompressorTests {
    /// Static curve with a soft knee, once more from the paper: equation 4.
    private func curve(_ x: Double, threshold: Double, ratio: Double, knee: Double) -> Double {
        if 2 * (x - threshold) < -knee { return x }
        if 2 * abs(x - threshold) <= knee {
            return x + (1 / ratio - 1) * pow(x - threshold + knee / 2, 2) / (2 * knee)
        }
        return threshold + (x - threshold) / ratio
    }

    /// The output's level, settled, for steady levels that go in.
    private func measure(_ values: [String: Value], levels: [Double]) throws -> [Double] {
        let settled = values.merging(["attack_ms": .number(0), "release_ms": .number(0)]) { one, _ in one }
        let node = try NodeHarness(CompressorNode.self, settled, inputs: [mono48])
        let out = try node.render([[square(levels.map { ($0, 10) })]], frames: 10 * levels.count).output[0]
        return levels.indices.map { decibels(out[$0 * 10 + 9]) }
    }

    @Test(
        "the static curve is the paper's, hard and soft, with make-up",
        arguments: [(3.0, 0.0), (2.5, 12.0), (100.0, 6.0)])
    func staticCurve(ratio: Double, knee: Double) throws {
        let levels = stride(from: -60.0, through: 6, by: 0.75).map { $0 }
        let values: [String: Value] = [
            "threshold_dbfs": .number(-20), "ratio": .number(ratio), "knee_db": .number(knee), "makeup_db": .number(4),
        ]
        for (level, measured) in zip(levels, try measure(values, levels: levels)) {
            let expected = curve(level, threshold: -20, ratio: ratio, knee: knee) + 4
            // Samples and gains are floats: 24 bits.
            if abs(measured - expected) > 2e-5 { Issue.record("\(level) dBFS: \(measured), expected \(expected)") }
        }
    }

    @Test("range bounds the reduction, mix leaves the input's share beside it")
    func rangeAndMix() throws {
        let bounded = try measure(
            ["threshold_dbfs": .number(-40), "ratio": .number(100), "knee_db": .number(0), "range_db": .number(9)],
            levels: [-20])
        #expect(abs(bounded[0] + 29) < 1e-5)
        let parallel = try measure(
            [
                "threshold_dbfs": .number(-20), "ratio": .number(2), "knee_db": .number(0), "mix_percent": .number(25),
                "makeup_db": .number(3),
            ], levels: [0])
        #expect(abs(parallel[0] - decibels(0.75 + 0.25 * linear(-10 + 3))) < 1e-5)
    }

    @Test("attack and release are those of the decoupled detector, sample for sample", arguments: [48_000, 44_100])
    func timeConstants(rate: Int) throws {
        let (attack, release) = (5.0, 50.0)
        let node = try NodeHarness(
            CompressorNode.self,
            [
                "threshold_dbfs": .number(-30), "ratio": .number(3), "knee_db": .number(0),
                "attack_ms": .number(attack), "release_ms": .number(release),
            ], inputs: [StreamFormat(rate: rate, channels: 1)])
        let input = square([(-60, 100), (0, 4_000), (-60, 8_000)])
        let out = try node.render([[input]], frames: input.count, cuts: [333]).output[0]
        func reduction(_ k: Int) -> Double { decibels(input[k]) - decibels(out[k]) }
        let (a, r) = (exp(-1000 / (attack * Double(rate))), exp(-1000 / (release * Double(rate))))
        for n in stride(from: 0, to: 4_000, by: 37) {
            let expected = 20 * (1 - pow(a, Double(n + 1)))
            #expect(abs(reduction(100 + n) - expected) < 1e-4, "attack, frame \(n)")
        }
        // From a level of 20 dB the held value falls as r^n, and a one-pole of factor a follows it.
        for n in stride(from: 0, to: 8_000, by: 97) {
            let k = Double(n + 1)
            let expected = 20 * (pow(a, k) + (1 - a) * r * (pow(r, k) - pow(a, k)) / (r - a))
            #expect(abs(reduction(4_100 + n) - expected) < 1e-4, "release, frame \(n)")
        }
    }

    @Test("the rms detector sees a sine 3.01 dB lower than the peak detector does")
    func rms() throws {
        let tone = TestSignal.sine(1_000, rate: 48_000, frames: 24_000)
        let node = try NodeHarness(
            CompressorNode.self,
            [
                "threshold_dbfs": .number(-30), "ratio": .number(3), "knee_db": .number(0), "detector": .string("rms"),
                "rms_ms": .number(50), "attack_ms": .number(5), "release_ms": .number(5),
            ], inputs: [mono48])
        let out = try node.render([[tone]], frames: 24_000)
        let expected = (30 - 3.0103) * 2 / 3
        // The mean of 50 ms still moves by 0.03 dB within a period.
        #expect(abs(Double(out.outputs[1][0][450]) - expected) < 0.05)
        #expect(abs(Measure.rmsDecibels(out.output[0][12_000...]) - (-3.0103 - expected)) < 0.05)
    }

    @Test("look-ahead is latency: it turns down before the sound is there")
    func lookahead() throws {
        let values: [String: Value] = [
            "threshold_dbfs": .number(-20), "ratio": .number(10), "knee_db": .number(0), "attack_ms": .number(1),
            "lookahead_ms": .number(5),
        ]
        let node = try NodeHarness(CompressorNode.self, values, inputs: [mono48])
        #expect(node.resolution.outputs[0].latency == Rational(240))
        #expect(node.resolution.outputs[1].latency == Rational(5))
        let input = square([(-40, 1_000), (0, 1_000)])
        let out = try node.render([[input]], frames: 2_000).output[0]
        #expect(out[..<240].allSatisfy { $0 == 0 })
        // 5 time constants after the onset was seen, its first sample has 18 dB less but for e^-5 of it.
        #expect(abs(decibels(out[1_240]) + 18 * (1 - exp(-241 / 48.0))) < 1e-3)
        // What comes before it is turned down likewise; what came earlier is untouched.
        #expect(out[1_239].magnitude < input[999].magnitude * 0.2)
        #expect(out[240..<1_240].prefix(760).elementsEqual(input[0..<760]))
    }

    @Test("a key is what it listens to, and nothing else")
    func key() throws {
        let values: [String: Value] = [
            "threshold_dbfs": .number(-20), "ratio": .number(2), "knee_db": .number(0), "attack_ms": .number(0),
            "release_ms": .number(0),
        ]
        let node = try NodeHarness(CompressorNode.self, values, inputs: [stereo48, mono48])
        let loud = square([(0, 600)])
        let key = square([(-60, 300), (-10, 300)])
        let out = try node.render([[loud, loud], [key]], frames: 600).output
        for channel in out {
            #expect(abs(decibels(channel[200])) < 1e-6)
            #expect(abs(decibels(channel[500]) + 5) < 1e-5)
        }
    }

    @Test("linked channels keep their balance; unlinked ones are each their own", arguments: [100.0, 50, 0])
    func link(percent: Double) throws {
        let node = try NodeHarness(
            CompressorNode.self,
            [
                "threshold_dbfs": .number(-20), "ratio": .number(2), "knee_db": .number(0), "attack_ms": .number(0),
                "release_ms": .number(0), "link_percent": .number(percent),
            ], inputs: [stereo48])
        let out = try node.render([[square([(0, 100)]), square([(-16, 100)])]], frames: 100).output
        #expect(abs(decibels(out[0][99]) + 10) < 1e-5)
        #expect(abs(decibels(out[1][99]) - (-16 - 2 - 8 * percent / 100)) < 1e-5)
    }

    @Test("what lies below the threshold passes bit for bit, later than the look-ahead")
    func transparency() throws {
        let noise = TestSignal.noise(frames: 5_000, amplitude: 0.05)
        let node = try NodeHarness(CompressorNode.self, ["lookahead_ms": .number(2)], inputs: [mono48])
        let out = try node.render([[noise]], frames: 5_000).output[0]
        #expect(Array(out[96...]) == Array(noise[..<4_904]))
    }

    @Test("the reduction that it tells is the reduction that it makes")
    func told() throws {
        let node = try NodeHarness(
            CompressorNode.self, ["threshold_dbfs": .number(-40), "ratio": .number(4), "knee_db": .number(0)],
            inputs: [mono48])
        let input = square([(-60, 4_800), (-10, 9_600)])
        let out = try node.render([[input]], frames: 14_400)
        for millisecond in [50, 120, 150, 250, 299] {
            // Rising, the most of a millisecond is its last frame's.
            let last = millisecond * 48 - 1
            let expected = decibels(input[last]) - decibels(out.output[0][last])
            #expect(abs(Double(out.outputs[1][0][millisecond]) - expected) < 1e-4)
        }
    }

    @Test("a moved threshold glides for 20 ms without a step")
    func glide() throws {
        let node = try NodeHarness(
            CompressorNode.self,
            [
                "threshold_dbfs": .number(0), "ratio": .number(10), "knee_db": .number(0), "attack_ms": .number(0),
                "release_ms": .number(0),
            ], inputs: [mono48])
        let out = try node.render(
            [[square([(0, 4_000)])]], frames: 4_000, moves: [.init(at: 1_000, "threshold_dbfs", to: -40)]
        ).output[0].map { decibels($0) }
        #expect(abs(out[999]) < 1e-6 && abs(out[1_000 + 480] + 18) < 1e-3 && abs(out[1_960] + 36) < 1e-4)
        #expect(zip(out, out.dropFirst()).allSatisfy { abs($0 - $1) < 0.04 })
    }
}
