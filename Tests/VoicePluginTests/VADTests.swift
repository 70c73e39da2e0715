import Glibc
import SyrinxCore
import SyrinxDSP
import SyrinxTestKit
import Testing

@testable import VoicePlugin

@Suite("vad")
struct VADTests {
    private func render(
        _ samples: [Float], rate: Int = 16_000, _ values: [String: Value] = [:], channels: Int = 1, cuts: [Int] = [480],
        moves: [NodeHarness.Move] = []
    ) throws -> NodeHarness.Rendered {
        let vad = try NodeHarness(
            VADNode.self, values, inputs: [StreamFormat(rate: rate, channels: channels)], largestBlock: 4_096)
        let input = Array(repeating: samples, count: channels)
        return try vad.render([input], frames: samples.count, cuts: cuts, moves: moves)
    }

    @Test("keeps the contract of renderers")
    func conformance() throws {
        try expectConformance(VADNode.self, channels: [2], frames: 4_007)
    }

    @Test("keeps it with a gate and a look-ahead, which is the longest that a NaN is heard")
    func conformanceOfGate() throws {
        try expectConformance(
            VADNode.self, ["gate": .boolean(true), "lookahead_ms": .number(20), "hangover_ms": .number(0)],
            channels: [1], memoryFrames: 960, frames: 4_007)
    }

    @Test("a voice becomes a turn within 250 ms and is one to its end; a murmur, a cough, a key is none")
    func turns() throws {
        let rate = 16_000
        let quiet = (0..<3 * rate).map { Float($0 % 7 - 3) / 32_768 }
        func turn(_ sound: [Float], _ values: [String: Value] = [:]) throws -> (turn: [Float], speech: [Float]) {
            var samples = quiet
            for (frame, sample) in sound.enumerated() { samples[rate + frame] += sample }
            let out = try render(samples, rate: rate, values)
            return (out.outputs[3][0], out.outputs[2][0])
        }
        let long: [String: Value] = ["hangover_ms": .number(300)]
        let voice = try turn(TestVoice.make(rate: rate, seconds: 1), long)
        let first = try #require(voice.turn.firstIndex(of: 1))
        let begin = try #require(voice.speech.firstIndex(of: 1))
        #expect(first >= begin && first < 1_250, "\(begin), \(first)")
        #expect(voice.turn[first...].elementsEqual(voice.speech[first...]))
        // Voiced for half a second, and a murmur: one formant, nothing above.
        func murmur(_ seconds: Double) -> [Float] {
            (0..<Int(seconds * Double(rate))).map { k in
                let time = Double(k) / Double(rate)
                let sum = (1...8).reduce(0.0) { sum, harmonic in
                    sum + sin(turns: 120 * Double(harmonic) * time) / pow(Double(max(1, harmonic - 1)), 4)
                }
                return Float(0.05 * sum * min(1, min(time, seconds - time) / 0.03))
            }
        }
        // Hiss that falls, as of a cough; and a click.
        let noise = TestVoice.noise(rate: rate, seconds: 0.25, level: 0.4)
        let hiss = noise.enumerated().map { $1 * exp(-Float($0) / 1_000) }
        for sound in [murmur(0.4), hiss, Array(hiss.prefix(300))] {
            let found = try turn(sound, long)
            #expect(found.turn.allSatisfy { $0 == 0 })
        }
        let heard = try turn(murmur(0.4), long)
        #expect(heard.speech.contains(1))
        // What goes on for long is a turn however it sounds, and with 0 all speech is.
        let hum = try turn(murmur(1.2), long)
        #expect((1_650..<1_850).contains(hum.turn.firstIndex(of: 1) ?? 0))
        let all = try turn(murmur(0.4), ["turn_ms": .number(0)])
        #expect(all.turn == all.speech)
    }

    @Test("a voice over noise is one stretch of speech, found within 120 ms", arguments: [8_000, 16_000, 44_100])
    func findsVoice(rate: Int) throws {
        let values: [String: Value] = ["pre_roll_ms": .number(0), "hangover_ms": .number(300)]
        let out = try render(TestVoice.scene(rate: rate), rate: rate, values)
        // By now it is used to the noise.
        let late = out.events.filter { $0.told > 14 * rate / 5 }
        let kinds = late.map(\.kind)
        #expect(kinds == [0, 1])
        guard kinds == [0, 1] else { return }
        let begin = Double(late[0].happened) / Double(rate)
        let end = Double(late[1].happened) / Double(rate)
        #expect(begin > 2.9 && begin < 3.1, "\(begin)")
        #expect(Double(late[0].told) / Double(rate) < 3.12)
        #expect((4.8...5.5).contains(end))
        // Duration and hangover, as the event says.
        #expect(abs(late[1].values.0 - (end - begin)) < 1e-6)
        #expect(abs(late[1].values.1 - 0.3) < 1e-6)
        // The control output stands at 1 between what was told.
        let speech = out.outputs[2][0]
        #expect(speech[2_500] == 0 && speech[3_300] == 1 && speech[4_000] == 1 && speech[6_500] == 0)
    }

    @Test("steady noise, hum and digital silence are no speech")
    func nothing() throws {
        let rate = 16_000
        let hum = (0..<4 * rate).map { k in
            let time = Double(k) / Double(rate)
            return Float(0.1 * sin(turns: 50 * time) + 0.05 * sin(turns: 150 * time) + 0.03 * sin(turns: 250 * time))
        }
        let noise = TestVoice.noise(rate: rate, seconds: 4, level: 0.05)
        for samples in [noise, hum, TestSignal.silence(frames: 4 * rate)] {
            let speech = try render(samples).outputs[2][0]
            // After 2 s of getting used to it.
            #expect(speech.dropFirst(2_000).allSatisfy { $0 == 0 })
        }
    }

    @Test("a recording that begins with a voice is speech from its first syllable on")
    func immediateVoice() throws {
        let out = try render(TestVoice.make(rate: 16_000, seconds: 2))
        #expect(out.events.first.map { $0.kind == 0 && $0.happened == 0 } == true)
        #expect(out.events.first.map { $0.told < 3_200 } == true)
    }

    @Test("its level does not matter", arguments: [Float(0.01), 0.1, 3])
    func level(gain: Float) throws {
        let out = try render(TestVoice.scene(rate: 16_000).map { $0 * gain }, ["hangover_ms": .number(300)])
        let begins = out.events.filter { $0.kind == 0 && $0.told > 32_000 }
        #expect(begins.count == 1)
        #expect(begins.first.map { abs($0.happened - (48_000 - 1_600)) < 1_600 } == true)
    }

    @Test("the pre-roll moves the begin, and nothing else")
    func preRoll() throws {
        let scene = TestVoice.scene(rate: 16_000)
        let plain = try render(scene, ["pre_roll_ms": .number(0)]).events.filter { $0.told > 32_000 }
        let early = try render(scene, ["pre_roll_ms": .number(120)]).events.filter { $0.told > 32_000 }
        #expect(plain.map(\.told) == early.map(\.told))
        #expect(plain.first.map(\.happened) == early.first.map { $0.happened + 1_920 })
        #expect(plain.last.map(\.happened) == early.last.map(\.happened))
    }

    @Test("look-ahead delays the audio, to the sample, and every output states it")
    func lookahead() throws {
        let rate = 48_000
        let vad = try NodeHarness(
            VADNode.self, ["lookahead_ms": .number(25)], inputs: [StreamFormat(rate: rate, channels: 1)])
        #expect(vad.resolution.outputs.map { Int($0.latency.roundedUp) } == [1_200, 25, 25, 25])
        let samples = TestVoice.make(rate: rate, seconds: 0.2)
        let out = try vad.render([[samples]], frames: samples.count).outputs[0][0]
        #expect(out == [Float](repeating: 0, count: 1_200) + samples.dropLast(1_200))
    }

    @Test("the gate lets pass exactly what the events name, and fades at its ends")
    func gate() throws {
        let rate = 16_000
        let scene = TestVoice.scene(rate: rate)
        let vad = try NodeHarness(
            VADNode.self, ["gate": .boolean(true), "fade_ms": .number(5), "hangover_ms": .number(300)],
            inputs: [StreamFormat(rate: rate, channels: 1)])
        let latency = Int(vad.resolution.outputs[0].latency.roundedUp)
        let out = try vad.render([[scene]], frames: scene.count)
        let passed = out.outputs[0][0].dropFirst(latency)
        let late = out.events.filter { $0.told > 2 * rate }
        try #require(late.map(\.kind) == [0, 1])
        let (begin, end, fade) = (late[0].happened, late[1].happened, 80)
        #expect(begin >= 3 * rate - 2_400 && begin <= 3 * rate)
        let heard = Array(passed)
        #expect(heard[2 * rate..<begin].allSatisfy { $0 == 0 })
        #expect(heard[begin + fade..<end].elementsEqual(scene[begin + fade..<end]))
        #expect(heard[(end + fade)...].allSatisfy { $0 == 0 })
        let edge = begin + fade / 2
        #expect(abs(heard[edge] - scene[edge] * 0.5) < 1e-6)
    }

    @Test("the threshold can be moved while it sounds")
    func threshold() throws {
        let moves = [NodeHarness.Move(at: 0, "threshold", to: 1)]
        let out = try render(TestVoice.scene(rate: 16_000), ["hysteresis": .number(0)], moves: moves)
        #expect(out.outputs[2][0].allSatisfy { $0 == 0 } && out.events.isEmpty)
        #expect(out.outputs[1][0].contains { $0 > 0.9 })
    }

    @Test("channels are mixed for detection, and pass as they are")
    func channels() throws {
        let scene = TestVoice.scene(rate: 16_000)
        let mono = try render(scene)
        let stereo = try render(scene, channels: 2)
        #expect(stereo.outputs[1] == mono.outputs[1])
        #expect(stereo.outputs[0] == [scene, scene])
    }
}

@Suite("vad, from probability to speech")
struct SpeechDecisionTests {
    /// The hops at which something changed, with what.
    private func changes(_ probabilities: [Float], least: Int, hangover: Int) -> [String] {
        var decision = SpeechDecision(leastHops: least, hangoverHops: hangover, hysteresis: 0.2)
        var result: [String] = []
        for (hop, probability) in probabilities.enumerated() {
            switch decision.take(probability, threshold: 0.5) {
            case .none: break
            case .begins(let first): result.append("\(hop): begins \(first)")
            case .ends(let quiet): result.append("\(hop): ends \(quiet)")
            }
        }
        return result
    }

    @Test("what is shorter than the least length is no speech")
    func least() {
        #expect(changes([0, 0.9, 0.9, 0, 0.9, 0.9, 0.9], least: 3, hangover: 1) == ["6: begins 4"])
    }

    @Test("between threshold and hysteresis speech goes on but does not begin")
    func hysteresis() {
        #expect(changes([0.4, 0.6, 0.4, 0.4, 0.2], least: 1, hangover: 1) == ["1: begins 1", "4: ends 1"])
        #expect(changes([0.6, 0.4, 0.4], least: 3, hangover: 1) == ["2: begins 0"])
    }

    @Test("gaps shorter than the hangover are bridged")
    func hangover() {
        #expect(changes([0.6, 0, 0, 0.6, 0, 0, 0], least: 1, hangover: 3) == ["0: begins 0", "6: ends 3"])
    }
}
