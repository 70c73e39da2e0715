import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import BasicPlugin

@Suite("filter")
struct FilterTests {
    @Test("keeps the contract of renderers, whatever its shape", arguments: FilterShape.allCases)
    func conformance(shape: FilterShape) throws {
        let moves: [NodeHarness.Move] = [
            .init(at: 1_003, "frequency_hz", to: 5_000), .init(at: 1_500, "gain_db", to: -20),
            .init(at: 1_700, "q", to: 4), .init(at: 4_000, "frequency_hz", to: 60), .init(at: 4_001, "q", to: 0.3),
        ]
        try expectConformance(
            FilterNode.self,
            ["shape": .string(shape.rawValue), "frequency_hz": .number(1_000), "gain_db": .number(12)],
            channels: [3], frames: 5_000, moves: moves)
    }

    @Test("cascades keep the contract too", arguments: [1, 5, 8])
    func cascades(order: Int) throws {
        try expectConformance(
            FilterNode.self,
            ["shape": .string("highpass"), "frequency_hz": .number(100), "order": .integer(order)], channels: [2],
            frames: 3_000, moves: [.init(at: 900, "frequency_hz", to: 3_000)])
    }

    /// |H| at some frequencies, from the impulse response, which has died away after 2048 frames in all cases here.
    private func response(_ values: [String: Value], at frequencies: [Double]) throws -> [Double] {
        let filter = try NodeHarness(FilterNode.self, values, inputs: [mono48])
        let out = try filter.render([[TestSignal.impulse(frames: 2_048)]], frames: 2_048, cuts: [4_096]).output[0]
        return frequencies.map { Measure.amplitude(out, at: $0, rate: 48_000) * 1_024 }
    }

    /// The cookbook, written down once more from the analogue prototypes: H(s) at s = j·tan(πf/R)/tan(πf0/R).
    private func prototype(
        _ shape: FilterShape, _ frequency: Double, at center: Double, q: Double, decibels: Double, rate: Double
    ) -> Double {
        let w = tan(.pi * frequency / rate) / tan(.pi * center / rate)
        let a = pow(10, decibels / 40)
        // Numerator and denominator as (real, imaginary) at s = jw.
        let (top, bottom): ((Double, Double), (Double, Double))
        let plain = (1 - w * w, w / q)
        switch shape {
        case .lowpass: (top, bottom) = ((1, 0), plain)
        case .highpass: (top, bottom) = ((-w * w, 0), plain)
        case .bandpass: (top, bottom) = ((0, w / q), plain)
        case .bandpassSkirt: (top, bottom) = ((0, w), plain)
        case .notch: (top, bottom) = ((1 - w * w, 0), plain)
        case .allpass: (top, bottom) = ((1 - w * w, -w / q), plain)
        case .peak: (top, bottom) = ((1 - w * w, w * a / q), (1 - w * w, w / (a * q)))
        case .lowShelf:
            (top, bottom) = (
                (a * (a - w * w), a * a.squareRoot() * w / q), (1 - a * w * w, a.squareRoot() * w / q)
            )
        case .highShelf:
            (top, bottom) = (
                (a * (1 - a * w * w), a * a.squareRoot() * w / q), (a - w * w, a.squareRoot() * w / q)
            )
        }
        return hypot(top.0, top.1) / hypot(bottom.0, bottom.1)
    }

    @Test("the magnitude response is the cookbook's prototype, bilinearly mapped", arguments: FilterShape.allCases)
    func magnitude(shape: FilterShape) throws {
        for (center, q, decibels) in [(1_000.0, 0.7071, 6.0), (8_000.0, 2.0, -12.0)] {
            let frequencies = [187.5, 750, 1_500, 7_500, 12_000, 20_250]
            let response = try response(
                [
                    "shape": .string(shape.rawValue), "frequency_hz": .number(center), "q": .number(q),
                    "gain_db": .number(decibels),
                ], at: frequencies)
            for (frequency, measured) in zip(frequencies, response) {
                let expected = prototype(shape, frequency, at: center, q: q, decibels: decibels, rate: 48_000)
                // 2048 floats of an impulse response, summed.
                #expect(abs(measured - expected) < 2e-6 * max(1, expected))
            }
        }
    }

    @Test("Butterworth cascades fall as their order says, −3.01 dB at the corner", arguments: 1...8)
    func butterworth(order: Int) throws {
        for (shape, sign) in [("lowpass", 1.0), ("highpass", -1.0)] {
            let values: [String: Value] = [
                "shape": .string(shape), "frequency_hz": .number(1_500), "order": .integer(order),
            ]
            let frequencies = [1_500, 375.0, 3_000, 6_000]
            let response = try response(values, at: frequencies)
            #expect(abs(20 * log10(response[0]) + 3.0103) < 1e-3)
            for (frequency, measured) in zip(frequencies, response) {
                let w = pow(tan(.pi * frequency / 48_000) / tan(.pi * 1_500 / 48_000), sign)
                let expected = 1 / (1 + pow(w, Double(2 * order))).squareRoot()
                #expect(abs(measured - expected) < 2e-6)
            }
        }
    }

    @Test("bandwidth and slope mean what the cookbook says")
    func widths() throws {
        // −3 dB points of a band-pass one octave wide lie a factor 2 apart (in the cookbook's warped sense).
        let narrow: [String: Value] = [
            "shape": .string("bandpass"), "frequency_hz": .number(750), "bandwidth_oct": .number(1),
        ]
        for edge in try response(narrow, at: [750 / 2.0.squareRoot(), 750 * 2.0.squareRoot()]) {
            #expect(abs(20 * log10(edge) + 3.01) < 0.05)
        }
        let gentle: [String: Value] = [
            "shape": .string("low_shelf"), "frequency_hz": .number(1_500), "gain_db": .number(9),
            "slope_ratio": .number(1),
        ]
        let q = 1 / 2.0.squareRoot()
        let expected = prototype(.lowShelf, 600, at: 1_500, q: q, decibels: 9, rate: 48_000)
        #expect(abs(try response(gentle, at: [600])[0] - expected) < 1e-5)
    }

    @Test("a gliding frequency makes no step: the output of a moving low-pass stays smooth")
    func zipper() throws {
        let tone = TestSignal.sine(100, rate: 48_000, frames: 9_600)
        let filter = try NodeHarness(
            FilterNode.self, ["shape": .string("lowpass"), "frequency_hz": .number(10_000)], inputs: [mono48])
        let out = try filter.render(
            [[tone]], frames: 9_600, cuts: [480], moves: [.init(at: 4_801, "frequency_hz", to: 200)]
        ).output[0]
        // The second difference of a 100 Hz sine is 1.7e-4, an exact glide's 1.9e-4; a jump's would be 9.7e-3.
        let bends = (1_000..<9_600).map { (k: Int) -> Float in
            let step = out[k] - out[k - 1]
            return abs(step - (out[k - 1] - out[k - 2]))
        }
        #expect((bends.max() ?? 1) < 2.5e-4)
    }

    @Test("after a glide the filter is the one that a file with the new values makes")
    func target() throws {
        func filter(_ frequency: Double) throws -> NodeHarness {
            try NodeHarness(
                FilterNode.self, ["shape": .string("peak"), "frequency_hz": .number(frequency), "gain_db": .number(9)],
                inputs: [mono48])
        }
        let noise = TestSignal.noise(frames: 20_000)
        let moved = try filter(500).render([[noise]], frames: 20_000, moves: [.init(at: 0, "frequency_hz", to: 2_000)])
        let fixed = try filter(2_000).render([[noise]], frames: 20_000)
        #expect(Measure.residueDecibels(moved.output[0][5_000...], fixed.output[0][5_000...]) < -110)
    }

    @Test("settings that contradict each other are refused with a reason")
    func faults() {
        func message(_ values: [String: Value]) -> String {
            do {
                _ = try NodeHarness(
                    FilterNode.self, values.merging(["frequency_hz": .number(100)]) { one, _ in one }, inputs: [mono48])
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            message(["shape": .string("lowpass"), "q": .number(1), "order": .integer(4)])
                == "nodes.test.order: found beside q, expected only one of them")
        #expect(message(["shape": .string("peak"), "order": .integer(4)]).contains("only lowpass and highpass"))
        #expect(message(["shape": .string("peak"), "slope_ratio": .number(1)]).contains("only shelves have a slope"))
        #expect(message(["shape": .string("low_shelf"), "bandwidth_oct": .number(1)]).contains("no bandwidth"))
        #expect(
            message(["shape": .string("lowpass"), "frequency_hz": .number(24_000)])
                == "nodes.test.frequency_hz: found 24000.0 Hz, expected less than 24000.0 Hz, half the rate")
    }
}
