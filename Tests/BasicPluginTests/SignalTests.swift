import Glibc
import SyrinxCore
import SyrinxDSP
import SyrinxTestKit
import Testing

@testable import BasicPlugin

@Suite("signal")
struct SignalTests {
    private func signal(
        _ values: [String: Value], frames: Int, rate: Int = 48_000, moves: [NodeHarness.Move] = []
    ) throws -> [[Float]] {
        try NodeHarness(SignalNode.self, values, masterRate: rate).render(frames: frames, moves: moves).output
    }

    @Test("keeps the contract of renderers, whatever it makes", arguments: SignalShape.allCases)
    func conformance(shape: SignalShape) throws {
        let values: [String: Value] = [
            "shape": .string(shape.rawValue), "end_hz": .number(20_000), "period_s": .number(0.03),
            "channels": .integer(2), "duration_s": .number(0.15),
        ]
        let moves: [NodeHarness.Move] = [
            .init(at: 700, "frequency_hz", to: 333), .init(at: 1_000, "level_dbfs", to: -3),
            .init(at: 5_000, "frequency_hz", to: 14_000),
        ]
        try expectConformance(SignalNode.self, values, moves: moves)
    }

    @Test("a sine has its frequency, level and phase to the last float")
    func sine() throws {
        let out = try signal(
            ["frequency_hz": .number(997), "level_dbfs": .number(-6), "channels": .integer(3)], frames: 48_000)
        let expected = TestSignal.sine(997, rate: 48_000, frames: 48_000, amplitude: pow(10, -6 / 20))
        #expect(Measure.largestDifference(out[0], expected) < 1.2e-7)
        #expect(out[1] == out[0] && out[2] == out[0])
    }

    @Test("the phase has not drifted after ten hours")
    func drift() {
        let frames: UInt64 = 36_000 * 48_000
        let turns = (Phase.step(441.5, rate: 48_000) &* frames)
        // 441.5 Hz · 36 000 s is a whole number of turns.
        #expect(abs(Double(Int64(bitPattern: turns)) * 0x1p-64) < 1e-7)
    }

    @Test("a new frequency goes on from the phase that was reached")
    func continuity() throws {
        let out = try signal(
            ["frequency_hz": .number(100), "level_dbfs": .number(0)], frames: 2_000,
            moves: [.init(at: 1_000, "frequency_hz", to: 200)])[0]
        let steepest = 2 * Double.pi * 200 / 48_000
        #expect((1..<2_000).allSatisfy { abs(Double(out[$0] - out[$0 - 1])) < steepest * 1.01 })
        let phase = 100.0 * 1_000 / 48_000
        let after = TestSignal.sine(200, rate: 48_000, frames: 1_000, phase: phase)
        #expect(Measure.largestDifference(Array(out[1_000...]), after) < 2e-7)
    }

    @Test("a sweep follows its law from end to end", arguments: ["exponential", "linear"])
    func sweep(law: String) throws {
        let out = try signal(
            [
                "shape": .string("sweep"), "sweep": .string(law), "frequency_hz": .number(20),
                "end_hz": .number(20_000),
                "duration_s": .number(2), "level_dbfs": .number(0),
            ], frames: 96_000)[0]
        for frame in stride(from: 0, to: 96_000, by: 501) {
            let t = Double(frame) / 48_000
            let turns =
                law == "linear"
                ? 20 * t + (20_000.0 - 20) * t * t / 4 : 20 * 2 / log(1000) * (pow(1000, t / 2) - 1)
            #expect(abs(Double(out[frame]) - sin(2 * .pi * turns)) < 1e-5)
        }
    }

    @Test("white noise has its mean, power, range and no memory; channels and seeds differ")
    func white() throws {
        let values: [String: Value] = ["shape": .string("white"), "level_dbfs": .number(0), "channels": .integer(2)]
        let out = try signal(values, frames: 200_000)
        let mean = out[0].reduce(0.0) { $0 + Double($1) } / 200_000
        #expect(abs(mean) < 0.005)  // four standard errors of the mean
        #expect(abs(Measure.rmsDecibels(out[0]) + 4.771) < 0.03)
        #expect(out[0].allSatisfy { abs($0) < 1 })
        #expect(Measure.peakDecibels(out[0]) > -0.01)
        func correlation(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
            zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / (Double(a.count) / 3)
        }
        for lag in 1...8 { #expect(abs(correlation(out[0].dropLast(lag), out[0].dropFirst(lag))) < 0.012) }
        #expect(abs(correlation(out[0][...], out[1][...])) < 0.012)
        let other = try signal(values.merging(["seed": .integer(2)]) { $1 }, frames: 1_000)
        #expect(other[0] != Array(out[0][..<1_000]))
        #expect(try signal(values, frames: 1_000)[0] == Array(out[0][..<1_000]))
    }

    @Test("pink noise falls by 3 dB an octave and has the RMS of white noise")
    func pink() throws {
        let out = try signal(["shape": .string("pink"), "level_dbfs": .number(-10)], frames: 1 << 16)[0]
        #expect(abs(Measure.rmsDecibels(out) + 14.77) < 0.7)
        // Power in octave bands is even. Each is the mean of many lines of a transform of 4096 frames.
        func band(_ low: Int, _ high: Int) -> Double {
            var power = 0.0
            for start in stride(from: 0, to: out.count, by: 4_096 * 4) {
                for line in stride(from: low, to: high, by: max(1, (high - low) / 16)) {
                    let amplitude = Measure.amplitude(
                        out[start..<start + 4_096], at: Double(line) * 48_000 / 4_096, rate: 48_000)
                    power += amplitude * amplitude * Double(max(1, (high - low) / 16))
                }
            }
            return 10 * log10(power)
        }
        let bands = [band(32, 64), band(64, 128), band(128, 256), band(256, 512), band(512, 1_024)]
        for level in bands { #expect(abs(level - bands[2]) < 2.5) }
    }

    @Test("impulses stand at their frames and nowhere else")
    func impulses() throws {
        let out = try signal(
            ["shape": .string("impulse"), "at_s": .number(0.01), "period_s": .number(0.1), "level_dbfs": .number(0)],
            frames: 20_000)[0]
        #expect(out.indices.filter { out[$0] != 0 } == [480, 5_280, 10_080, 14_880, 19_680])
        #expect(out.allSatisfy { $0 == 0 || $0 == 1 })
        let one = try signal(["shape": .string("impulse"), "level_dbfs": .number(0)], frames: 50_000)[0]
        #expect(one.indices.filter { one[$0] != 0 } == [0])
    }

    @Test("a square stands at its level between edges, and its aliases lie below those of a plain one")
    func square() throws {
        let out = try signal(
            ["shape": .string("square"), "frequency_hz": .number(1_001), "level_dbfs": .number(0)], frames: 48_000)[0]
        #expect(out.filter { abs(abs($0) - 1) < 1e-6 }.count > 43_900)
        // Partial 47 (47 047 Hz) would fold to 953 Hz.
        let plain = (0..<48_000).map { Float(sin(2 * .pi * 1_001 * (Double($0) + 0.01) / 48_000) > 0 ? 1 : -1) }
        let alias = Measure.amplitude(out, at: 953, rate: 48_000)
        #expect(alias < Measure.amplitude(plain, at: 953, rate: 48_000) / 10)
        #expect(abs(Measure.amplitude(out, at: 1_001, rate: 48_000) - 4 / .pi) < 0.01)
    }

    @Test("a finite signal states its end in frames and is silent after it")
    func end() throws {
        let tone = try NodeHarness(
            SignalNode.self, ["duration_s": .number(0.1), "rate_hz": .integer(44_100)], masterRate: 48_000)
        #expect(tone.resolution.end == .after(frames: 4_410))
        let out = try tone.render(frames: 9_600).output[0]
        #expect(out.count == 8_820)
        #expect(out[4_409] != 0 && out[4_410...].allSatisfy { $0 == 0 })
        #expect(try NodeHarness(SignalNode.self).resolution.end == .never)
    }

    @Test("a frequency above half the rate is refused, with the limit named")
    func nyquist() {
        #expect {
            try NodeHarness(SignalNode.self, ["frequency_hz": .number(30_000)], masterRate: 48_000)
        } throws: { error in
            "\(error)" == "nodes.test.frequency_hz: found 30000.0 Hz, expected at most 24000.0 Hz, half the rate"
        }
        #expect(throws: PipelineError.self) { try NodeHarness(SignalNode.self, ["shape": .string("sweep")]) }
    }
}
