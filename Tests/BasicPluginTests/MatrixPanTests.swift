import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import BasicPlugin

@Suite("matrix")
struct MatrixTests {
    private func rows(_ rows: [[Double]]) -> Value { .list(rows.map { .list($0.map(Value.number)) }) }

    @Test(
        "keeps the contract of renderers",
        arguments: [("mono", 5), ("stereo_to_mono", 2), ("swap", 2), ("mid_side", 2), ("surround_to_stereo", 6)])
    func conformance(preset: String, channels: Int) throws {
        try expectConformance(MatrixNode.self, ["preset": .string(preset)], channels: [channels])
    }

    @Test("every output is the weighted sum that its row says", arguments: [(2, 1), (1, 2), (2, 2), (5, 3)])
    func sums(columns: Int, count: Int) throws {
        let gains = (0..<count).map { row in (0..<columns).map { Double(row - $0) * 0.25 } }
        let input = (0..<columns).map { TestSignal.noise(seed: UInt64($0), frames: 500) }
        let matrix = try NodeHarness(
            MatrixNode.self, ["gains": rows(gains)], inputs: [StreamFormat(rate: 48_000, channels: columns)])
        let out = try matrix.render([input], frames: 500).output
        #expect(out.count == count)
        for row in 0..<count {
            let expected = (0..<500).map { k in
                Float((0..<columns).reduce(0.0) { $0 + gains[row][$1] * Double(input[$1][k]) })
            }
            #expect(Measure.largestDifference(out[row], expected) < 1e-6)
        }
    }

    @Test("mono of 16-bit stereo is the exact mean")
    func mean() throws {
        let left = (0..<1_000).map { Float(($0 * 7_919) % 65_536 - 32_768) / 32_768 }
        let right = (0..<1_000).map { Float(($0 * 104_729) % 65_536 - 32_768) / 32_768 }
        let matrix = try NodeHarness(MatrixNode.self, ["preset": .string("mono")], inputs: [stereo48])
        let out = try matrix.render([[left, right]], frames: 1_000).output[0]
        #expect(out == zip(left, right).map { ($0 + $1) / 2 })
    }

    @Test("mid and side give left and right back, and swap twice changes nothing")
    func inverse() throws {
        let input = [TestSignal.noise(seed: 1, frames: 300), TestSignal.noise(seed: 2, frames: 300)]
        for (there, back) in [("mid_side", "from_mid_side"), ("swap", "swap")] {
            let first = try NodeHarness(MatrixNode.self, ["preset": .string(there)], inputs: [stereo48])
            let second = try NodeHarness(MatrixNode.self, ["preset": .string(back)], inputs: [stereo48])
            let out = try second.render([first.render([input], frames: 300).output], frames: 300).output
            for channel in 0..<2 { #expect(Measure.largestDifference(out[channel], input[channel]) < 1e-7) }
        }
    }

    @Test("gains in decibels mean what they say, and −200 dB is nothing, NaN included")
    func decibels() throws {
        let matrix = try NodeHarness(MatrixNode.self, ["gains_db": rows([[-6, -200]])], inputs: [stereo48])
        let out = try matrix.render(
            [[TestSignal.constant(1, frames: 10), TestSignal.constant(.nan, frames: 10)]], frames: 10)
        #expect(out.output[0].allSatisfy { abs(Double($0) - pow(10, -0.3)) < 1e-7 })
    }

    @Test("a ragged matrix, two settings and none are refused with a reason")
    func faults() {
        func message(_ values: [String: Value]) -> String {
            do {
                _ = try NodeHarness(MatrixNode.self, values, inputs: [stereo48])
                return ""
            } catch { return "\(error)" }
        }
        #expect(
            message(["gains": rows([[1, 0], [1]])])
                == "nodes.test.gains[1]: found 1 gains, expected 2 as in row 0: one for every input channel")
        #expect(
            message(["gains": rows([[1, 0]]), "preset": .string("swap")])
                == "nodes.test.gains: found gains and preset of gains, gains_db and preset, expected one")
        #expect(message([:]) == "nodes.test.gains: found none of gains, gains_db and preset, expected one")
    }
}

@Suite("pan")
struct PanTests {
    @Test("keeps the contract of renderers", arguments: [1, 2])
    func conformance(channels: Int) throws {
        try expectConformance(
            PanNode.self, ["position_percent": .number(25), "law_db": .number(-4.5)], channels: [channels])
    }

    private func gains(_ position: Double, law: Double, channels: Int) throws -> (Double, Double) {
        let pan = try NodeHarness(
            PanNode.self, ["position_percent": .number(position), "law_db": .number(law)],
            inputs: [StreamFormat(rate: 48_000, channels: channels)])
        let ones = [[Float]](repeating: TestSignal.constant(1, frames: 4), count: channels)
        let out = try pan.render([ones], frames: 4).output
        return (Double(out[0][3]), Double(out[1][3]))
    }

    @Test("mono follows the law: constant power at −3, constant sum at −6 with power 2, ends exact")
    func mono() throws {
        for position in stride(from: -100.0, through: 100, by: 12.5) {
            let (left, right) = try gains(position, law: -3, channels: 1)
            #expect(abs(left * left + right * right - 1) < 1e-6)
            let angle = (position + 100) / 200 * Double.pi / 2
            #expect(abs(left - cos(angle)) < 1e-6 && abs(right - sin(angle)) < 1e-6)
            let (a, b) = try gains(position, law: -6, channels: 1)
            #expect(abs(a + b - 1) < 1e-6)
        }
        for (law, level) in [(-3.0, -3.0103), (-4.5, -4.5154), (-6.0, -6.0206)] {
            let (left, right) = try gains(0, law: law, channels: 1)
            #expect(abs(20 * log10(left) - level) < 1e-3 && left == right)
        }
        #expect(try gains(-100, law: -3, channels: 1) == (1, 0))
        #expect(try gains(100, law: -6, channels: 1) == (0, 1))
    }

    @Test("stereo is balanced: the middle passes every bit, one side falls, the other stays")
    func stereo() throws {
        #expect(try gains(0, law: -3, channels: 2) == (1, 1))
        let (left, right) = try gains(50, law: -3, channels: 2)
        #expect(abs(left - cos(Double.pi / 4)) < 1e-6 && right == 1)
        #expect(try gains(-100, law: -3, channels: 2) == (1, 0))
    }

    @Test("six channels are refused, with matrix named")
    func width() {
        #expect {
            try NodeHarness(PanNode.self, inputs: [StreamFormat(rate: 48_000, channels: 6)])
        } throws: { "\($0)".contains("found 6 channels at in, expected 1 or 2; put a \"matrix\" before it") }
    }
}
