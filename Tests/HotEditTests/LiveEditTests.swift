import Foundation
import SyrinxCore
import SyrinxGraph
import SyrinxHost
import SyrinxTestKit
import Testing

@Suite("Edits of a run that plays", .serialized)
struct LiveEditTests {
    private let tone = node("tone", "signal", ["frequency_hz": 50, "level_dbfs": -26.02])

    /// Plays until the tape holds so many frames more.
    private func listen(_ scene: LiveScene, _ frames: Int) async throws {
        let goal = scene.tape.count + frames
        while scene.tape.count < goal { try await Task.sleep(for: .milliseconds(2)) }
    }

    private func largestStep(_ samples: [Float]) -> Float {
        zip(samples, samples.dropFirst()).map { abs($1 - $0) }.max() ?? 0
    }

    /// Calls `body` beside a run, and stops the run.
    private func during(_ run: Run, _ body: () async throws -> Void) async throws -> RunReport {
        async let report = run.executeApart()
        let failure: (any Error)?
        do {
            try await body()
            failure = nil
        } catch {
            failure = error
        }
        run.stop()
        let found = try await report
        if let failure { throw failure }
        return found
    }

    private func report(_ outcome: EditOutcome) throws -> EditReport {
        guard case .done(let report) = outcome else {
            Issue.record("found \(outcome)")
            throw CancellationError()
        }
        return report
    }

    @Test("an edit is heard, and says what it changed")
    func edit() async throws {
        let scene = try LiveScene()
        let run = try scene.run(try scene.checked([tone], links("tone -> z")))
        let found = try await during(run) {
            try await listen(scene, 2000)
            let edited = try scene.checked(
                [tone, node("trim", "gain", ["gain_db": -6])], links("tone -> trim", "trim -> z"))
            let first = try report(await run.edit(edited))
            #expect(first.changes.text == "added trim; 2 links came, 1 link went")
            let moved = try scene.checked(
                [tone, node("trim", "gain", ["gain_db": -20])], links("tone -> trim", "trim -> z"))
            #expect(try report(await run.edit(moved)).changes.text == "trim.gain_db is −20")
            try await listen(scene, 4000)
            let loudest = scene.tape.samples(scene.tape.count - 1000..<scene.tape.count).map(abs).max() ?? 1
            #expect(loudest < 0.006 && loudest > 0.004)
            // The same again changes nothing.
            #expect(
                try report(
                    await run.edit(
                        try scene.checked(
                            [tone, node("trim", "gain", ["gain_db": -20])], links("tone -> trim", "trim -> z")))
                ).changes.isEmpty)
        }
        #expect(found.outcome == .stopped)
        #expect(found.events.first { $0.kind == "edited" }?.count == 3)
        #expect(largestStep(scene.tape.samples(0..<scene.tape.count)) < 0.05 * (2 * .pi * 50 / 48_000 + 2 / 480.0))
    }

    @Test("a fault of any kind leaves the old plan playing")
    func faults() async throws {
        let scene = try LiveScene()
        let run = try scene.run(try scene.checked([tone], links("tone -> z")))
        let wrong = try scene.checked(
            [tone, node("x", "refusing")], links("tone -> x", "x -> z"))
        let missing = try scene.checked(
            [tone, node("x", "file.source", words: ["path": "/nowhere/x.wav"])], links("x -> z"))
        let unwritable = try scene.checked(
            [tone, node("x", "file.sink", words: ["path": "/nowhere/x.wav"])], links("tone -> x", "tone -> z"))
        _ = try await during(run) {
            for (pipeline, words) in [(wrong, "it is out"), (missing, "nowhere"), (unwritable, "nowhere")] {
                guard case .refused(let faults) = await run.edit(pipeline) else {
                    Issue.record("it was not refused")
                    return
                }
                #expect(faults.contains { $0.error.description.contains(words) }, "\(faults.map(\.error))")
            }
            try await listen(scene, 2000)
        }
        let heard = scene.tape.samples(0..<scene.tape.count)
        #expect(largestStep(heard) < 0.05 * 2 * .pi * 50 / 48_000 * 1.01)
    }

    @Test("a file that an edit takes out appears whole while the rest plays on, and one that stays is not touched")
    func files() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "syrinx-edit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func path(_ name: String) -> String { folder.appending(path: name).path }
        func sink(_ id: String, _ name: String) -> DocumentNode {
            node(id, "file.sink", words: ["path": path(name), "subtype": "f32"])
        }
        let scene = try LiveScene()
        let both = links("tone -> z", "tone -> a", "tone -> b")
        let run = try scene.run(try scene.checked([tone, sink("a", "a.wav"), sink("b", "b.wav")], both))
        let found = try await during(run) {
            try await listen(scene, 4800)
            let without = try scene.checked([tone, sink("b", "b.wav")], links("tone -> z", "tone -> b"))
            #expect(try report(await run.edit(without)).changes.removed == ["a"])
            #expect(FileManager.default.fileExists(atPath: path("a.wav")))
            #expect(!FileManager.default.fileExists(atPath: path("b.wav")))
            try await listen(scene, 2000)
            let other = try scene.checked([tone, sink("b", "c.wav")], links("tone -> z", "tone -> b"))
            let moved = try report(await run.edit(other))
            #expect(moved.changes.replaced == ["b"] && moved.notices.map(\.node) == ["b"])
            #expect(FileManager.default.fileExists(atPath: path("b.wav")))
            try await listen(scene, 2000)
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(left == ["a.wav", "b.wav", "c.wav"])
        // The ones that went are in the report, too.
        #expect(found.sinks.filter { $0.type == "file.sink" }.map(\.id) == ["b", "a'", "b'"])
        let frames = try [("a.wav", 4800), ("b.wav", 6800), ("c.wav", 2000)].map { name, least in
            let data = try Data(contentsOf: URL(filePath: path(name)))
            return (data.count - 44) / 4 >= least
        }
        #expect(frames == [true, true, true])
    }

    @Test("of edits that come while one goes in the last wins, and every one is told what became of it")
    func lastWins() async throws {
        let scene = try LiveScene()
        let run = try scene.run(try scene.checked([tone], links("tone -> z")))
        let found = try await during(run) {
            try await listen(scene, 1000)
            let outcomes = await withTaskGroup(of: (Int, EditOutcome).self) { group in
                for number in 0..<20 {
                    let trim = node("trim\(number)", "gain")
                    guard let edited = try? scene.checked([tone, trim], links("tone -> \(trim.id)", "\(trim.id) -> z"))
                    else { continue }
                    group.addTask { (number, await run.edit(edited)) }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let superseded = outcomes.filter { if case .superseded = $0.1 { true } else { false } }.count
            let done = outcomes.filter { if case .done = $0.1 { true } else { false } }.count
            #expect(outcomes.count == 20 && superseded + done == 20 && done >= 1 && superseded > 0)
        }
        let last = found.nodes.filter { $0.id.hasPrefix("trim") && !$0.id.hasSuffix("'") }
        #expect(last.count == 1)
        #expect(largestStep(scene.tape.samples(0..<scene.tape.count)) < 0.05 * (2 * .pi * 50 / 48_000 + 2 / 480.0))
    }

    @Test("a run that becomes finite by an edit ends with what came, counted from the edit")
    func becomesFinite() async throws {
        let scene = try LiveScene()
        let run = try scene.run(try scene.checked([tone], links("tone -> z")))
        async let ended = run.executeApart()
        try await listen(scene, 9600)
        let from = scene.tape.count
        let edited = try scene.checked(
            [tone, node("bell", "signal", ["duration_s": 0.3])], links("tone -> z", "bell -> z"))
        #expect(try report(await run.edit(edited)).changes.added == ["bell"])
        let report = try await ended
        #expect(report.outcome == .done)
        #expect(report.frames >= from + 14_400 - 4800 && report.frames <= scene.tape.count)
    }

    @Test("a run that is stopped in the middle of an edit ends at once, and the edit is told")
    func stopped() async throws {
        for pause in [0, 1, 5, 12, 30] {
            let scene = try LiveScene()
            let run = try scene.run(try scene.checked([tone], links("tone -> z")))
            async let report = run.executeApart()
            try await listen(scene, 1000)
            async let outcome = run.edit(
                try scene.checked([tone, node("trim", "gain")], links("tone -> trim", "trim -> z")))
            try await Task.sleep(for: .milliseconds(pause))
            run.stop()
            #expect(try await report.outcome == .stopped)
            switch try await outcome {
            case .ended, .done: continue
            default: Issue.record("found another outcome")
            }
            guard case .ended = await run.edit(try scene.checked([tone], links("tone -> z"))) else {
                Issue.record("an edit after the end was taken")
                return
            }
        }
    }
}
