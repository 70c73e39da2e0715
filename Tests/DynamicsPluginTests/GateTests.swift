import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import DynamicsPlugin

@Suite("gate")
struct GateTests {
    @Test(
        "as an expander its static curve is the compressor's turned round, with knee and range",
        arguments: [(2.0, 0.0), (4.0, 12.0)])
    func staticCurve(ratio: Double, knee: Double) throws {
        let node = try NodeHarness(
            GateNode.self,
            [
                "threshold_dbfs": .number(-30), "ratio": .number(ratio), "knee_db": .number(knee),
                "range_db": .number(50), "hysteresis_db": .number(0), "hold_ms": .number(0), "attack_ms": .number(0),
                "release_ms": .number(0),
            ], inputs: [mono48])
        // From loud to soft, each long enough for the envelope to have fallen to it (10 ms for a factor of e).
        let levels = stride(from: 0.0, through: -70, by: -2.5).map { $0 }
        let out = try node.render([[square(levels.map { ($0, 1_500) })]], frames: 1_500 * levels.count).output[0]
        for (index, level) in levels.enumerated() {
            let under = -30 - level
            var expected = under <= -knee / 2 ? 0 : (ratio - 1) * under
            if abs(under) < knee / 2 { expected = (ratio - 1) * pow(under + knee / 2, 2) / (2 * knee) }
            expected = min(expected, 50)
            let measured = level - decibels(out[index * 1_500 + 1_499])
            if abs(measured - expected) > 1e-4 { Issue.record("\(level) dBFS: \(measured), expected \(expected)") }
        }
    }

    @Test("it opens along an exponential of the gain, holds, and closes along one in dB")
    func timing() throws {
        let node = try NodeHarness(
            GateNode.self,
            [
                "threshold_dbfs": .number(-20), "hysteresis_db": .number(10), "ratio": .number(100),
                "range_db": .number(40), "attack_ms": .number(2), "hold_ms": .number(30), "release_ms": .number(20),
            ], inputs: [mono48])
        let input = square([(-80, 1_000), (-10, 4_000), (-80, 10_000)])
        let rendered = try node.render([[input]], frames: input.count, cuts: [100, 7])
        let out = rendered.output[0]
        func gain(_ k: Int) -> Double { Double(out[k]) / Double(input[k]) }
        for n in stride(from: 0, to: 700, by: 13) {
            let expected = 1 + (0.01 - 1) * exp(-Double(n + 1) / 96)
            #expect(abs(gain(1_000 + n) - expected) < 1e-5)
        }
        // The envelope falls by e in 480 frames, and is 20 dB down after 480·ln 10 = 1105.2; then come 1440 of hold.
        let closing = 5_000 + 1_105 + 1_440
        #expect(gain(closing - 2) == 1)
        let first = try #require((closing - 2..<closing + 4).first { gain($0) < 1 })
        for n in stride(from: 0, to: 2_000, by: 37) {
            let expected = 40 * (1 - exp(-Double(n + 1) / 960))
            #expect(abs(-decibels(gain(first + n)) - expected) < 1e-3)
        }
        // Control values: open from the first millisecond after the onset until the gate closes.
        let open = rendered.outputs[2][0]
        #expect(open[20] == 0 && open[21] == 1 && open[first / 48] == 1 && open[first / 48 + 2] == 0)
    }

    @Test("hysteresis: what opened it is more than what keeps it open")
    func hysteresis() throws {
        let node = try NodeHarness(
            GateNode.self,
            ["threshold_dbfs": .number(-20), "hysteresis_db": .number(8), "hold_ms": .number(5)], inputs: [mono48])
        let input = square([(-24, 3_000), (-16, 1_000), (-24, 6_000), (-30, 8_000), (-24, 3_000)])
        let open = try node.render([[input]], frames: input.count).outputs[2][0]
        #expect(open[60] == 0)  // never loud enough
        #expect(open[80] == 1)
        #expect(open[200] == 1)  // softer, but within the hysteresis
        #expect(open[340] == 0)  // below it
        #expect(open[430] == 0)
    }

    @Test("with look-ahead it is open when the sound arrives: no clipped onset")
    func lookahead() throws {
        func onset(_ lookahead: Double) throws -> Double {
            let node = try NodeHarness(
                GateNode.self,
                ["threshold_dbfs": .number(-40), "attack_ms": .number(1), "lookahead_ms": .number(lookahead)],
                inputs: [mono48])
            let latency = Int(lookahead * 48)
            #expect(node.resolution.outputs[0].latency == Rational(Int128(latency)))
            let input = square([(-90, 2_000), (-6, 500)])
            let out = try node.render([[input]], frames: 2_500).output[0]
            return Double(out[2_000 + latency]) / Double(input[2_000])
        }
        #expect(try onset(0) < 0.05)
        #expect(abs(try onset(4) - (1 - 0.99 * exp(-193.0 / 48))) < 1e-4)
    }

    @Test("open it passes every bit; channels open together")
    func transparency() throws {
        let node = try NodeHarness(
            GateNode.self, ["threshold_dbfs": .number(-30), "attack_ms": .number(0.1)], inputs: [stereo48])
        let loud = square([(-6, 4_000)])
        let soft = TestSignal.noise(frames: 4_000, amplitude: 0.001)
        let out = try node.render([[loud, soft]], frames: 4_000).output
        #expect(out[0][500...].elementsEqual(loud[500...]))
        #expect(out[1][500...].elementsEqual(soft[500...]))
    }
}

@Suite("duck")
struct DuckTests {
    @Test("music goes down by depth along an exponential in dB, holds, and comes back")
    func timing() throws {
        let node = try NodeHarness(
            DuckNode.self,
            [
                "depth_db": .number(12), "attack_ms": .number(10), "hold_ms": .number(50), "release_ms": .number(40),
                "threshold_dbfs": .number(-40), "hysteresis_db": .number(0),
            ], inputs: [stereo48, mono48])
        let music = TestSignal.constant(0.5, frames: 20_000)
        let speech = square([(-90, 1_000), (-20, 5_000), (-140, 14_000)])
        let rendered = try node.render([[music, music], [speech]], frames: 20_000, cuts: [480, 31])
        let out = rendered.output[1]
        func reduction(_ k: Int) -> Double { decibels(0.5) - decibels(out[k]) }
        #expect(out[999] == 0.5)
        for n in stride(from: 0, to: 4_000, by: 61) {
            #expect(abs(reduction(1_000 + n) - 12 * (1 - exp(-Double(n + 1) / 480))) < 1e-4)
        }
        // The key's envelope is 20 dB down after 480·ln 10 = 1105 frames; then come 2400 of hold.
        let back = try #require((6_000..<12_000).first { reduction($0) < 11.9 })
        let released = Double(back - 6_000 - 1_105 - 2_400)
        // 0.1 dB of 12 take 1920·ln(12/11.9) = 16 frames.
        #expect(abs(released - 16) < 4)
        for n in stride(from: 0, to: 5_000, by: 61) {
            #expect(abs(reduction(back + n) - reduction(back) * exp(-Double(n) / 1_920)) < 1e-3)
        }
        #expect(abs(Double(rendered.outputs[1][0][110]) - 12) < 0.01)
    }

    @Test("a control value does what the key does, at exactly its millisecond")
    func active() throws {
        let node = try NodeHarness(
            DuckNode.self,
            ["depth_db": .number(20), "attack_ms": .number(0), "hold_ms": .number(0), "release_ms": .number(0)],
            inputs: [mono48, nil, control])
        let music = TestSignal.constant(1, frames: 4_800)
        let word = (0..<100).map { Float((20..<60).contains($0) ? 1 : 0) }
        let out = try node.render([[music], [], [word]], frames: 4_800, cuts: [13]).output[0]
        #expect(out[..<960].allSatisfy { $0 == 1 })
        #expect(out[960..<2_880].allSatisfy { abs($0 - 0.1) < 1e-7 })
        // With no hold it ends within the frame after.
        #expect(out[2_881...].allSatisfy { $0 == 1 })
    }

    @Test("with look-ahead the music is down before the first word")
    func lookahead() throws {
        let node = try NodeHarness(
            DuckNode.self, ["attack_ms": .number(20), "lookahead_ms": .number(100)], inputs: [mono48, mono48])
        let speech = square([(-90, 10_000), (-10, 5_000)])
        let out = try node.render([[TestSignal.constant(1, frames: 15_000)], [speech]], frames: 15_000).output[0]
        // The word meets the music 4800 frames later, behind the same delay.
        #expect(abs(decibels(out[10_000 + 4_800]) + 12 * (1 - exp(-5.0))) < 0.01)
        #expect(out[9_000] == 1)
    }

    @Test("a ducker that listens to nothing is refused")
    func unlinked() {
        let message: String
        do {
            _ = try NodeHarness(DuckNode.self, inputs: [mono48])
            message = ""
        } catch { message = "\(error)" }
        #expect(message.contains("nothing tells it when to make way"))
    }
}
