import FilePlugin
import Foundation
import SyrinxConfig
import SyrinxCore
import SyrinxGraph
import SyrinxHost
import SyrinxNet
import SyrinxRealtime
import Testing

@testable import EVIPlugin

@Suite("pipelines/ with a session, against a server on loopback", .timeLimit(.minutes(2)))
struct PipelineFileTests {
    private static let pipelines = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("pipelines")

    /// Runs a file in a folder of its own.
    private static func run(
        _ name: String, _ peer: Peer, variables: [String: String], quick: [String]
    ) async throws -> RunReport {
        let environment = ["HUME_API_KEY": "k-123", "HUME_BASE_URL": peer.address]
        let lookup = Lookup(.run, variables: variables) { environment[$0] }
        var document = try DocumentReader.read(file: pipelines.appendingPathComponent("\(name).json").path, lookup)
            .document
        #expect(Overrides.apply(quick, to: &document, lookup).isEmpty)
        var registry = try Rig().registry()
        try registry.register(FilePlugin.self)
        let (checked, faults) = PipelineChecker(registry: registry, directory: pipelines.path).check(document)
        let pipeline = try #require(checked, "\(faults.map(\.error.description))")
        #expect(faults.isEmpty)
        let (run, refusals) = try Run.prepare(pipeline, registry: registry)
        return try await #require(run, "\(refusals.map(\.error.description))").executeApart()
    }

    private static func inFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-evi-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    /// A mono file of 16 bits.
    private static func wave(_ count: Int, rate: Int = 16_000) -> Data {
        func bytes(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let head = Array("RIFF".utf8) + bytes(36 + 2 * count, 4) + Array("WAVEfmt ".utf8) + bytes(16, 4)
        let format = bytes(1, 2) + bytes(1, 2) + bytes(rate, 4) + bytes(2 * rate, 4) + bytes(2, 2) + bytes(16, 2)
        let samples = (0..<count).flatMap { bytes($0 * 37 % 9_001, 2) }
        return Data(head + format + Array("data".utf8) + bytes(2 * count, 4) + samples)
    }

    @Test("evi-file-to-file writes question and answer side by side, and every event")
    func fileToFile() async throws {
        let peer = try await Peer.start { chat in
            await chat.begin()
            await chat.record.wait { $0.audio.count >= 32_000 }
            await chat.user("what time is it")
            await chat.speak("a", [Int16](repeating: 4_000, count: 12_000), rate: 24_000)
        }
        try await Self.inFolder { folder in
            let (question, answer) = (folder.appendingPathComponent("q.wav"), folder.appendingPathComponent("a.wav"))
            let log = folder.appendingPathComponent("log.jsonl")
            try Self.wave(16_000).write(to: question)
            let report = try await Self.run(
                "evi-file-to-file", peer, variables: ["in": question.path, "out": answer.path, "log": log.path],
                quick: ["evi.linger_s=0.2"])
            #expect(report.outcome == .done)
            // 16 kHz in two channels; the answer's half second stands behind the question's full one.
            let bytes = [UInt8](try Data(contentsOf: answer))
            #expect(bytes.count > 16_000 * 4 + 8_000 * 4)
            let events = try String(contentsOf: log, encoding: .utf8).split(separator: "\n")
            #expect(events.contains { $0.contains("what time is it") } && events.last?.contains("closed") == true)
            #expect(!events.joined().contains("k-123"))
        }
        #expect(await peer.record.requests.first?.query.contains { $0.value == "16000" } == true)
        await peer.stop()
    }

    @Test("evi-tools runs its program for one call and hands the answer back")
    func tools() async throws {
        let peer = try await Peer.start { chat in
            await chat.begin()
            await chat.send(
                #"{"type":"tool_call","name":"time","parameters":"{}","tool_call_id":"t1","response_required":true,"#
                    + #""tool_type":"function"}"#)
            await chat.record.wait { $0.texts.contains { $0["type"] == .string("tool_response") } }
            await chat.speak("a", [Int16](repeating: 4_000, count: 4_800))
        }
        try await Self.inFolder { folder in
            let (question, answer) = (folder.appendingPathComponent("q.wav"), folder.appendingPathComponent("a.wav"))
            try Self.wave(8_000).write(to: question)
            let report = try await Self.run(
                "evi-tools", peer, variables: ["in": question.path, "out": answer.path],
                quick: ["evi.linger_s=0.2", "evi.answer_wait_s=0.5"])
            #expect(report.outcome == .done)
        }
        let texts = await peer.record.texts
        let response = try #require(texts.first { $0["type"] == .string("tool_response") })
        #expect(response["content"]?.string?.count == 5 && response["tool_call_id"] == .string("t1"))
        let settings = try #require(texts.first { $0["type"] == .string("session_settings") })
        #expect(settings["tools"]?.list?.count == 2 && settings["builtin_tools"]?.list?.count == 1)
        await peer.stop()
    }
}
