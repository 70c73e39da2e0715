import NetTestKit
import SyrinxCore
import SyrinxEVI
import SyrinxNet
import Testing

@Suite("EVI over a real socket, from handshake to chat", .timeLimit(.minutes(5)))
struct HandshakeTests {
    @Test("rule 1: the server reads from the handshake exactly what was asked for", arguments: Wire.allCases)
    func query(wire: Wire) async throws {
        let peer = try await Peer.start(wire)
        let rig = try Rig(peer) {
            $0.configID = "11112222-3333"
            $0.configVersion = 4
            $0.resumedChatGroupID = "aaaa-bbbb"
            $0.verboseTranscription = true
            $0.allowConnection = true
            $0.settings.systemPrompt = "Grüße & {{x}} = 1?"
            $0.settings.variables = [.init("x y", .string("ü&=")), .init("n", .integer(30))]
            $0.settings.context = .set(.init("a b", type: "persistent"))
            $0.settings.eventLimit = 40
        }
        try #require(await rig.ears.hear("connected"))
        let request = try #require(peer.handshakes.first)
        #expect(request.path == "/v0/evi/chat")
        #expect(request.headers["X-Hume-Api-Key"] == apiKey)
        let query = Dictionary(uniqueKeysWithValues: request.query.map { ($0.name, $0.value) })
        #expect(
            query == [
                "config_id": "11112222-3333", "config_version": "4", "resumed_chat_group_id": "aaaa-bbbb",
                "verbose_transcription": "true", "allow_connection": "true", "event_limit": "40",
                "session_settings[audio][encoding]": "linear16", "session_settings[audio][sample_rate]": "16000",
                "session_settings[audio][channels]": "1", "session_settings[context][text]": "a b",
                "session_settings[context][type]": "persistent",
                "session_settings[system_prompt]": "Grüße & {{x}} = 1?",
                "session_settings[variables][x y]": "ü&=", "session_settings[variables][n]": "30",
            ])
        #expect(await rig.end() == .stopped)
        await peer.stop()
    }

    @Test("rule 2: key, secret and token are in no event and no error, whatever a server says back")
    func secrets() async throws {
        let everything = "\(apiKey) \(secretKey) \(accessToken)"
        for status in [0, 400, 503] {
            let peer = try await Peer.answering { request in
                if request.path == "/oauth2-cc/token" {
                    return .response(HTTPResponse(200, body: Array(#"{"access_token":"\#(accessToken)"}"#.utf8)))
                }
                return status == 0 ? nil : .response(HTTPResponse(status, body: Array(everything.utf8)))
            } script: { chat in
                await chat.greet()
                await chat.say(.error(ServerError(code: "E0999", slug: accessToken, message: everything)))
                await chat.socket.close(code: 1011, reason: everything)
            }
            let rig = try Rig(peer) {
                $0.credentials = .keyAndSecret(Secret(apiKey), Secret(secretKey))
                $0.maxAttempts = 2
            }
            let reason = await rig.ended
            let shown = "\(rig.ears.events) \(reason) \(reason.error?.description ?? "") \(rig.runner.status)"
            for secret in [apiKey, secretKey, accessToken] { #expect(!shown.contains(secret)) }
            #expect(reason.error != nil)
            await peer.stop()
        }
    }

    @Test("rule 3: HTTP 401 is one clear error, and there is no other attempt", arguments: Wire.allCases)
    func refused(wire: Wire) async throws {
        let peer = try await Peer.answering(wire) { _ in .response(HTTPResponse(401, body: Array("no \(apiKey)".utf8)))
        }
        let rig = try Rig(peer)
        let reason = await rig.ended
        #expect(reason == .refused(status: 401))
        #expect(reason.error?.code == .refused)
        #expect(reason.error?.description.contains(apiKey) == false)
        #expect(peer.handshakes.count == 1)
        #expect(rig.ears.names == ["closed"])
        await peer.stop()
    }

    @Test("a server that is busy is asked again, as late as it says")
    func busy() async throws {
        let peer = try await Peer.answering { request in
            .response(HTTPResponse(503, headers: ["Retry-After": "1"]))
        }
        let rig = try Rig(peer) { $0.maxAttempts = 2 }
        let reason = await rig.ended
        guard case .gaveUp(attempts: 2, last: let last) = reason else {
            Issue.record("found \(reason)")
            return
        }
        #expect(last.contains("503"))
        let delays = rig.ears.events.compactMap { if case .reconnecting(_, _, let delay) = $0 { delay } else { nil } }
        #expect(delays == [.seconds(1)])
        #expect(peer.handshakes.count == 2)
        await peer.stop()
    }

    @Test("rule 4: 101, then E0300, then a close is reported as no credit", arguments: Wire.allCases)
    func noCredit(wire: Wire) async throws {
        let peer = try await Peer.start(wire) { chat in
            await chat.error("E0300")
            await chat.socket.close(code: 1008, reason: "credit")
        }
        let rig = try Rig(peer)
        let reason = await rig.ended
        guard case .noCredit = reason else {
            Issue.record("found \(reason)")
            return
        }
        #expect(peer.handshakes.count == 1)
        await peer.stop()
    }

    @Test("rule 5: without chat_metadata it closes and tries again", arguments: Wire.allCases)
    func silent(wire: Wire) async throws {
        let peer = try await Peer.start(wire) { await $0.listen() }
        let rig = try Rig(peer) {
            $0.metadataLimit = .milliseconds(100)
            $0.maxAttempts = 3
        }
        let reason = await rig.ended
        guard case .gaveUp(attempts: 3, _) = reason else {
            Issue.record("found \(reason)")
            return
        }
        #expect(peer.handshakes.count == 3)
        try #require(await peer.chats.all[0].closures.wait(for: 1))
        #expect(peer.chats.all[0].closures.all[0].code == 1000)
        await peer.stop()
    }

    @Test("rule 6: no audio goes before chat_metadata, nor before the settings", arguments: Wire.allCases)
    func settingsFirst(wire: Wire) async throws {
        let gate = Gate()
        let peer = try await Peer.start(wire) { chat in
            await gate.pass()
            await chat.greetAndListen()
        }
        let rig = try Rig(peer) {
            $0.tools = [ToolSpec(.init("lamp", parameters: "{}"))]
            $0.settingsByMessage = true
        }
        try #require(await peer.chats.wait(for: 1))
        let chat = peer.chats.all[0]
        await rig.speak(16_000)
        gate.open()
        try #require(await rig.ears.hear("connected"))
        await rig.speak(1_600, from: 500)
        try #require(await chat.pieces.wait(for: 5))
        guard case .message(.sessionSettings(let settings)) = chat.heard.all[0] else {
            Issue.record("found \(chat.heard.all[0]), expected session_settings")
            return
        }
        #expect(settings.audio?.sampleRate == 16_000 && settings.tools?.map(\.name) == ["lamp"])
        await rig.end()
        await peer.stop()
    }

    @Test("rule 7: what was captured while connecting is not sent", arguments: Wire.allCases)
    func fresh(wire: Wire) async throws {
        let gate = Gate()
        let peer = try await Peer.start(wire) { chat in
            await gate.pass()
            await chat.greetAndListen()
        }
        let rig = try Rig(peer)
        try #require(await peer.chats.wait(for: 1))
        await rig.feed(.microphone([Int16](repeating: 77, count: 8_000)))
        gate.open()
        try #require(await rig.ears.hear("connected"))
        await rig.feed(.microphone([Int16](repeating: 55, count: 1_600)))
        let chat = peer.chats.all[0]
        try #require(await chat.hears(55))
        #expect(!chat.heard(77))
        #expect(rig.runner.status.microphoneFigures.outageSamples == 8_000)
        await rig.end()
        await peer.stop()
    }

    @Test("rule 29: a token is fetched anew for each attempt; a failing token endpoint counts as one")
    func tokens() async throws {
        let fetches = Log<String>()
        let peer = try await Peer.answering { request in
            guard request.path == "/oauth2-cc/token" else { return nil }
            fetches.append(request.headers["Authorization"] ?? "")
            // The second one fails.
            if fetches.count == 2 { return .response(HTTPResponse(503)) }
            let body = #"{"access_token":"\#(accessToken)\#(fetches.count)","expires_in":1800}"#
            return .response(HTTPResponse(200, body: Array(body.utf8)))
        } script: { chat in
            await chat.greet()
            if chat.number < 3 {
                _ = await chat.next()
                return chat.socket.abort()
            }
            await chat.listen()
        }
        let rig = try Rig(peer) { $0.credentials = .keyAndSecret(Secret(apiKey), Secret(secretKey)) }
        try #require(await rig.ears.hear("reconnected", times: 2))
        #expect(fetches.all.allSatisfy { $0 == "Basic " + Base64.encode(Array("\(apiKey):\(secretKey)".utf8)) })
        #expect(fetches.count == 4)
        #expect(
            peer.chats.all.map { $0.query["access_token"] } == [1, 3, 4].map { "\(accessToken)\($0)" })
        #expect(peer.handshakes.allSatisfy { $0.headers["X-Hume-Api-Key"] == nil })
        #expect(rig.runner.status.figures.attempts == 4)
        await rig.end()
        await peer.stop()
    }

    @Test("rule 29: key and secret that the token endpoint refuses end the session")
    func tokenRefused() async throws {
        let peer = try await Peer.answering { _ in .response(HTTPResponse(401)) }
        let rig = try Rig(peer) { $0.credentials = .keyAndSecret(Secret(apiKey), Secret(secretKey)) }
        #expect(await rig.ended == .tokenRefused(status: 401))
        #expect(peer.requests.count == 1)
        await peer.stop()
    }

    @Test("a server whose certificate is not trusted ends the session without another attempt, and reads no key")
    func untrusted() async throws {
        let peer = try await Peer.start(.tls)
        let rig = try Rig(peer, transport: try NetTransport())
        let reason = await rig.ended
        guard case .untrusted = reason else {
            Issue.record("found \(reason)")
            return
        }
        #expect(peer.requests.count == 0)
        await peer.stop()
    }

    @Test("a key that no header can hold ends the session with the reason, not with attempts for ever")
    func badKey() async throws {
        let peer = try await Peer.start()
        let rig = try Rig(peer) {
            $0.credentials = .key(Secret("key\n"))
            $0.maxAttempts = nil
        }
        let reason = await rig.ended
        guard case .gaveUp(attempts: 1, let words) = reason else {
            Issue.record("found \(reason)")
            return
        }
        #expect(words.contains("X-Hume-Api-Key") && words.contains("line break"))
        await peer.stop()
    }

    @Test("files of trust that cannot be read are a fault that names them")
    func trustFiles() {
        for settings in [
            NetTransport.Settings(authoritiesFile: "/nowhere/at.pem"),
            NetTransport.Settings(revocationListsFile: "/nowhere/at.pem"),
        ] {
            let error = #expect(throws: PipelineError.self) { try NetTransport(settings) }
            #expect(error?.description.contains("/nowhere/at.pem") == true)
        }
    }

    @Test("one transport serves all who trust alike, and goes with the last of them")
    func shared() throws {
        let settings = NetTransport.Settings(authoritiesFile: try Certificates.shared.get().authority)
        weak var first: NetTransport?
        do {
            let one = try NetTransport.shared(settings)
            first = one
            #expect(try NetTransport.shared(settings) === one)
            #expect(try NetTransport.shared() !== one)
        }
        #expect(first == nil)
    }

    @Test("fifty sessions talk at once over one transport, each with its own chat", arguments: Wire.allCases)
    func many(wire: Wire) async throws {
        let peer = try await Peer.start(wire) { chat in
            await chat.greet()
            await chat.say(.userMessage(UserMessage(chat.query["config_id"], time: 0...1)))
            await chat.listen()
        }
        let transport = try peer.transport
        let rigs = try (0..<50).map { number in
            try Rig(peer, transport: transport) { $0.configID = "config-\(number)" }
        }
        for (number, rig) in rigs.enumerated() {
            try #require(await rig.ears.hear("user_message"))
            guard case .userMessage(let message)? = rig.ears.events.first(where: { $0.name == "user_message" }) else {
                continue
            }
            #expect(message.message.content == "config-\(number)")
        }
        for chat in peer.chats.all { try #require(await chat.pieces.wait(for: 5)) }
        for rig in rigs { rig.task.cancel() }
        for rig in rigs { #expect(await rig.ended == .stopped) }
        await peer.stop()
    }
}
