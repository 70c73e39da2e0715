import CommandTestKit
import Foundation
import Testing

@Suite("The kit for authors")
struct KitTests {
    private func build(_ folder: URL) throws {
        let home = ProcessInfo.processInfo.environment["HOME"] ?? NSTemporaryDirectory()
        let outcome = try Command.run(
            "/usr/bin/env", ["make", "-C", folder.path], in: folder, environment: ["HOME": home])
        #expect(outcome.code == 0, "\(outcome.text.suffix(2000))\(outcome.diagnostics.suffix(2000))")
        #expect(!outcome.diagnostics.contains("warning:"), "\(outcome.diagnostics)")
    }

    private func run(_ name: String, in folder: URL) throws {
        let path = ["SYRINX_PLUGIN_PATH": ".", "XDG_CACHE_HOME": folder.appendingPathComponent("cache").path]
        try """
        { "syrinx": 1, "nodes": { "tone": { "type": "signal", "frequency_hz": 440, "duration_s": 0.1 },
          "out": { "type": "file.sink", "path": "in.wav" } }, "links": ["tone -> out"] }
        """.write(to: folder.appendingPathComponent("tone.json"), atomically: true, encoding: .utf8)
        #expect(try Command.run(["run", "tone.json"], in: folder).code == 0)
        let checked = try Command.run(["plugin", "check", "\(name).so"], in: folder, environment: path)
        #expect(checked.code == 0, "\(checked.text)")
        let outcome = try Command.run(
            ["run", "\(name).json", "--var", "in=in.wav", "--var", "out=out.wav"], in: folder, environment: path)
        #expect(outcome.code == 0, "\(outcome.diagnostics)")
        #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("out.wav").path))
    }

    @Test(
        "the examples build in a folder of their own, keep every rule, and run",
        arguments: ["c_gain", "cpp_echo", "swift_drive"])
    func examples(name: String) throws {
        try Command.withFolder { folder in
            // Nothing of the package is in sight there.
            let place = folder.appendingPathComponent("copy")
            let language = name.split(separator: "_")[0]
            try FileManager.default.copyItem(
                at: Command.package.appendingPathComponent("Examples/plugins/\(language)"), to: place)
            try build(place)
            try run(name, in: place)
        }
    }

    @Test("plugin new writes a folder that builds and runs under its own name", arguments: ["c", "cpp"])
    func new(language: String) throws {
        try Command.withFolder { folder in
            let outcome = try Command.run(["plugin", "new", "my_own", "--language", language], in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let place = folder.appendingPathComponent("my_own")
            let header = try Data(contentsOf: place.appendingPathComponent("syrinx_plugin.h"))
            #expect(try header == Data(contentsOf: Workshop.header.appendingPathComponent("syrinx_plugin.h")))
            try build(place)
            try run("my_own", in: place)
            // What is there is not written over.
            #expect(try Command.run(["plugin", "new", "my_own", "--language", language], in: folder).code == 73)
        }
    }

    @Test("the Swift folder is the example under another name")
    func newSwift() throws {
        try Command.withFolder { folder in
            #expect(try Command.run(["plugin", "new", "other", "--language", "swift"], in: folder).code == 0)
            let manifest = try String(contentsOf: folder.appendingPathComponent("other/Package.swift"), encoding: .utf8)
            #expect(manifest.contains(#".target(name: "other""#) && !manifest.contains("swift_drive"))
            let header = folder.appendingPathComponent("other/Sources/CSyrinxPlugin/include/syrinx_plugin.h")
            let ours = Workshop.header.appendingPathComponent("syrinx_plugin.h")
            #expect(try Data(contentsOf: header) == Data(contentsOf: ours))
            let source = folder.appendingPathComponent("other/Sources/other/Drive.swift")
            #expect(try String(contentsOf: source, encoding: .utf8).contains(#""other", "Drives"#))
        }
    }

    @Test("names that cannot be one are refused", arguments: ["My", "9lives", "a-b", "../x", "", "swift"])
    func names(name: String) throws {
        try Command.withFolder { folder in
            let outcome = try Command.run(["plugin", "new", name, "--language", "c"], in: folder)
            #expect(outcome.code == 64, "\(outcome.diagnostics)")
        }
    }

    @Test("copies of the header are the header")
    func copies() throws {
        let header = try Data(contentsOf: Workshop.header.appendingPathComponent("syrinx_plugin.h"))
        for path in ["c", "cpp", "swift/Sources/CSyrinxPlugin/include"] {
            let copy = Command.package.appendingPathComponent("Examples/plugins/\(path)/syrinx_plugin.h")
            #expect(try Data(contentsOf: copy) == header, "\(path)")
        }
    }
}
