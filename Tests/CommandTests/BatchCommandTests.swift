import CommandTestKit
import Foundation
import Testing

/// Takes in folders, and a pipeline that copies `${in}` to `${out}`.
private func writeTakes(in folder: URL, count: Int = 3, frames: Int = 800) throws {
    let text = """
        {
          "syrinx": 1,
          "vars": { "gain": "0" },
          "nodes": {
            "take": { "type": "file.source", "path": "${in}" },
            "trim": { "type": "gain", "gain_db": "${gain}" },
            "tape": { "type": "file.sink", "path": "${out}" }
          },
          "links": ["take -> trim -> tape"]
        }
        """
    try Data(text.utf8).write(to: folder.appendingPathComponent("copy.json"))
    for part in ["takes/a", "takes/b"] {
        let place = folder.appendingPathComponent(part)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        for number in 0..<count {
            let samples = (0..<(frames + number)).map { Int16(truncatingIfNeeded: $0 * (number + part.utf8.count)) }
            try Wave.s16(rate: 8000, channels: [samples]).write(to: place.appendingPathComponent("t\(number).wav"))
        }
    }
}

/// The lines of a journal behind its head, as objects; what a crash cut short is left out.
private func journal(_ name: String, in folder: URL) throws -> [[String: Any]] {
    let text = (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").dropFirst().compactMap {
        try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
}

private func report(_ name: String, in folder: URL) throws -> [String: Any] {
    let data = try Data(contentsOf: folder.appendingPathComponent(name))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
}

/// Every file beneath a folder whose name has an ending, with its bytes.
private func contents(_ path: String, ending: String, in folder: URL) throws -> [String: Data] {
    let root = folder.appendingPathComponent(path)
    let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
    return try Dictionary(
        uniqueKeysWithValues: names.filter { $0.hasSuffix(ending) }.map {
            ($0, try Data(contentsOf: root.appendingPathComponent($0)))
        })
}

@Suite("syrinx batch")
struct BatchCommandTests {
    @Test(
        "files, folders and patterns name the same rows; what comes out is what run makes of each",
        arguments: [
            ["takes"], ["takes/**/*.wav"], ["takes/?/t[0-9].wav", "takes/a/t0.wav"], ["takes/a", "takes/b/t?.wav"],
        ])
    func inputs(arguments: [String]) throws {
        try Command.withFolder { folder in
            try writeTakes(in: folder)
            let isFlat = arguments[0] == "takes/a"
            let output = isFlat ? "out/{row}.wav" : "out/{dir}/{stem}.wav"
            let outcome = try Command.run(
                ["batch", "copy.json"] + arguments + ["--output", output, "--var", "gain=-6"], in: folder)
            #expect(outcome.code == 0 && outcome.text == "" && outcome.diagnostics == "", "\(outcome.diagnostics)")
            let made = try contents("out", ending: ".wav", in: folder)
            let names =
                isFlat
                ? (1...6).map { "00000\($0).wav" } : ["a", "b"].flatMap { dir in (0..<3).map { "\(dir)/t\($0).wav" } }
            #expect(made.keys.sorted() == names)
            let alone = try Command.run(
                ["run", "copy.json", "--var", "in=takes/b/t1.wav", "--var", "out=alone.wav", "--var", "gain=-6"],
                in: folder)
            #expect(alone.code == 0)
            #expect(
                made[isFlat ? "000005.wav" : "b/t1.wav"]
                    == (try Data(contentsOf: folder.appendingPathComponent("alone.wav"))))
        }
    }

    @Test("what is done is not done again, until its input, its output or the pipeline has changed")
    func resume() throws {
        try Command.withFolder { folder in
            try writeTakes(in: folder)
            func done(_ more: [String] = []) throws -> [Int] {
                let outcome = try Command.run(
                    ["batch", "copy.json", "takes", "--output", "out/{dir}/{stem}.wav", "--report", "r.json"] + more,
                    in: folder)
                #expect(outcome.code == 0, "\(outcome.diagnostics)")
                let report = try report("r.json", in: folder)
                return try ["done", "done_before", "skipped"].map { try #require(report[$0] as? Int) }
            }
            #expect(try done() == [6, 0, 0])
            #expect(try done() == [0, 6, 0])
            try Wave.music(rate: 8000, channels: 1, frames: 10).write(
                to: folder.appendingPathComponent("takes/a/t1.wav"))
            try FileManager.default.removeItem(at: folder.appendingPathComponent("out/b/t2.wav"))
            #expect(try done() == [2, 4, 0])
            #expect(try done(["--again"]) == [6, 0, 0])
            #expect(try done(["--var", "gain=-3"]) == [6, 0, 0])
            #expect(try done(["--var", "gain=-3", "--set", "trim.gain_db=-1", "--skip-existing"]) == [0, 0, 6])
            // The outputs are those of another gain now.
            #expect(try done() == [6, 0, 0])
        }
    }

    @Test("killed half-way and run again: the same outputs, and nothing is done twice", arguments: [SIGKILL, SIGINT])
    func killed(signal: Int32) throws {
        try Command.withFolder { folder in
            try writeTakes(in: folder, count: 6)
            let takes = ["a", "b"].flatMap { dir in (0..<6).map { "takes/\(dir)/t\($0).wav" } }
            func batch(_ out: String) throws -> [String] {
                let rows = takes.enumerated().map { #"{"in": "\#($1)", "out": "\#(out)/\#($0).flac"}"# }
                try Data(rows.joined(separator: "\n").utf8).write(to: folder.appendingPathComponent("\(out).jsonl"))
                return ["batch", "copy.json", "--manifest", "\(out).jsonl", "--jobs", "2"]
            }
            #expect(try Command.run(batch("whole"), in: folder).code == 0)
            // Two inputs become pipes on which nothing comes behind the header: there both workers wait.
            let slow = takes[5...6].map { folder.appendingPathComponent($0) }
            let whole = try slow.map { try Data(contentsOf: $0) }
            var pipes: [Int32] = []
            for (url, data) in zip(slow, whole) {
                try FileManager.default.removeItem(at: url)
                #expect(mkfifo(url.path, 0o600) == 0)
                pipes.append(open(url.path, O_RDWR))
                data.withUnsafeBytes { #expect(write(pipes.last ?? -1, $0.baseAddress, 100) == 100) }
            }
            let process = try Command.start(arguments: batch("out"), in: folder)
            func areWaiting() throws -> Bool {
                try journal("out.journal.jsonl", in: folder).count == 5
                    && contents("out", ending: ".part", in: folder).count == 2
            }
            for _ in 0..<5000 where try !areWaiting() { usleep(10_000) }
            #expect(try areWaiting())
            kill(process.processIdentifier, signal)
            process.waitForEnd()
            let done = try contents("out", ending: ".flac", in: folder)
            #expect(done.keys.sorted() == (0..<5).map { "\($0).flac" })
            if signal == SIGINT {
                #expect(process.terminationStatus == 130)
                #expect(try contents("out", ending: ".part", in: folder).isEmpty)
            }
            for pipe in pipes { close(pipe) }
            for (url, data) in zip(slow, whole) {
                try FileManager.default.removeItem(at: url)
                try data.write(to: url)
            }

            let again = try Command.run(batch("out") + ["--report", "r.json"], in: folder)
            #expect(again.code == 0, "\(again.diagnostics)")
            let report = try report("r.json", in: folder)
            #expect(report["done_before"] as? Int == 5 && report["done"] as? Int == 7)
            let keys = try journal("out.journal.jsonl", in: folder).compactMap { $0["key"] as? String }
            #expect(keys.count == 12 && Set(keys).count == 12)
            #expect(try contents("out", ending: ".flac", in: folder) == contents("whole", ending: ".flac", in: folder))
            #expect(try contents("out", ending: ".part", in: folder).isEmpty)
        }
    }

    @Test("a failure is told, remembered and tried again; the others go on, and the exit code is 1")
    func failures() throws {
        try Command.withFolder { folder in
            try writeTakes(in: folder)
            let broken = folder.appendingPathComponent("takes/b/t0.wav")
            let whole = try Data(contentsOf: broken)
            try Data("no sound at all".utf8).write(to: broken)
            let arguments = [
                "batch", "copy.json", "takes", "--output", "out/{dir}-{name}", "--report", "r.json", "--report-dir",
                "reports",
            ]
            let outcome = try Command.run(arguments, in: folder)
            #expect(outcome.code == 1 && outcome.lines.count == 2, "\(outcome.diagnostics)")
            #expect(
                outcome.diagnostics.contains("takes/b/t0.wav: copy.json:5:5: ")
                    && outcome.diagnostics.contains("1 failed"))
            let first = try report("r.json", in: folder)
            #expect(first["outcome"] as? String == "failed" && first["done"] as? Int == 5)
            let failure = try #require((first["failures"] as? [[String: Any]])?.first)
            #expect(failure["row"] as? Int == 4 && failure["title"] as? String == "takes/b/t0.wav")
            #expect((failure["error"] as? [String: Any])?["exit_code"] as? Int == 66)
            #expect(
                try names(in: folder.appendingPathComponent("reports"))
                    == [1, 2, 3, 5, 6].map { "00000\($0)-t\(($0 - 1) % 3).json" })
            #expect(try report("reports/000005-t1.json", in: folder)["frames"] as? Int == 801)

            try whole.write(to: broken)
            #expect(try Command.run(arguments, in: folder).code == 0)
            #expect(try report("r.json", in: folder)["done"] as? Int == 1)
        }
    }

    @Test("a manifest gives variables row by row; shards share it and heed each other's journals")
    func manifest() throws {
        try Command.withFolder { folder in
            try writeTakes(in: folder)
            let rows = (0..<5).map {
                #"{"in": "takes/a/t\#($0 % 3).wav", "out": "m/\#($0).wav", "gain": \#(-$0), "label": true}"#
            }
            try Data((rows.joined(separator: "\n\n") + "\n").utf8).write(
                to: folder.appendingPathComponent("rows.jsonl"))
            let arguments = ["batch", "copy.json", "--manifest", "rows.jsonl"]
            for (shard, made) in [
                ("2/2", ["1.wav", "3.wav"]), ("1/2", ["0.wav", "1.wav", "2.wav", "3.wav", "4.wav"]),
            ] {
                let outcome = try Command.run(arguments + ["--shard", shard], in: folder)
                #expect(outcome.code == 0 && outcome.lines.count == 1, "\(outcome.diagnostics)")
                #expect(outcome.diagnostics.contains(#"rows.jsonl:1: warning: "label" is no variable"#))
                #expect(try names(in: folder.appendingPathComponent("m")) == made)
            }
            let dry = try Command.run(arguments + ["--dry-run"], in: folder)
            #expect(
                dry.text.split(separator: "\n").map(String.init)
                    == (0..<5).map { "done\t\($0 + 1)\ttakes/a/t\($0 % 3).wav -> m/\($0).wav" })
            #expect(
                try names(in: folder).filter { $0.contains("journal") } == [
                    "rows.journal.1-of-2.jsonl", "rows.journal.2-of-2.jsonl",
                ])
            let alone = try Command.run(
                ["run", "copy.json", "--var", "in=takes/a/t0.wav", "--var", "out=alone.wav", "--var", "gain=-3"],
                in: folder)
            #expect(alone.code == 0)
            #expect(
                try Data(contentsOf: folder.appendingPathComponent("alone.wav"))
                    == Data(contentsOf: folder.appendingPathComponent("m/3.wav")))
        }
    }

    @Test("a pattern that finds its own outputs takes them for no inputs")
    func ownOutputs() throws {
        try Command.withFolder { folder in
            try writeTakes(in: folder)
            for _ in 0..<2 {
                let outcome = try Command.run(
                    ["batch", "copy.json", "**/*.wav", "--output", "{dir}/{stem}-new.wav"], in: folder)
                #expect(outcome.code == 0, "\(outcome.diagnostics)")
                #expect(try contents(".", ending: ".wav", in: folder).count == 12)
            }
        }
    }

    @Test("what cannot be begun has its sentence and its exit code, and leaves nothing behind")
    func faults() throws {
        try Command.withFolder { folder in
            try writeTakes(in: folder)
            try Data((#"{"in": "takes/a/t0.wav", "out": "x.wav"}"# + "\n[1]\n").utf8).write(
                to: folder.appendingPathComponent("bad.jsonl"))
            try Data("notes\n".utf8).write(to: folder.appendingPathComponent("notes.jsonl"))
            let there = try names(in: folder)
            func refused(_ arguments: [String], _ code: Int32, _ words: String) throws {
                let outcome = try Command.run(["batch"] + arguments, in: folder)
                #expect(outcome.code == code && outcome.diagnostics.contains(words), "\(outcome.diagnostics)")
                #expect(try names(in: folder) == there)
            }
            try refused(["copy.json"], 64, "expected inputs, or --manifest")
            try refused(["copy.json", "takes"], 64, "--output 'out/{stem}.wav'")
            try refused(["copy.json", "takes", "--output", "out/{stem}.wav"], 64, "rows 1 and 4 would both write")
            try refused(["copy.json", "takes", "--output", "out/{steam}.wav"], 64, "{stem}")
            try refused(["copy.json", "takes", "--output", "o/{row}.wav", "--var", "gian=1"], 64, "did you mean gain?")
            try refused(["copy.json", "gone/*.wav", "--output", "o/{row}.wav"], 66, "gone/*.wav: no such file")
            try refused(["gone.json", "takes", "--output", "o/{row}.wav"], 66, "gone.json")
            try refused(
                ["copy.json", "takes", "--output", "o/{row}.wav", "--set", "trim.gain=1"], 65, "did you mean gain_db?")
            try refused(["copy.json", "--manifest", "bad.jsonl"], 65, "bad.jsonl:2: expected one JSON object a line")
            try refused(["copy.json", "--manifest", "gone.jsonl"], 66, "gone.jsonl")
            try refused(["copy.json", "takes", "--output", "o/{row}.wav", "--shard", "3/2"], 64, "--shard")
            try refused(
                ["copy.json", "takes", "--output", "{row}.wav", "--journal", "notes.jsonl"], 64, "is no journal")
            try refused(["copy.json", "takes", "--output", "/proc/o/{row}.wav"], 73, "/proc/o")
        }
    }
}
