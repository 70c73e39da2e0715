import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import FilePlugin
@testable import SyrinxSoundFile

@Suite("file.sink, split")
struct SplitTests {
    let folder = Folder()

    /// The names and lengths of the files, in order, and their samples one after the other.
    private func joined(_ ending: String) throws -> (names: [String], frames: [Int], samples: [[Float]]) {
        let names = folder.contents.filter { $0.hasPrefix("t-") && $0.hasSuffix(ending) }
        var (frames, samples): ([Int], [[Float]]) = ([], [])
        for name in names {
            let take = try readFile(folder[name])
            frames.append(take.frames)
            samples = samples.isEmpty ? take.samples : zip(samples, take.samples).map { $0 + $1 }
        }
        return (names, frames, samples)
    }

    @Test(
        "the files one after the other are the one file, bit for bit, whatever the cuts",
        arguments: [("wav", "s16"), ("wav", "f32"), ("flac", "s16"), ("caf", "s24"), ("aiff", "s16")],
        [[1_024], [7, 4_096, 1, 999]])
    func joins(_ format: (ending: String, subtype: String), cuts: [Int]) throws {
        let samples = Noise.channels(3, frames: 10_007)
        let values: [String: Value] = ["subtype": .string(format.subtype), "dither": "tpdf"]
        try writeFile(folder["whole.\(format.ending)"], samples, rate: 8_000, values, cuts: Cuts(cuts))
        let figures = try writeFile(
            folder["t.\(format.ending)"], samples, rate: 8_000, values.merging(["split_s": .number(0.25)]) { $1 },
            cuts: Cuts(cuts))
        let files = try joined(".\(format.ending)")
        #expect(files.names.first == "t-0001.\(format.ending)")
        #expect(files.frames == [2_000, 2_000, 2_000, 2_000, 2_000, 7])
        #expect(difference(bits(files.samples), bits(try readFile(folder["whole.\(format.ending)"]).samples)) == nil)
        #expect(figures["files"] == .integer(6) && figures["frames"] == .integer(10_007))
    }

    @Test("a length that comes out even has no empty file at its end; no frame at all is one empty file")
    func even() throws {
        try writeFile(folder["t.wav"], [[Float](repeating: 0.5, count: 1_600)], rate: 8_000, ["split_s": .number(0.1)])
        #expect(try joined(".wav").frames == [800, 800])
        try writeFile(folder["n.wav"], [[]], rate: 8_000, ["split_s": .number(0.1)])
        #expect(folder.contents.filter { $0.hasPrefix("n") } == ["n-0001.wav"])
    }

    @Test("no file of plain samples outgrows its size, and none but the last is far from it")
    func size() throws {
        let samples = Noise.channels(2, frames: 100_000)
        try writeFile(folder["t.wav"], samples, ["subtype": "f32", "split_mb": .number(0.2)])
        let files = try joined(".wav")
        let sizes = files.names.map { readBytes(folder[$0]).count }
        #expect(sizes.allSatisfy { $0 <= 200_000 } && sizes.dropLast().allSatisfy { $0 > 195_000 }, "\(sizes)")
        #expect(difference(bits(files.samples), bits(samples)) == nil)
    }

    @Test("compressed files end soon after their size, at the same frames for any cuts")
    func compressed() throws {
        let samples = Noise.steps(16, channels: 2, frames: 150_000)
        var frames: [[Int]] = []
        for cuts in [[1_024], [5, 4_096, 333]] {
            try writeFile(
                folder["t.flac"], samples, ["subtype": "s16", "dither": "none", "split_mb": .number(0.1)],
                cuts: Cuts(cuts))
            let files = try joined(".flac")
            let sizes = files.names.map { readBytes(folder[$0]).count }
            #expect(sizes.dropLast().allSatisfy { (100_000..<150_000).contains($0) }, "\(sizes)")
            #expect(difference(files.samples, samples) == nil)
            frames.append(files.frames)
        }
        #expect(frames[0].count > 3 && frames[0] == frames[1])
    }

    @Test("events tell where each file begins and what it holds", arguments: [true, false])
    func events(isPaced: Bool) throws {
        let log = EventLog()
        try writeFile(
            folder["t.wav"], [[Float](repeating: 0, count: 2_000)], rate: 8_000, ["split_s": .number(0.1)], latency: 33,
            log: log, isPaced: isPaced)
        func path(_ number: Int) -> Value.Member { .init("path", .string(folder["t-000\(number).wav"])) }
        #expect(
            log.list.map(\.name) == ["file_begin", "file_end", "file_begin", "file_end", "file_begin", "file_end"])
        #expect(log.list[2].fields == [path(2), .init("first_frame", .integer(800))])
        #expect(
            log.list[5].fields == [path(3), .init("first_frame", .integer(1_600)), .init("frames", .integer(400))])
    }

    @Test("flat out all files appear at the end or none; a cancelled run leaves what was there")
    func cancelled() throws {
        writeBytes(folder["t-0001.wav"], [1, 2, 3])
        try writeFile(
            folder["t.wav"], Noise.channels(2, frames: 200_000), ["split_s": .number(0.5)], stopBefore: 150_000)
        #expect(folder.contents == ["t-0001.wav"])
        #expect(readBytes(folder["t-0001.wav"]) == [1, 2, 3])
    }

    @Test("under a clock a file has its name as soon as it is full, and of a cancelled run those stay")
    func full() throws {
        let node = try makeNode(FileSinkNode.self, ["path": .string(folder["t.wav"]), "split_s": .number(0.5)])
        let format = StreamFormat(rate: 8_000, channels: 1)
        let prepared = try node.prepare(
            Setup(
                id: "sink", inputs: [.init(format: format, latency: 0, largestBlock: 400, isConnected: true)],
                outputs: [], masterRate: 8_000, isPaced: true))
        let thread = ServiceThread(prepared.blockingServices[0])
        let ports = TestPorts(channels: 1, largest: 400)
        for k in 0..<400 { ports[0][k] = 0.25 }
        for block in 0..<45 {
            ports.render(prepared.renderer!, position: 400 * block, frames: 400, asInput: true)
            usleep(1_000)
        }
        for _ in 0..<500 where folder.contents.count < 5 { usleep(10_000) }
        #expect(
            folder.contents == ["t-0001.wav", "t-0002.wav", "t-0003.wav", "t-0004.wav", "t-0005.wav.part"]
                || folder.contents == ["t-0001.wav", "t-0002.wav", "t-0003.wav", "t-0004.wav.part"])
        let done = folder.contents.filter { $0.hasSuffix(".wav") }
        #expect(done.count >= 3)
        thread.cancel()
        try thread.join()
        #expect(folder.contents == done)
        #expect(try readFile(folder["t-0002.wav"]).frames == 4_000)
    }

    @Test("what a killed run left is told at the next start, and a longer run's files after the end")
    func leftOvers() throws {
        writeBytes(folder["t-0007.wav.part"], [9])
        writeBytes(folder["t-0002.wav.part"], [9])
        writeBytes(folder["t-0004.wav"], [9])
        writeBytes(folder["other-0003.wav.part"], [9])
        let log = EventLog()
        try writeFile(
            folder["t.wav"], [[Float](repeating: 0, count: 2_000)], rate: 8_000, ["split_s": .number(0.1)], log: log,
            isPaced: true)
        let told = log.list.filter { !["file_begin", "file_end"].contains($0.name) }
        #expect(told.map(\.name) == ["part_found", "part_found", "part_found", "older_file_found"])
        #expect(
            told.map { $0.fields[0].value.string }
                == ["t-0002.wav.part", "t-0007.wav.part", "t-0002.wav.part.1", "t-0004.wav"].map { folder[$0] })
        #expect(readBytes(folder["t-0002.wav.part.1"]) == [9])
    }

    @Test("cue points go with the file in which they lie, and the time since midnight goes on")
    func metadata() throws {
        var metadata = Metadata()
        metadata.cues = [.init(position: 100, name: "one"), .init(position: 900, name: "two")]
        metadata.broadcast = .init(timeReference: 5_000)
        let facts: [(name: String, value: Value)] =
            [("start_frame", .integer(0)), ("rate_hz", .integer(8_000)), ("subtype", .string("s16"))] + metadata.facts
        try writeFile(
            folder["t.wav"], [[Float](repeating: 0, count: 2_000)], rate: 8_000, ["split_s": .number(0.1)], facts: facts
        )
        func cues(_ number: Int) throws -> Value? { try readFile(folder["t-000\(number).wav"]).fact("metadata.cues") }
        #expect(try cues(1)?.list.map { $0.map { $0["frame"] } } == [.integer(100)])
        #expect(try cues(2)?.list.map { $0.map { $0["frame"] } } == [.integer(100)])
        #expect(try cues(3) == nil)
        let broadcast = try readFile(folder["t-0003.wav"]).fact("metadata.broadcast")
        #expect(broadcast?["time_reference"] == .integer(6_600))
    }

    @Test("standard output, a device and a file that is read cannot be split into")
    func refused() throws {
        let stream = failure {
            _ = try makeNode(FileSinkNode.self, ["path": "-", "format": "wav", "split_s": .number(1)])
        }
        #expect(stream?.message.contains("standard output is one stream") == true)
        try writeFile(folder["t-0001.wav"], [[0.5]])
        try writeFile(folder["t-0002.wav"], [[0.5]])
        let read = failure {
            try writeFile(
                folder["t.wav"], [[0.5]], ["split_s": .number(1)],
                facts: [("path", .string(folder["t-0002.wav"]))])
        }
        #expect(read?.message.contains("t-0002.wav is read by source") == true, "\(read?.description ?? "none")")
        let exists = failure {
            try writeFile(folder["t.wav"], [[0.5]], ["split_mb": .number(1), "overwrite": .boolean(false)])
        }
        #expect(exists?.code == .cannotCreate)
    }
}
