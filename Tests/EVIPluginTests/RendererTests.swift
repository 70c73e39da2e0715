import Foundation
import Glibc
import Synchronization
import SyrinxCore
import SyrinxRealtime
import SyrinxTestKit
import Testing

@testable import EVIPlugin
@testable import SyrinxEVI

/// The node with speech already in its ring, so that what it renders is known.
private struct SpeakingNode: Node {
    static let descriptor = EVINode.descriptor
    static let speech = (0..<6_000).map { Int16(8_000 * sin(Double($0) * 0.05)) | 1 }

    let node: EVINode

    init(_ parameters: Parameters) throws(PipelineError) { node = try EVINode(parameters) }

    func inputChannels(_ port: String) -> Int? { node.inputChannels(port) }
    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { try node.resolve(request) }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(SpeakingRenderer(EVIRenderer(node.settings.layout(setup)), rate: setup.output.format.rate))
    }
}

private final class SpeakingRenderer: Renderer {
    private let inner: EVIRenderer
    private let plain: Unmanaged<EVIRenderer>
    private let rate: Int

    init(_ inner: EVIRenderer, rate: Int) {
        self.inner = inner
        plain = .passUnretained(inner)
        self.rate = rate
        Self.speak(inner, rate: rate)
    }

    private static func speak(_ inner: EVIRenderer, rate: Int) {
        var writer = SpeechWriter(inner, rate: rate, after: inner.consumedSpeech.load(ordering: .relaxed))
        writer.take(speech(serial: 0, SpeakingNode.speech, rate: rate))
        writer.endTurn()
        writer.ranDry()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) { plain._withUnsafeGuaranteedRef { $0.render(block) } }

    @_noLocks @_noAllocation
    func absorb(_ block: RenderBlock) { plain._withUnsafeGuaranteedRef { $0.absorb(block) } }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        plain._withUnsafeGuaranteedRef { $0.set(parameter, to: value) }
    }

    @_noLocks @_noAllocation
    func reset() {
        // The same speech again, as after `init`; only the harness resets, so it may take memory here.
        plain._withUnsafeGuaranteedRef { $0.reset() }
        let (plain, rate) = (plain, rate)
        _unsafePerformance { SpeakingRenderer.speakAnew(plain, rate: rate) }
    }

    private static func speakAnew(_ plain: Unmanaged<EVIRenderer>, rate: Int) {
        let inner = plain.takeUnretainedValue()
        let rest = inner.speech.readableCount
        inner.speech.didRead(rest)
        inner.skip(rest)
        speak(inner, rate: rate)
    }
}

/// Speech of one piece.
func speech(serial: Int, _ samples: [Int16], rate: Int) -> PlaybackQueue.Audio {
    PlaybackQueue.Audio(serial: serial, id: "a", sampleRate: rate, samples: samples[...])
}

@Suite("evi's renderer")
struct RendererTests {
    /// - Parameter words: control inputs that are linked: `barge_in`, and its hint.
    private static func harness(_ values: [String: Value] = [:], rate: Int = 48_000, words: Int = 1) throws -> (
        NodeHarness, EVIRenderer
    ) {
        var all: [String: Value] = ["api_key": .string("k")]
        all.merge(values) { $1 }
        let harness = try NodeHarness(
            PlainNode.self, all,
            inputs: [StreamFormat(rate: rate, channels: 1)]
                + [StreamFormat](repeating: StreamFormat(rate: 1000, channels: 1), count: words),
            masterRate: rate)
        return (harness, try #require(harness.prepared.renderer as? EVIRenderer))
    }

    /// The node without its service.
    private struct PlainNode: Node {
        static let descriptor = EVINode.descriptor
        let node: EVINode
        init(_ parameters: Parameters) throws(PipelineError) { node = try EVINode(parameters) }
        func inputChannels(_ port: String) -> Int? { node.inputChannels(port) }
        func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { try node.resolve(request) }
        func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
            Prepared(EVIRenderer(node.settings.layout(setup)))
        }
    }

    @Test(
        "it keeps the renderer's contract, whatever barge_in does to speech",
        arguments: [("duck", 0.0), ("duck", 3), ("pause", 0), ("pause", 3), ("none", 0)])
    func conformance(mode: String, milliseconds: Double) async throws {
        let values: [String: Value] = [
            "api_key": .string("k"), "on_barge_in": .string(mode), "barge_in_confirm_ms": .number(50),
            "barge_in_min_ms": .number(milliseconds), "barge_in_hold_ms": .number(milliseconds),
            "expressions": .list([.string("Joy"), .string("Anger")]),
        ]
        let plan = ConformancePlan(EVINode.descriptor.made(for: values), channels: [1])
        // On a thread of its own: it takes seconds, and the tasks of other tests must get on.
        let faults = await withCheckedContinuation { waiter in
            Thread.detachNewThread {
                waiter.resume(returning: Result { try checkConformance(SpeakingNode.self, values, plan) })
            }
        }
        #expect(try faults.get() == [])
    }

    @Test("a drop is heard of within the cycle: a fade of the stated length, then silence and an empty ring")
    func drop() throws {
        let (harness, renderer) = try Self.harness(["fade_ms": .number(10)])
        var writer = SpeechWriter(renderer, rate: 48_000)
        writer.take(speech(serial: 0, [Int16](repeating: 16_384, count: 20_000), rate: 48_000))
        let before = try harness.render([], frames: 4_800, cuts: [64]).output[0]
        #expect(before.last == 0.5)
        writer.drop()
        writer.take(speech(serial: 1, [Int16](repeating: 8_192, count: 4_800), rate: 48_000))
        let after = try harness.render([], frames: 4_800, cuts: [64]).output[0]
        let silence = try #require(after.firstIndex(of: 0))
        #expect(silence <= 480 && zip(after[..<silence], after[1..<silence]).allSatisfy { $0 > $1 })
        // What came after the drop was there at once, and is all that is left.
        #expect(after.dropFirst(silence + 480).prefix(100).allSatisfy { $0 == 0.25 })
        writer.endTurn()
        writer.ranDry()
        let rest = try harness.render([], frames: 4_800, cuts: [64]).output[0]
        #expect((after + rest).filter { $0 == 0.25 }.count >= 4_800 - 240 && rest.last == 0)
    }

    @Test("received is what came, at its place: not ducked, not faded, going on past a drop, until other speech sounds")
    func received() throws {
        for more in [false, true] {
            let (harness, renderer) = try Self.harness(
                ["playback_buffer_ms": .number(5), "barge_in_db": .number(-20), "fade_ms": .number(10)])
            var writer = SpeechWriter(renderer, rate: 48_000)
            let first = (1...30_000).map { Int16($0) }
            writer.take(speech(serial: 0, first, rate: 48_000))
            let alarm = (0..<400).map { Float((20..<60).contains($0) ? 1 : 0) }
            let before = try harness.render([[], [Array(alarm.prefix(100))]], frames: 4_800, cuts: [64])
            #expect(before.output[0] != before.outputs[3][0])
            writer.drop()
            if more { writer.drop() }
            let after = try harness.render([[], [Array(alarm.suffix(100))]], frames: 9_600, cuts: [64])
            #expect(after.output[0].last == 0)
            let got = before.outputs[3][0] + after.outputs[3][0]
            let begin = try #require(got.firstIndex { $0 != 0 })
            let isWhole = got[begin...].elementsEqual(first.prefix(got.count - begin).map { Float($0) / 32_768 })
            #expect(begin == 240 && isWhole, "\(begin)")
            // Other speech: from its first sample on both are the same.
            writer.take(speech(serial: 1, [Int16](repeating: -8_192, count: 4_000), rate: 48_000))
            writer.endTurn()
            writer.ranDry()
            let next = try harness.render([], frames: 9_600, cuts: [64])
            let sounds = try #require(next.output[0].firstIndex { $0 != 0 })
            #expect(next.output[0][sounds...] == next.outputs[3][0][sounds...])
            #expect(next.outputs[3][0][..<sounds].allSatisfy { $0 > 0 } && next.outputs[3][0].last == 0)
        }
    }

    @Test("barge_in ducks speech a millisecond later, and lets it come back when EVI does not confirm")
    func duck() throws {
        let (harness, renderer) = try Self.harness([
            "barge_in_db": .number(-20), "barge_in_confirm_ms": .number(100), "barge_in_return_ms": .number(20),
            "playback_buffer_ms": .number(5),
        ])
        var writer = SpeechWriter(renderer, rate: 48_000)
        writer.take(speech(serial: 0, [Int16](repeating: 16_384, count: 24_000), rate: 48_000))
        let values = (0..<300).map { Float($0 >= 50 ? 1 : 0) }
        let out = try harness.render([[], [values]], frames: 14_400, cuts: [480]).output[0]
        let fall = try #require(out.indices.dropFirst(1_000).first { out[$0] < 0.5 })
        #expect(fall == 51 * 48 + 1)
        #expect(abs(out[51 * 48 + 1_500] - 0.05) < 1e-6)
        // 100 ms after the rise was heeded it is on its way back, which takes 20 ms.
        #expect(out[51 * 48 + 4_700] < 0.06 && out[51 * 48 + 4_800 + 1_000] == 0.5)
        #expect(renderer.bargeInRises.load(ordering: .relaxed) == 1)
    }

    @Test("a probability becomes barge-in by threshold, hysteresis, shortest length and hold, to the millisecond")
    func probability() throws {
        let (harness, renderer) = try Self.harness([
            "barge_in_db": .number(-20), "playback_buffer_ms": .number(5), "barge_in_threshold": .number(0.6),
            "barge_in_hysteresis": .number(0.2), "barge_in_min_ms": .number(30), "barge_in_hold_ms": .number(50),
            "barge_in_return_ms": .number(20),
        ])
        var writer = SpeechWriter(renderer, rate: 48_000)
        writer.take(speech(serial: 0, [Int16](repeating: 16_384, count: 24_000), rate: 48_000))
        var values = [Float](repeating: 0.1, count: 500)
        for k in 50..<79 { values[k] = 0.9 }  // too short
        for k in 100..<110 { values[k] = 0.7 }
        for k in 110..<200 { values[k] = 0.45 }  // it does not begin with this, but goes on
        for k in 150..<160 { values[k] = .nan }  // no word
        for k in 240..<300 { values[k] = 0.7 }  // after a pause that is bridged
        let out = try harness.render([[], [values]], frames: 24_000, cuts: [64]).output[0]
        // The thirtieth value counts, and is heeded a millisecond after its own instant.
        let fall = out.indices.dropFirst(1_000).first { out[$0] < 0.5 }
        let stays = out[(130 * 48 + 960)..<(350 * 48)].allSatisfy { abs($0 - 0.05) < 1e-6 }
        #expect(fall == 130 * 48 + 1 && stays)
        // So does the fiftieth low one.
        let rise = out.indices.dropFirst(150 * 48).first { out[$0] > 0.0501 }
        let isBack = out[(350 * 48 + 960)..<23_000].allSatisfy { $0 == 0.5 }
        #expect(rise == 350 * 48 + 1 && isBack)
        #expect(renderer.bargeInRises.load(ordering: .relaxed) == 1)
    }

    @Test("a hint makes speech a little quieter at once, a turn much quieter, and each is taken back by itself")
    func hint() throws {
        let (harness, renderer) = try Self.harness(
            [
                "barge_in_db": .number(-40), "barge_in_hint_db": .number(-20), "barge_in_return_ms": .number(50),
                "playback_buffer_ms": .number(5), "barge_in_confirm_ms": .number(200),
            ], words: 2)
        var writer = SpeechWriter(renderer, rate: 48_000)
        writer.take(speech(serial: 0, [Int16](repeating: 16_384, count: 32_000), rate: 48_000))
        let hints = (0..<660).map { Float((50..<200).contains($0) || (300..<620).contains($0) ? 1 : 0) }
        let turns = (0..<660).map { Float((80..<150).contains($0) ? 1 : 0) }
        let out = try harness.render([[], [turns], [hints]], frames: 31_680, cuts: [64]).output[0]
        func level(_ from: Int, _ to: Int, is value: Float) {
            let worst = out[(from * 48)..<(to * 48)].map { abs($0 - value) }.max() ?? 1
            #expect(worst < 1e-6, "\(from) to \(to) ms: \(worst)")
        }
        let fall = out.indices.dropFirst(1_000).first { out[$0] < 0.5 }
        #expect(fall == 51 * 48 + 1)
        level(72, 81, is: 0.05)
        level(102, 151, is: 0.005)
        level(252, 301, is: 0.5)
        // A hint that goes on and on, and is never confirmed, has its time too.
        level(322, 501, is: 0.05)
        let isBack = [252 * 48..<301 * 48, 552 * 48..<out.count].allSatisfy { out[$0].allSatisfy { $0 == 0.5 } }
        #expect(isBack)
        // Only a turn is told to the session.
        #expect(renderer.bargeInRises.load(ordering: .relaxed) == 1)
    }

    @Test("the threshold can be moved while it speaks")
    func threshold() throws {
        let (harness, renderer) = try Self.harness(["playback_buffer_ms": .number(5)])
        var writer = SpeechWriter(renderer, rate: 48_000)
        writer.take(speech(serial: 0, [Int16](repeating: 16_384, count: 24_000), rate: 48_000))
        let moves = [NodeHarness.Move(at: 9_600, "barge_in_threshold", to: 0.3)]
        let values = [Float](repeating: 0.4, count: 400)
        let out = try harness.render([[], [values]], frames: 19_200, cuts: [480], moves: moves).output[0]
        let fall = out.indices.dropFirst(1_000).first { out[$0] < 0.5 }
        #expect(fall == 9_600 + 1)
    }

    @Test("after false alarms speech is what it would have been, bit for bit, and none of it is missing")
    func undamaged() throws {
        let words = TestSignal.noise(seed: 4, frames: 20_000).map { Int16($0 * 60_000) }
        func render(_ mode: String, _ values: [Float]) throws -> [Float] {
            let (harness, renderer) = try Self.harness(
                [
                    "on_barge_in": .string(mode), "playback_buffer_ms": .number(5), "barge_in_return_ms": .number(20),
                ])
            var writer = SpeechWriter(renderer, rate: 48_000)
            writer.take(speech(serial: 0, words, rate: 48_000))
            writer.endTurn()
            writer.ranDry()
            return try harness.render([[], [values]], frames: 28_800, cuts: [64]).output[0]
        }
        let alarms = [100..<130, 200..<215, 300..<302]
        let values = (0..<600).map { k in Float(alarms.contains { $0.contains(k) } ? 1 : 0) }
        let whole = try render("duck", [Float](repeating: 0, count: 600))
        let isWhole = whole[240..<20_240].elementsEqual(words.map { Float($0) / 32_768 })
        #expect(isWhole)
        let ducked = try render("duck", values)
        for frame in whole.indices {
            // From where it is heeded to the end of the way back, 20 ms.
            let isTouched = alarms.contains { (($0.lowerBound + 1) * 48...($0.upperBound + 21) * 48).contains(frame) }
            if !isTouched, ducked[frame].bitPattern != whole[frame].bitPattern { Issue.record("\(frame) differs") }
        }
        // Only the first alarm is longer than the way out, so that speech waits from there to its end.
        let paused = try render("pause", values)
        let wait = (paused.lastIndex { $0 != 0 } ?? 0) - (whole.lastIndex { $0 != 0 } ?? 0)
        #expect(abs(wait - 10 * 48) <= 1)
        for (from, to, wait) in [(0, 101 * 48, 0), (151 * 48 + 1, 201 * 48, wait), (323 * 48 + 1, 28_800, wait)] {
            let isSame = paused[from..<to].elementsEqual(whole[(from - wait)..<(to - wait)])
            #expect(isSame, "\(from)")
        }
    }

    @Test("barge_in can make speech wait, and then it goes on where it was: no sample is lost")
    func pause() throws {
        let (harness, renderer) = try Self.harness(
            ["on_barge_in": .string("pause"), "playback_buffer_ms": .number(5)])
        var writer = SpeechWriter(renderer, rate: 48_000)
        writer.take(speech(serial: 0, (0..<12_000).map { Int16($0) }, rate: 48_000))
        writer.endTurn()
        writer.ranDry()
        let values = (0..<600).map { Float((50..<200).contains($0) ? 1 : 0) }
        let rendered = try harness.render([[], [values]], frames: 28_800, cuts: [64])
        let (out, speaking) = (rendered.output[0], rendered.outputs[1][0])
        let last = try #require(out.lastIndex { $0 != 0 })
        #expect(out[last] == Float(11_999) / 32_768)
        // 150 ms of detector, less the 20 ms that the way out took.
        #expect(abs(last - 240 - 11_999 - 130 * 48) < 120)
        #expect(speaking[100] == 0 && speaking[40] == 1 && speaking[300] == 1 && speaking[599] == 0)
    }

    @Test("what nobody takes from the microphone is dropped and counted; a session that is over counts nothing")
    func fullRing() throws {
        let (harness, renderer) = try Self.harness()
        _ = try harness.render([[[Float](repeating: 0.5, count: 200_000)]], frames: 200_000, cuts: [480])
        let dropped = renderer.droppedMicrophone.load(ordering: .relaxed)
        #expect(dropped == 200_000 - renderer.microphone.capacity)
        renderer.isDeaf.store(true, ordering: .relaxed)
        _ = try harness.render([], frames: 48_000, cuts: [480])
        #expect(renderer.droppedMicrophone.load(ordering: .relaxed) == dropped)
    }

    @Test(
        "pieces of any length and rate join without a seam, and each is told as heard once it was",
        arguments: [24_000, 44_100, 48_000])
    func seams(rate: Int) throws {
        let (harness, renderer) = try Self.harness(["playback_buffer_ms": .number(5)])
        var writer = SpeechWriter(renderer, rate: 48_000)
        let count = rate / 5
        let sine = (0..<count).map { Int16((10_000 * sin(2 * .pi * 440 * Double($0) / Double(rate))).rounded()) }
        var start = 0
        var serial = 0
        for length in [1, 700, 2, 1_999, count] where start < count {
            let end = min(count, start + length)
            writer.take(speech(serial: serial, Array(sine[start..<end]), rate: rate))
            start = end
            serial += 1
        }
        writer.endTurn()
        writer.ranDry()
        let out = try harness.render([], frames: 14_400, cuts: [240]).output[0]
        let last = try #require(out.lastIndex { $0 != 0 })
        // 5 ms come first, which the output states as its latency.
        #expect(abs(last - 240 - 9_599) <= 1)
        let worst = (600..<9_700).map { k in
            abs(Double(out[k]) - 10_000 / 32_768 * sin(2 * .pi * 440 * Double(k - 240) / 48_000))
        }.max()
        #expect((worst ?? 1) < 4e-5)
        var heard: [Int] = []
        while let next = writer.heard() { heard.append(next.serial) }
        #expect(heard.last == 4 && writer.unplayed == 0)
    }

    @Test("samples become 16 bits by the rule: the nearest, halves away from zero, clipped, NaN silent")
    func sixteenBits() {
        func rule(_ value: Float) -> Int16 {
            value.isNaN ? 0 : Int16(max(-32_768, min(32_767, (value * 32_768).rounded())))
        }
        var noise = SystemRandomNumberGenerator()
        var values: [Float] = [0, -0.0, 1, -1, 0.99999, 2, -2, .nan, .infinity, -.infinity, .leastNonzeroMagnitude]
        for whole in -3...3 {
            for near in [-0.5, -0.25, 0, 0.25, 0.5] as [Float] {
                let value = (Float(whole) + near) / 32_768
                values += [value, value.nextUp, value.nextDown]
            }
        }
        values += (-65_600...65_600).map { Float($0) / 65_536 }  // every half there is
        values += (0..<10_000).map { _ in .random(in: -1.1...1.1, using: &noise) }
        var result = [Int16](repeating: 1, count: values.count)
        values.withUnsafeBufferPointer { quantize($0, into: &result) }
        #expect(result == values.map(rule))
    }
}
