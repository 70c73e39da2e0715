import SyrinxCore
import SyrinxTestKit
import Testing

@testable import VoicePlugin

@Suite("privacy_gate")
struct PrivacyGateTests {
    private static let rate = 48_000

    /// A second of what must not leave; `mute` and `pass` are values of the control inputs, nil: not linked.
    private func render(
        _ values: [String: Value] = [:], mute: [Float]? = nil, pass: [Float]? = nil, moves: [NodeHarness.Move] = [],
        cuts: [Int] = [480], frames: Int = 48_000
    ) throws -> (out: [Float], open: [Float], muted: [Float]) {
        let control = StreamFormat(rate: 1_000, channels: 1)
        let gate = try NodeHarness(
            PrivacyGateNode.self, values,
            inputs: [
                StreamFormat(rate: Self.rate, channels: 1), mute.map { _ in control }, pass.map { _ in control },
            ])
        let out = try gate.render(
            [[Self.secret], [mute ?? []], [pass ?? []]], frames: frames, cuts: cuts, moves: moves)
        return (out.outputs[0][0], out.outputs[1][0], out.outputs[2][0])
    }

    private static let secret = TestSignal.noise(frames: rate).map { $0 == 0 ? 0.25 : $0 }

    private func values(_ isHigh: (Int) -> Bool) -> [Float] { (0..<1_000).map { isHigh($0) ? 1 : 0 } }

    @Test(
        "keeps the contract of renderers",
        arguments: [
            ([:], 2), (["tail_ms": .number(7), "fade_ms": .number(0)], 1),
            (["mute": .integer(1), "fade_ms": .number(20)], 3),
        ] as [([String: Value], Int)])
    func conformance(values: [String: Value], channels: Int) throws {
        try expectConformance(PrivacyGateNode.self, values, channels: [channels])
    }

    @Test("open, it gives every sample as it came, from the first one on")
    func open() throws {
        let result = try render()
        let isSame = result.out == Self.secret
        #expect(isSame)
        #expect(result.open.allSatisfy { $0 == 1 } && result.muted.allSatisfy { $0 == 0 })
    }

    @Test("mute shuts it within its fade from the very frame, and all that follows is exactly zero")
    func mute() throws {
        let (at, back, fade) = (10_007, 30_001, 240)
        let moves = [NodeHarness.Move(at: at, "mute", to: 1), NodeHarness.Move(at: back, "mute", to: 0)]
        let result = try render(moves: moves)
        #expect(result.out[..<at].elementsEqual(Self.secret[..<at]))
        #expect(result.out[(at + fade)..<back].allSatisfy { $0.bitPattern == 0 })
        #expect(result.out[(back + fade)...].elementsEqual(Self.secret[(back + fade)...]))
        // The way down is a straight line: no step is louder than the sound.
        for k in 0..<fade {
            let expected = Self.secret[at + k] * (1 - Float(k) / Float(fade))
            #expect(abs(result.out[at + k] - expected) < 1e-6)
        }
        #expect(result.muted == values { $0 * 48 >= at && $0 * 48 < back })
        // Open as long as something may be heard.
        #expect(result.open == values { $0 * 48 < at + fade || $0 * 48 >= back })
    }

    @Test(
        "mute_while shuts it at its value's frame and for the tail after, whatever pass_while says",
        arguments: [[480], [1], [7, 64, 300]])
    func muteWhile(cuts: [Int]) throws {
        let asked = values { (200..<400).contains($0) }
        let result = try render(
            ["tail_ms": .number(50), "fade_ms": .number(0)], mute: asked, pass: values { _ in true }, cuts: cuts)
        #expect(result.out[..<9_600].elementsEqual(Self.secret[..<9_600]))
        #expect(result.out[9_600..<450 * 48].allSatisfy { $0.bitPattern == 0 })
        #expect(result.out[(450 * 48)...].elementsEqual(Self.secret[(450 * 48)...]))
        #expect(result.muted == values { (200..<450).contains($0) })
        #expect(result.open == values { !(200..<450).contains($0) })
    }

    @Test("with pass_while linked only what it allows passes; the stream goes on as zeros")
    func passWhile() throws {
        let result = try render(pass: values { (300..<500).contains($0) })
        #expect(result.out.count == 48_000)
        #expect(result.out[..<14_400].allSatisfy { $0.bitPattern == 0 })
        #expect(result.out[14_640..<24_000].elementsEqual(Self.secret[14_640..<24_000]))
        #expect(result.out[24_240...].allSatisfy { $0.bitPattern == 0 })
        #expect(result.muted.allSatisfy { $0 == 0 })
    }

    @Test("mute goes before everything else")
    func both() throws {
        let result = try render(["mute": .integer(1)], mute: values { _ in false }, pass: values { _ in true })
        #expect(result.out.allSatisfy { $0.bitPattern == 0 } && result.open.allSatisfy { $0 == 0 })
        #expect(result.muted.allSatisfy { $0 == 1 })
    }

    @Test("in doubt it is shut: values that are no numbers let nothing pass")
    func doubt() throws {
        let doubt = [Float](repeating: .nan, count: 1_000)
        #expect(try render(pass: doubt).out.allSatisfy { $0.bitPattern == 0 })
        #expect(try render(mute: doubt).out.allSatisfy { $0.bitPattern == 0 })
    }

    @Test("NaN and infinity do not come through while it is shut")
    func shutIsZero() throws {
        let gate = try NodeHarness(
            PrivacyGateNode.self, ["mute": .integer(1)], inputs: [StreamFormat(rate: Self.rate, channels: 1)])
        let bad = (0..<960).map { [Float.nan, .infinity, -0.0][$0 % 3] }
        #expect(try gate.render([[bad]], frames: 960).output[0].allSatisfy { $0.bitPattern == 0 })
    }
}
