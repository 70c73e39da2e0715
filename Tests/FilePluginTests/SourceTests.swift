import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import FilePlugin

@Suite("file.source")
struct SourceTests {
    let folder = Folder()

    private func ramp(_ frames: Int, channels: Int = 1) -> [[Float]] {
        (0..<channels).map { channel in (0..<frames).map { Float($0) / 65_536 + Float(channel) * 0.25 } }
    }

    @Test("cuts do not show", arguments: [[1], [7], [64], [480], [4_096], [3, 1_000, 1, 0, 77, 5_000]])
    func cuts(lengths: [Int]) throws {
        let samples = Noise.channels(3, frames: 10_007)
        try writeFile(folder["a.wav"], samples, ["subtype": "f32"])
        #expect(difference(try readFile(folder["a.wav"], cuts: Cuts(lengths)).samples, samples) == nil)
    }

    @Test("start and duration are exact frames, rounded half up and kept within the file")
    func region() throws {
        try writeFile(folder["a.wav"], ramp(1_000), rate: 1_000, ["subtype": "f32"])
        func frames(_ values: [String: Value]) throws -> Range<Int> {
            let take = try readFile(folder["a.wav"], values)
            #expect(take.end == .after(frames: take.frames))
            let first = take.samples[0].first.map { Int($0 * 65_536) } ?? 0
            #expect(difference(take.samples, [Array(ramp(1_000)[0][first..<first + take.frames])]) == nil)
            return first..<first + take.frames
        }
        #expect(try frames([:]) == 0..<1_000)
        #expect(try frames(["start_s": 0.25]) == 250..<1_000)
        #expect(try frames(["start_s": 0.0005]) == 1..<1_000)
        #expect(try frames(["start_s": 0.1, "duration_s": 0.0014]) == 100..<101)
        #expect(try frames(["start_s": 0.9, "duration_s": 5]) == 900..<1_000)
        #expect(try frames(["duration_s": 0]).isEmpty)
        #expect(try frames(["start_s": 1]).isEmpty)
        #expect(try frames(["start_s": 77]).isEmpty)
    }

    @Test(
        "start_s of FLAC, Ogg and MP3 begins where reading from the front would be",
        arguments: ["flac", "ogg", "mp3", "opus"])
    func startOfCompressed(ending: String) throws {
        let path = folder["a.\(ending)"]
        var noise = Noise()
        var state: Float = 0
        let tune = (0..<96_000).map { _ in
            state = 0.98 * state + 0.05 * noise.sample()
            return state
        }
        try writeFile(path, [tune])
        let all = try readFile(path)
        let part = try readFile(path, ["start_s": 1.0625, "duration_s": 0.5])
        #expect(part.frames == 24_000)
        let expected = Array(all.samples[0][51_000..<75_000])
        let error = zip(part.samples[0], expected).map { $0 - $1 }
        #expect(level(error) < level(expected) - 40, "\(level(error)) dB beside \(level(expected)) dB")
    }

    @Test(
        "a loop is gapless and exact to the sample, however long it is",
        arguments: [
            ("wav", 1_000), ("wav", 1), ("wav", 300_001), ("flac", 300_001), ("ogg", 300_001), ("mp3", 300_000),
        ])
    func loop(ending: String, frames: Int) throws {
        let path = folder["a.\(ending)"]
        try writeFile(path, ending == "wav" ? ramp(frames) : [sine(300, rate: 48_000, frames: frames)], ["channels": 1])
        let once = try readFile(path)
        let take = try readFile(path, ["loop": true], cuts: Cuts([999]), limit: 2 * once.frames + 4_321)
        #expect(take.end == .never)
        let twice = once.samples[0] + once.samples[0]
        let wanted = (0..<take.frames).map { twice[$0 % once.frames] }
        #expect(difference(take.samples, [wanted]) == nil)
    }

    @Test("a loop of a part repeats that part")
    func loopOfPart() throws {
        try writeFile(folder["a.wav"], ramp(1_000), rate: 1_000, ["subtype": "f32"])
        let take = try readFile(folder["a.wav"], ["loop": true, "start_s": 0.5, "duration_s": 0.003], limit: 10)
        let expected: [Int] = [500, 501, 502, 500, 501, 502, 500, 501, 502, 500]
        #expect(take.samples[0].map { Int($0 * 0x1p16) } == expected)
    }

    @Test("a loop over nothing is silence, not a hang")
    func loopOfNothing() throws {
        try writeFile(folder["a.wav"], [[]], ["subtype": "s16"])
        let take = try readFile(folder["a.wav"], ["loop": true], limit: 100)
        #expect(take.frames <= 100)
        #expect(take.samples[0].allSatisfy { $0 == 0 })
    }

    @Test("RF64 beyond 4 GiB is read at its end")
    func large() throws {
        // 5 GiB of silence that takes no room, with a mark in its last frames.
        let path = folder["large.wav"]
        let header = WaveHeader(rate: 48_000, channels: 2, coding: .integer, width: 2, isStream: false)
        let dataBytes = 5 << 30
        let bytes = header.bytes(dataBytes: dataBytes)
        writeBytes(path, bytes)
        #expect(bytes.starts(with: "RF64".utf8))
        let file = open(path, O_RDWR)
        #expect(ftruncate(file, bytes.count + dataBytes) == 0)
        let mark: [Int16] = [1_000, -2_000, 3_000, -4_000]
        #expect(pwrite(file, mark, 8, off_t(bytes.count + dataBytes - 8)) == 8)
        close(file)
        let frames = dataBytes / 4
        let take = try readFile(path, ["start_s": .number(Double(frames - 4) / 48_000)])
        #expect(take.fact("frames") == .integer(frames))
        #expect(take.fact("format") == .string("rf64"))
        let (left, right): ([Int], [Int]) = ([0, 0, 1_000, 3_000], [0, 0, -2_000, -4_000])
        #expect(take.samples.map { channel in channel.map { Int($0 * 0x1p15) } } == [left, right])
    }

    @Test("a raw file is read as it is described, in either byte order")
    func raw() throws {
        writeBytes(folder["a.raw"], [0x00, 0x40, 0x00, 0xC0, 0x01, 0x00])
        let little = try readFile(folder["a.raw"], ["rate_hz": 8_000])
        let expected: [Float] = [0.5, -0.5, 0x1p-15]
        #expect(difference(little.samples, [expected]) == nil)
        let big = try readFile(folder["a.raw"], ["rate_hz": 8_000, "channels": 3, "byte_order": "big"])
        let swapped: [Float] = [0x40, 0xC0, 0x100]
        #expect(difference(big.samples, swapped.map { [$0 * 0x1p-15] }) == nil)
        writeBytes(folder["noname"], [0x80, 0xFF])
        let bytes = try readFile(folder["noname"], ["format": "raw", "rate_hz": 8_000, "subtype": "u8"])
        let unsigned: [Float] = [0, 0.9921875]
        #expect(difference(bytes.samples, [unsigned]) == nil)
    }

    @Test("check opens nothing, explain opens regular files only")
    func access() throws {
        let path = folder["a.wav"]
        func resolve(_ access: FormatRequest.Access) throws -> Resolution {
            try makeNode(FileSourceNode.self, ["path": .string(path)])
                .resolve(FormatRequest(access: access, inputs: [], masterRate: nil))
        }
        #expect(try resolve(.nothing).outputs[0].format.complete == nil)
        #expect(throws: PipelineError.self) { try resolve(.headers) }
        try writeFile(path, ramp(10, channels: 2), rate: 44_100, ["subtype": "s16"])
        #expect(try resolve(.nothing).outputs[0].format.complete == nil)
        #expect(try resolve(.headers).outputs[0].format.complete == StreamFormat(rate: 44_100, channels: 2))
        unlink(path)
        mkfifo(path, 0o600)
        #expect(try resolve(.headers).outputs[0].format.complete == nil)
    }

    @Test("live, what is not there in time is silence and is counted, and the rest follows")
    func starving() throws {
        let path = folder["a.wav"]
        try writeFile(path, [Noise.channels(1, frames: 5_000)[0]], ["subtype": "f32"])
        let node = try makeNode(FileSourceNode.self, ["path": .string(path)])
        _ = try node.resolve(FormatRequest(access: .all, inputs: [], masterRate: nil))
        let prepared = try node.prepare(
            Setup(
                id: "s", inputs: [],
                outputs: [.init(format: StreamFormat(rate: 48_000, channels: 1), largestBlock: 64, isConnected: true)],
                masterRate: 48_000, isPaced: true))
        let ports = TestPorts(channels: 1, largest: 64)
        ports.render(prepared.renderer!, position: 0, frames: 64, asInput: false)  // before the thread has begun
        #expect((0..<64).allSatisfy { ports[0][$0] == 0 })
        #expect(prepared.reporter!.figures().contains { $0.name == "starved" && $0.value == .integer(64) })
        let thread = ServiceThread(prepared.blockingServices[0])
        try thread.join()  // the whole file fits in the queue
        ports.render(prepared.renderer!, position: 64, frames: 64, asInput: false)
        #expect(ports[0][0] != 0)
        for block in 2..<100 { ports.render(prepared.renderer!, position: 64 * block, frames: 64, asInput: false) }
        #expect((0..<64).allSatisfy { ports[0][$0] == 0 })
        #expect(prepared.reporter!.figures().contains { $0.name == "starved" && $0.value == .integer(64) })
    }

    @Test("a source that is cancelled ends, also while it waits for a pipe")
    func cancel() throws {
        let path = folder["fifo"]
        mkfifo(path, 0o600)
        let keeper = open(path, O_RDWR)
        defer { close(keeper) }
        let header = WaveHeader(rate: 8_000, channels: 1, coding: .integer, width: 2, isStream: true)
        let bytes = header.bytes(dataBytes: 0)
        #expect(write(keeper, bytes, bytes.count) == bytes.count)
        let node = try makeNode(FileSourceNode.self, ["path": .string(path)])
        let resolution = try node.resolve(FormatRequest(access: .all, inputs: [], masterRate: nil))
        #expect(resolution.end == .whenRead)
        let prepared = try node.prepare(
            Setup(
                id: "s", inputs: [],
                outputs: [.init(format: StreamFormat(rate: 8_000, channels: 1), largestBlock: 64, isConnected: true)],
                masterRate: 8_000, isPaced: false))
        let thread = ServiceThread(prepared.blockingServices[0])
        usleep(20_000)
        thread.cancel()
        try thread.join()
        #expect(prepared.source!.waitToGive(through: 64) == .stopped)
    }
}
