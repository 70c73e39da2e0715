import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import BasicPlugin

@Suite("meter")
struct MeterTests {
    @Test("keeps the contract of renderers, its events included", arguments: [1, 2])
    func conformance(channels: Int) throws {
        try expectConformance(
            MeterNode.self, ["interval_s": .number(0.1)], channels: [channels], frames: 20_011)
    }

    /// The figures after a run.
    private func figures(
        _ input: [[Float]], _ values: [String: Value] = [:], rate: Int = 48_000, latency: Int = 0, end: Int? = nil,
        cuts: [Int] = [4_096]
    ) throws -> [String: Value] {
        let meter = try NodeHarness(
            MeterNode.self, values, inputs: [StreamFormat(rate: rate, channels: input.count)],
            inputLatencies: [latency])
        if let end { meter.prepared.sink?.end(at: end) }
        _ = try meter.render([input], frames: input[0].count, cuts: cuts)
        try meter.finish()
        let figures = try #require(meter.prepared.reporter).figures()
        return Dictionary(uniqueKeysWithValues: figures.map { ($0.name, $0.value) })
    }

    private func level(_ figures: [String: Value], _ name: String) -> Double { figures[name]?.double ?? .nan }

    /// A stereo tone of 1 kHz in stretches of seconds and peak level.
    private func tone(_ parts: [(seconds: Double, level: Double)], rate: Int = 48_000) -> [[Float]] {
        let mono = parts.flatMap {
            TestSignal.sine(
                1_000, rate: rate, frames: Int($0.seconds * Double(rate)), amplitude: pow(10, $0.level / 20))
        }
        return [mono, mono]
    }

    @Test("EBU Tech 3341 cases 1 and 2: a tone at −23 and −33 dBFS reads that in LUFS", arguments: [-23.0, -33])
    func steady(level expected: Double) throws {
        let figures = try figures(tone([(6, expected)]))
        for name in ["integrated_lufs", "max_momentary_lufs", "max_short_term_lufs"] {
            #expect(abs(level(figures, name) - expected) <= 0.1, "\(name)")
        }
        #expect(level(figures, "range_lu") < 0.1)
        #expect(abs(level(figures, "max_sample_peak_dbfs") - expected) < 0.01)
        #expect(abs(level(figures, "rms_dbfs") - expected + 3.01) < 0.01)
        #expect(abs(level(figures, "max_true_peak_dbtp") - expected) < 0.2)
    }

    @Test("EBU Tech 3341 case 3: the gate leaves out what lies 10 LU below the rest")
    func gate() throws {
        let figures = try figures(tone([(3, -36), (18, -23), (3, -36)]))
        #expect(abs(level(figures, "integrated_lufs") + 23) <= 0.1)
    }

    @Test("EBU Tech 3342 case 1: −20 then −30 dBFS has a range of 10 LU")
    func range() throws {
        let figures = try figures(
            tone([(12, -20), (12, -30)], rate: 16_000), ["true_peak": .boolean(false)], rate: 16_000)
        #expect(abs(level(figures, "range_lu") - 10) <= 1)
        #expect(figures["max_true_peak_dbtp"] == .null)
    }

    @Test("a peak between the samples is found, to the tolerance of EBU Tech 3341 (+0.2, −0.4 dB)")
    func truePeak() throws {
        // A quarter of the rate at 45°: samples at −3.01 dB of the peak.
        let input = TestSignal.sine(12_000, rate: 48_000, frames: 24_000, amplitude: 0.5, phase: 0.125)
        let figures = try figures([input, input])
        #expect(abs(level(figures, "max_sample_peak_dbfs") + 9.03) < 0.01)
        #expect((-6.42 ... -5.82).contains(level(figures, "max_true_peak_dbtp")))
    }

    @Test("only frames between the latency at the head and the run's end are measured")
    func bounds() throws {
        let quiet = tone([(4, -23)])[0]
        let loud = TestSignal.constant(1, frames: 5_003)
        let padded = loud + quiet + loud
        let exact = try figures([quiet, quiet])
        for cuts in [[4_096], [1_000, 77]] {
            let bounded = try figures(
                [padded, padded], latency: 5_003, end: 5_003 + quiet.count, cuts: cuts)
            #expect(bounded == exact)
        }
        #expect(exact["measured_frames"] == .integer(192_000))
    }

    @Test("figures and silence: NaN is counted and measured as 0, and what is silent has no level")
    func invalid() throws {
        var input = tone([(1, -23)])[0]
        input[100] = .nan
        input[200] = .infinity
        let figures = try figures([input])
        #expect(figures["invalid_samples"] == .integer(2))
        #expect(level(figures, "rms_dbfs") < -26 && level(figures, "rms_dbfs") > -26.1)
        let silent = try self.figures([TestSignal.silence(frames: 48_000)])
        #expect(silent["integrated_lufs"] == .null && silent["rms_dbfs"] == .null)
    }

    @Test("mono reads 3 LU lower than the same sound from two loudspeakers, unless it is measured so")
    func dualMono() throws {
        let mono = [tone([(2, -23)])[0]]
        #expect(abs(level(try figures(mono), "integrated_lufs") + 26.01) <= 0.1)
        #expect(abs(level(try figures(mono, ["dual_mono": .boolean(true)]), "integrated_lufs") + 23) <= 0.1)
    }

    @Test("control values: peak falls by 20 dB in 1.7 s, RMS looks back 300 ms, loudness 400 ms")
    func controls() throws {
        let meter = try NodeHarness(MeterNode.self, inputs: [stereo48])
        let input = tone([(1, -6), (2, -200)])
        let out = try meter.render([input], frames: 144_000).outputs
        let (peak, rms, momentary) = (out[1][0], out[2][0], out[3][0])
        #expect(peak.count == 3_000)
        #expect(peak[0] == -200 && abs(peak[500] + 6) < 0.01)
        #expect(abs(peak[2_700] + 26) < 0.05)
        #expect(abs(rms[999] + 9.01) < 0.02 && abs(rms[1_150] + 12.02) < 0.05 && rms[1_301] < -190)
        #expect(abs(momentary[999] + 6) < 0.1 && momentary[1_601] < -100)
        #expect(out[0] == input)
    }

    @Test("events come at whole intervals and carry the figures so far")
    func events() throws {
        let meter = try NodeHarness(MeterNode.self, ["interval_s": .number(0.5)], inputs: [stereo48])
        let events = try meter.render([tone([(2, -23)])], frames: 96_000, cuts: [333]).events
        #expect(events.map(\.happened) == [24_000, 48_000, 72_000, 96_000])
        #expect(abs(events[3].values.0 + 23) < 0.1 && abs(events[3].values.2 + 23) < 0.1)
    }

    @Test("65 channels are refused")
    func width() {
        #expect {
            try NodeHarness(MeterNode.self, inputs: [StreamFormat(rate: 48_000, channels: 65)])
        } throws: { "\($0)" == "nodes.test: found 65 channels at 48000 Hz, expected 1…64 channels and 16 Hz…2.8 MHz" }
    }
}
