import CommandTestKit
import Foundation
import Testing

@Suite("Output is whole or not there at all")
struct WholeOrNothingTests {
    /// Noise that never ends by itself, into `out.wav`.
    private func writeEndless(in folder: URL, out: String = "out.wav") throws {
        let text = """
            {
              "syrinx": 1,
              "nodes": {
                "noise": { "type": "signal", "shape": "white", "channels": 2, "duration_s": 1000000 },
                "tape": { "type": "file.sink", "path": "\(out)", "subtype": "f32" }
              },
              "links": ["noise -> tape"]
            }
            """
        try Data(text.utf8).write(to: folder.appendingPathComponent("endless.json"))
    }

    private func size(_ name: String, in folder: URL) -> Int {
        let path = folder.appendingPathComponent(name).path
        return (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }

    @Test("kill -9 in mid-write leaves the old file as it was, and the next run goes through")
    func killed() throws {
        try Command.withFolder { folder in
            try writeEndless(in: folder)
            let target = folder.appendingPathComponent("out.wav")
            try Data("what was there before".utf8).write(to: target)
            let process = try Command.start(arguments: ["run", "endless.json"], in: folder)
            for _ in 0..<1000 where size("out.wav.part", in: folder) < 1_000_000 { usleep(10_000) }
            #expect(size("out.wav.part", in: folder) >= 1_000_000)
            kill(process.processIdentifier, SIGKILL)
            process.waitForEnd()
            #expect(try Data(contentsOf: target) == Data("what was there before".utf8))
            #expect(try names(in: folder) == ["endless.json", "out.wav", "out.wav.part"])

            let next = try Command.run(["run", "endless.json", "--duration", "0.5"], in: folder)
            #expect(next.code == 0)
            #expect(next.lines.count == 1 && next.diagnostics.contains("part overwritten"), "\(next.diagnostics)")
            #expect(try names(in: folder) == ["endless.json", "out.wav"])
            #expect(try Wave.chunk("data", of: Data(contentsOf: target))?.count == 24_000 * 2 * 4)
        }
    }

    @Test("SIGINT and SIGTERM leave the target untouched", arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func signals(signal: Int32, code: Int32) throws {
        try Command.withFolder { folder in
            try writeEndless(in: folder)
            let process = try Command.start(arguments: ["run", "endless.json"], in: folder)
            for _ in 0..<1000 where size("out.wav.part", in: folder) < 1_000_000 { usleep(10_000) }
            kill(process.processIdentifier, signal)
            process.waitForEnd()
            #expect(process.terminationStatus == code)
            #expect(try names(in: folder) == ["endless.json"])
        }
    }

    @Test("a full disk is one sentence and exit code 74; nothing is left behind, the input is untouched")
    func fullDisk() throws {
        try Command.withFolder { folder in
            let disk = folder.appendingPathComponent("disk")
            try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
            let mount = try Command.run(
                "/bin/mount", ["-t", "tmpfs", "-o", "size=300k", "none", disk.path], in: folder)
            if mount.code != 0 { return }  // Only root can make a small disk.
            defer { _ = try? Command.run("/bin/umount", [disk.path], in: folder) }
            try writeCopy(in: folder, sink: #""path": "disk/out.wav", "subtype": "f64""#)
            let take = Wave.music(rate: 48_000, channels: 2, frames: 200_000)
            try take.write(to: folder.appendingPathComponent("in.wav"))
            let outcome = try Command.run(["run", "copy.json"], in: folder)
            #expect(outcome.code == 74)
            #expect(outcome.lines.count == 1 && outcome.diagnostics.contains("No space left on device"))
            #expect(try names(in: disk) == [])
            #expect(try Data(contentsOf: folder.appendingPathComponent("in.wav")) == take)
        }
    }

    @Test("what cannot be created, opened or understood has its sentence and its exit code")
    func codes() throws {
        try Command.withFolder { folder in
            func outcome(_ arguments: [String], _ code: Int32, _ words: String) throws {
                let outcome = try Command.run(["run"] + arguments, in: folder)
                #expect(outcome.code == code, "\(outcome.diagnostics)")
                #expect(outcome.diagnostics.contains(words), "\(outcome.diagnostics)")
                #expect(try names(in: folder) == ["copy.json", "in.wav", "text.wav"])
            }
            try writeCopy(in: folder)
            try Data("no sound at all, just words\n".utf8).write(to: folder.appendingPathComponent("text.wav"))
            try outcome(["copy.json", "--set", "tape.path=nowhere/out.wav"], 73, "nowhere")
            try outcome(["copy.json", "--set", "tape.path=/proc/out.wav"], 73, "/proc/out.wav")
            try outcome(["copy.json", "--set", "take.path=gone.wav"], 66, "gone.wav")
            try outcome(["copy.json", "--set", "take.path=text.wav"], 66, "text.wav")
            try outcome(["copy.json", "--set", "take.path=."], 66, "directory")
            try outcome(["gone.json"], 66, "gone.json")
            try outcome(["copy.json", "--set", "trim.gain_db=99"], 65, "expected −120…24 dB")
            try outcome(["copy.json", "--set", "tirm.gain_db=1"], 64, "trim")
            try outcome(["copy.json", "--speed", "11"], 64, "--speed")
            try outcome(["copy.json", "--driver", "jack"], 69, "jack")
        }
    }
}

@Suite("Samples")
struct SampleTests {
    private func run(_ nodes: String, _ links: String, input: Data, in folder: URL) throws -> Data {
        let text =
            #"{"syrinx":1,"nodes":{"take":{"type":"file.source","path":"in.wav"},\#(nodes)},"links":["\#(links)"]}"#
        try Data(text.utf8).write(to: folder.appendingPathComponent("p.json"))
        try input.write(to: folder.appendingPathComponent("in.wav"))
        let outcome = try Command.run(["run", "p.json"], in: folder)
        #expect(outcome.code == 0 && outcome.diagnostics == "")
        return try #require(Wave.chunk("data", of: try Data(contentsOf: folder.appendingPathComponent("out.wav"))))
    }

    private func floats(_ data: Data) -> [Float] {
        stride(from: 0, to: data.count, by: 4).map { place in
            Float(
                bitPattern: (0..<4).reduce(UInt32(0)) {
                    $0 | UInt32(data[data.startIndex + place + $1]) << (8 * UInt32($1))
                })
        }
    }

    @Test("16 bits through a pipeline of floats and back are the same bits")
    func integers() throws {
        try Command.withFolder { folder in
            let input = Wave.s16(rate: 44_100, channels: [Array(Int16.min...Int16.max)])
            let output = try run(
                #""g":{"type":"gain"},"tape":{"type":"file.sink","path":"out.wav"}"#, "take -> g -> tape", input: input,
                in: folder)
            #expect(output == Wave.chunk("data", of: input))
        }
    }

    @Test("a gain of −6.02 dB is the closed form to below −140 dBFS")
    func gain() throws {
        try Command.withFolder { folder in
            let samples = (Int16.min...Int16.max).map { $0 }
            let output = floats(
                try run(
                    #""g":{"type":"gain","gain_db":-6.02},"tape":{"type":"file.sink","path":"out.wav","subtype":"f32"}"#,
                    "take -> g -> tape", input: Wave.s16(rate: 44_100, channels: [samples]), in: folder))
            let factor = pow(10, -6.02 / 20)
            let residue = zip(samples, output).map { (Double($0) / 32_768 * factor - Double($1)).magnitude }.max() ?? 1
            #expect(output.count == samples.count)
            #expect(20 * log10(residue) < -140)
        }
    }
}
