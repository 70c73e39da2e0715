import CommandTestKit
import Foundation
import Testing

@Suite("Recording")
struct RecorderTests {
    /// Eight tracks, all different, and a log with ten lines a second.
    private func write(to folder: URL, rate: Int = 16_000, subtype: String = "f32") throws {
        let signals = (0..<8).map { #""s\#($0)": { "type": "signal", "shape": "white", "seed": \#($0 + 1) }"# }
        let text = """
            {
              "syrinx": 1,
              "engine": { "rate_hz": \(rate) },
              "nodes": {
                \(signals.joined(separator: ",\n    ")),
                "level": { "type": "meter", "interval_s": 0.1 },
                "tape": { "type": "file.sink", "path": "t.wav", "subtype": "\(subtype)", "channels": 8 },
                "log": { "type": "events.sink", "path": "log.jsonl" }
              },
              "links": [
                \((0..<8).map { #""s\#($0) -> tape:in[\#($0)]""# }.joined(separator: ", ")),
                "s0 -> level", "level:events -> log", "tape:events -> log"
              ]
            }
            """
        try Data(text.utf8).write(to: folder.appendingPathComponent("rec.json"))
    }

    private func events(_ folder: URL) throws -> [[String: Any]] {
        Self.events(in: try Data(contentsOf: folder.appendingPathComponent("log.jsonl")))
    }

    /// The first line and the last may be cut.
    private static func events(in log: Data) -> [[String: Any]] {
        String(decoding: log, as: UTF8.self).split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    /// The last frame that the log tells of; looks at its end only, since it is asked for many times.
    private func lastTold(_ folder: URL) -> Int {
        guard let log = try? FileHandle(forReadingFrom: folder.appendingPathComponent("log.jsonl")) else { return 0 }
        defer { try? log.close() }
        guard let size = try? log.seekToEnd(), (try? log.seek(toOffset: size > 4_096 ? size - 4_096 : 0)) != nil,
            let end = try? log.readToEnd()
        else { return 0 }
        return Self.events(in: end).compactMap { $0["frame"] as? Int }.max() ?? 0
    }

    /// Runs until the log has told of so many frames, and kills the process.
    ///
    /// - Parameter haste: how much faster than ours its clock goes; beyond 1 needs the program `faketime`.
    private func stopHard(
        after frames: Int, haste: Int = 1, duration: Int = 600, _ arguments: [String], in folder: URL
    ) throws -> (told: Int, [[String: Any]]) {
        let run = ["run", "rec.json", "--driver", "timer", "--duration", "\(duration)"] + arguments
        let process =
            haste == 1
            ? try Command.start(arguments: run, in: folder)
            : try Command.start(
                "/usr/bin/faketime", arguments: ["-f", "+0 x\(haste)", Command.path] + run, in: folder)
        defer {
            if process.isRunning {
                for child in Process.children(of: process.processIdentifier) { kill(child, SIGKILL) }
                kill(process.processIdentifier, SIGKILL)
            }
        }
        let patience = ContinuousClock.now + .seconds(60 + duration / haste)
        while lastTold(folder) < frames, process.isRunning, ContinuousClock.now < patience { usleep(20_000) }
        try #require(lastTold(folder) >= frames && process.isRunning)
        // `faketime` waits for the command.
        let command =
            haste == 1
            ? process.processIdentifier : try #require(Process.children(of: process.processIdentifier).first)
        kill(command, SIGKILL)
        process.waitForEnd()
        return (lastTold(folder), try events(folder))
    }

    /// The same recording, flat out and in one file.
    private func whole(_ frames: Int, rate: Int, in folder: URL) throws -> Data {
        let outcome = try Command.run(
            [
                "run", "rec.json", "--driver", "offline", "--duration", "\(Double(frames) / Double(rate))", "--set",
                "tape.path=whole.wav", "--set", "log.path=whole.jsonl",
            ], in: folder)
        try #require(outcome.code == 0, "\(outcome.diagnostics)")
        return try samples("whole.wav", in: folder)
    }

    private func samples(_ name: String, in folder: URL) throws -> Data {
        let file = try Data(contentsOf: folder.appendingPathComponent(name))
        #expect(Wave.format(of: file)?.channels == 8, "\(name)")
        return try #require(Wave.chunk("data", of: file), "\(name) has no samples")
    }

    @Test("kill -9 in the middle: what is left opens, is aligned to the sample, and lacks less than a second")
    func killed() throws {
        try Command.withFolder { folder in
            try write(to: folder)
            let (told, _) = try stopHard(after: 24_000, [], in: folder)
            let left = try samples("t.wav.part", in: folder)
            let frames = left.count / 32
            #expect(frames >= told - 16_000, "\(frames) frames of \(told)")
            #expect(left == (try whole(frames, rate: 16_000, in: folder)))
            // The next start moves it aside, and says where it lies.
            let next = try Command.run(
                ["run", "rec.json", "--driver", "timer", "--duration", "0.2"], in: folder)
            #expect(next.code == 0 && next.diagnostics.contains("t.wav.part.1"), "\(next.diagnostics)")
            #expect(try samples("t.wav.part.1", in: folder) == left)
        }
    }

    @Test("kill -9 of a split recording: the files that are full are whole, and the log tells where each begins")
    func killedSplit() throws {
        try Command.withFolder { folder in
            try write(to: folder)
            let (told, events) = try stopHard(after: 20_000, ["--set", "tape.split_s=0.4"], in: folder)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            let full = names.filter { $0.hasPrefix("t-") && $0.hasSuffix(".wav") }.sorted()
            let parts = names.filter { $0.hasSuffix(".part") }
            #expect(full.count >= 2 && parts.count <= 1, "\(names)")
            var joined = Data()
            for name in full {
                let piece = try samples(name, in: folder)
                #expect(piece.count == 6_400 * 32)
                joined += piece
            }
            for name in parts { joined += try samples(name, in: folder) }
            let frames = joined.count / 32
            #expect(frames >= told - 16_000, "\(frames) frames of \(told)")
            #expect(joined == (try whole(frames, rate: 16_000, in: folder)))
            let begins = events.filter { $0["event"] as? String == "file_begin" }
            #expect(begins.compactMap { $0["first_frame"] as? Int } == begins.indices.map { $0 * 6_400 })
            #expect(begins.count >= full.count)
        }
    }

    @Test(
        "two hours of eight tracks in twelve files are the one file, bit for bit; short unless SYRINX_LONG=1",
        arguments: [ProcessInfo.processInfo.environment["SYRINX_LONG"] == nil ? 12 : 7_200])
    func long(seconds: Int) throws {
        try Command.withFolder { folder in
            try write(to: folder, rate: 8_000, subtype: "s16")
            func run(_ arguments: [String]) throws {
                let outcome = try Command.run(
                    ["run", "rec.json", "--driver", "offline", "--duration", "\(seconds)"] + arguments, in: folder)
                try #require(outcome.code == 0, "\(outcome.diagnostics)")
            }
            try run(["--set", "tape.split_s=\(Double(seconds) / 12)"])
            try run(["--set", "tape.path=whole.wav"])
            let whole = try FileHandle(forReadingFrom: folder.appendingPathComponent("whole.wav"))
            try whole.seek(toOffset: try start(of: whole))
            for number in 1...12 {
                let name = "t-\(String(repeating: "0", count: number < 10 ? 3 : 2))\(number).wav"
                let file = try FileHandle(forReadingFrom: folder.appendingPathComponent(name))
                try file.seek(toOffset: try start(of: file))
                var bytes = 0
                while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
                    #expect(try whole.read(upToCount: piece.count) == piece, "\(name) at \(bytes)")
                    bytes += piece.count
                }
                #expect(bytes == seconds * 8_000 / 12 * 16, "\(name)")
            }
            #expect(try whole.read(upToCount: 1)?.isEmpty ?? true)
        }
    }

    @Test(
        "kill -9 after an hour and a half on a fast clock: eight tracks, aligned to the sample, lack less than a second",
        .enabled(if: ProcessInfo.processInfo.environment["SYRINX_LONG"] == "1", "it takes minutes: SYRINX_LONG=1"))
    func killedLate() throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/faketime") else {
            try Test.cancel("faketime is not installed; apt-get install faketime")
        }
        try Command.withFolder { folder in
            try write(to: folder, rate: 8_000, subtype: "s16")
            let (told, _) = try stopHard(
                after: 5_400 * 8_000, haste: 40, duration: 7_200, ["--set", "engine.block_frames=1024"], in: folder)
            let left = try samples("t.wav.part", in: folder)
            let frames = left.count / 16
            #expect(frames >= told - 8_000, "\(frames) frames of \(told)")
            #expect(left == (try whole(frames, rate: 8_000, in: folder)))
        }
    }

    /// Where a file's samples begin.
    private func start(of file: FileHandle) throws -> UInt64 {
        try file.seek(toOffset: 0)
        let head = try #require(try file.read(upToCount: 4_096))
        return UInt64(try #require(head.range(of: Data("data".utf8))).upperBound + 4)
    }
}
