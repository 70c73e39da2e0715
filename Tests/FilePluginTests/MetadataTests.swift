import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import FilePlugin

@Suite("metadata")
struct MetadataTests {
    let folder = Folder()
    private let tags: [Value.Member] = [
        .init("title", "Grüße"), .init("artist", "A. Bird"), .init("comment", "two notes"), .init("date", "2026-01-02"),
    ]

    /// The facts of a source that begins at frame `start` of a file with these extras.
    private func facts(
        _ extra: [(name: String, value: Value)], rate: Int = 48_000, start: Int = 0, count: Int = 1_000_000
    ) -> [(name: String, value: Value)] {
        let own: [(name: String, value: Value)] = [
            ("rate_hz", .integer(rate)), ("start_frame", .integer(start)), ("read_frames", .integer(count)),
        ]
        return own + extra
    }

    private let cues: Value = .list([
        .object([.init("frame", 100), .init("name", "verse")]), .object([.init("frame", 4_801), .init("name", "")]),
        .object([.init("frame", 9_000), .init("name", "end")]),
    ])

    @Test(
        "tags are carried over by every format that has them",
        arguments: ["wav", "aiff", "flac", "ogg", "opus", "mp3", "caf", "rf64"])
    func tags(ending: String) throws {
        let path = folder["a.\(ending)"]
        try writeFile(path, [sine(440, rate: 48_000, frames: 9_600)], facts: facts([("metadata.tags", .object(tags))]))
        let found = try readFile(path).fact("metadata.tags")
        for tag in tags where tag.name != "date" || !["aiff", "mp3"].contains(ending) {  // no date, or a year only
            #expect(found?[tag.name] == tag.value, "\(tag.name)")
        }
        try writeFile(
            path, [[0.5]], ["metadata": "none"], facts: facts([("metadata.tags", .object(tags))]))
        #expect(try readFile(path).fact("metadata.tags")?["title"] == nil)
    }

    @Test("cue points keep their places and names", arguments: ["wav", "aiff"])
    func cues(ending: String) throws {
        let path = folder["a.\(ending)"]
        try writeFile(path, [[Float](repeating: 0, count: 10_000)], facts: facts([("metadata.cues", cues)]))
        let found = try readFile(path).fact("metadata.cues")?.list ?? []
        #expect(found.map { $0["frame"] } == [100, 4_801, 9_000])
        #expect(found.first?["name"] == "verse")
        #expect(found.last?["name"] == "end")
    }

    @Test("marks and the time reference move with start_s and with the rate")
    func moved() throws {
        let broadcast: Value = .object([
            .init("description", "take"), .init("originator", "us"), .init("date", "2026-01-02"),
            .init("time", "12:00:00"), .init("time_reference", .integer(48_000 * 43_200)), .init("version", 1),
            .init("coding_history", "A=ANALOGUE\r\n"),
        ])
        let extra: [(name: String, value: Value)] = [("metadata.cues", cues), ("metadata.broadcast", broadcast)]
        try writeFile(
            folder["a.wav"], [[Float](repeating: 0, count: 3_000)], rate: 24_000,
            facts: facts(extra, rate: 48_000, start: 4_800, count: 3_000))
        let take = try readFile(folder["a.wav"])
        let found = take.fact("metadata.cues")?.list ?? []
        #expect(found.map { $0["frame"] } == [1])  // half a frame is rounded up; the first and the last lie outside
        let carried = take.fact("metadata.broadcast")
        #expect(carried?["time_reference"] == .integer(24_000 * 43_200 + 2_400))
        #expect(carried?["description"] == "take")
        #expect(carried?["originator"] == "us")
        #expect(carried?["time"] == "12:00:00")
        let history = carried?["coding_history"]?.string ?? ""
        #expect(history.hasPrefix("A=ANALOGUE\r\nA=PCM,F=24000,W=24,M=mono,T=Syrinx"), "\(history)")
    }

    @Test("sampler loops are carried over")
    func loops() throws {
        let path = folder["a.wav"]
        let loop: Value = .object([
            .init("mode", "forward"), .init("start", 10), .init("end", 500), .init("count", 0),
        ])
        let instrument: Value = .object([.init("base_note", 57), .init("detune", 0), .init("loops", .list([loop]))])
        try writeFile(
            path, [[Float](repeating: 0, count: 1_000)], facts: facts([("metadata.instrument", instrument)]))
        let found = try readFile(path).fact("metadata.instrument")
        #expect(found?["base_note"] == 57)
        #expect(found?["loops"]?.list?.first?["start"] == 10)
        #expect(found?["loops"]?.list?.first?["end"] == 500)
    }

    @Test("what one file carries goes through a second one")
    func chain() throws {
        let extra: [(name: String, value: Value)] = [("metadata.tags", .object(tags)), ("metadata.cues", cues)]
        try writeFile(folder["a.wav"], [[Float](repeating: 0, count: 10_000)], facts: facts(extra))
        let first = try readFile(folder["a.wav"])
        try writeFile(folder["b.wav"], first.samples, facts: first.facts)
        let second = try readFile(folder["b.wav"])
        #expect(second.fact("metadata.tags") == first.fact("metadata.tags"))
        #expect(second.fact("metadata.cues") == first.fact("metadata.cues"))
    }
}

@Suite("file renderers")
struct RendererTests {
    let folder = Folder()

    @Test("render stays off the heap, also while it starves or finds no room")
    func heap() throws {
        let format = StreamFormat(rate: 48_000, channels: 2)
        try writeFile(folder["a.wav"], Noise.channels(2, frames: 20_000), ["subtype": "f32"])
        let source = try makeNode(FileSourceNode.self, ["path": .string(folder["a.wav"])])
        let given = try source.prepare(
            Setup(
                id: "s", inputs: [], outputs: [.init(format: format, largestBlock: 256, isConnected: true)],
                masterRate: 48_000, isPaced: true))
        let thread = ServiceThread(given.blockingServices[0])
        try thread.join()
        let sink = try makeNode(FileSinkNode.self, ["path": .string(folder["b.wav"])])
        let taken = try sink.prepare(
            Setup(
                id: "k", inputs: [.init(format: format, latency: 3, largestBlock: 256, isConnected: true)], outputs: [],
                masterRate: 48_000, isPaced: true))
        let ports = TestPorts(channels: 2, largest: 256)
        let (from, to) = (given.renderer!, taken.renderer!)
        ports.render(from, position: 0, frames: 256, asInput: false)
        ports.render(to, position: 0, frames: 256, asInput: true)
        let calls = heapCalls {
            for block in 1..<400 {
                ports.render(from, position: 256 * block, frames: 256, asInput: false)
                ports.render(to, position: 256 * block, frames: 256, asInput: true)
            }
        }
        #expect(calls == 0)
    }
}
