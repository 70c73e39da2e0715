import SyrinxCore
import SyrinxTestKit
import Testing

@testable import BasicPlugin

@Suite("silence")
struct SilenceTests {
    @Test("keeps the contract of renderers, its events included", arguments: [1, 3])
    func conformance(channels: Int) throws {
        try expectConformance(
            SilenceNode.self,
            ["threshold_dbfs": .number(-7), "min_silence_ms": .number(1), "min_sound_ms": .number(0.2)],
            channels: [channels])
    }

    /// What it tells of a signal at 8 kHz.
    private func found(
        _ signal: [[Float]], _ values: [String: Value] = ["min_silence_ms": .number(50)], latency: Int = 0
    ) throws -> (events: [(kind: Int, told: Int, happened: Int)], figures: [String: Value]) {
        let node = try NodeHarness(
            SilenceNode.self, values, inputs: [StreamFormat(rate: 8_000, channels: signal.count)],
            inputLatencies: [latency])
        let rendered = try node.render([signal], frames: signal[0].count)
        let isPassed = rendered.outputs[0].map { $0.map(\.bitPattern) } == signal.map { $0.map(\.bitPattern) }
        #expect(isPassed)
        let figures = try #require(node.prepared.reporter).figures()
        return (
            rendered.events.map { (Int($0.kind), $0.told, $0.happened) },
            Dictionary(uniqueKeysWithValues: figures.map { ($0.name, $0.value) })
        )
    }

    private func signal(_ parts: [(frames: Int, level: Float)]) -> [Float] {
        parts.flatMap { [Float](repeating: $0.level, count: $0.frames) }
    }

    @Test("sounds begin and end to the sample, and short pauses and clicks count for nothing")
    func edges() throws {
        let sound = signal([
            (1_000, 0.001), (500, 0.5), (399, 0), (1, -0.5), (400, 0), (700, 0.01), (1, 1), (1_000, 0), (300, 0.2),
            (100, 0),
        ])
        // The pause of 399 frames belongs to the first sound, that of 400 ends it, and 0.01 is −40 dBFS: loud.
        let found = try found([sound])
        #expect(found.events.map(\.kind) == [0, 1, 0, 1, 0])
        #expect(found.events.map(\.happened) == [1_000, 1_900, 2_300, 3_001, 4_001])
        #expect(found.events.map(\.told) == [1_159, 2_299, 2_459, 3_400, 4_160])
        #expect(found.figures == ["sounds": .integer(3), "sound_end_frame": .integer(4_301)])
        let click = try self.found([signal([(1_000, 0), (159, 1), (2_000, 0)])])
        #expect(click.events.isEmpty && click.figures["sounds"] == .integer(0))
    }

    @Test("one loud channel is enough, NaN is none, and the threshold is met by what equals it")
    func channels() throws {
        let quiet = signal([(4_000, 0)])
        let loud = signal([(1_000, .nan), (200, -0.5), (2_800, 0)])
        let values: [String: Value] = ["threshold_dbfs": .number(-6.0206), "min_silence_ms": .number(50)]
        #expect(try found([quiet, loud], values).events.map(\.happened) == [1_000, 1_200])
        #expect(try found([quiet, loud], ["threshold_dbfs": .number(-6)]).events.isEmpty)
        #expect(try found([quiet, loud], values, latency: 300).figures["sound_end_frame"] == .integer(900))
    }
}
