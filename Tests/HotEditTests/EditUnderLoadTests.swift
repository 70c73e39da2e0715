import Foundation
import JackTestKit
import SyrinxCore
import SyrinxGraph
import SyrinxHost
import SyrinxTestKit
import Testing

/// SYRINX_LONG=1: a thousand edits instead of thirty.
private let isLong = ProcessInfo.processInfo.environment["SYRINX_LONG"] == "1"
/// SYRINX_ALONE=1: nothing else runs in this process, so that what it holds is this test's.
private let isAlone = ProcessInfo.processInfo.environment["SYRINX_ALONE"] == "1"

@Suite("Random edits of a run that plays", .serialized)
struct EditUnderLoadTests {
    /// What the process holds: threads, descriptors, resident kilobytes.
    private struct Holdings {
        var threads: Int
        var descriptors: Int
        var kilobytes: Int

        static func now() throws -> Self {
            func count(_ folder: String) throws -> Int {
                try FileManager.default.contentsOfDirectory(atPath: folder).count
            }
            let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
            return Self(
                threads: try count("/proc/self/task"), descriptors: try count("/proc/self/fd"),
                kilobytes: (Int(pages[1]) ?? 0) * 4)
        }
    }

    @Test("no click, no fault of ours, nothing leaked; faulty files between them change nothing", arguments: [64, 480])
    func timer(block: Int) async throws {
        try await play(driver: "timer", seed: UInt64(block), block) { _, patch in (patch.nodes, patch.links) }
    }

    @Test("the same on a JACK server, where device nodes come and go as well", .jackServer)
    func jack() async throws {
        let server = try JackServer(rate: 48_000, period: 256)
        defer { server.stop() }
        func device(_ id: String, _ type: String) -> DocumentNode {
            node(id, type, words: ["server": server.name])
        }
        try await play(driver: "jack", seed: 3, 256) { number, patch in
            // What the tape hears goes to the server, too; every other patch has a microphone, which is silent there.
            let heard = patch.links.filter { $0.text.hasSuffix("-> z") }.map {
                DocumentLink($0.text.replacing("-> z", with: "-> phones"))
            }
            let mic = number % 2 == 0 ? [device("mic", "jack.source")] : []
            let speech = number % 2 == 0 ? [DocumentLink("mic -> z")] : []
            return (patch.nodes + mic + [device("phones", "jack.sink")], patch.links + heard + speech)
        }
    }

    private func play(
        driver: String, seed: UInt64, _ block: Int,
        whole: (Int, RandomPatch) -> ([DocumentNode], [DocumentLink])
    ) async throws {
        let (edits, faulty) = isLong ? (1000, 100) : (30, 6)
        let scene = try LiveScene(block: block, seconds: isLong ? 900 : 240)
        var random = SeededRandom(seed: seed)
        var patch = RandomPatch(using: &random)
        func checked(_ number: Int, _ patch: RandomPatch) throws -> CheckedPipeline {
            let (nodes, links) = whole(number, patch)
            return try scene.checked(nodes, links)
        }
        let run = try scene.run(try checked(1, patch), driver: driver)
        async let ended = run.executeApart()
        while scene.tape.count < 2000 { try await Task.sleep(for: .milliseconds(2)) }
        var before: Holdings?
        var heard = scene.tape.count
        var steps: [(step: Float, most: Float)] = []
        for number in 0..<edits {
            if number % (edits / faulty) == 0 {
                let broken = RandomPatch(using: &random)
                let pipeline = try scene.checked(
                    broken.nodes + [node("x", "refusing")], broken.links)
                guard case .refused = await run.edit(pipeline) else {
                    Issue.record("a faulty edit went in")
                    break
                }
            }
            let next = RandomPatch(using: &random)
            guard case .done = await run.edit(try checked(number, next)) else {
                Issue.record("edit \(number) did not go in")
                break
            }
            // Until what glides has arrived, delays among it.
            let until = scene.tape.count + 2400
            // A machine so slow that the tape runs full fails below, and does not wait for ever.
            while scene.tape.count < until, !scene.tape.isFull { try await Task.sleep(for: .milliseconds(2)) }
            let samples = scene.tape.samples(heard - 1..<until)
            steps.append(
                (
                    zip(samples, samples.dropFirst()).map { abs($1 - $0) }.max() ?? 0,
                    RandomPatch.largestStep(patch, next)
                ))
            heard = until
            patch = next
            if number == edits / 3 { before = try Holdings.now() }
        }
        #expect(!scene.tape.isFull)
        let after = try Holdings.now()
        run.stop()
        let report = try await ended
        #expect(report.outcome == .stopped)
        let clicks = steps.filter { $0.step >= $0.most }
        #expect(clicks.isEmpty)
        #expect(report.events.first { $0.kind == "edited" }?.count == edits)
        // Late wakes are the machine's; a starved ring would be ours. A machine that stands still for some milliseconds within a
        // step looks like a slow node: that may be once in a hundred edits, where an edit that costs a cycle would be often.
        let faults = report.live?.faults ?? []
        #expect(!faults.contains { $0.kind == .starved })
        #expect(faults.count { $0.kind == .slowNode } <= max(1, edits / 100))
        let first = try #require(before)
        guard isAlone else { return }
        #expect(after.threads <= first.threads + 1 && after.descriptors <= first.descriptors + 1)
        // Allocators keep some; a plan is some hundred kilobytes.
        #expect(after.kilobytes < first.kilobytes + 40_000 + scene.tape.count * 4 / 1024)
    }
}
