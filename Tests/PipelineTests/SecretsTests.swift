import CommandTestKit
import Foundation
import Glibc
import Testing

/// `syrinx evi emulate` as a child with credentials of its own, and what must be seen nowhere.
private final class Server: Sendable {
    let folder: URL
    let key = "canary-key-\(UUID().uuidString)"
    let secret = "canary-secret-\(UUID().uuidString)"
    let address: String
    let process: Int32
    private let child: Child

    /// Foundation's handle, which one test holds.
    private final class Child: @unchecked Sendable {
        let process: Process
        init(_ process: Process) { self.process = process }
    }

    init(scenario: String? = nil, in folder: URL) throws {
        self.folder = folder
        var arguments = ["evi", "emulate", "--plain-voice"]
        if let scenario {
            let text = "{\"syrinx_scenario\": 1, \"end_of_turn_silence_ms\": 300, \(scenario)}"
                .replacingOccurrences(of: "{{key}}", with: key).replacingOccurrences(of: "{{secret}}", with: secret)
            // It may hold a secret, as the server's own messages may: it lies elsewhere than what the run writes.
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json")
            try Data(text.utf8).write(to: file)
            arguments += ["--scenario", file.path]
        }
        defer { if let file = arguments.last, scenario != nil { try? FileManager.default.removeItem(atPath: file) } }
        let pipe = Pipe()
        let errors = folder.appendingPathComponent("emulator.err")
        try Data().write(to: errors)
        let process = try Command.start(
            arguments: arguments, in: folder, output: pipe, diagnostics: try FileHandle(forUpdating: errors),
            environment: ["HUME_API_KEY": key, "HUME_SECRET_KEY": secret])
        var text = ""
        while !text.contains("\n") {
            let data = pipe.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        #expect(!text.contains("canary"))
        address = text.split(separator: "\n").first?.split(separator: "=").last.map(String.init) ?? ""
        child = Child(process)
        self.process = process.processIdentifier
    }

    func end(_ signal: Int32 = SIGTERM) {
        guard child.process.isRunning else { return }
        kill(process, signal)
        kill(process, SIGCONT)  // one that is stopped hears it then
        child.process.waitForEnd()
    }

    /// All shapes in which a credential could show.
    var canaries: [String] {
        let pair = Data("\(key):\(secret)".utf8).base64EncodedString()
        return [key, secret, pair, "canary-"]
    }

    /// What this server answers to a request with the key, by curl; its words come from a file, not from the command line.
    func ask(_ path: String, _ lines: [String]) throws -> String {
        let config = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).curl")
        defer { try? FileManager.default.removeItem(at: config) }
        let base = address.replacingOccurrences(of: "ws://", with: "http://")
        let text = (["url = \"\(base)\(path)\"", "silent"] + lines).joined(separator: "\n")
        try Data(text.utf8).write(to: config)
        return try Command.run("/usr/bin/env", ["curl", "--config", config.path], in: folder).text
    }

    /// A token, fetched as a client does.
    func token() throws -> String {
        let answer = try ask(
            "/oauth2-cc/token", ["user = \"\(key):\(secret)\"", "data = \"grant_type=client_credentials\""])
        let value = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
        return try #require(value?["access_token"] as? String, "\(answer)")
    }
}

@Suite("Secrets", .timeLimit(.minutes(3)))
struct SecretsTests {
    /// What a run left, and all that it has shown to anybody.
    private struct Left {
        let code: Int32
        let diagnostics: String
        /// By name: what it printed, its command line, and every file that it wrote.
        let shown: [(name: String, bytes: Data)]

        /// Where one of the words stands, if anywhere.
        func places(of words: [String]) -> [String] {
            shown.filter { shown in words.contains { shown.bytes.range(of: Data($0.utf8)) != nil } }.map(\.name)
        }

        /// Long runs of the letters that tokens are made of, where identifiers and the folder's name are taken away.
        var tokens: [String] {
            shown.filter { !$0.name.hasSuffix(".wav") }.flatMap { shown -> [String] in
                var text = String(decoding: shown.bytes, as: UTF8.self)
                text.replace(#/[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}/#, with: "")
                return text.matches(of: #/[A-Za-z0-9_-]{32,}/#).map { String($0.output) }
            }
        }
    }

    /// Runs a pipeline, and looks at its command line while it runs.
    private func run(
        _ pipeline: String, _ environment: [String: String], _ options: [String] = [], in folder: URL,
        meanwhile: @escaping @Sendable () throws -> Void = {}
    ) async throws -> Left {
        let arguments =
            ["-k", "5", "90", Command.path, "run", pipeline, "--var", "in=question.wav", "--var", "out=answer.wav"]
            + ["--set", "evi.linger_s=0.3", "--set", "evi.answer_wait_s=2", "--report", "report.json"] + options
        return try await Rehearsed.apart {
            let names = ["run.out", "run.err"]
            for name in names { try Data().write(to: folder.appendingPathComponent(name)) }
            let handles = try names.map { try FileHandle(forUpdating: folder.appendingPathComponent($0)) }
            let process = try Command.start(
                "/usr/bin/timeout", arguments: arguments, in: folder, output: handles[0], diagnostics: handles[1],
                environment: environment)
            var lines = Data()
            let pid = process.processIdentifier
            // `timeout` is there at once, the command a little later.
            while process.isRunning, !lines.starts(with: Data(Command.path.utf8)) {
                lines = Self.family(of: pid).dropFirst().reduce(Data()) { $0 + Self.commandLine($1) }
                usleep(1_000)
            }
            try meanwhile()
            for child in Self.family(of: pid) { lines += Self.commandLine(child) }
            process.waitForEnd()
            let diagnostics = try String(contentsOf: folder.appendingPathComponent(names[1]), encoding: .utf8)
            var shown = [(name: "command line", bytes: lines)]
            for file in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
                shown.append((file, (try? Data(contentsOf: folder.appendingPathComponent(file))) ?? Data()))
            }
            return Left(code: process.terminationStatus, diagnostics: diagnostics, shown: shown)
        }
    }

    /// A process and its children.
    private static func family(of process: Int32) -> [Int32] {
        [process] + Process.children(of: process).flatMap { family(of: $0) }
    }

    private static func commandLine(_ process: Int32) -> Data {
        (try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/cmdline"))) ?? Data()
    }

    private let log = ["--var", "log=log.jsonl"]
    private var example: String { Rehearsed.pipeline("evi-file-to-file") }

    /// Calls the body with a server, a folder with a question, and what the environment of a good run holds.
    private func withServer(
        _ scenario: String? = nil, _ body: (Server, URL, [String: String]) async throws -> Void
    ) async throws {
        try await Rehearsed.withFolder { folder in
            try Rehearsed.makeSounds(in: folder)
            let server = try await Rehearsed.apart { try Server(scenario: scenario, in: folder) }
            defer { server.end() }
            try await body(
                server, folder,
                ["HUME_API_KEY": server.key, "HUME_SECRET_KEY": server.secret, "HUME_BASE_URL": server.address])
        }
    }

    @Test("a run that goes well shows neither key, secret nor token", arguments: [false, true])
    func good(hasSecret: Bool) async throws {
        try await withServer { server, folder, environment in
            var environment = environment
            if !hasSecret { environment["HUME_SECRET_KEY"] = nil }
            let left = try await run(example, environment, log, in: folder)
            #expect(left.code == 0, "\(left.diagnostics)")
            #expect(left.places(of: server.canaries) == [])
            #expect(left.tokens == [])
            #expect(left.places(of: ["assistant_message"]).contains("log.jsonl"))
            #expect(left.places(of: ["attempts"]).contains("report.json"))
            #expect(left.places(of: ["evi-file-to-file.json"]).contains("command line"))
        }
    }

    @Test("what looks for tokens finds one")
    func detector() async throws {
        try await withServer { server, _, _ in
            let token = try await Rehearsed.apart { try server.token() }
            let text = Data("id \(UUID()) and?access_token=\(token)&".utf8)
            let left = Left(code: 0, diagnostics: "", shown: [("a", text)])
            #expect(left.tokens == [token] && left.places(of: [token]) == ["a"])
        }
    }

    @Test(
        "credentials that are refused end with 77, and are not shown either",
        arguments: ["HUME_API_KEY", "HUME_SECRET_KEY"])
    func refused(wrong: String) async throws {
        try await withServer { server, folder, environment in
            var environment = environment
            if wrong == "HUME_API_KEY" { environment["HUME_SECRET_KEY"] = nil }
            environment[wrong] = "canary-wrong-\(UUID().uuidString)"
            let left = try await run(example, environment, log, in: folder)
            #expect(left.code == 77, "\(left.diagnostics)")
            #expect(left.diagnostics.contains("refused with HTTP 401"), "\(left.diagnostics)")
            #expect(left.places(of: server.canaries) == [])
            #expect(left.tokens == [])
        }
    }

    @Test("a token from elsewhere is not shown, be it good or not", arguments: [true, false])
    func token(isGood: Bool) async throws {
        try await withServer { server, folder, environment in
            let token = isGood ? try await Rehearsed.apart { try server.token() } : "canary-token-\(UUID().uuidString)"
            let text = """
                {"syrinx": 1, "nodes": {
                  "question": {"type": "file.source", "path": "${in}"},
                  "evi": {"type": "evi", "access_token": "${env:HUME_ACCESS_TOKEN}", "base_url": "${env:HUME_BASE_URL}"},
                  "answer": {"type": "file.sink", "path": "${out}"},
                  "log": {"type": "events.sink", "path": "log.jsonl"}},
                 "links": ["question -> evi -> answer", "evi:events -> log"]}
                """
            try Data(text.utf8).write(to: folder.appendingPathComponent("p.json"))
            let own = ["HUME_ACCESS_TOKEN": token, "HUME_BASE_URL": server.address]
            let left = try await run("p.json", own, in: folder)
            #expect(left.code == (isGood ? 0 : 77), "\(left.diagnostics)")
            #expect(left.places(of: [token] + server.canaries) == [])
        }
    }

    @Test("a server that says a secret back, in words, errors and the reason of its close, does not get it shown")
    func echo() async throws {
        let scenario = """
            "chats": [{"turns": [{"hears": "My key is {{key}}", "steps": [
                {"say": "So your key is {{key}}."},
                {"send": {"type": "novelty {{secret}}"}}, {"send_text": "{{secret}} {"},
                {"error": "W0999", "slug": "{{key}}", "message": "key {{key}}, secret {{secret}}"},
                {"error": "E0101", "slug": "{{key}}", "message": "key {{key}}, secret {{secret}}"},
                {"close": 1008, "reason": "secret {{secret}}"}]}]}]
            """
        try await withServer(scenario) { server, folder, environment in
            let left = try await run(example, environment, log, in: folder)
            // On a busy machine the run may be over before the error comes.
            #expect(left.code == 69 || left.code == 0, "\(left.diagnostics)")
            #expect(left.code == 0 || left.diagnostics.contains("E0101"), "\(left.diagnostics)")
            #expect(left.places(of: server.canaries) == [])
        }
    }

    @Test(
        "a server that dies, or falls silent with its socket open, is told of, and nothing else is",
        arguments: [SIGKILL, SIGSTOP])
    func dead(signal: Int32) async throws {
        let scenario = #""chats": [{"turns": [{"steps": [{"wait_ms": 60000}]}]}]"#
        try await withServer(scenario) { server, folder, environment in
            // A silent one is found out by pings that it leaves unanswered: 20 s until the next, and as long for the answer.
            let sets = ["evi.max_attempts=2", "evi.ready_timeout_s=0.5", "evi.answer_wait_s=120"]
            let left = try await run(example, environment, log + sets.flatMap { ["--set", $0] }, in: folder) {
                // It is there when the server tells of a chat.
                let header = ["header = \"X-Hume-Api-Key: \(server.key)\""]
                let limit = Date(timeIntervalSinceNow: 30)
                while !(try server.ask("/v0/evi/chats", header).contains("ACTIVE")), Date() < limit { usleep(20_000) }
                kill(server.process, signal)
            }
            #expect(left.code == 69, "\(left.diagnostics)")
            #expect(left.diagnostics.contains("no connection after 2 attempts"), "\(left.diagnostics)")
            #expect(left.places(of: server.canaries) == [])
            #expect(left.tokens == [])
        }
    }

    @Test("a tool gets no secret, neither in its environment nor on its command line")
    func tool() async throws {
        let scenario = #""chats": [{"turns": [{"steps": [{"tool": "look"}, {"say": "Done."}]}]}]"#
        try await withServer(scenario) { server, folder, environment in
            let text = """
                {"syrinx": 1, "nodes": {
                  "question": {"type": "file.source", "path": "${in}"},
                  "evi": {"type": "evi", "api_key": "${env:HUME_API_KEY}", "secret_key": "${env:HUME_SECRET_KEY}",
                    "base_url": "${env:HUME_BASE_URL}",
                    "tools": {"look": {"description": "Looks around.",
                      "command": ["/bin/sh", "-c", "env; tr '\\\\0' ' ' < /proc/$$/cmdline; env > env.txt; echo seen"]}}},
                  "answer": {"type": "file.sink", "path": "${out}"},
                  "log": {"type": "events.sink", "path": "log.jsonl"}},
                 "links": ["question -> evi -> answer", "evi:events -> log"]}
                """
            try Data(text.utf8).write(to: folder.appendingPathComponent("p.json"))
            let left = try await run("p.json", environment, in: folder)
            #expect(left.code == 0, "\(left.diagnostics)")
            #expect(left.places(of: ["PATH="]).contains("env.txt"))
            #expect(left.places(of: server.canaries + ["HUME_"]) == ["p.json"])
        }
    }

    private static let visible = [
        "HUME_API_KEY": "canary-key-1234567", "HUME_SECRET_KEY": "canary-secret-1234567",
        "HUME_BASE_URL": "ws://127.0.0.1:9",
    ]

    @Test(
        "explain shows no secret in any format",
        arguments: ["evi-file-to-file", "evi-tools"], ["text", "json", "dot", "mermaid"])
    func explain(name: String, format: String) async throws {
        try await Rehearsed.withFolder { folder in
            try Rehearsed.makeSounds(in: folder)
            let variables = (["in=question.wav", "out=o.wav"] + (name == "evi-tools" ? [] : ["log=l.jsonl"])).flatMap {
                ["--var", $0]
            }
            let explain = try await Rehearsed.run(
                ["explain", Rehearsed.pipeline(name), "--format", format, "--rate", "48000"] + variables, in: folder,
                environment: Self.visible)
            #expect(explain.code == 0 && explain.text.contains("evi"), "\(explain.diagnostics)")
            #expect(!(explain.text + explain.diagnostics).contains("canary"))
        }
    }

    @Test(
        "a fault beside a secret does not show it",
        arguments: ["evi.base_url=ws://example.org", "evi.fade_ms=loud", "evi.config_id=3", "evi.api_kee=x"])
    func fault(set: String) async throws {
        try await Rehearsed.withFolder { folder in
            try Rehearsed.makeSounds(in: folder)
            let left = try await run(
                example, Self.visible, log + ["--set", set, "--set", "evi.max_attempts=1"], in: folder)
            #expect(left.code != 0 && !left.diagnostics.isEmpty)
            #expect(left.places(of: ["canary"]) == [])
        }
    }
}
