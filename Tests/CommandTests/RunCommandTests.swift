import CommandTestKit
import Foundation
import Testing

/// A copy through a gain, written into a folder as `copy.json`.
func writeCopy(in folder: URL, sink: String = #""path": "out.wav""#) throws {
    let text = """
        {
          "syrinx": 1,
          "nodes": {
            "take": { "type": "file.source", "path": "in.wav" },
            "trim": { "type": "gain" },
            "tape": { "type": "file.sink", \(sink) }
          },
          "links": ["take -> trim -> tape"]
        }
        """
    try Data(text.utf8).write(to: folder.appendingPathComponent("copy.json"))
    try Wave.music(rate: 8000, channels: 2, frames: 1000).write(to: folder.appendingPathComponent("in.wav"))
}

func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
}

@Suite("syrinx run")
struct RunCommandTests {
    @Test("a run is quiet in a pipe, and its report tells what came out")
    func report() throws {
        try Command.withFolder { folder in
            try writeCopy(in: folder)
            let outcome = try Command.run(["run", "copy.json", "--report", "report.json"], in: folder)
            #expect(outcome.code == 0 && outcome.text == "" && outcome.diagnostics == "")
            let data = try Data(contentsOf: folder.appendingPathComponent("report.json"))
            let report = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            #expect(report["outcome"] as? String == "done")
            #expect(report["frames"] as? Int == 1000 && report["rate_hz"] as? Int == 8000)
            #expect(report["xruns"] as? Int == 0)
            #expect(report["wall_s"] as? Double ?? 0 > 0 && report["speed_ratio"] as? Double ?? 0 > 0)
            let tape = try #require((report["sinks"] as? [String: Any])?["tape"] as? [String: Any])
            #expect(tape["frames"] as? Int == 1000 && tape["clipped"] as? Int == 0)
            #expect((-12.0...(-6.0)).contains(tape["peak_dbfs"] as? Double ?? 0))
            let steps = (report["time"] as? [[String: Any]])?.compactMap { $0["step"] as? String }
            #expect(Set(steps ?? []) == ["take", "trim", "tape"])
            #expect(try names(in: folder) == ["copy.json", "in.wav", "out.wav", "report.json"])
        }
    }

    @Test("--set takes the place of the file's values, --bind of its nodes")
    func changes() throws {
        try Command.withFolder { folder in
            try writeCopy(in: folder)
            try Wave.music(rate: 16_000, channels: 1, frames: 77).write(to: folder.appendingPathComponent("other.wav"))
            let outcome = try Command.run(
                [
                    "run", "copy.json", "--set", "trim.gain_db=-120", "--bind", "take=other.wav", "--bind", "tape=-",
                    "--set", "tape.format=wav", "--set", "tape.subtype=s16", "--set", "tape.dither=none",
                ], in: folder)
            #expect(outcome.code == 0 && outcome.diagnostics == "")
            #expect(try #require(Wave.format(of: outcome.output)) == (16_000, 1, 16))
            #expect(Wave.chunk("data", of: outcome.output) == Data(count: 77 * 2))
            #expect(try !names(in: folder).contains("out.wav"))
        }
    }

    @Test("a path on the command line starts from the working directory, one in the file from the file")
    func paths() throws {
        try Command.withFolder { folder in
            let inner = folder.appendingPathComponent("inner")
            try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
            try writeCopy(in: inner)
            let outcome = try Command.run(["run", "inner/copy.json", "--set", "tape.path=mine.wav"], in: folder)
            #expect(outcome.code == 0 && outcome.diagnostics == "")
            #expect(try names(in: folder) == ["inner", "mine.wav"])
        }
    }

    @Test("--duration ends a run that has no end, to the frame")
    func duration() throws {
        try Command.withFolder { folder in
            let text = #"""
                {"syrinx": 1, "nodes": {"tone": {"type": "signal", "rate_hz": 8000},
                "tape": {"type": "file.sink", "path": "out.wav"}}, "links": ["tone -> tape"]}
                """#
            try Data(text.utf8).write(to: folder.appendingPathComponent("tone.json"))
            let endless = try Command.run(["run", "tone.json"], in: folder)
            #expect(endless.code == 65 && endless.diagnostics.contains("--duration"))
            #expect(try names(in: folder) == ["tone.json"])
            let outcome = try Command.run(["run", "tone.json", "--duration", "0.0071"], in: folder)
            #expect(outcome.code == 0)
            let output = try Data(contentsOf: folder.appendingPathComponent("out.wav"))
            #expect(Wave.chunk("data", of: output)?.count == 57 * 3)
        }
    }

    @Test(
        "what is wrong has its exit code and one clear line, and no output appears",
        arguments: [
            (["copy.json", "--duration", "soon"], 64, "--duration: found \"soon\""),
            (["copy.json", "--driver", "jack"], 69, "no server \"syrinx-no-such-server\""),
            (["copy.json", "--driver", "jakc"], 64, "did you mean jack?"),
            (["copy.json", "--bind", "trim=x.wav"], 64, "a source or a sink only"),
            (["copy.json", "--bind", "tpae=x.wav"], 64, "did you mean tape?"),
            (["copy.json", "--set", "trim.gain_bd=3"], 65, "did you mean gain_db?"),
            (["copy.json", "--set", "trim.gain_db=300"], 65, "found \"300\""),
            (["copy.json", "--var", "nobody=3"], 64, "no variable of this name"),
            (["missing.json"], 66, "cannot read the pipeline file"),
            (["copy.json", "--bind", "take=missing.wav"], 66, "no such file"),
            (["copy.json", "--bind", "tape=nowhere/out.wav"], 73, "its folder does not exist"),
            (["copy.json", "--report", "nowhere/report.json"], 73, "cannot create the report"),
            (
                ["copy.json", "--report", "-", "--bind", "tape=-", "--set", "tape.format=wav"], 64,
                "give the report a file"
            ),
        ] as [([String], Int32, String)])
    func faults(arguments: [String], code: Int32, words: String) throws {
        try Command.withFolder { folder in
            try writeCopy(in: folder)
            let outcome = try Command.run(
                ["run"] + arguments, in: folder, environment: ["JACK_DEFAULT_SERVER": "syrinx-no-such-server"])
            #expect(outcome.code == code)
            #expect(outcome.diagnostics.contains(words), "\(outcome.diagnostics)")
            #expect(outcome.lines.count == 1, "\(outcome.diagnostics)")
            #expect(try names(in: folder) == ["copy.json", "in.wav"])
        }
    }

    @Test("a report goes straight to what is no regular file, and a link stays one")
    func reportTargets() throws {
        try Command.withFolder { folder in
            try writeCopy(in: folder)
            let manager = FileManager.default
            for (link, target) in [("out.json", "/dev/stdout"), ("null.json", "/dev/null"), ("r.json", "real.json")] {
                try manager.createSymbolicLink(
                    atPath: folder.appendingPathComponent(link).path, withDestinationPath: target)
            }
            try Data("before".utf8).write(to: folder.appendingPathComponent("real.json"))
            for link in ["out.json", "null.json", "r.json"] {
                let outcome = try Command.run(["run", "copy.json", "--report", link, "--quiet"], in: folder)
                #expect(outcome.code == 0)
                #expect(outcome.text.contains("\"outcome\": \"done\"") == (link == "out.json"))
                let path = folder.appendingPathComponent(link).path
                #expect(try manager.attributesOfItem(atPath: path)[.type] as? FileAttributeType == .typeSymbolicLink)
            }
            let real = try String(contentsOf: folder.appendingPathComponent("real.json"), encoding: .utf8)
            #expect(real.contains("\"outcome\": \"done\""))
            #expect(try names(in: folder).allSatisfy { !$0.hasSuffix(".part") })
        }
    }

    @Test("the pipeline may come by standard input, and then sound may not")
    func standardInput() throws {
        try Command.withFolder { folder in
            try writeCopy(in: folder)
            let pipeline = try Data(contentsOf: folder.appendingPathComponent("copy.json"))
            let outcome = try Command.run(["run", "-"], in: folder, input: pipeline)
            #expect(outcome.code == 0 && outcome.diagnostics == "")
            #expect(try names(in: folder).contains("out.wav"))
            let twice = try Command.run(["run", "-", "--set", "take.path=-"], in: folder, input: pipeline)
            #expect(twice.code == 64 && twice.diagnostics.contains("put the pipeline in a file"))
        }
    }

    @Test(
        "a signal leaves the target as it was and ends with its code",
        arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
    func signals(signal: Int32, code: Int32) throws {
        try Command.withFolder { folder in
            try writeCopy(in: folder)
            let old = Data("an older take".utf8)
            try old.write(to: folder.appendingPathComponent("out.wav"))
            let process = try Command.start(
                arguments: ["run", "copy.json", "--set", "take.loop=true", "--duration", "999999999"], in: folder)
            // The run is under way once its part file is there.
            let part = folder.appendingPathComponent("out.wav.part").path
            for _ in 0..<1000 where !FileManager.default.fileExists(atPath: part) { usleep(10_000) }
            #expect(FileManager.default.fileExists(atPath: part))
            kill(process.processIdentifier, signal)
            process.waitForEnd()
            #expect(process.terminationReason == .exit && process.terminationStatus == code)
            #expect(try Data(contentsOf: folder.appendingPathComponent("out.wav")) == old)
            #expect(try names(in: folder) == ["copy.json", "in.wav", "out.wav"])
        }
    }

    @Test("a signal ends a run that waits for standard input")
    func signalWhileWaiting() throws {
        try Command.withFolder { folder in
            try writeCopy(in: folder)
            let input = Pipe()
            let process = try Command.start(
                arguments: ["run", "copy.json", "--set", "take.path=-"], in: folder, input: input)
            // A header and a little sound, then silence on the line.
            input.fileHandleForWriting.write(Wave.music(rate: 8000, channels: 2, frames: 1000).prefix(1000))
            usleep(300_000)
            kill(process.processIdentifier, SIGTERM)
            process.waitForEnd()
            #expect(process.terminationStatus == 143)
            #expect(try names(in: folder) == ["copy.json", "in.wav"])
        }
    }

    @Test("a terminal shows a summary, unless it is told to be quiet")
    func terminal() throws {
        try Command.withFolder { folder in
            try writeCopy(in: folder)
            let command = "\(Command.path) run copy.json"
            let shown = try Command.run("/usr/bin/script", ["-qec", command, "/dev/null"], in: folder)
            #expect(shown.code == 0)
            #expect(shown.text.contains("out.wav: s16, 8 kHz, 2 channels, 0.125 s, peak −"), "\(shown.text)")
            #expect(shown.text.contains("× real time"))
            let quiet = try Command.run("/usr/bin/script", ["-qec", command + " --quiet", "/dev/null"], in: folder)
            #expect(quiet.code == 0 && quiet.text == "")
        }
    }
}
