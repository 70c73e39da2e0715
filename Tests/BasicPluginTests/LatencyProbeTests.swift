import SyrinxCore
import SyrinxTestKit
import Testing

@testable import BasicPlugin

@Suite("latency_probe")
struct LatencyProbeTests {
    @Test("keeps the contract of renderers, its events included")
    func conformance() throws {
        try expectConformance(
            LatencyProbeNode.self, ["interval_s": .number(0.03)], channels: [1], frames: 20_011)
    }

    /// What it tells of a way of so many frames with a gain.
    private func events(frames: Int, gain: Float, interval: Double = 0.1) throws -> [RenderEvent] {
        let probe = try NodeHarness(
            LatencyProbeNode.self, ["interval_s": .number(interval), "level_dbfs": .number(0)],
            inputs: [StreamFormat(rate: 48_000, channels: 1)])
        let sent = try probe.render([[TestSignal.silence(frames: 48_000)]], frames: 48_000)
        #expect(sent.outputs[0][0].enumerated().allSatisfy { $1 == ($0 % Int(48_000 * interval) == 0 ? 1 : 0) })
        let again = try NodeHarness(
            LatencyProbeNode.self, ["interval_s": .number(interval), "level_dbfs": .number(0)],
            inputs: [StreamFormat(rate: 48_000, channels: 1)])
        let back = TestSignal.silence(frames: frames) + sent.outputs[0][0].dropLast(frames).map { $0 * gain }
        return try again.render([[back]], frames: 48_000).events
    }

    @Test("the way is measured to the frame, and with it the level", arguments: [0, 1, 777, 4_799])
    func measures(frames: Int) throws {
        let told = try events(frames: frames, gain: 0.5)
        #expect(told.count == 9)
        #expect(told.allSatisfy { $0.kind == 0 && $0.values.0 == Double(frames) })
        #expect(told.allSatisfy { abs($0.values.1 - Double(frames) / 48) < 1e-9 && abs($0.values.2 + 6.0206) < 1e-3 })
        #expect(told.map(\.happened) == (0..<9).map { $0 * 4_800 + frames })
    }

    @Test("silence is no answer")
    func silence() throws {
        #expect(try events(frames: 100, gain: 0.001).allSatisfy { $0.kind == 1 })
    }
}
