import CommandTestKit
import Foundation
import Testing

@Suite("syrinx")
struct CommandTests {
    @Test("--version is the number that stands in one place")
    func version() throws {
        let source = try String(
            contentsOf: Command.package.appendingPathComponent("Sources/syrinx/Version.swift"), encoding: .utf8)
        let number = try Command.run(["--version"], in: Command.package).text.trimmingCharacters(in: .newlines)
        #expect(source.contains("\"\(number)\"") && number.split(separator: ".").count == 3)
    }

    @Test(
        "every subcommand has an example in its help",
        arguments: ["run", "check", "explain", "nodes", "devices", "schema", "evi"])
    func help(command: String) throws {
        let outcome = try Command.run([command, "--help"], in: Command.package)
        #expect(outcome.code == 0 && outcome.text.contains("Example") && outcome.text.contains("syrinx \(command)"))
    }

    @Test(
        "wrong usage ends with 64",
        arguments: [
            ["run"], ["run", "a.json", "b.json"], ["run", "--wrong"], ["dance"],
            ["explain", "a.json", "--format", "png"],
            ["explain", "a.json", "--rate", "0"], ["nodes", "gain", "--json", "--markdown"], ["nodes", "gian"],
            ["check"],
        ])
    func usage(arguments: [String]) throws {
        let outcome = try Command.run(arguments, in: Command.package)
        #expect(outcome.code == 64 && outcome.text == "" && outcome.diagnostics != "")
    }

    @Test("check reports every fault of every file, each with its place, and the first one's code")
    func check() throws {
        try Command.withFolder { folder in
            try writeCopy(in: folder)
            let broken = """
                {
                  "syrinx": 1,
                  "nodes": {
                    "a": { "type": "gian" },
                    "b": { "type": "gain", "gain_db": 99 }
                  },
                  "links": ["a -> c"]
                }
                """
            try Data(broken.utf8).write(to: folder.appendingPathComponent("broken.json"))
            let outcome = try Command.run(["check", "copy.json", "broken.json", "gone.json"], in: folder)
            #expect(outcome.code == 65)
            #expect(outcome.text == "copy.json: no faults, 3 nodes, 1 link\n")
            #expect(
                outcome.lines == [
                    #"broken.json:4:20: nodes.a.type: found "gian", no such node type; did you mean gain?"#,
                    "broken.json:5:39: nodes.b.gain_db: found 99 dB, expected −120…24 dB",
                    #"broken.json:7:13: links[0]: no node is called "c"; did you mean a?"#,
                    "syrinx: gone.json: cannot read the pipeline file (No such file or directory)",
                ], "\(outcome.diagnostics)")
        }
    }

    @Test("standard input and output belong to one node each")
    func standardStreams() throws {
        try Command.withFolder { folder in
            let text = #"""
                {"syrinx": 1, "nodes": {
                "a": {"type": "file.source", "path": "-"}, "b": {"type": "file.source", "path": "-"},
                "c": {"type": "file.sink", "path": "-", "format": "wav"}, "d": {"type": "events.sink", "path": "-"}},
                "links": ["a -> c", "b -> c"]}
                """#
            try Data(text.utf8).write(to: folder.appendingPathComponent("two.json"))
            let outcome = try Command.run(["check", "two.json"], in: folder)
            #expect(outcome.code == 65 && outcome.lines.count == 2, "\(outcome.diagnostics)")
            #expect(outcome.diagnostics.contains(#"nodes.b: reads standard input, as "a" does"#))
            #expect(outcome.diagnostics.contains(#"nodes.d: writes standard output, as "c" does"#))
        }
    }

    @Test("nodes lists every type, and each type's page stands in text, Markdown and JSON")
    func nodes() throws {
        let list = try Command.run(["nodes"], in: Command.package)
        let types = list.text.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
        #expect(types == types.sorted() && Set(["gain", "file.source", "file.sink", "resample"]).isSubset(of: types))
        for type in types {
            let text = try Command.run(["nodes", type], in: Command.package).text
            #expect(text.hasPrefix("\(type)\n") && text.contains("\nExample\n"), "\(type)")
            // A page's lines fit a terminal, but for the example.
            let long = text.components(separatedBy: "\nExample\n")[0].split(separator: "\n").filter { $0.count > 130 }
            #expect(long.isEmpty, "\(type): \(long)")
            #expect(try Command.run(["nodes", type, "--markdown"], in: Command.package).text.hasPrefix("# \(type)\n"))
            let json = try Command.run(["nodes", type, "--json"], in: Command.package).output
            let value = try JSONSerialization.jsonObject(with: json) as? [String: Any]
            #expect(value?["type"] as? String == type)
        }
        let page = try Command.run(["nodes", "gain"], in: Command.package).text
        #expect(page.contains("−120…24 dB; default 0; live"))
    }

    @Test("the example on every reference page is accepted by check")
    func examples() throws {
        let json = try Command.run(["nodes", "--json"], in: Command.package).output
        let types = try #require(try JSONSerialization.jsonObject(with: json) as? [[String: Any]])
        try Command.withFolder { folder in
            for type in types {
                let example = try #require(type["example"] as? String)
                let text = "{ \"syrinx\": 1, \"nodes\": { \(example) } }"
                try Data(text.utf8).write(to: folder.appendingPathComponent("example.json"))
                let outcome = try Command.run(["check", "example.json"], in: folder)
                #expect(outcome.code == 0, "\(outcome.diagnostics)")
            }
        }
    }

    @Test("shells get completion, of node types too", arguments: ["bash", "zsh", "fish"])
    func completion(shell: String) throws {
        let script = try Command.run(["--generate-completion-script", shell], in: Command.package)
        #expect(script.code == 0 && script.text.contains("explain"))
    }

    @Test("the command is a small program: no Foundation is linked")
    func linked() throws {
        let libraries = try Command.run("/usr/bin/env", ["ldd", Command.path], in: Command.package).text
        #expect(!libraries.contains("libFoundation.so") && !libraries.contains("libicu"))
    }

    @Test("where standard output's reader has gone, nothing is said")
    func goneReader() throws {
        let script = "'\(Command.path)' nodes --json | true"
        let outcome = try Command.run("/bin/sh", ["-c", script], in: Command.package)
        #expect(outcome.code == 0 && outcome.diagnostics == "")
    }
}
