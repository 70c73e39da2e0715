import BasicPlugin
import CommandTestKit
import FilePlugin
import Foundation
import LV2Plugin
import SyrinxCore
import SyrinxGraph
import SyrinxHost
import Testing

@Suite("lv2 in a pipeline that is edited while it plays")
struct LV2EditTests {
    /// What comes out beside what went in, sample by sample.
    private enum Kind: Equatable { case half, negative, plain, between }

    @Test("a parameter moves at once, a plugin gives way to another with a cross-fade, a fault changes nothing")
    func edits() async throws {
        try #require(Probe.isFound)
        var registry = NodeRegistry()
        try registry.register(BasicPlugin.self)
        try registry.register(FilePlugin.self)
        try registry.register(LV2Plugin.self)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-lv2-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func pipeline(_ plugin: String) throws -> CheckedPipeline {
            try PipelineReader(registry: registry).read(
                json: """
                    { "syrinx": 1, "engine": { "block_frames": 128, "priority": 0 }, "nodes": {
                      "noise": { "type": "signal", "shape": "white", "level_dbfs": -20, "rate_hz": 48000 },
                      "amp": { "type": "lv2", "uri": "urn:syrinx:probe:\(plugin) },
                      "tape": { "type": "file.sink", "path": "tape.wav", "subtype": "f32", "channels": 2 } },
                      "links": ["noise -> tape:in[0]", "noise -> amp -> tape:in[1]"] }
                    """, folder: folder.path + "/")
        }
        let (made, faults) = try Run.prepare(
            try pipeline(#"gain", "factor": 0.5"#), registry: registry, driver: "timer")
        let run = try #require(made, "\(faults.map(\.error))")
        async let ended = withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: run.execute()) }.start()
        }
        let part = folder.appendingPathComponent("tape.wav.part").path
        func size() -> Int { (try? FileManager.default.attributesOfItem(atPath: part))?[.size] as? Int ?? 0 }
        /// Waits until a piece more of the tape is written.
        func playOn() async throws {
            let before = size()
            for _ in 0..<2_000 where size() == before || size() < 40_000 {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        do {
            for (plugin, goesIn) in [(#"gain", "factor": -1.5"#, true), (#"refuses""#, false), (#"state""#, true)] {
                try await playOn()
                let outcome = await run.edit(try pipeline(plugin))
                let isDone = if case .done = outcome { true } else { false }
                #expect(isDone == goesIn, "\(plugin): \(outcome)")
            }
            try await playOn()
            try await playOn()
        } catch {
            Issue.record(error)
        }
        run.stop()
        #expect(await ended.outcome == .stopped)

        let file = try Data(contentsOf: folder.appendingPathComponent("tape.wav"))
        let data = try #require(Wave.chunk("data", of: file))
        let samples = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        let kinds = stride(from: 0, to: samples.count - 1, by: 2).compactMap { place -> Kind? in
            let (source, out) = (samples[place], samples[place + 1])
            if source == 0 { return nil }
            return out == source * 0.5 ? .half : out == source * -1.5 ? .negative : out == source ? .plain : .between
        }
        let firstNegative = try #require(kinds.firstIndex(of: .negative))
        #expect(kinds[..<firstNegative].allSatisfy { $0 == .half } && firstNegative > 1_000)
        let lastNegative = try #require(kinds.lastIndex(of: .negative))
        #expect(kinds[firstNegative...lastNegative].count { $0 != .negative } < 5)
        // 10 ms of both, and nothing but the new one after that.
        let firstPlain = try #require(kinds[lastNegative...].firstIndex(of: .plain))
        let begin = try #require(kinds[lastNegative...].lastIndex(of: .between))
        #expect(firstPlain - lastNegative < 600 && begin - lastNegative <= 500)
        #expect(kinds[(begin + 1)...].allSatisfy { $0 == .plain } && kinds.count - begin > 1_000)
    }
}
