import SyrinxCore
import SyrinxTestKit
import Testing

@testable import EchoPlugin

/// One test at a time: while a module is being made, no other of the process can work.
@Suite(.serialized)
enum EchoTests {}

extension EchoTests {
    @Suite("echo_cancel")
    struct EchoCancelTests {
        @Test(
            "keeps the contract of renderers, at the module's rates and at others",
            arguments: [8_000, 16_000, 32_000, 48_000, 44_100])
        func conformance(rate: Int) throws {
            let format = StreamFormat(rate: rate, channels: 1)
            var plan = ConformancePlan(formats: [.init(inputs: [format, format], masterRate: 48_000)])
            // Resamplers are slow to make without optimisation.
            plan.frames = rate == 44_100 ? 2_000 : 6_000
            let faults = try checkConformance(
                EchoCancelNode.self, ["noise_suppression": .string("high"), "mute_unlearnt": .boolean(true)], plan)
            #expect(faults.isEmpty, "\(faults.prefix(6))")
        }

        @Test("works without a reference, and mixes whatever comes to mono")
        func widths() throws {
            let format = StreamFormat(rate: 16_000, channels: 1)
            let plan = ConformancePlan(formats: [.init(inputs: [format, nil], masterRate: 48_000)])
            #expect(try checkConformance(EchoCancelNode.self, [:], plan) == [])
            let node = try EchoCancelNode(NodeHarness.parameters([:], of: EchoCancelNode.descriptor))
            #expect(node.inputChannels("reference") == 1)
            let mixesDown = EchoCancelNode.descriptor.inputs.map(\.mixesDown)
            #expect(mixesDown == [true, true])
        }

        @Test(
            "the microphone comes out as late as stated, to the sample at the module's rates",
            arguments: [8_000, 16_000, 32_000, 48_000, 44_100, 22_050], ["off", "low"])
        func latency(rate: Int, noise: String) throws {
            let format = StreamFormat(rate: rate, channels: 1)
            let voice = TestVoice.speech(seed: 3, rate: rate, seconds: 1.5)
            let harness = try NodeHarness(
                EchoCancelNode.self, ["noise_suppression": .string(noise), "high_pass": .boolean(false)],
                inputs: [format, format])
            let heard = try harness.render([[voice], []], frames: voice.count).output[0]
            let latency = Int(harness.resolution.outputs[0].latency.double)
            /// How alike both are, the output moved back by so much.
            func likeness(_ lag: Int) -> Double {
                Measure.scaleInvariantSDR(heard.dropFirst(lag), of: voice.dropLast(lag))
            }
            let near = (latency - 6...latency + 6).max { likeness($0) < likeness($1) }
            // The module's filters from 32 kHz on delay low sounds by a fraction more than high ones.
            let tolerance = rate == 44_100 ? 1 : 0
            #expect(
                abs((near ?? 0) - latency) <= tolerance && likeness(latency) > 5,
                "\(likeness(latency)) dB at \(latency)")
        }

        @Test("a fresh start after a reset gives the same again")
        func reset() throws {
            let format = StreamFormat(rate: 16_000, channels: 1)
            let trial = Conversation(seconds: 3)
            let harness = try NodeHarness(EchoCancelNode.self, inputs: [format, format])
            let first = try harness.render([[trial.echo], [trial.far]], frames: 48_000)
            harness.reset()
            let second = try harness.render([[trial.echo], [trial.far]], frames: 48_000)
            #expect(Measure.largestDifference(first.output[0], second.output[0]) < 1e-4)
            #expect(first.outputs[1] == second.outputs[1] && first.events.count == second.events.count)
        }
    }

}

/// Somebody far speaks into a small room from the first second on; somebody near from the fifth.
struct Conversation {
    static let rate = 16_000
    let far: [Float]
    let echo: [Float]
    let near: [Float]

    init(seconds: Double, decay: Double = 0.25, seed: UInt64 = 1, _ change: (inout EchoPath) -> Void = { _ in }) {
        far = TestVoice.speech(seed: seed, rate: Self.rate, seconds: seconds)
        var path = EchoPath(room: SimulatedRoom(decay: decay, rate: Self.rate))
        path.drive = 1
        change(&path)
        echo = path.echo(of: far)
        let speech = TestVoice.speech(seed: seed + 50, rate: Self.rate, seconds: max(0, seconds - 5), level: -28)
        near = [Float](repeating: 0, count: echo.count - speech.count) + speech
    }

    var both: [Float] { zip(echo, near).map { $0 + $1 } }

    func cancelled(_ microphone: [Float], _ values: [String: Value] = [:], reference: [Float]? = nil) throws -> Heard {
        let format = StreamFormat(rate: Self.rate, channels: 1)
        let harness = try NodeHarness(EchoCancelNode.self, values, inputs: [format, format])
        let rendered = try harness.render(
            [[microphone], [reference ?? far]], frames: microphone.count, cuts: [160, 480, 33])
        let latency = Int(harness.resolution.outputs[0].latency.double)
        return Heard(
            samples: Array(rendered.output[0].dropFirst(latency)), delay: rendered.outputs[1][0],
            enhancement: rendered.outputs[2][0], doubleTalk: rendered.outputs[3][0],
            events: rendered.events.map {
                (EchoCancelNode.descriptor.events[Int($0.kind)].name, Double($0.told) / 16_000, $0.values.0)
            }, heapCalls: rendered.heapCalls)
    }

    struct Heard {
        var samples: [Float]
        var delay: [Float]
        var enhancement: [Float]
        var doubleTalk: [Float]
        var events: [(name: String, seconds: Double, value: Double)]
        var heapCalls: Int

        var names: [String] { events.map(\.name) }
    }
}
