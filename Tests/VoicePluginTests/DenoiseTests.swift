import SyrinxCore
import SyrinxDSP
import SyrinxTestKit
import Testing

@testable import VoicePlugin

@Suite("denoise")
struct DenoiseTests {
    private func run(
        _ channels: [[Float]], rate: Int = 16_000, _ values: [String: Value] = [:], moves: [NodeHarness.Move] = []
    ) throws -> (out: [[Float]], latency: Int) {
        let node = try NodeHarness(
            DenoiseNode.self, values, inputs: [StreamFormat(rate: rate, channels: channels.count)])
        let latency = Int(node.resolution.outputs[0].latency.roundedUp)
        let frames = (channels.first?.count ?? 0) + latency
        let out = try node.render([channels], frames: frames, moves: moves).outputs[0]
        return (out.map { Array($0.dropFirst(latency)) }, latency)
    }

    private func power(_ samples: some Collection<Float>) -> Double {
        samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))
    }

    /// By how much `signal` explains `mixture`, in dB, whatever the gain.
    private func ratio(_ mixture: [Float], _ signal: [Float], from first: Int) -> Double {
        let (x, s) = (mixture[first..<signal.count], signal[first...])
        let projection = zip(x, s).reduce(0) { $0 + Double($1.0) * Double($1.1) } / (power(s) * Double(s.count))
        let rest = zip(x, s).map { $0 - Float(projection) * $1 }
        return powerToDecibels(projection * projection * power(s) / power(rest))
    }

    @Test("keeps the contract of renderers", arguments: [false, true])
    func conformance(linked: Bool) throws {
        try expectConformance(DenoiseNode.self, ["linked": .boolean(linked)], channels: [2], frames: 4_507)
    }

    @Test("at 0 dB it only delays, by what it states", arguments: [(8_000, 256), (16_000, 512), (48_000, 1_024)])
    func transparent(rate: Int, frame: Int) throws {
        let input = TestVoice.make(rate: rate, seconds: 0.3)
        let (out, latency) = try run([input], rate: rate, ["amount_db": .number(0)])
        #expect(latency == frame)
        #expect(zip(out[0], input).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test("steady noise goes down by nearly the amount", arguments: [6.0, 18])
    func reduction(amount: Double) throws {
        let input = TestVoice.noise(rate: 16_000, seconds: 4, level: 0.05)
        let (out, _) = try run([input], ["amount_db": .number(amount)])
        let reduced = powerToDecibels(power(input[40_000...]) / power(out[0][40_000...]))
        #expect((amount - 3...amount).contains(reduced))
    }

    @Test("a voice 10 dB above the noise stands out 3 dB more")
    func improvement() throws {
        let rate = 16_000
        let voice = TestSignal.silence(frames: 2 * rate) + TestVoice.make(rate: rate, seconds: 3)
        let noise = TestVoice.noise(rate: rate, seconds: 5, level: 0.0632)
        let mixture = zip(voice, noise).map { $0 + $1 }
        let (out, _) = try run([mixture])
        let before = ratio(mixture, voice, from: 2 * rate)
        let after = ratio(out[0], voice, from: 2 * rate)
        #expect(abs(before - 10) < 0.5)
        #expect(after > before + 3)
    }

    @Test("linked channels keep their balance, each alone does not")
    func linked() throws {
        let rate = 16_000
        let voice = TestVoice.scene(rate: rate, noise: 0.005)
        let noise = TestVoice.noise(rate: rate, seconds: 7, level: 0.05, seed: 9)
        let right = zip(voice, noise).map { $0 * 0.25 + $1 }
        // What is the same in both channels but for a factor stays so.
        let (out, _) = try run([voice, voice.map { $0 * 0.25 }], ["linked": .boolean(true)])
        #expect(zip(out[0], out[1]).allSatisfy { abs($0 * 0.25 - $1) < 1e-5 })
        let together = try run([voice, right], ["linked": .boolean(true)]).out
        let apart = try run([voice, right]).out
        #expect(together[0] != apart[0])
    }

    @Test("the amount can be moved while it sounds")
    func live() throws {
        let input = TestVoice.noise(rate: 16_000, seconds: 4, level: 0.05)
        let (out, _) = try run([input], ["amount_db": .number(20)], moves: [.init(at: 48_000, "amount_db", to: 0)])
        #expect(power(out[0][40_000..<46_000]) < 0.05 * power(input))
        #expect(zip(out[0][50_000...], input[50_000...]).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test(
        "its logarithmic factor is exp(E1(v)/2)",
        arguments: [(Float(0.01), 4.0379296), (0.5, 0.5597736), (3, 0.0130484)])
    func factor(v: Float, integral: Double) {
        let gain = SpectralGain()
        let expected = exp2(0.5 * integral * 1.442_695_040_888_963_4)
        #expect(abs(Double(gain.logarithmicFactor(v)) / expected - 1) < 1e-3)
    }
}
