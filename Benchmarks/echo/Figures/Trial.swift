import EchoPlugin
import SyrinxCore
import SyrinxTestKit

/// What a microphone hears in a simulated room, and what a canceller makes of it.
struct Trial {
    struct Setting {
        var name: String
        var decay = 0.3
        var drive = 0.0
        var drift = 0.0
        var delays: [(from: Double, milliseconds: Double)] = [(0, 20)]
    }

    /// What came out, the canceller's latency taken off.
    struct Outcome {
        var samples: [Float]
        var delay: [Float] = []
        var doubleTalk: [Float] = []
        var events: [(name: String, seconds: Double, value: Double)] = []
    }

    let rate: Int
    let setting: Setting
    let far: [Float]
    let near: [Float]
    let echo: [Float]

    /// - Parameter seed: of voices and noise.
    init(_ setting: Setting, rate: Int, seconds: Double, seed: UInt64) {
        self.rate = rate
        self.setting = setting
        var path = EchoPath(room: SimulatedRoom(decay: setting.decay, rate: rate))
        path.drive = setting.drive
        path.driftPPM = setting.drift
        path.delays = setting.delays
        far = TestVoice.speech(seed: seed, rate: rate, seconds: seconds)
        echo = path.echo(of: far)
        // The other speaks from the fifth second on; a metre from the microphone, a little less loud than the echo.
        let speech = TestVoice.speech(seed: seed + 1_000, rate: rate, seconds: seconds - 5, level: -28)
        near = [Float](repeating: 0, count: echo.count - speech.count) + speech
    }

    /// With a little noise of the microphone, −70 dBFS.
    func microphone(doubleTalk: Bool) -> [Float] {
        let noise = TestSignal.noise(seed: 7, frames: echo.count, amplitude: 0.00055)
        return echo.indices.map { echo[$0] + noise[$0] + (doubleTalk ? near[$0] : 0) }
    }

    func node(_ microphone: [Float], _ values: [String: Value] = [:]) throws -> Outcome {
        let format = StreamFormat(rate: rate, channels: 1)
        let harness = try NodeHarness(EchoCancelNode.self, values, inputs: [format, format])
        let rendered = try harness.render([[microphone], [far]], frames: microphone.count, cuts: [480])
        let latency = Int(harness.resolution.outputs[0].latency.double)
        return Outcome(
            samples: Array(rendered.outputs[0][0].dropFirst(latency)), delay: rendered.outputs[1][0],
            doubleTalk: rendered.outputs[3][0],
            events: rendered.events.map {
                (
                    EchoCancelNode.descriptor.events[Int($0.kind)].name, Double($0.told) / Double($0.rate), $0.values.0
                )
            })
    }

    /// The library in a plain loop of 10 ms, with the node's settings.
    func bare(_ microphone: [Float], _ settings: AudioProcessing.Settings) throws -> Outcome {
        let module = try AudioProcessing(settings, at: "bare")
        let length = module.frameLength
        var clean = [Float](repeating: 0, count: microphone.count)
        for start in stride(from: 0, to: microphone.count - length + 1, by: length) {
            microphone.withUnsafeBufferPointer { near in
                far.withUnsafeBufferPointer { far in
                    clean.withUnsafeMutableBufferPointer { clean in
                        _ = module.process(
                            near: near.baseAddress! + start, far: far.baseAddress! + start,
                            clean: clean.baseAddress! + start, delay: 0)
                    }
                }
            }
        }
        return Outcome(samples: Array(clean.dropFirst(AudioProcessing.delay(settings))))
    }

    /// How much quieter the microphone has become between two instants, dB.
    func reduction(_ outcome: Outcome, _ microphone: [Float], from: Double, to: Double) -> Double {
        let range = Int(from * Double(rate))..<min(Int(to * Double(rate)), outcome.samples.count)
        return Measure.rmsDecibels(microphone[range]) - Measure.rmsDecibels(outcome.samples[range])
    }

    /// How much of what came out is the near end, dB.
    func kept(_ outcome: Outcome, from: Double) -> Double {
        let range = Int(from * Double(rate))..<outcome.samples.count
        return Measure.scaleInvariantSDR(outcome.samples[range], of: near[range])
    }
}
