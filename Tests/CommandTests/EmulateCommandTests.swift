import CommandTestKit
import Foundation
import Glibc
import Testing

@Suite("syrinx evi emulate", .serialized, .timeLimit(.minutes(3)))
struct EmulateCommandTests {
    /// The command while it runs, and what it has printed: `NAME=value` a line.
    private func start(_ arguments: [String], in folder: URL, environment: [String: String] = [:]) throws -> (
        process: Process, values: [String: String]
    ) {
        let pipe = Pipe()
        let process = try Command.start(
            arguments: ["evi", "emulate"] + arguments, in: folder, output: pipe, environment: environment)
        let wanted = environment["HUME_API_KEY"] == nil ? 3 : 1
        var text = ""
        while text.filter({ $0 == "\n" }).count < wanted {
            let data = pipe.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            values[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        return (process, values)
    }

    private func stop(_ process: Process, _ signal: Int32 = SIGINT) -> Int32 {
        kill(process.processIdentifier, signal)
        process.waitForEnd()
        return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }

    private func status(_ base: String, key: String, in folder: URL) throws -> String {
        let address = base.replacingOccurrences(of: "ws://", with: "http://") + "/v0/evi/chats"
        return try Command.run(
            "/usr/bin/env",
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "X-Hume-Api-Key: \(key)", address], in: folder
        ).text
    }

    @Test("it prints where it listens and a key of its own, serves, and ends with 0", arguments: [SIGINT, SIGTERM])
    func serves(signal: Int32) throws {
        try Command.withFolder { folder in
            let (process, values) = try start(["--port", "0"], in: folder)
            let base = try #require(values["HUME_BASE_URL"])
            #expect(base.hasPrefix("ws://127.0.0.1:"))
            let key = try #require(values["HUME_API_KEY"])
            #expect(key.count == 48 && values["HUME_SECRET_KEY"]?.count == 64)
            #expect(try status(base, key: key, in: folder) == "200")
            #expect(try status(base, key: "wrong", in: folder) == "401")
            #expect(stop(process, signal) == 0)
        }
    }

    @Test("a key from the environment is accepted and shown nowhere")
    func givenKey() throws {
        try Command.withFolder { folder in
            let (process, values) = try start([], in: folder, environment: ["HUME_API_KEY": "given-key-1234"])
            #expect(Array(values.keys) == ["HUME_BASE_URL"])
            let line = try String(contentsOfFile: "/proc/\(process.processIdentifier)/cmdline", encoding: .utf8)
            #expect(!line.contains("given-key-1234"))
            #expect(try status(values["HUME_BASE_URL"] ?? "", key: "given-key-1234", in: folder) == "200")
            let port = values["HUME_BASE_URL"]?.split(separator: ":").last.map(String.init) ?? ""
            let second = try Command.run(["evi", "emulate", "--port", port], in: folder)
            #expect(second.code == 69 && second.diagnostics.contains(":\(port): cannot listen there"))
            #expect(stop(process) == 0)
        }
    }

    @Test("faults of a scenario are told with their lines, and wrong usage by its code")
    func faults() throws {
        try Command.withFolder { folder in
            let text = #"{"syrinx_scenario": 1, "chats": [{"on_open": [{"sya": "x"}], "turns": 3}]}"#
            try Data(text.utf8).write(to: folder.appendingPathComponent("s.json"))
            let run = try Command.run(["evi", "emulate", "--scenario", "s.json"], in: folder)
            #expect(run.code == 65 && run.lines.count == 2)
            #expect(run.lines.first?.hasPrefix("s.json:1:47: chats[0].on_open[0]: found no step") == true)
            #expect(try Command.run(["evi", "emulate", "--scenario", "no.json"], in: folder).code == 66)
            #expect(try Command.run(["evi", "emulate", "--tls", "a.pem"], in: folder).code == 64)
            #expect(try Command.run(["evi", "emulate", "--tls", "a.pem", "a.key"], in: folder).code == 66)
            #expect(try Command.run(["evi", "emulate", "--port", "70000"], in: folder).code == 64)
            #expect(try Command.run(["evi", "emulate", "--host", "0.0.0.0"], in: folder).code == 65)
        }
    }
}
