import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import BasicPlugin

@Suite("gain")
struct GainTests {
    @Test("keeps the contract of renderers", arguments: [1, 2, 5])
    func conformance(channels: Int) throws {
        try expectConformance(GainNode.self, ["gain_db": .number(-6)], channels: [channels])
    }

    @Test("−6.02 dB nulls against the closed form below −140 dBFS")
    func closedForm() throws {
        let noise = TestSignal.noise(frames: 4_800, amplitude: 1)
        let gain = try NodeHarness(GainNode.self, ["gain_db": .number(-6.02)], inputs: [mono48])
        let out = try gain.render([[noise]], frames: 4_800).output[0]
        let expected = noise.map { Float(Double($0) * pow(10, -6.02 / 20)) }
        #expect(Measure.residueDecibels(out, expected) < -140)
    }

    @Test("0 dB passes every bit, and a change ends exactly on its target after 10 ms")
    func glide() throws {
        let ones = TestSignal.constant(1, frames: 2_000)
        let gain = try NodeHarness(GainNode.self, inputs: [mono48])
        let out = try gain.render([[ones]], frames: 2_000, moves: [.init(at: 100, "gain_db", to: -120)]).output[0]
        #expect(out[...100].allSatisfy { $0 == 1 })
        #expect(zip(out[100..<580], out[101..<581]).allSatisfy { $1 < $0 })
        #expect(out[580...].allSatisfy { abs($0 - 1e-6) < 1e-12 })
    }
}
