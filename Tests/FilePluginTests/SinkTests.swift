import Glibc
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import FilePlugin

/// The error that a body throws; nil where it throws none.
func failure(_ body: () throws -> Void) -> PipelineError? {
    do { try body() } catch { return error as? PipelineError }
    return nil
}

@Suite("file.sink")
struct SinkTests {
    let folder = Folder()

    @Test(
        "cuts do not show, dither included", arguments: [[1], [7], [64], [480], [4_096], [3, 1_000, 1, 0, 77, 5_000]])
    func cuts(lengths: [Int]) throws {
        let samples = Noise.channels(3, frames: 10_007)
        for (subtype, dither) in [("s16", "tpdf"), ("f32", "none")] {
            try writeFile(folder["a.wav"], samples, ["subtype": .string(subtype), "dither": .string(dither)])
            try writeFile(
                folder["b.wav"], samples, ["subtype": .string(subtype), "dither": .string(dither)], cuts: Cuts(lengths))
            #expect(difference([readBytes(folder["a.wav"])], [readBytes(folder["b.wav"])]) == nil)
        }
    }

    @Test("what is late is left out at the head, and what follows the end at the tail", arguments: [0, 1, 100, 5_000])
    func latency(frames: Int) throws {
        let samples = Noise.channels(2, frames: 4_999)
        try writeFile(folder["a.wav"], samples, ["subtype": "f32"], cuts: Cuts([64, 1, 999]), latency: frames)
        #expect(difference(try readFile(folder["a.wav"]).samples, samples) == nil)
    }

    @Test(
        "files of no frame and of one frame are whole files",
        arguments: ["wav", "aiff", "flac", "caf", "w64", "rf64", "au"])
    func tiny(ending: String) throws {
        for frames in [0, 1] {
            let path = folder["\(frames).\(ending)"]
            let samples = Noise.steps(16, channels: 2, frames: frames)
            try writeFile(path, samples, ["subtype": "s16", "dither": "none"])
            #expect(difference(try readFile(path).samples, samples) == nil, "\(frames) frames")
        }
    }

    @Test("integers clip at full scale, NaN becomes 0, and both are counted")
    func clipping() throws {
        let samples: [Float] = [1.5, -1.5, 1, -1, .infinity, -.infinity, .nan, 0.25, 0.9999]
        let figures = try writeFile(folder["a.wav"], [samples], ["subtype": "s16", "dither": "none"])
        let expected: [Int] = [32_767, -32_768, 32_767, -32_768, 32_767, -32_768, 0, 8_192, 32_765]
        #expect(try readFile(folder["a.wav"]).samples[0].map { Int($0 * 0x1p15) } == expected)
        #expect(figures["clipped"] == .integer(5))  // −1 is a value that 16 bits can hold, +1 is not
        #expect(figures["not_a_number"] == .integer(1))
        let fine = try writeFile(folder["b.wav"], [samples], ["subtype": "s32"])
        #expect(fine["clipped"] == .integer(5))
        let float = try writeFile(folder["c.wav"], [[0.5, -0.25]], ["subtype": "f32"])
        #expect(float["clipped"] == .integer(0))
        guard case .number(let peak)? = float["peak_dbfs"] else {
            Issue.record("no peak: \(float)")
            return
        }
        #expect(abs(peak + 6.0206) < 0.001)
        #expect(try writeFile(folder["d.wav"], [[0, 0]])["peak_dbfs"] == .null)
    }

    @Test("rounding goes to the nearest, and to even on a tie")
    func rounding() throws {
        let steps: [Float] = [0.5, 1.5, 2.5, -0.5, -1.5, 0.49, 0.51, -2.51]
        try writeFile(folder["a.wav"], [steps.map { $0 * 0x1p-15 }], ["subtype": "s16", "dither": "none"])
        let expected: [Int] = [0, 2, 2, 0, -2, 0, 1, -3]
        #expect(try readFile(folder["a.wav"]).samples[0].map { Int($0 * 0x1p15) } == expected)
    }

    @Test(
        "the subtype follows the input file where the format has it, and is s24 elsewhere",
        arguments: [
            ("a.wav", ["s16"], "s16"), ("a.wav", ["f32"], "f32"), ("a.flac", ["f32"], "s24"),
            ("a.flac", ["s16"], "s16"),
            ("a.aiff", ["u8"], "u8"), ("a.flac", ["u8"], "s8"), ("a.wav", ["vorbis"], "s24"), ("a.wav", [], "s24"),
            ("a.wav", ["s16", "s32", "u8"], "s32"), ("a.ogg", ["s16"], "vorbis"), ("a.mp3", ["s16"], "mp3"),
            ("a.voc", ["f32"], "s16"), ("a.htk", [], "s16"), ("a.caf", ["alac_20"], "alac_20"),
        ])
    func following(name: String, inputs: [String], expected: String) throws {
        let node = try makeNode(FileSinkNode.self, ["path": .string(folder[name])])
        let prepared = try node.prepare(
            Setup(
                id: "sink",
                inputs: [
                    .init(
                        format: StreamFormat(rate: 48_000, channels: 1), latency: 0, largestBlock: 64, isConnected: true
                    )
                ], outputs: [], masterRate: 48_000, isPaced: false,
                sourceFacts: inputs.map { ("source", [("subtype", .string($0))]) }))
        #expect(prepared.reporter!.figures().contains { $0.name == "subtype" && $0.value == .string(expected) })
    }

    @Test(
        "dither comes by itself where the depth falls below 24 bits, and only there",
        arguments: [
            ("s16", ["s16"], false), ("s16", ["s24"], true), ("s16", ["f32"], true), ("s16", ["u8"], false),
            ("s16", [], true), ("s24", ["f32"], false), ("u8", ["s16"], true), ("s16", ["mp3"], true),
            ("f32", ["f64"], false), ("ulaw", ["s16"], false),
        ])
    func dither(subtype: String, inputs: [String], expected: Bool) throws {
        func figures(_ values: [String: Value]) throws -> Value? {
            let node = try makeNode(
                FileSinkNode.self,
                ["path": .string(folder["a.wav"]), "subtype": .string(subtype)].merging(values) { $1 })
            let prepared = try node.prepare(
                Setup(
                    id: "sink",
                    inputs: [
                        .init(
                            format: StreamFormat(rate: 48_000, channels: 1), latency: 0, largestBlock: 64,
                            isConnected: true)
                    ], outputs: [], masterRate: 48_000, isPaced: false,
                    sourceFacts: inputs.map { ("source", [("subtype", .string($0))]) }))
            return prepared.reporter!.figures().first { $0.name == "dither" }?.value
        }
        #expect(try figures([:]) == (expected ? "tpdf" : "none"))
        #expect(try figures(["dither": "none"]) == "none")
    }

    @Test("dither makes the error of a small tone noise: no step is lost, and none depends on the signal")
    func ditherNoise() throws {
        let tone = sine(997, rate: 48_000, frames: 48_000, amplitude: 0x1p-17)  // a quarter of a step of 16 bits
        try writeFile(folder["plain.wav"], [tone], ["subtype": "s16", "dither": "none"])
        #expect(try readFile(folder["plain.wav"]).samples[0].allSatisfy { $0 == 0 })
        try writeFile(folder["dithered.wav"], [tone, tone], ["subtype": "s16", "dither": "tpdf"])
        let take = try readFile(folder["dithered.wav"])
        // The tone survives: its correlation with what was written is its own power.
        let product = zip(take.samples[0], tone).map { Double($0 * $1) }.reduce(0, +)
        let power = tone.map { Double($0 * $0) }.reduce(0, +)
        #expect(abs(product / power - 1) < 0.1, "\(product / power)")
        // Variance of the error: 1/6 from the dither and 1/12 from rounding, in steps.
        let error = zip(take.samples[0], tone).map { Double($0 - $1) * 0x1p15 }
        let variance = error.map { $0 * $0 }.reduce(0, +) / Double(error.count)
        #expect(abs(variance - 0.25) < 0.01, "\(variance)")
        #expect(take.samples[0] != take.samples[1])  // every channel has noise of its own
    }

    @Test(
        "nothing stands under the name until the end, and nothing of a cancelled run stays",
        arguments: ["wav", "flac", "ogg"])
    func cancelling(ending: String) throws {
        let path = folder["a.\(ending)"]
        writeBytes(path, [1, 2, 3])
        try writeFile(path, Noise.channels(2, frames: 200_000), stopBefore: 150_000)
        #expect(difference([readBytes(path)], [[1, 2, 3]]) == nil)
        #expect(folder.contents == ["a.\(ending)"])
        try writeFile(path, Noise.channels(2, frames: 1_000))
        #expect(try readFile(path).frames >= 1_000)
        #expect(folder.contents == ["a.\(ending)"])
    }

    @Test("a node that is prepared and never run leaves nothing behind")
    func neverRun() throws {
        let node = try makeNode(FileSinkNode.self, ["path": .string(folder["a.flac"])])
        do {
            _ = try node.prepare(
                Setup(
                    id: "sink",
                    inputs: [
                        .init(
                            format: StreamFormat(rate: 48_000, channels: 1), latency: 0, largestBlock: 64,
                            isConnected: true)
                    ], outputs: [], masterRate: 48_000, isPaced: false))
        }
        #expect(folder.contents == [])
    }

    @Test("a part that a crash left is overwritten and told of; live it is moved aside")
    func leftOver() throws {
        let path = folder["a.wav"]
        writeBytes(path + ".part", [9, 9, 9])
        let log = EventLog()
        try writeFile(path, [[0.5]], log: log)
        #expect(log.list.map(\.name) == ["part_overwritten"])
        #expect(folder.contents == ["a.wav"])
        writeBytes(path + ".part", [9, 9, 9])
        let live = EventLog()
        try writeFile(path, [[0.5]], log: live, isPaced: true)
        #expect(live.list.map(\.name) == ["part_found"])
        #expect(live.list.first?.fields == [.init("path", .string(path + ".part.1"))])
        #expect(difference([readBytes(path + ".part.1")], [[9, 9, 9]]) == nil)
    }

    @Test("two sinks on one file: the second is a fault")
    func twice() throws {
        let node = try makeNode(FileSinkNode.self, ["path": .string(folder["a.wav"])])
        let setup = Setup(
            id: "sink",
            inputs: [
                .init(format: StreamFormat(rate: 48_000, channels: 1), latency: 0, largestBlock: 64, isConnected: true)
            ],
            outputs: [], masterRate: 48_000, isPaced: false)
        let first = try node.prepare(setup)
        let error = failure { _ = try node.prepare(setup) }
        #expect(error?.code == .cannotCreate)
        #expect(error?.message.contains("something else is writing it") == true, "\(error?.description ?? "none")")
        withExtendedLifetime(first) {}
    }

    @Test("a live file can be opened while it grows")
    func growing() throws {
        let path = folder["a.wav"]
        let samples = [sine(440, rate: 8_000, frames: 40_000)]
        let node = try makeNode(FileSinkNode.self, ["path": .string(path), "subtype": "f32"])
        let prepared = try node.prepare(
            Setup(
                id: "sink",
                inputs: [
                    .init(
                        format: StreamFormat(rate: 8_000, channels: 1), latency: 0, largestBlock: 400, isConnected: true
                    )
                ], outputs: [], masterRate: 8_000, isPaced: true))
        let thread = ServiceThread(prepared.blockingServices[0])
        let ports = TestPorts(channels: 1, largest: 400)
        var seen = 0
        for block in 0..<100 {
            for k in 0..<400 { ports[0][k] = samples[0][400 * block + k] }
            ports.render(prepared.renderer!, position: 400 * block, frames: 400, asInput: true)
            usleep(1_000)
        }
        for _ in 0..<100 where seen == 0 {
            seen = (try? readFile(path + ".part").frames) ?? 0
            usleep(10_000)
        }
        #expect(seen >= 8_000)
        prepared.sink!.finish()
        try thread.join()
        #expect(difference(try readFile(path).samples, samples) == nil)
    }

    @Test("live, what finds no room is silence in its place")
    func dropping() throws {
        let path = folder["a.wav"]
        let node = try makeNode(FileSinkNode.self, ["path": .string(path), "subtype": "f32"])
        let prepared = try node.prepare(
            Setup(
                id: "sink",
                inputs: [
                    .init(
                        format: StreamFormat(rate: 48_000, channels: 1), latency: 0, largestBlock: 4_096,
                        isConnected: true)
                ], outputs: [], masterRate: 48_000, isPaced: true))
        let ports = TestPorts(channels: 1, largest: 4_096)
        for k in 0..<4_096 { ports[0][k] = 0.5 }
        // The queue holds eight chunks of 4096 frames, and no thread empties it yet.
        for block in 0..<10 { ports.render(prepared.renderer!, position: 4_096 * block, frames: 4_096, asInput: true) }
        let thread = ServiceThread(prepared.blockingServices[0])
        usleep(50_000)
        ports.render(prepared.renderer!, position: 40_960, frames: 4_096, asInput: true)
        prepared.sink!.finish()
        try thread.join()
        let take = try readFile(path)
        #expect(take.frames == 45_056)
        let halves = take.samples[0].filter { $0 == 0.5 }.count
        #expect(halves == 36_864)
        #expect(take.samples[0][32_768..<40_960].allSatisfy { $0 == 0 })
        #expect(prepared.reporter!.figures().contains { $0.name == "dropped" && $0.value == .integer(8_192) })
    }
}
