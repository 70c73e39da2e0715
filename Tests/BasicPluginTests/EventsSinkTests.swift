import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import BasicPlugin

@Suite("events.sink")
struct EventsSinkTests {
    private let path = "/tmp/syrinx-events-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).jsonl"

    private func text() -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
    }

    private let event = PipelineEvent(
        frame: 480, time: 0.01, node: "vad", event: "speech_begin", fields: [.init("level_dbfs", .number(-20.5))])
    private let line = #"{"frame":480,"time_s":0.01,"node":"vad","event":"speech_begin","level_dbfs":-20.5}"# + "\n"

    @Test("under a clock every event is on disk as one JSON line at once; the file begins empty")
    func paced() throws {
        defer { unlink(path) }
        for _ in 0..<2 {
            let sink = try NodeHarness(EventsSinkNode.self, ["path": .string(path)], isPaced: true)
            let receiver = try #require(sink.prepared.receiver)
            #expect(text() == "")
            try receiver.receive(event)
            #expect(text() == line)
            try receiver.receive(event)
            #expect(text() == line + line)
        }
    }

    @Test("offline all events are on disk once it has finished")
    func offline() throws {
        defer { unlink(path) }
        let sink = try NodeHarness(EventsSinkNode.self, ["path": .string(path)])
        for _ in 0..<3_000 { try sink.prepared.receiver?.receive(event) }
        try sink.finish()
        #expect(text() == String(repeating: line, count: 3_000))
    }

    @Test("a folder that is not there and a full disk are told with the system's own words")
    func faults() throws {
        #expect {
            try NodeHarness(EventsSinkNode.self, ["path": .string("/no/such/folder/log.jsonl")])
        } throws: { error in
            let error = error as? PipelineError
            return error?.code == .cannotCreate && error?.path == "nodes.test.path"
                && error?.cause == "No such file or directory"
        }
        let full = try NodeHarness(EventsSinkNode.self, ["path": .string("/dev/full")], isPaced: true)
        #expect {
            try full.prepared.receiver?.receive(event)
        } throws: { error in
            let error = error as? PipelineError
            return error?.code == .inputOutput && error?.cause == "No space left on device"
        }
    }
}
