import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import DynamicsPlugin

@Suite("deesser")
struct DeesserTests {
    private let settled: [String: Value] = [
        "frequency_hz": .number(6_000), "threshold_db": .number(-30), "ratio": .number(2), "knee_db": .number(0),
        "range_db": .number(60), "attack_ms": .number(1), "release_ms": .number(2_000),
    ]

    /// The gain of a tone in dB, settled.
    private func gain(_ values: [String: Value], _ frequency: Double, level: Double, output: Int = 0) throws -> Double {
        let node = try NodeHarness(DeesserNode.self, values, inputs: [mono48])
        let tone = TestSignal.sine(frequency, rate: 48_000, frames: 48_000, amplitude: linear(level))
        let out = try node.render([[tone]], frames: 48_000, cuts: [480]).outputs[output][0]
        return decibels(Measure.amplitude(out[24_000...], at: frequency, rate: 48_000)) - level
    }

    @Test("a tone at the band's centre follows the static curve", arguments: [-40.0, -24, -12, 0])
    func staticCurve(level: Double) throws {
        let expected = -max(0, (level + 30) / 2)
        // Eight samples a period never miss a peak; the slow release holds between them.
        #expect(abs(try gain(settled, 6_000, level: level) - expected) < 0.02)
    }

    @Test("range bounds it; far from the band nothing happens")
    func band() throws {
        let bounded = settled.merging(["range_db": .number(5)]) { $1 }
        #expect(abs(try gain(bounded, 6_000, level: 0) + 5) < 0.02)
        let low = try gain(settled, 200, level: 0)
        // The band-pass of Q 1 is 29 dB down at 200 Hz: just above the threshold, half a dB of it at most.
        #expect(abs(low) < 0.05)
    }

    @Test("a shelf turns down what lies above its corner, by the closed form of its filter")
    func shelf() throws {
        let values = settled.merging(["shape": .string("shelf"), "ratio": .number(100), "range_db": .number(12)]) { $1 }
        for frequency in [3_000.0, 6_000, 15_000] {
            let w = tan(.pi * frequency / 48_000) / tan(.pi * 6_000 / 48_000)
            // H = (1 + g·jw)/(1 + jw)
            let g = linear(-12)
            let expected = 10 * log10((1 + g * g * w * w) / (1 + w * w))
            #expect(abs(try gain(values, frequency, level: 0) - expected) < 0.03)
        }
    }

    @Test("relative detection treats soft and loud alike", arguments: [0.0, -30])
    func relative(level: Double) throws {
        let node = try NodeHarness(
            DeesserNode.self,
            settled.merging([
                "detection": .string("relative"), "threshold_db": .number(-10), "ratio": .number(4),
                "release_ms": .number(20),
            ]) { $1 },
            inputs: [mono48])
        let hiss = TestSignal.sine(6_000, rate: 48_000, frames: 24_000, amplitude: linear(level - 20))
        let voice = TestSignal.sine(300, rate: 48_000, frames: 24_000, amplitude: linear(level))
        let reduction = try node.render([[hiss]], frames: 24_000).outputs[2][0][450]
        // All of it is band: 10 dB above the threshold, 7.5 of them go.
        #expect(abs(Double(reduction) - 7.5) < 0.1)
        node.reset()
        let both = zip(hiss, voice).map { $0 + $1 }
        #expect(try node.render([[both]], frames: 24_000).outputs[2][0][450] < 0.01)
    }

    @Test("what it takes away and what it leaves are the input; below the threshold that is the input itself")
    func complement() throws {
        let node = try NodeHarness(DeesserNode.self, ["threshold_db": .number(-40)], inputs: [stereo48])
        let noise = [TestSignal.noise(seed: 1, frames: 9_600), TestSignal.noise(seed: 2, frames: 9_600)]
        let out = try node.render([noise], frames: 9_600).outputs
        for channel in 0..<2 {
            let sum = zip(out[0][channel], out[1][channel]).map { $0 + $1 }
            #expect(Measure.largestDifference(sum, noise[channel]) < 1e-7)
            #expect(Measure.rmsDecibels(out[1][channel]) > -40)
        }
        let soft = noise.map { $0.map { $0 * 0.001 } }
        node.reset()
        #expect(try node.render([soft], frames: 9_600).output == soft)
    }

    @Test("a band beyond half the rate is refused")
    func faults() {
        #expect(throws: PipelineError.self) {
            try NodeHarness(
                DeesserNode.self, ["frequency_hz": .number(6_000)], inputs: [StreamFormat(rate: 8_000, channels: 1)])
        }
    }
}
