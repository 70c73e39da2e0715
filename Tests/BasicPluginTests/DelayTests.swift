import SyrinxCore
import SyrinxTestKit
import Testing

@testable import BasicPlugin

@Suite("delay")
struct DelayTests {
    @Test(
        "keeps the contract of renderers, in a loop too",
        arguments: [(0.0, 0.0), (0.0, 0.7), (0.1, 0.0), (3.0, 0.5)])
    func conformance(least: Double, feedback: Double) throws {
        try expectConformance(
            DelayNode.self,
            [
                "delay_ms": .number(5), "max_ms": .number(20), "least_ms": .number(least),
                "feedback_ratio": .number(feedback),
            ],
            channels: [2], memoryFrames: 960, frames: 6_000,
            moves: [
                .init(at: 1_001, "delay_ms", to: 12.3), .init(at: 1_200, "delay_ms", to: 4),
                .init(at: 1_300, "delay_ms", to: 17), .init(at: 3_000, "feedback_ratio", to: 0.2),
                .init(at: 4_000, "feedback_ratio", to: 0), .init(at: 5_000, "delay_ms", to: 0),
            ])
    }

    @Test("a delay is exact to the frame and passes every bit", arguments: [0.0, 1, 10, 333.3])
    func exact(milliseconds: Double) throws {
        let noise = TestSignal.noise(frames: 20_000)
        let frames = Int((milliseconds * 44.1).rounded())
        let delay = try NodeHarness(
            DelayNode.self, ["delay_ms": .number(milliseconds)], inputs: [StreamFormat(rate: 44_100, channels: 1)])
        for inPlace in [false, true] {
            delay.reset()
            let out = try delay.render([[noise]], frames: 20_000, cuts: [100, 3_000], inPlace: inPlace).output[0]
            #expect(Array(out[..<frames]) == TestSignal.silence(frames: frames))
            #expect(Array(out[frames...]) == Array(noise[..<(20_000 - frames)]))
        }
        #expect(delay.resolution.outputs[0].tail == frames)
        #expect(delay.resolution.outputs[0].latency == Rational.zero)
    }

    @Test("feedback gives echoes at multiples of the delay, each weaker by its ratio")
    func echoes() throws {
        let delay = try NodeHarness(
            DelayNode.self, ["delay_ms": .number(1), "feedback_ratio": .number(0.5)], inputs: [mono48])
        let out = try delay.render([[TestSignal.impulse(frames: 500)]], frames: 500).output[0]
        for k in out.indices {
            let echo = k / 48
            let expected: Float = k % 48 == 0 && echo > 0 ? 1 / Float(1 << (echo - 1)) : 0
            if out[k] != expected { Issue.record("frame \(k): \(out[k]), expected \(expected)") }
        }
        // −120 dB takes 20 halvings, and the first echo.
        #expect(delay.resolution.outputs[0].tail == 21 * 48)
        let long = try NodeHarness(
            DelayNode.self, ["delay_ms": .number(1_000), "feedback_ratio": .number(0.99)], inputs: [mono48])
        #expect(long.resolution.outputs[0].tail == 30 * 48_000)
    }

    @Test("a least delay is declared to loops, and the delay is never shorter")
    func declared() throws {
        let loop = try NodeHarness(
            DelayNode.self, ["delay_ms": .number(2), "least_ms": .number(2), "max_ms": .number(4)], inputs: [mono48])
        #expect(loop.resolution.outputs[0].needs == [])
        #expect(loop.resolution.outputs[0].delay == 96)
        let noise = TestSignal.noise(frames: 3_000)
        let out = try loop.render(
            [[noise]], frames: 3_000, moves: [.init(at: 0, "delay_ms", to: 0)], inLoop: true
        ).output[0]
        #expect(Array(out[96...]) == Array(noise[..<2_904]))
        let plain = try NodeHarness(DelayNode.self, ["delay_ms": .number(2)], inputs: [mono48])
        #expect(plain.resolution.outputs[0].needs == nil)
    }

    @Test("a change crossfades: no step beyond that of the signal itself")
    func crossfade() throws {
        let tone = TestSignal.sine(200, rate: 48_000, frames: 5_000)
        let delay = try NodeHarness(DelayNode.self, ["delay_ms": .number(3), "max_ms": .number(50)], inputs: [mono48])
        let out = try delay.render([[tone]], frames: 5_000, moves: [.init(at: 3_000, "delay_ms", to: 41.7)]).output[0]
        let steps = zip(out[1_000...], out[1_001...]).map { abs($1 - $0) }
        #expect((steps.max() ?? 1) < 0.0262 + 2.0 / 480)
        #expect(Array(out[3_480...]) == Array(tone[(3_480 - 2_002)..<(5_000 - 2_002)]))
    }

    @Test("lengths that contradict each other are refused")
    func faults() {
        #expect(throws: PipelineError.self) {
            try NodeHarness(DelayNode.self, ["delay_ms": .number(5), "max_ms": .number(4)], inputs: [mono48])
        }
        #expect(throws: PipelineError.self) {
            try NodeHarness(DelayNode.self, ["delay_ms": .number(5), "least_ms": .number(6)], inputs: [mono48])
        }
    }
}
