import CommandTestKit
import Foundation
import Testing

@Suite("Examples")
struct ExampleTests {
    @Test("every file of pipelines/ is among the examples that are run")
    func complete() throws {
        let folder = Command.package.appendingPathComponent("pipelines")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".json") && !$0.hasSuffix(".schema.json") }
        let known = Example.whole.map(\.name) + StudioExample.all + SessionExample.all
        #expect(files.sorted() == known.map { "\($0).json" }.sorted())
    }

    @Test(
        "every example is free of faults and warnings, says what it is for, and can be explained",
        arguments: Example.all)
    func check(example: Example) throws {
        let folder = Command.package
        let check = try Command.run(["check", example.path], in: folder)
        #expect(check.code == 0 && check.diagnostics == "")
        for format in ["text", "json", "dot", "mermaid"] {
            let explain = try Command.run(["explain", example.path, "--format", format], in: folder)
            #expect(explain.code == 0 && explain.diagnostics == "", "\(format)")
        }
        let text = try String(contentsOfFile: example.path, encoding: .utf8)
        #expect(text.contains("\"description\"") && text.contains("\"$schema\""))
    }

    @Test("convert keeps every sample, and only the samples' file")
    func convert() throws {
        try Command.withFolder { folder in
            try Example.makeInputs(in: folder)
            let output = try Example["convert"].outputsOfCommand(in: folder, [])[0]
            let input = try Data(contentsOf: folder.appendingPathComponent("stereo48.wav"))
            #expect(Wave.chunk("data", of: output) == Wave.chunk("data", of: input))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
                    == ["mono44.wav", "mono48.wav", "out.wav", "stereo48.wav"])
        }
    }

    @Test("voice preparation gives 16 kHz mono s16 of the right length")
    func voice() throws {
        try Command.withFolder { folder in
            try Example.makeInputs(in: folder)
            let output = try Example["voice-preparation"].outputsOfCommand(in: folder, [])[0]
            let format = try #require(Wave.format(of: output))
            #expect(format == (16_000, 1, 16))
            // ceil(33331 / 3) frames of 2 bytes.
            #expect(Wave.chunk("data", of: output)?.count == 11_111 * 2)
        }
    }

    @Test("the mixdown runs at the highest rate and lasts as long as its longest source")
    func mixdown() throws {
        try Command.withFolder { folder in
            try Example.makeInputs(in: folder)
            let output = try Example["mixdown"].outputsOfCommand(in: folder, [])[0]
            let format = try #require(Wave.format(of: output))
            #expect(format == (48_000, 2, 24))
            // 33331 frames at 48 kHz end before 29989 at 44.1 kHz do: no, 694 ms against 680 ms.
            #expect(Wave.chunk("data", of: output)?.count == 33_331 * 6)
        }
    }

    @Test("the loudness report has an event for every full second and the figures of the whole")
    func loudness() throws {
        try Command.withFolder { folder in
            try Wave.music(rate: 48_000, channels: 2, frames: 150_000).write(
                to: folder.appendingPathComponent("stereo48.wav"))
            var example = Example["loudness-report"]
            example.sets = []
            let report = try Command.run(example.arguments(["--report", "-"]), in: folder)
            #expect(report.code == 0)
            let log = try String(contentsOf: folder.appendingPathComponent("log.jsonl"), encoding: .utf8)
            let times = try log.split(separator: "\n").map { line in
                let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                return event?["time_s"] as? Double
            }
            #expect(times == [1, 2, 3])
            let value = try JSONSerialization.jsonObject(with: report.output) as? [String: Any]
            let level = (value?["nodes"] as? [String: Any])?["level"] as? [String: Any]
            let loudness = try #require(level?["integrated_lufs"] as? Double)
            // A tone of −11 dBFS peak in each channel and a little noise.
            #expect((-16.0...(-8.0)).contains(loudness))
        }
    }

    @Test("sound goes from standard input to standard output through a shell pipe")
    func pipe() throws {
        try Command.withFolder { folder in
            let input = Wave.music(rate: 44_100, channels: 2, frames: 12_345)
            let path = Example["stdin-to-stdout"].path
            let outcome = try Command.run(["run", path, "--set", "trim.gain_db=0"], in: folder, input: input)
            #expect(outcome.code == 0 && outcome.diagnostics == "")
            #expect(Wave.chunk("data", of: outcome.output) == Wave.chunk("data", of: input))
        }
    }

    @Test("the test tones stand where their description says")
    func tones() throws {
        try Command.withFolder { folder in
            let output = try Example["test-tones"].outputsOfCommand(in: folder, ["--set", "tones.subtype=s16"])[0]
            let format = try #require(Wave.format(of: output))
            #expect(format == (48_000, 4, 16))
            let samples = [UInt8](try #require(Wave.chunk("data", of: output)))
            func sample(_ frame: Int, _ channel: Int) -> Double {
                let place = (frame * 4 + channel) * 2
                return Double(Int16(bitPattern: UInt16(samples[place]) | UInt16(samples[place + 1]) << 8)) / 32_768
            }
            #expect(samples.count == 33_600 * 8)
            // A quarter of a period of 1 kHz is 12 frames; dither moves the value by two steps at most.
            #expect(abs(sample(12, 0) - pow(10, -18 / 20)) < 1e-4)
            #expect(abs(sample(0, 3) - pow(10, -6 / 20)) < 1e-4)
            #expect(abs(sample(1, 3)) < 1e-4)
        }
    }
}
