import NetTestKit
import SyrinxCore
import SyrinxEVI
import SyrinxNet
import Testing

@testable import SyrinxEmulator

@Suite("emulator", .serialized, .timeLimit(.minutes(3)))
struct EmulatorTests {
    private func refusal(_ body: () async throws -> Void) async -> Int? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? NetError)?.refusal?.status
        }
    }

    @Test("key by header, key by query and a fetched token open a chat; anything else gets 401")
    func credentials() async throws {
        try await withEmulator { emulator in
            let net = try Client.net.get()
            _ = try await Client(emulator).begin()
            _ = try await Client(emulator, "api_key=\(testKey)", key: "").begin()
            let pair = Base64.encode(Array("\(testKey):\(testSecret)".utf8))
            let form: HTTPHeaderFields = [
                "Authorization": "Basic \(pair)", "Content-Type": "application/x-www-form-urlencoded",
            ]
            let body = Array("grant_type=client_credentials".utf8)
            let answer = try await net.send(
                .init("POST", "\(emulator.address)/oauth2-cc/token", headers: form, body: body))
            let token = try #require(try WireJSON.read(answer.body).value["access_token"]?.string)
            _ = try await Client(emulator, "access_token=\(token)", key: "").begin()
            #expect(await refusal { _ = try await Client(emulator, key: "wrong") } == 401)
            #expect(await refusal { _ = try await Client(emulator, key: "") } == 401)
            #expect(await refusal { _ = try await Client(emulator, "access_token=\(token)x", key: "") } == 401)
            #expect(await refusal { _ = try await Client(emulator, "api_key=\(testSecret)", key: "") } == 401)
            let wrong: HTTPHeaderFields = ["Authorization": "Basic \(Base64.encode(Array("\(testKey):no".utf8)))"]
            #expect(
                try await net.send(.init("POST", "\(emulator.address)/oauth2-cc/token", headers: wrong, body: body))
                    .status
                    == 401)
            #expect(try await net.send(.init("GET", "\(emulator.address)/v0/evi/configs")).status == 401)
        }
    }

    @Test("binary frames and Base64 carry the same words: the turn is found in the sound", arguments: [false, true])
    func turn(asText: Bool) async throws {
        try await withEmulator { emulator in
            let client = try await Client(emulator, sixteenKilohertz)
            _ = try await client.begin()
            try await client.hear(Sound.silence(300) + Sound.voice(1_500) + Sound.silence(1_000), asText: asText)
            let user = try await client.userMessage()
            #expect(user.message.content == "[1.4 s of speech]" || user.message.content == "[1.5 s of speech]")
            #expect(user.models.prosody?.members.count == 48)
            let reply = try await client.assistantMessage()
            #expect(reply.message.content?.hasPrefix("I heard 1.") == true)
            try await client.end()
            #expect(client.broken == 0)
            let closure = await client.socket.close()
            #expect(closure.code == 1000 && closure.isClean)
        }
    }

    @Test("over TLS it is the same")
    func tls() async throws {
        let identity = try Certificates.shared.get().identity("self")
        try await withEmulator(change: { $0.tls = (identity.certificateFile, identity.keyFile) }) { emulator in
            #expect(emulator.baseURL.hasPrefix("wss://127.0.0.1:"))
            let net = try NetClient(tls: TLSSettings(authoritiesFile: identity.certificateFile))
            let client = try await Client(emulator, net: net)
            _ = try await client.begin()
            try await client.send(.userInput("Hello"))
            #expect(try await client.assistantMessage().message.content == "You wrote: Hello")
            try await client.end()
            await client.socket.close()
        }
    }

    @Test("talking over EVI brings user_interruption, and what was left is not sent")
    func interruption() async throws {
        try await withEmulator { emulator in
            let client = try await Client(emulator, sixteenKilohertz)
            _ = try await client.begin()
            // A minute and more: whatever the machine is busy with, EVI is still heard.
            let words = String(repeating: "This goes on, and on, and never seems to end at all. ", count: 20)
            try await client.send(.assistantInput(words))
            try await client.until { if case .audioOutput = $0 { () } else { nil } }
            try await client.hear(Sound.voice(1_200))
            let time = try await client.until { if case .userInterruption(let it) = $0 { it.time } else { nil } }
            #expect((time.double ?? 0) > 1e12)
            try await client.hear(Sound.silence(1_000))
            _ = try await client.userMessage()
            let place = try #require(client.messages.firstIndex { $0.type == "user_interruption" })
            #expect(!client.messages[place...].contains { $0.type == "audio_output" || $0.type == "assistant_end" })
            await client.socket.close()
        }
    }

    @Test("a group goes on in another chat and remembers; an unknown one is E0708 and a close")
    func resume() async throws {
        let text = #"{"syrinx_scenario":1,"chats":[{},{"on_open":[{"say":"{{remembered}} lines."}]}]}"#
        try await withEmulator(text) { emulator in
            let first = try await Client(emulator)
            let metadata = try await first.begin()
            try await first.send(.userInput("One."))
            try await first.end()
            first.socket.abort()
            let second = try await Client(emulator, "resumed_chat_group_id=\(metadata.chatGroupID)")
            let again = try await second.begin()
            #expect(again.chatGroupID == metadata.chatGroupID && again.chatID != metadata.chatID)
            #expect(try await second.assistantMessage().message.content == "2 lines.")
            await second.socket.close()
            let third = try await Client(emulator, "resumed_chat_group_id=00000000-0000-4000-8000-000000000000")
            let closure = await third.drain()
            #expect(third.messages.map(\.type) == ["error"] && closure?.code == 1000)
            guard case .error(let error)? = third.messages.first else { return }
            #expect(error.code == "E0708" && error.slug == "chat_group_not_found")
        }
    }

    @Test("the control plane writes to a chat, and listens where that was allowed")
    func controlPlane() async throws {
        try await withEmulator { emulator in
            let net = try Client.net.get()
            let client = try await Client(emulator, "allow_connection=true")
            let chat = try await client.begin().chatID
            try await client.send(.userInput("First"))
            try await client.end()
            let observer = try await Client(emulator, path: "/v0/evi/chat/\(chat)/connect")
            try await observer.end()
            #expect(observer.messages.map(\.type).first == "chat_metadata")
            #expect(!observer.messages.contains { $0.type == "audio_output" })
            func send(_ body: String, to chat: String) async throws -> Int {
                try await net.send(
                    .init(
                        "POST", "\(emulator.address)/v0/evi/chat/\(chat)/send", headers: ["X-Hume-Api-Key": testKey],
                        body: Array(body.utf8))
                ).status
            }
            #expect(try await send(#"{"type":"user_input","text":"Second"}"#, to: chat) == 200)
            #expect(try await client.userMessage().message.content == "Second")
            try await observer.send(.userInput("Third"))
            #expect(try await observer.userMessage().message.content == "Second")
            #expect(try await observer.userMessage().message.content == "Third")
            #expect(try await send(#"{"type":"audio_input","data":""}"#, to: chat) == 422)
            #expect(try await send(#"{"type":"news"}"#, to: chat) == 422)
            #expect(try await send(#"{"type":"user_input","text":"x"}"#, to: "nobody") == 404)
            let closed = try await Client(emulator)
            let other = try await closed.begin().chatID
            #expect(await refusal { _ = try await Client(emulator, path: "/v0/evi/chat/\(other)/connect") } == 403)
            await client.socket.close()
            #expect(await observer.drain()?.code == 1000)
        }
    }

    @Test("a scenario's refusals, errors, closes and cuts reach one connection after the other")
    func faults() async throws {
        let text = """
            {"syrinx_scenario": 1, "chats": [
              {"refuse": {"status": 429, "retry_after_s": 7}},
              {"on_open": [{"error": "E0300", "message": "No credit."}, {"close": 1000}]},
              {"on_open": [{"wait_ms": 50}, {"cut": true}]},
              {"at": [{"s": 0.05, "steps": [{"close": 1012, "reason": "restart"}]}]},
              {"metadata": false, "at": [{"s": 0.05, "steps": [{"close": 1011}]}]}
            ]}
            """
        try await withEmulator(text) { emulator in
            do {
                _ = try await Client(emulator)
                Issue.record("not refused")
            } catch let error as NetError {
                #expect(error.refusal?.status == 429 && error.refusal?.retryAfterSeconds == 7)
            }
            let poor = try await Client(emulator)
            #expect(await poor.drain()?.code == 1000)
            #expect(poor.messages.map(\.type) == ["chat_metadata", "error"])
            let cut = try await Client(emulator)
            #expect(await cut.drain()?.code == 1006)
            let restart = try await Client(emulator)
            let closure = await restart.drain()
            #expect(closure?.code == 1012 && closure?.reason == "restart" && closure?.byPeer == true)
            let silent = try await Client(emulator)
            #expect(await silent.drain()?.code == 1011 && silent.messages.isEmpty)
            // Beyond the list all is well.
            _ = try await Client(emulator).begin()
        }
    }

    @Test("broken, binary and huge messages come as the scenario wants them, between whole ones")
    func oddMessages() async throws {
        let text = """
            {"syrinx_scenario": 1, "network": {"malformed_percent": 50, "delay_ms": 5, "jitter_ms": 10}, "chats": [{"on_open": [
              {"send_text": "{\\"type\\":"}, {"send_binary": 5}, {"send": {"type": "news", "n": 1}},
              {"huge_bytes": 16777216}, {"say": "All of it came."}]}]}
            """
        try await withEmulator(text) { emulator in
            let client = try await Client(emulator)
            try await client.end()
            #expect(client.broken > 2)
            #expect(client.texts.contains { $0.utf8.count == 16 << 20 })
            let types = client.messages.map(\.type)
            #expect(
                types.filter { $0 != "audio_output" }
                    == [
                        "chat_metadata", "assistant_message", "news", "padding", "assistant_prosody", "assistant_end",
                    ].sorted { a, b in types.firstIndex(of: a)! < types.firstIndex(of: b)! })
            let pieces = client.messages.compactMap { if case .audioOutput(let it) = $0 { it.index } else { nil } }
            #expect(pieces == Array(0..<pieces.count) && !pieces.isEmpty)
            await client.socket.close()
        }
    }

    @Test("a message of 16 MiB is taken, a larger one closes with 1009")
    func limit() async throws {
        try await withEmulator { emulator in
            let client = try await Client(emulator)
            _ = try await client.begin()
            let (head, tail) = (#"{"type":"tool_response","tool_call_id":"none","content":""#, "\"}")
            let text = String(repeating: "x", count: (16 << 20) - head.utf8.count - tail.utf8.count)
            try await client.socket.send(text: head + text + tail)
            try await client.until { if case .toolError(let it) = $0, it.id == "none" { () } else { nil } }
            try? await client.socket.send(text: head + text + "x" + tail)
            #expect(await client.drain()?.code == 1009)
        }
    }

    @Test("a stall neither sends nor loses anything")
    func stall() async throws {
        let text = #"{"syrinx_scenario":1,"chats":[{"on_open":[{"stall_ms":300},{"say":"Here again."}]}]}"#
        try await withEmulator(text) { emulator in
            let start = ContinuousClock.now
            let client = try await Client(emulator)
            _ = try await client.begin()
            try await client.send(.userInput("Hello?"))
            #expect(try await client.assistantMessage().message.content == "Here again.")
            #expect(start.duration(to: .now) >= .milliseconds(300))
            #expect(try await client.userMessage().message.content == "Hello?")
            await client.socket.close()
        }
    }

    @Test("it listens on loopback only, says which port is taken, and gives the port back")
    func address() async throws {
        let first = Emulator(EmulatorOptions())
        try await first.start()
        var options = EmulatorOptions()
        options.port = first.port
        let second = Emulator(options)
        let error = await failure { () async throws(PipelineError) in try await second.start() }
        #expect(error?.code == .unavailable && error?.description.contains(":\(first.port)") == true)
        await first.stop()
        try await second.start()
        await second.stop()
        options.host = "0.0.0.0"
        let open = Emulator(options)
        #expect(await failure { () async throws(PipelineError) in try await open.start() }?.code == .invalidParameter)
    }

    private func failure(_ body: () async throws(PipelineError) -> Void) async -> PipelineError? {
        do throws(PipelineError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }
}
