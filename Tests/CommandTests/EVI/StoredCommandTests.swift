import CommandTestKit
import Foundation
import SyrinxCore
import SyrinxNet
import Testing

@Suite("syrinx evi configs, prompts, tools", .timeLimit(.minutes(5)))
struct StoredCommandTests {
    static let bodies = [
        "configs": (#""evi_version": "3""#, "config"), "prompts": (#""text": "You are a host.""#, "prompt"),
        "tools": (#""parameters": "{}""#, "tool"),
    ]

    @Test(
        "a thing is created, listed, shown, changed, renamed and deleted", arguments: ["configs", "prompts", "tools"])
    func life(kind: String) async throws {
        let (members, word) = Self.bodies[kind]!
        try await HumeServer.with { server in
            let id = "\(kind)-1"
            let created = try await server.run(
                kind, "create", "-", input: #"{"name": "first", \#(members), /* why */ "version_description": "old",}"#)
            #expect(
                created.code == 0 && created.text == "created \(word) \"first\": id \(id), version 0\n", "\(created)")

            let updated = try await server.run(
                kind, "update", id, "-", input: #"{\#(members), "version_description": "new"}"#)
            #expect(updated.text == "updated \(word) \"first\": now version 1\n", "\(updated.diagnostics)")
            let renamed = try await server.run(kind, "update", id, "--name", "second")
            #expect(renamed.text == "renamed \(word) \(id) to \"second\"\n")

            let list = try await server.run(kind, "list")
            #expect(
                list.text == """
                    name    id\(String(repeating: " ", count: id.count))version  modified              description
                    second  \(id)  1        2025-12-06 10:26:52Z  new

                    """)
            let shown = try await server.run(kind, "show", id)
            #expect(shown.text.contains("version_description  new\n") && shown.text.contains("2025-12-06 10:26:52Z"))
            let old = try await server.run(kind, "show", id, "0", "--json")
            #expect(old.text.contains(#""version_description": "old""#))
            #expect(try await server.run(kind, "show", id, "--versions").text.split(separator: "\n").count == 3)

            let part = try await server.run(kind, "delete", id, "1", "--yes")
            #expect(part.text == "deleted version 1 of \(word) \(id)\n")
            #expect(try await server.run(kind, "show", id, "--json").text.contains(#""version": 0"#))
            #expect(try await server.run(kind, "delete", id, "--yes").text == "deleted \(word) \(id)\n")
            let none = try await server.run(kind, "list")
            #expect(none.code == 0 && none.text == "" && none.diagnostics == "no \(kind)\n")
            #expect(try await server.run(kind, "list", "--json").text == "[]\n")
        }
    }

    @Test("a list has all pages, as a table and as JSON")
    func pages() async throws {
        try await HumeServer.with { server in
            for number in 0..<5 {
                let body = #"{"name": "n\#(number)", "text": "t"}"#
                #expect(try await server.run("prompts", "create", "-", input: body).code == 0)
            }
            #expect(try await server.run("prompts", "list").text.split(separator: "\n").count == 6)
            let json = try await server.run("prompts", "list", "--json")
            let all = try JSONSerialization.jsonObject(with: json.output) as? [[String: Any]]
            #expect(all?.compactMap { $0["name"] as? String } == ["n0", "n1", "n2", "n3", "n4"])
            #expect(try await server.run("prompts", "list", "--name", "n3").text.split(separator: "\n").count == 2)
        }
    }

    @Test("what show --body prints, update takes")
    func roundTrip() async throws {
        try await HumeServer.with { server in
            let body = """
                {"name": "a", "evi_version": "3", "voice": {"id": "v", "provider": "HUME_AI"}, "tools": [{"id": "t", "version": 2}],
                 "timeouts": {"inactivity": {"enabled": true, "duration_secs": 600}}}
                """
            #expect(try await server.run("configs", "create", "-", input: body).code == 0)
            let shown = try await server.run("configs", "show", "configs-1", "--body")
            #expect(!shown.text.contains("created_on"))
            let updated = try await server.run("configs", "update", "configs-1", "-", "--json", input: shown.text)
            #expect(updated.code == 0 && updated.text.contains(#""version": 1"#), "\(updated.diagnostics)")
            #expect(updated.text.contains(#""duration_secs": 600"#) && updated.text.contains(#""version": 2"#))
        }
    }

    @Test("a file with a fault is not sent, and the fault has its place")
    func brokenBodies() async throws {
        try await HumeServer.with { server in
            let broken = try await server.run("tools", "create", "-", input: "{\n  \"name\": nope\n}")
            #expect(broken.code == 65 && broken.lines.first?.hasPrefix("standard input:2:11: ") == true, "\(broken)")
            let unknown = try await server.run(
                "tools", "create", "-", input: #"{"name": "a", "parameters": "{}", "colour": 1}"#)
            #expect(unknown.code == 65 && unknown.diagnostics.contains("standard input: tools.colour: no such member"))
            let named = try await server.run("tools", "update", "x", "-", input: #"{"name": "a", "parameters": "{}"}"#)
            #expect(named.code == 65 && named.diagnostics.contains("rename instead"))
            let lacking = try await server.run("prompts", "create", "-", input: "{}")
            #expect(lacking.code == 65 && lacking.diagnostics.contains("prompts.text"))
            #expect(try await server.run("prompts", "create", "-", input: "[1]").code == 65)
            #expect(try await server.run("prompts", "create", "-").code == 65)
            let gone = try await server.run("prompts", "create", "/nowhere/it.json")
            #expect(gone.code == 66 && gone.diagnostics.contains("/nowhere/it.json: cannot read the file"))
            #expect(server.requests.isEmpty)
        }
    }

    @Test("without a terminal nothing is deleted unless --yes says so")
    func noTerminal() async throws {
        try await HumeServer.with { server in
            #expect(try await server.run("prompts", "create", "-", input: #"{"name": "n", "text": "t"}"#).code == 0)
            let outcome = try await server.run("prompts", "delete", "prompts-1", input: "y\n")
            #expect(outcome.code == 64 && outcome.diagnostics.contains("--yes: nothing was deleted"))
            #expect(!server.requests.contains { $0.method == "DELETE" })
        }
    }

    @Test("on a terminal it is asked, and only yes deletes", arguments: ["n\n", "\n", "y\n"])
    func terminal(answer: String) async throws {
        try await HumeServer.with { server in
            #expect(try await server.run("prompts", "create", "-", input: #"{"name": "n", "text": "t"}"#).code == 0)
            let environment = ["HUME_BASE_URL": server.address, "HUME_API_KEY": HumeServer.key]
            let (code, screen) = try await HumeServer.onThread {
                try Terminal.run(["evi", "prompts", "delete", "prompts-1"], typing: answer, environment)
            }
            #expect(screen.contains(#"Delete prompt "n", 1 version, for good? [y/N] "#), "\(screen)")
            let isDeleted = server.requests.contains { $0.method == "DELETE" }
            #expect(isDeleted == (answer == "y\n") && code == (isDeleted ? 0 : 130))
        }
    }

    @Test("every command has an example in its help")
    func help() async throws {
        let stored = ["configs", "prompts", "tools"].flatMap { kind in
            ["list", "show", "create", "update", "delete"].map { [kind, $0] } + [[kind]]
        }
        let others = [
            [], ["voices"], ["voices", "list"], ["voices", "show"], ["voices", "create"], ["voices", "delete"],
            ["chats"],
            ["chats", "list"], ["chats", "show"], ["chats", "export"], ["chat-groups"], ["chat-groups", "list"],
            ["chat-groups", "show"], ["chat-groups", "export"],
        ]
        for words in stored + others {
            let outcome = try await HumeServer.run(["evi"] + words + ["--help"], [:])
            let command = (["syrinx", "evi"] + words).joined(separator: " ")
            #expect(
                outcome.code == 0 && outcome.text.contains("Example") && outcome.text.contains(command), "\(command)")
            #expect(!outcome.text.contains("--api-key") && !outcome.text.contains("--key"))
        }
    }

    @Test(
        "wrong usage ends with 64, and asks nobody",
        arguments: [
            ["configs", "show"], ["configs", "show", "a", "--versions", "--body"], ["configs", "update", "a"],
            ["configs", "update", "a", "b.json", "--name", "c"], ["voices", "list", "--provider", "me"],
            ["chats", "list", "--limit", "0"], ["chats", "export", "a", "--format", "pdf"],
            ["chats", "export", "a", "--audio", "-"], ["chats", "export", "a", "--audio-wait", "0"], ["config"],
            ["prompts", "delete", "", "-y"], ["prompts", "delete", "..", "-y"], ["voices", "delete", "", "-y"],
            ["chats", "export", "a", "-o", "x", "--audio", "x"],
        ])
    func usage(words: [String]) async throws {
        let outcome = try await HumeServer.run(
            ["evi"] + words, ["HUME_API_KEY": HumeServer.key, "HUME_BASE_URL": "http://127.0.0.1:9"])
        #expect(outcome.code == 64 && outcome.text == "" && outcome.diagnostics != "")
    }
}
