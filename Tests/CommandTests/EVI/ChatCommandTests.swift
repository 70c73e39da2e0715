import CommandTestKit
import Foundation
import SyrinxCore
import SyrinxNet
import SyrinxRealtime
import Testing

@Suite("syrinx evi chats, chat-groups, voices", .timeLimit(.minutes(5)))
struct ChatCommandTests {
    /// Two chats of one group, three events each.
    private func fill(_ server: HumeServer) {
        server.state.withLock { state in
            state.groups = [
                .object([
                    "id": "g", "first_start_timestamp": 1_765_000_000_000,
                    "most_recent_start_timestamp": 1_765_000_060_000,
                    "num_chats": 2, "active": .boolean(false),
                ])
            ]
            for (number, id) in ["a", "b"].enumerated() {
                let start = 1_765_000_000_000 + number * 60_000
                state.chats.append(
                    .object([
                        "id": .string(id), "chat_group_id": "g", "status": "USER_ENDED",
                        "start_timestamp": .integer(start),
                        "end_timestamp": .integer(start + 61_000), "event_count": 3,
                    ]))
                let lines = [
                    ("SESSION_SETTINGS", #"{"language_model_api_key":"sk-hidden-too","type":"session_settings"}"#),
                    ("USER_MESSAGE", "Hello \(id)"), ("AGENT_MESSAGE", "Hi there"),
                ]
                state.events[id] = lines.enumerated().map { place, line in
                    .object([
                        "id": .string("\(id)\(place)"), "chat_id": .string(id), "role": "USER",
                        "timestamp": .integer(start + place * 1_500), "type": .string(line.0),
                        "message_text": .string(line.1),
                    ])
                }
            }
        }
    }

    @Test("chats and groups are listed and shown, all pages of them")
    func lists() async throws {
        try await HumeServer.with { server in
            fill(server)
            let list = try await server.run("chats", "list")
            #expect(
                list.text == """
                    start                 length  status      events  id  group
                    2025-12-06 05:46:40Z  1:01    USER_ENDED  3       a   g
                    2025-12-06 05:47:40Z  1:01    USER_ENDED  3       b   g

                    """, "\(list)")
            let asked = server.requests.last?.query.map { "\($0.name)=\($0.value)" } ?? []
            #expect(asked.contains("ascending_order=false") && asked.contains("page_number=1"))
            #expect(try await server.run("chats", "list", "--limit", "1").text.split(separator: "\n").count == 2)
            _ = try await server.run("chats", "list", "--status", "error", "--config", "k", "--oldest-first")
            let filtered = server.requests.last?.query.map { "\($0.name)=\($0.value)" } ?? []
            #expect(Set(["status=ERROR", "config_id=k", "ascending_order=true"]).isSubset(of: filtered))

            let chat = try await server.run("chats", "show", "a")
            #expect(chat.text.contains("status           USER_ENDED\n") && chat.text.contains("AGENT_MESSAGE"))
            #expect(chat.text.contains("2025-12-06 05:46:43Z"))
            let groups = try await server.run("chat-groups", "list")
            #expect(
                groups.text.split(separator: "\n").last
                    == "2025-12-06 05:46:40Z  2025-12-06 05:47:40Z  2      no      g")
            let group = try await server.run("chat-groups", "show", "g", "--json")
            let json = try JSONSerialization.jsonObject(with: group.output) as? [String: Any]
            #expect(
                (json?["chats"] as? [Any])?.count == 2 && (json?["chat_group"] as? [String: Any])?["num_chats"] != nil)
            #expect(try await server.run("chat-groups", "show", "g").text.hasSuffix("b   g\n"))
        }
    }

    @Test("a chat is exported as text, JSON, SRT and WebVTT; the file's name decides")
    func export() async throws {
        try await HumeServer.with { server in
            fill(server)
            let text = try await server.run("chats", "export", "a")
            #expect(
                text.text == "[00:00:01.500] User: Hello a\n[00:00:03.000] EVI: Hi there\n" && text.diagnostics == "")
            let vtt = try await server.run("chats", "export", "a", "--format", "vtt")
            #expect(vtt.text.hasPrefix("WEBVTT\n\n00:00:01.500 --> 00:00:02.500\n<v User>Hello a\n"))
            try await withFolder { folder in
                let outcome = try await server.run("chats", "export", "a", "-o", "talk.srt", in: folder)
                #expect(outcome.code == 0 && outcome.text == "", "\(outcome.diagnostics)")
                let srt = try String(contentsOf: folder.appendingPathComponent("talk.srt"), encoding: .utf8)
                #expect(srt.hasPrefix("1\n00:00:01,500 --> 00:00:02,500\nUser: Hello a\n\n2\n"))
                #expect(try await server.run("chats", "export", "a", "--output", "talk.json", in: folder).code == 0)
                let data = try Data(contentsOf: folder.appendingPathComponent("talk.json"))
                let json = try JSONSerialization.jsonObject(with: data) as? [String: Any]
                #expect(
                    (json?["events"] as? [Any])?.count == 3
                        && (json?["chat"] as? [String: Any])?["id"] as? String == "a")
                #expect(Set(try files(folder)) == ["talk.srt", "talk.json"])
                let nowhere = try await server.run("chats", "export", "a", "-o", "no/such/talk.txt", in: folder)
                #expect(nowhere.code == 73 && nowhere.diagnostics.contains("no/such/talk.txt: cannot create the file"))
            }
            let group = try await server.run("chat-groups", "export", "g")
            #expect(
                group.text == """
                    # chat a
                    [00:00:01.500] User: Hello a
                    [00:00:03.000] EVI: Hi there

                    # chat b
                    [00:01:01.500] User: Hello b
                    [00:01:03.000] EVI: Hi there

                    """)
        }
    }

    @Test("audio comes into a file, without the key and without the address being told")
    func audio() async throws {
        try await HumeServer.with { server in
            fill(server)
            try await withFolder { folder in
                let outcome = try await server.run(
                    "chats", "export", "a", "-o", "talk.txt", "--audio", "talk.mp3", in: folder)
                #expect(outcome.code == 0 && outcome.diagnostics == "talk.mp3: 22 B\n", "\(outcome)")
                #expect(Set(try files(folder)) == ["talk.txt", "talk.mp3"])
                let sound = try Data(contentsOf: folder.appendingPathComponent("talk.mp3"))
                #expect([UInt8](sound) == HumeServer.sound)

                let group = try await server.run("chat-groups", "export", "g", "--audio", "takes", in: folder)
                #expect(group.code == 0, "\(group)")
                #expect(Set(try files(folder.appendingPathComponent("takes"))) == ["01-a.mp3", "02-b.wav"])
                #expect(server.requests.filter { $0.path.hasPrefix("/files/") }.count == 3)

                server.state.withLock { $0.audio["a"] = "ERROR" }
                let failed = try await server.run("chats", "export", "a", "--audio", "no.mp3", in: folder)
                #expect(failed.code == 69 && failed.diagnostics.contains("ERROR") && failed.text.contains("Hello a"))
                let half = try await server.run("chat-groups", "export", "g", "--audio", "more", in: folder)
                #expect(half.code == 69 && half.diagnostics.contains("ERROR"))
                #expect(Set(try files(folder.appendingPathComponent("more"))) == ["02-b.wav"])
                #expect(Set(try files(folder)) == ["talk.txt", "talk.mp3", "takes", "more"])
            }
        }
    }

    @Test("audio that breaks off leaves no file")
    func truncated() async throws {
        try await HumeServer.with { server in
            fill(server)
            try await withFolder { folder in
                let store = try BrokenStore()
                let audio = Value.object([
                    "id": "a", "status": "COMPLETE",
                    "signed_audio_url": .string("http://127.0.0.1:\(store.port)/x?signature=s"),
                ])
                let chat = Value.object(["id": "a", "events_page": .list([])])
                server.state.withLock { state in
                    state.faults = [chat, audio].map {
                        SyrinxNet.HTTPResponse(200, body: Array($0.json().utf8))
                    }
                }
                let outcome = try await server.run("chats", "export", "a", "--audio", "talk.mp3", in: folder)
                #expect(
                    outcome.code == 69 && outcome.diagnostics.contains("chat a: it cannot be fetched"), "\(outcome)")
                #expect(try files(folder) == [])
                store.stop()
            }
        }
    }

    @Test("nothing that a server says steers a terminal or turns the writing, and file names stay in their folder")
    func hostile() async throws {
        let evil = "\u{1B}[2J\u{9B}31m\u{202E}\u{7}x\u{8}\r\ny"
        try await HumeServer.with { server in
            fill(server)
            server.state.withLock { state in
                state.chats = [
                    .object([
                        "id": .string("../../\(evil)"), "status": .string(evil), "start_timestamp": .integer(.max),
                        "metadata": .string(evil), "chat_group_id": "g", evil: .string(evil),
                    ])
                ]
                state.events["../../\(evil)"] = [
                    .object([
                        "id": "e", "type": "USER_MESSAGE", "role": .string(evil), "message_text": .string("Hi \(evil)"),
                        "chat_id": .string(evil), "timestamp": .integer(.min),
                    ])
                ]
                state.voices = [.object(["id": "v", "name": .string(evil), "provider": "HUME_AI"])]
            }
            try await withFolder { folder in
                let id = "../../\(evil)"
                for words in [
                    ["chats", "list"], ["chats", "list", "--json"], ["chats", "show", id],
                    ["chats", "show", id, "--json"],
                    ["chats", "export", id], ["chats", "export", id, "--format", "srt"],
                    ["chats", "export", id, "--format", "vtt"], ["chats", "export", id, "--format", "json"],
                    ["chat-groups", "show", "g"], ["chat-groups", "export", "g", "--audio", "takes"],
                    ["voices", "list"],
                    ["voices", "show", "v"], ["voices", "show", "w"],
                ] {
                    let environment = ["HUME_BASE_URL": server.address, "HUME_API_KEY": HumeServer.key]
                    let outcome = try await HumeServer.run(["evi"] + words, in: folder, environment)
                    let all = outcome.text + outcome.diagnostics
                    let isPlain = all.unicodeScalars.allSatisfy {
                        $0 == "\n" || ![.control, .format].contains($0.properties.generalCategory)
                    }
                    #expect(isPlain && all != "" && outcome.code != 70, "\(words): \(all)")
                }
                #expect(try files(folder) == ["takes"])
                #expect(try files(folder.appendingPathComponent("takes")) == ["01-2J31mxy.mp3"])
            }
            server.state.withLock {
                $0.faults = [
                    SyrinxNet.HTTPResponse(400, body: Array(Value.object(["message": .string(evil)]).json().utf8))
                ]
            }
            let refused = try await server.run("voices", "list")
            #expect(
                refused.code == 65 && !refused.diagnostics.contains("\u{1B}") && !refused.diagnostics.contains("\u{9B}")
            )
        }
    }

    @Test("no key is shown, neither ours nor one that a chat's history holds")
    func secrets() async throws {
        try await HumeServer.with { server in
            fill(server)
            server.state.withLock { state in
                state.chats.append(
                    .object(["id": "k", "metadata": .string("\(HumeServer.key) secret-must-stay-hidden")]))
            }
            for words in [
                ["chats", "list", "--json"], ["chats", "show", "a"], ["chats", "show", "k"],
                ["chats", "export", "a", "--format", "json"], ["chat-groups", "export", "g", "--format", "json"],
                ["chats", "show", HumeServer.key],
            ] {
                let environment = [
                    "HUME_BASE_URL": server.address, "HUME_API_KEY": HumeServer.key,
                    "HUME_SECRET_KEY": "secret-must-stay-hidden",
                ]
                let outcome = try await HumeServer.run(["evi"] + words, environment)
                #expect(!(outcome.text + outcome.diagnostics).contains("hidden"), "\(words)")
            }
        }
    }

    @Test("voices are listed, shown by name or id, kept and deleted")
    func voices() async throws {
        try await HumeServer.with { server in
            server.state.withLock { state in
                state.voices = ["Ito", "Ava Song", "Kora"].enumerated().map {
                    .object(["id": .string("h\($0)"), "name": .string($1), "provider": "HUME_AI"])
                }
            }
            let created = try await server.run(
                "voices", "create", "-", input: #"{"generation_id": "7", "name": "host"}"#)
            #expect(created.text == "created voice \"host\": id v3\n", "\(created)")
            let list = try await server.run("voices", "list")
            #expect(list.text.split(separator: "\n").count == 5 && list.text.contains("host      v3  CUSTOM_VOICE"))
            #expect(
                try await server.run("voices", "list", "--provider", "custom").text.split(separator: "\n").count == 2)
            _ = try await server.run(
                "voices", "list", "--provider", "hume", "--tag", "LANGUAGE:English", "--tag", "a:b")
            #expect(server.requests.last?.query.filter { $0.name == "filter_tag" }.count == 2)
            #expect(try await server.run("voices", "show", "Ava Song").text.hasPrefix("id        h1\n"))
            #expect(try await server.run("voices", "show", "h2", "--json").text.contains(#""name": "Kora""#))
            let wrong = try await server.run("voices", "show", "Itto")
            #expect(wrong.code == 66 && wrong.diagnostics.contains("did you mean Ito?"))
            #expect(try await server.run("voices", "delete", "host").code == 64)
            #expect(try await server.run("voices", "delete", "host", "-y").code == 0)
            #expect(try await server.run("voices", "delete", "host", "-y").code == 66)
            let odd = try await server.run("voices", "create", "-", input: #"{"generation_id": "7", "nam": "x"}"#)
            #expect(odd.code == 65 && odd.diagnostics.contains("voices.nam: no such member"))
        }
    }

    @Test("over TLS the server must show who it is before it gets the key")
    func tls() async throws {
        try await withFolder { folder in
            let make = """
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem -out good.pem \
                    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
                """
            let made = try await HumeServer.onThread { try Command.run("/bin/sh", ["-c", make], in: folder) }
            #expect(made.code == 0, "\(made.diagnostics)")
            let good = folder.appendingPathComponent("good.pem").path
            let identity = TLSIdentity(
                certificateFile: good, keyFile: folder.appendingPathComponent("key.pem").path)
            try await HumeServer.with(identity) { server in
                fill(server)
                let refused = try await server.run("chats", "list")
                #expect(refused.code == 69 && refused.diagnostics.contains("certificate"), "\(refused)")
                #expect(server.requests.isEmpty)
                let trusted = try await server.run("chats", "list", environment: ["SSL_CERT_FILE": good])
                #expect(trusted.code == 0 && trusted.text.contains("USER_ENDED"), "\(trusted)")
            }
        }
    }

    @Test("refused keys, missing things, dead servers and wrong addresses have codes of their own")
    func codes() async throws {
        try await HumeServer.with { server in
            let refused = try await server.run("configs", "list", key: "another-key-not-to-be-seen")
            #expect(refused.code == 77 && !refused.diagnostics.contains("another-key"))
            #expect(refused.diagnostics.contains("the server does not accept the API key"))
            let none = try await server.run("configs", "list", key: nil)
            #expect(none.code == 77 && none.diagnostics.contains("HUME_API_KEY: found nothing in the environment"))
            #expect(try await server.run("configs", "list", key: "two\nlines").code == 77)
            #expect(try await server.run("configs", "show", "x").code == 66)
            #expect(try await server.run("configs", "show", "x", "3").code == 66)
            #expect(try await server.run("chats", "export", "x").code == 66)
            #expect(try await server.run("configs", "delete", "x", "--yes").code == 66)
            for address in ["http://example.com", "ftp://127.0.0.1", "https://user:pw@127.0.0.1", "http://127.0.0.1:0"]
            {
                let wrong = try await server.run("configs", "list", environment: ["HUME_BASE_URL": address])
                #expect(wrong.code == 64 && wrong.diagnostics.contains("HUME_BASE_URL"), "\(address): \(wrong)")
            }
            let count = server.requests.count
            server.state.withLock { $0.faults = [SyrinxNet.HTTPResponse(429, headers: ["Retry-After": "0"])] }
            #expect(try await server.run("prompts", "list").code == 0)
            #expect(server.requests.count == count + 2)
            server.state.withLock {
                $0.faults = Array(repeating: SyrinxNet.HTTPResponse(500, headers: ["Retry-After": "0"]), count: 3)
            }
            let broken = try await server.run("prompts", "list")
            #expect(broken.code == 69 && broken.diagnostics.contains("GET /v0/evi/prompts: found HTTP 500"))
        }
        let dead = try await NetServer.start { _ in .cut }
        await dead.stop()
        let outcome = try await HumeServer.run(
            ["evi", "configs", "list"], ["HUME_API_KEY": "k1234567", "HUME_BASE_URL": dead.address])
        #expect(outcome.code == 69 && outcome.diagnostics.contains("no answer from the server"))
    }
}

private func files(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
}

/// Calls the body with a new folder that is removed afterwards.
private func withFolder(_ body: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder)
}
