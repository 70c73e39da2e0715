import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import DynamicsPlugin

@Suite("agc")
struct AGCTests {
    /// A 997 Hz sine in one channel: −3.01 LUFS at full scale, by BS.1770.
    private func tone(_ levels: [(lufs: Double, seconds: Double)], rate: Int = 48_000) -> [Float] {
        var samples: [Float] = []
        for (lufs, seconds) in levels {
            for _ in 0..<Int(seconds * Double(rate)) {
                let angle = 2 * Double.pi * 997 * Double(samples.count) / Double(rate)
                samples.append(Float(linear(lufs + 3.01) * sin(angle)))
            }
        }
        return samples
    }

    private func render(
        _ levels: [(lufs: Double, seconds: Double)], _ values: [String: Value] = [:], rate: Int = 48_000
    ) throws -> (gain: [Float], level: [Float], out: [Float]) {
        let node = try NodeHarness(AGCNode.self, values, inputs: [StreamFormat(rate: rate, channels: 1)])
        let input = tone(levels, rate: rate)
        let out = try node.render([[input]], frames: input.count, cuts: [1_000]).outputs
        return (out[1][0], out[2][0], out[0][0])
    }

    @Test("the level it tells is that of BS.1770 at any rate", arguments: [16_000, 44_100, 48_000, 96_000])
    func loudness(rate: Int) throws {
        let level = try render([(-23, 1.5)], rate: rate).level
        #expect(abs(level[1_400] + 23) < 0.1)
    }

    @Test("the gain comes to target less level, with its time constant")
    func timeConstant() throws {
        let gain = try render([(-30, 8)], ["target_lufs": .number(-20), "rise_s": .number(2)]).gain
        // The first piece is heard after 0.1 s and the glide that it starts ends at 0.2 s: k steps of 1 − e^(−0.05).
        for second in [1.0, 2.2, 4.2, 7.2] {
            let steps = second * 10 - 1
            let expected = 10 * (1 - exp(-steps * 0.1 / 2))
            #expect(abs(Double(gain[Int(second * 1_000)]) - expected) < 0.08, "after \(second) s")
        }
    }

    @Test("pauses change nothing, and background does not come up")
    func pause() throws {
        let gain = try render([(-30, 5), (-55, 3), (-45, 2)], ["rise_s": .number(1)]).gain
        // 400 ms after the last word have still a bit of it within.
        #expect(abs(gain[7_900] - gain[5_600]) < 1e-4)
        // −45 is above the gate, but more than 10 LU below what was speech.
        #expect(abs(gain[9_900] - gain[5_600]) < 1e-4)
    }

    @Test("somebody who speaks 20 LU softer is heard after 3 s, somebody louder at once")
    func turns() throws {
        let values: [String: Value] = ["rise_s": .number(0.5), "max_boost_db": .number(40)]
        let gain = try render([(-15, 4), (-35, 9), (-15, 3)], values).gain
        #expect(abs(gain[3_900] + 5) < 0.1)
        #expect(gain[6_800] < -4)
        #expect(abs(gain[12_900] - 15) < 0.3)
        #expect(gain[14_500] < 5)
    }

    @Test("it keeps within its limits")
    func limits() throws {
        let values: [String: Value] = [
            "rise_s": .number(0.2), "fall_s": .number(0.2), "max_boost_db": .number(6), "max_cut_db": .number(3),
        ]
        #expect(abs(try render([(-40, 4)], values).gain[3_900] - 6) < 0.01)
        #expect(abs(try render([(-6, 4)], values).gain[3_900] + 3) < 0.01)
    }

    @Test("the output glides: no step is larger than the tone's own")
    func smooth() throws {
        let out = try render([(-30, 2), (-12, 2)], ["fall_s": .number(0.1)]).out
        let largest = linear(-12 + 3.01) * linear(12) * 2 * Double.pi * 997 / 48_000
        #expect(zip(out, out.dropFirst()).allSatisfy { Double(abs($0 - $1)) < largest })
    }
}
