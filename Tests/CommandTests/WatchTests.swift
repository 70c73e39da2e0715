import CommandTestKit
import Foundation
import Testing

@Suite("A run that reads its file again", .serialized)
struct WatchTests {
    private static let plain = #"""
        { "syrinx": 1, "nodes": {
            "tone": { "type": "signal", "frequency_hz": 50, "level_dbfs": -20 },
            "trim": { "type": "gain", "gain_db": 0 },
            "tape": { "type": "file.sink", "path": "tape.wav", "subtype": "f32" } },
          "links": ["tone -> trim -> tape"] }
        """#

    private func write(_ text: String, in folder: URL) throws {
        try Data(text.utf8).write(to: folder.appending(path: "p.json"))
    }

    /// As editors do: another file is written, and gets the name.
    private func rename(_ text: String, in folder: URL) throws {
        let other = folder.appending(path: ".p.json.swp")
        try Data(text.utf8).write(to: other)
        #expect(Foundation.rename(other.path, folder.appending(path: "p.json").path) == 0)
    }

    /// Starts a run, calls the body with a function that waits for a line of its diagnostics, and ends it by SIGINT.
    private func during(
        _ arguments: [String], in folder: URL, program: [String] = [],
        _ body: (_ process: Process, _ wait: (String) throws -> Void) throws -> Void
    ) throws -> [String] {
        let log = folder.appending(path: "log")
        try Data().write(to: log)
        let handle = try FileHandle(forUpdating: log)
        let all = program + [Command.path] + arguments
        let process = try Command.start(
            "/usr/bin/env", arguments: all, in: folder, diagnostics: handle)
        func lines() throws -> [String] {
            String(decoding: try Data(contentsOf: log), as: UTF8.self).split(separator: "\n").map(String.init)
        }
        var seen = 0
        func wait(_ words: String) throws {
            let deadline = Date().addingTimeInterval(60)
            while true {
                let all = try lines()
                if let found = all[min(seen, all.count)...].firstIndex(where: { $0.contains(words) }) {
                    seen = found + 1
                    return
                }
                guard Date() < deadline, process.isRunning else {
                    Issue.record("\"\(words)\" never came; found \(all)")
                    throw CancellationError()
                }
                Thread.sleep(forTimeInterval: 0.01)
            }
        }
        do {
            try wait("timer: ")
            try body(process, wait)
        } catch {
            process.terminate()
            throw error
        }
        if process.isRunning { kill(process.processIdentifier, SIGINT) }
        process.waitForEnd()
        #expect(process.terminationStatus == 0)
        return try lines()
    }

    private let arguments = ["run", "p.json", "--driver", "timer", "--watch", "--set", "tone.level_dbfs=-26"]

    @Test("--watch takes up what is written or renamed, tells what changed in one line, and refuses faults")
    func watch() throws {
        try Command.withFolder { folder in
            try write(Self.plain, in: folder)
            let lines = try during(arguments, in: folder) { _, wait in
                try rename(Self.plain.replacingOccurrences(of: #""gain_db": 0"#, with: #""gain_db": -6"#), in: folder)
                try wait("p.json: edited: trim.gain_db is −6")
                try write(Self.plain.replacingOccurrences(of: "gain_db", with: "gian_db"), in: folder)
                try wait("p.json:3:31: nodes.trim.gian_db: no such parameter")
                try wait("p.json: not edited: what played before plays on")
                try write("{ \"syrinx\": 1, ", in: folder)
                try wait("p.json: not edited")
                try rename(
                    Self.plain.replacingOccurrences(of: "tone -> trim -> tape", with: "tone -> tape"), in: folder)
                try wait("p.json: edited: trim.gain_db is 0; 1 link came, 2 links went")
                // A file beside it is none of its business.
                try Data("{}".utf8).write(to: folder.appending(path: "q.json"))
                try rename(Self.plain, in: folder)
                try wait("p.json: edited: 2 links came, 1 link went")
            }
            #expect(lines.filter { $0.contains("edited: ") && !$0.contains("not edited") }.count == 3)
            #expect(FileManager.default.fileExists(atPath: folder.appending(path: "tape.wav").path))
        }
    }

    @Test("a session talks on through edits around it, and is begun anew where its own settings change, which is told")
    func session() throws {
        let text = #"""
            { "syrinx": 1, "nodes": {
                "tone": { "type": "signal", "frequency_hz": 50, "level_dbfs": -20 },
                "trim": { "type": "gain", "gain_db": 0 },
                "evi": { "type": "evi", "api_key": "${env:HUME_API_KEY}", "linger_s": 1 },
                "tape": { "type": "file.sink", "path": "tape.wav" } },
              "links": ["tone -> trim -> evi -> tape"] }
            """#
        func changed(_ old: String, _ new: String) -> String { text.replacingOccurrences(of: old, with: new) }
        try Command.withFolder { folder in
            try write(text, in: folder)
            let lines = try during(["run", "p.json", "--watch", "--emulate"], in: folder) { _, wait in
                try wait("nodes.evi: connected")
                try rename(changed(#""gain_db": 0"#, #""gain_db": -6"#), in: folder)
                try wait("p.json: edited: trim.gain_db is −6")
                try rename(changed("tone -> trim -> evi", "tone -> evi"), in: folder)
                try wait("p.json: edited: trim.gain_db is 0; 1 link came, 2 links went")
                try rename(changed(#""linger_s": 1"#, #""linger_s": 2"#), in: folder)
                try wait("nodes.evi: connected")
                try wait("its settings changed")
            }
            #expect(lines.count { $0.contains("nodes.evi: connected") } == 2)
        }
    }

    @Test("SIGHUP makes a live run read its file again")
    func hangup() throws {
        try Command.withFolder { folder in
            try write(Self.plain, in: folder)
            _ = try during(arguments.filter { $0 != "--watch" }, in: folder) { process, wait in
                try write(Self.plain.replacingOccurrences(of: #""gain_db": 0"#, with: #""gain_db": -3"#), in: folder)
                kill(process.processIdentifier, SIGHUP)
                try wait("p.json: edited: trim.gain_db is −3")
                try write("nothing", in: folder)
                kill(process.processIdentifier, SIGHUP)
                try wait("p.json: not edited")
            }
        }
    }

    @Test("under nohup SIGHUP is nothing to a live run")
    func nohup() throws {
        try Command.withFolder { folder in
            try write(Self.plain, in: folder)
            let lines = try during(
                arguments.filter { $0 != "--watch" }, in: folder, program: ["nohup"]
            ) { process, wait in
                try write("nothing", in: folder)
                kill(process.processIdentifier, SIGHUP)
                Thread.sleep(forTimeInterval: 0.3)
            }
            #expect(!lines.contains { $0.contains("edited") })
        }
    }

    @Test("what cannot be watched is refused")
    func refusals() throws {
        try Command.withFolder { folder in
            try write(Self.plain, in: folder)
            let flat = try Command.run(["run", "p.json", "--watch", "--duration", "1"], in: folder)
            #expect(flat.code == 64 && flat.diagnostics.contains("give --driver timer"))
            let input = try Command.run(
                ["run", "-", "--watch", "--driver", "timer"], in: folder, input: Data(Self.plain.utf8))
            #expect(input.code == 64 && input.diagnostics.contains("standard input cannot be watched"))
        }
    }
}
