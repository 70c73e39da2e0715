import CommandTestKit
import Foundation
import Testing

@Suite("syrinx explain")
struct ExplainCommandTests {
    /// Two rates that meet, and a short path beside a long one.
    func write(in folder: URL) throws {
        let text = #"""
            {
              "syrinx": 1, "name": "meet", "description": "Two rates.",
              "vars": { "out": "mix.wav" },
              "nodes": {
                "music": { "type": "file.source", "path": "music.wav" },
                "voice": { "type": "file.source", "path": "voice.wav" },
                "trim": { "type": "gain", "gain_db": -3, "bypass": true },
                "mix": { "type": "file.sink", "path": "${out}", "channels": 2 }
              },
              "links": ["music -> mix", "voice -> trim -> mix"]
            }
            """#
        try Data(text.utf8).write(to: folder.appendingPathComponent("meet.json"))
        try Wave.music(rate: 44_100, channels: 2, frames: 4410).write(to: folder.appendingPathComponent("music.wav"))
        try Wave.music(rate: 48_000, channels: 1, frames: 9600).write(to: folder.appendingPathComponent("voice.wav"))
    }

    @Test("text shows rates, the inserted converter, the aligned path, latency, end, memory and files")
    func text() throws {
        try Command.withFolder { folder in
            try write(in: folder)
            let outcome = try Command.run(["explain", "meet.json"], in: folder)
            #expect(outcome.code == 0 && outcome.diagnostics == "")
            let lines = outcome.text.split(separator: "\n").map(String.init)
            func line(_ words: String...) -> Bool { lines.contains { line in words.allSatisfy(line.contains) } }
            #expect(line("meet.json: 4 nodes, 1 converter put in; at 48 kHz, driver offline"))
            #expect(line("music~48000", "resample", "48 kHz, 2 channels", "put in to convert the rate", "latency"))
            #expect(line("music -> music~48000", "44.1 kHz, 2 channels"))
            #expect(line("trim -> mix", "48 kHz, 1 channel", "waits", "for a longer path"))
            #expect(line("trim", "gain", "bypassed"))
            #expect(line("latency", "at mix, left out at its head"))
            #expect(line("ends", "after 0.200 s, with voice"))
            #expect(line("memory", "buffers for", "steps", "KiB"))
            #expect(line("reads", "music.wav", "by music") && line("writes", "mix.wav", "by mix"))
            #expect(try names(in: folder) == ["meet.json", "music.wav", "voice.wav"])
        }
    }

    @Test("it tells what changes the room's sound behind an echo canceller's reference, and what the reference lacks")
    func notices() throws {
        func explain(_ reference: String) throws -> String {
            try Command.withFolder { folder in
                let text = """
                    { "syrinx": 1, "nodes": {
                        "mic": { "type": "alsa.source", "device": "hw:0" }, "talk": { "type": "signal" },
                        "music": { "type": "signal" }, "loud": { "type": "gain", "gain_db": 6 },
                        "off": { "type": "gain", "bypass": true }, "aec": { "type": "echo_cancel" },
                        "room": { "type": "alsa.sink", "device": "hw:0", "channels": 1 },
                        "tape": { "type": "file.sink", "path": "t.wav" } },
                      "links": ["mic -> aec -> tape", "talk -> loud -> off -> room", "music -> room"\(reference)] }
                    """
                try Data(text.utf8).write(to: folder.appendingPathComponent("room.json"))
                return try Command.run(["explain", "room.json", "--rate", "48000"], in: folder).text
            }
        }
        let early = try explain(#", "talk -> aec:reference""#)
        #expect(early.contains("aec:reference is taken at talk, before loud (gain), which changes what room plays"))
        #expect(early.contains("aec:reference does not hear music (signal), which room plays too"))
        #expect(!early.contains("before off") && !early.contains("waits"))
        let whole = try explain(#", "off -> aec:reference", "music -> aec:reference""#)
        #expect(!whole.contains("Notices") && whole.contains("off -> aec:reference"))
        #expect(try explain(#", "mic -> aec:reference""#).contains("Notices") == false)
    }

    @Test("json holds the same as data")
    func json() throws {
        try Command.withFolder { folder in
            try write(in: folder)
            let outcome = try Command.run(["explain", "meet.json", "--format", "json"], in: folder)
            let value = try #require(try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any])
            #expect(value["rate_hz"] as? Int == 48_000 && value["complete"] as? Bool == true)
            let nodes = try #require(value["nodes"] as? [[String: Any]])
            #expect(nodes.filter { $0["inserted"] as? Bool == true }.map { $0["id"] as? String } == ["music~48000"])
            let links = try #require(value["links"] as? [[String: Any]])
            let late = links.filter { $0["delay_s"] as? Double ?? 0 > 0 }
            #expect(late.map { $0["from"] as? String } == ["trim"])
            let converter = nodes.first { $0["inserted"] as? Bool == true }
            #expect(converter?["latency_s"] as? Double == late.first?["delay_s"] as? Double)
            #expect((value["writes"] as? [[String: Any]])?.first?["path"] as? String == "mix.wav")
        }
    }

    @Test("dot draws the graph from left to right with rates on its edges")
    func dot() throws {
        try Command.withFolder { folder in
            try write(in: folder)
            let outcome = try Command.run(["explain", "meet.json", "--format", "dot"], in: folder)
            let picture = try Command.run("/usr/bin/env", ["dot", "-Tsvg"], in: folder, input: outcome.output)
            #expect(picture.code == 0 && picture.diagnostics == "")
            #expect(picture.text.contains("music~48000") && picture.text.contains("44.1 kHz × 2"))
            #expect(outcome.text.contains("rankdir=LR"))
        }
    }

    @Test("mermaid marks converters by a class of their own")
    func mermaid() throws {
        try Command.withFolder { folder in
            try write(in: folder)
            let outcome = try Command.run(["explain", "meet.json", "--format", "mermaid"], in: folder)
            #expect(outcome.text.hasPrefix("flowchart LR\n"))
            #expect(outcome.text.contains("resample\"]:::inserted") && outcome.text.contains("classDef inserted"))
        }
    }

    @Test("what is not known is a question mark, and nothing that only a run may read is read")
    func unknown() throws {
        try Command.withFolder { folder in
            let text = #"""
                {"syrinx": 1, "nodes": {
                "take": {"type": "file.source", "path": "${env:TAKE}"}, "trim": {"type": "gain", "gain_db": "${file:level.txt}"},
                "tape": {"type": "file.sink", "path": "${out}"}}, "links": ["take -> trim -> tape"]}
                """#
            try Data(text.utf8).write(to: folder.appendingPathComponent("open.json"))
            for format in ["text", "json", "dot", "mermaid"] {
                let outcome = try Command.run(["explain", "open.json", "--format", format], in: folder)
                #expect(outcome.code == 0 && outcome.diagnostics == "", "\(format): \(outcome.diagnostics)")
            }
            let shown = try Command.run(["explain", "open.json"], in: folder).text
            #expect(shown.contains("environment variable TAKE (not set)") && shown.contains("--var out=… (not set)"))
            #expect(shown.contains("level.txt") && shown.contains("at ? Hz"))
            // A FIFO without a writer would keep whoever opens it.
            mkfifo(folder.appendingPathComponent("fifo.wav").path, 0o600)
            let fifo = try Command.run(["explain", "open.json"], in: folder, environment: ["TAKE": "fifo.wav"])
            #expect(fifo.code == 0)
        }
    }
}
