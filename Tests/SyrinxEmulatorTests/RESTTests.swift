import SyrinxCore
import SyrinxEVI
import SyrinxNet
import Testing

@testable import SyrinxEmulator

/// Asks the emulator as a program with the key does.
struct Asking {
    let emulator: Emulator
    let net: NetClient

    init(_ emulator: Emulator) throws {
        self.emulator = emulator
        net = try Client.net.get()
    }

    func ask(_ method: String, _ path: String, _ body: String? = nil) async throws -> (status: Int, value: Value) {
        let answer = try await net.send(
            .init(
                method, emulator.address + path, headers: ["X-Hume-Api-Key": testKey], body: Array((body ?? "").utf8)))
        return (answer.status, (try? WireJSON.read(answer.body).value) ?? .null)
    }

    func get(_ path: String) async throws -> Value {
        let (status, value) = try await ask("GET", path)
        #expect(status == 200, "\(path): \(value.json())")
        return value
    }
}

@Suite("emulator, REST", .serialized, .timeLimit(.minutes(3)))
struct RESTTests {
    @Test(
        "configs, prompts and tools are made, listed, renamed, versioned and deleted",
        arguments: [
            ("configs", #"{"name":"a","evi_version":"3"}"#, #"{"evi_version":"4-mini","version_description":"two"}"#),
            ("prompts", #"{"name":"a","text":"Be brief."}"#, #"{"text":"Be long."}"#),
            ("tools", #"{"name":"a","parameters":"{}"}"#, #"{"parameters":"{\"type\":\"object\"}"}"#),
        ])
    func items(kind: String, first: String, second: String) async throws {
        try await withEmulator { emulator in
            let rest = try Asking(emulator)
            let path = "/v0/evi/\(kind)"
            let (status, made) = try await rest.ask("POST", path, first)
            #expect(status == 201)
            let item = try StoredItem(reading: made)
            #expect(item.version == 0 && item.name == "a" && item.created != nil)
            #expect(try await rest.ask("POST", path, first).status == 409)
            let (again, newer) = try await rest.ask("POST", "\(path)/\(item.id)", second)
            #expect(again == 201)
            #expect(try StoredItem(reading: newer).version == 1 && newer["name"] == .string("a"))
            #expect(try await rest.get(path)["\(kind)_page"]?.list?.count == 1)
            #expect(try await rest.get(path + "?restrict_to_most_recent=false")["\(kind)_page"]?.list?.count == 2)
            #expect(
                try await rest.get("\(path)/\(item.id)?restrict_to_most_recent=false")["\(kind)_page"]?.list?.count == 2
            )
            #expect(try await rest.get("\(path)/\(item.id)/version/0")["version"] == .integer(0))
            #expect(try await rest.ask("PATCH", "\(path)/\(item.id)", #"{"name":"b"}"#).status == 200)
            #expect(try await rest.get(path + "?name=b")["\(kind)_page"]?.list?.count == 1)
            #expect(try await rest.get(path + "?name=a")["\(kind)_page"]?.list == [])
            let described = try await rest.ask(
                "PATCH", "\(path)/\(item.id)/version/0", #"{"version_description":"first"}"#)
            #expect(described.value["version_description"] == .string("first"))
            #expect(try await rest.ask("DELETE", "\(path)/\(item.id)/version/1").status == 200)
            #expect(try await rest.ask("GET", "\(path)/\(item.id)/version/1").status == 404)
            #expect(try await rest.ask("DELETE", "\(path)/\(item.id)").status == 200)
            #expect(try await rest.ask("GET", "\(path)/\(item.id)").status == 404)
            #expect(try await rest.ask("POST", path, "{").status == 400)
            #expect(try await rest.ask("POST", path, #"{"name":"c"}"#).status == 422)
        }
    }

    @Test("what a config refers to is read whole, and a chat with it behaves so")
    func config() async throws {
        try await withEmulator { emulator in
            let rest = try Asking(emulator)
            let prompt = try await rest.ask("POST", "/v0/evi/prompts", #"{"name":"p","text":"Call me {{name}}."}"#)
                .value
            let tool = try await rest.ask(
                "POST", "/v0/evi/tools", #"{"name":"lamp","parameters":"{}","fallback_content":"dark"}"#
            ).value
            let body = """
                {"name":"c","evi_version":"3","prompt":{"id":\(prompt["id"]!.json())},"tools":[{"id":\(tool["id"]!.json())}],
                "voice":{"name":"Emulated Rowan","provider":"HUME_AI"},"builtin_tools":[{"name":"hang_up"}],
                "event_messages":{"on_new_chat":{"enabled":true,"text":"Welcome."}}}
                """
            let (status, config) = try await rest.ask("POST", "/v0/evi/configs", body)
            #expect(status == 201, "\(config.json())")
            #expect(config["prompt"]?["text"] == .string("Call me {{name}}."))
            #expect(config["tools"]?.list?.first?["fallback_content"] == .string("dark"))
            #expect(config["voice"]?["id"]?.string?.count == 36)
            #expect(
                try await rest.ask("POST", "/v0/evi/configs", #"{"name":"d","evi_version":"3","prompt":{"id":"x"}}"#)
                    .status == 404)
            let id = try #require(config["id"]?.string)
            let client = try await Client(emulator, "config_id=\(id)")
            let chat = try await client.begin().chatID
            #expect(try await client.assistantMessage().message.content == "Welcome.")
            try await client.end()
            try await client.send(.userInput("The lamp, please"))
            let call = try await client.until { if case .toolCall(let it) = $0 { it } else { nil } }
            try await client.send(.toolError(ToolFailure(call.id, error: "broken")))
            #expect(try await client.assistantMessage().message.content == "The tool lamp says: dark")
            try await client.end()
            try await client.send(.userInput("Goodbye"))
            #expect(await client.drain()?.code == 1000)
            #expect(client.messages.last?.value["name"] == .string("hang_up"))
            let record = try ChatRecord(reading: try await rest.get("/v0/evi/chats/\(chat)"))
            #expect(record.configID == id && record.status == "USER_ENDED")
            #expect(try await rest.get("/v0/evi/chats?config_id=\(id)")["chats_page"]?.list?.count == 1)
        }
        try await withEmulator(change: { $0.isStrict = true }) { emulator in
            let client = try await Client(emulator, "config_id=nobody")
            #expect(await client.drain()?.code == 1000)
            #expect(client.messages.first?.value["code"] == .string("E0400"))
        }
    }

    @Test("voices are listed by provider, made of a generation, and deleted by name")
    func voices() async throws {
        try await withEmulator { emulator in
            let rest = try Asking(emulator)
            let path = "/v0/tts/voices"
            #expect(try await rest.get(path + "?provider=HUME_AI")["voices_page"]?.list?.count == 8)
            #expect(try await rest.ask("GET", path).status == 422)
            let made = try await rest.ask("POST", path, #"{"generation_id":"g","name":"Mine"}"#)
            #expect(made.status == 200 && made.value["provider"] == .string("CUSTOM_VOICE"))
            #expect(try await rest.get(path + "?provider=CUSTOM_VOICE")["voices_page"]?.list?.count == 1)
            #expect(try await rest.ask("DELETE", path + "?name=Mine").status == 200)
            #expect(try await rest.ask("DELETE", path + "?name=Mine").status == 404)
        }
    }

    @Test("a chat's history tells what happened, in order, with its scores, and pages hold each event once")
    func history() async throws {
        try await withEmulator { emulator in
            let rest = try Asking(emulator)
            let client = try await Client(emulator, sixteenKilohertz + "&session_settings%5Bsystem_prompt%5D=Be+kind.")
            let metadata = try await client.begin()
            try await client.hear(Sound.silence(100) + Sound.voice(900) + Sound.silence(1_000))
            try await client.end()
            #expect(try await rest.get("/v0/evi/chats?status=ACTIVE")["chats_page"]?.list?.count == 1)
            await client.socket.close()
            let events = try await settled(rest, metadata.chatID)
            #expect(
                events.map(\.type) == [
                    "CHAT_START_MESSAGE", "SYSTEM_PROMPT", "SESSION_SETTINGS", "USER_RECORDING_START_MESSAGE",
                    "USER_MESSAGE",
                    "AGENT_MESSAGE", "ASSISTANT_PROSODY", "AGENT_MESSAGE", "ASSISTANT_PROSODY", "CHAT_END_MESSAGE",
                ])
            #expect(events[4].scores?.members.count == 48 && events[4].role == "USER")
            #expect(events[6].relatedID == events[5].id && events[6].scores?.members.count == 48)
            var walk = PageWalk(list: "events_page")
            var ids: [String] = []
            while let page = walk.nextPage {
                let value = try await rest.get("/v0/evi/chats/\(metadata.chatID)?page_size=4&page_number=\(page)")
                ids += try walk.take(Array(value.json().utf8)).compactMap { $0["id"]?.string }
            }
            #expect(ids == events.map(\.id))
            let group = try await rest.get("/v0/evi/chat_groups/\(metadata.chatGroupID)")
            #expect(group["num_chats"] == .integer(1) && group["chats_page"]?.list?.count == 1)
            #expect(try await rest.get("/v0/evi/chat_groups")["chat_groups_page"]?.list?.count == 1)
            let all = try await rest.get(
                "/v0/evi/chat_groups/\(metadata.chatGroupID)/events?page_size=100&ascending_order=false")
            #expect(all["events_page"]?.list?.compactMap { $0["id"]?.string } == events.map(\.id).reversed())
            #expect(try await rest.ask("GET", "/v0/evi/chats?page_size=101").status == 422)
            #expect(try await rest.ask("GET", "/v0/evi/chats/nobody").status == 404)
            #expect(try await rest.ask("GET", "/v0/evi/nothing").status == 404)
        }
    }

    /// The events of a chat that is over.
    private func settled(_ rest: Asking, _ id: String) async throws -> [ChatEvent] {
        while true {
            let value = try await rest.get("/v0/evi/chats/\(id)?page_size=100")
            if value["status"] != .string("ACTIVE") {
                return try (value["events_page"]?.list ?? []).map(ChatEvent.init)
            }
            await Task.yield()
        }
    }

    @Test("the reconstructed audio holds the user on the left and EVI on the right, and needs no key")
    func audio() async throws {
        try await withEmulator { emulator in
            let rest = try Asking(emulator)
            let client = try await Client(emulator, sixteenKilohertz)
            let metadata = try await client.begin()
            let voice = Sound.voice(900)
            try await client.hear(voice + Sound.silence(1_000))
            try await client.end()
            let path = "/v0/evi/chats/\(metadata.chatID)/audio"
            #expect(try AudioReconstruction(reading: try await rest.get(path)).progress == .working)
            await client.socket.close()
            _ = try await settled(rest, metadata.chatID)
            guard case .ready(let address) = try AudioReconstruction(reading: try await rest.get(path)).progress else {
                Issue.record("not ready")
                return
            }
            let file = try await rest.net.send(.init("GET", address.reveal()))
            #expect(file.status == 200)
            let bytes = file.body
            #expect(bytes[22] == 2)
            let samples = stride(from: 44, to: bytes.count - 1, by: 2).map {
                Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
            }
            let left = stride(from: 0, to: samples.count, by: 2).map { samples[$0] }
            let right = stride(from: 1, to: samples.count, by: 2).map { samples[$0] }
            #expect(Array(left.prefix(voice.count)) == voice)
            // EVI is silent until the turn is known to be over, then it is heard.
            let first = try #require(right.firstIndex { abs(Int($0)) > 500 })
            #expect(first > 16 * 1_500 && right[first...].contains { abs(Int($0)) > 3_000 })
            #expect(try await rest.net.send(.init("GET", address.reveal() + "x")).status == 404)
            let group = try await rest.get("/v0/evi/chat_groups/\(metadata.chatGroupID)/audio")
            #expect(group["audio_reconstructions_page"]?.list?.count == 1)
        }
    }
}
