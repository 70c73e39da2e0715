import SyrinxCore
import SyrinxEVI
import SyrinxNet
import Testing

@Suite("EVI over a real socket, endings and losses", .timeLimit(.minutes(5)))
struct LossTests {
    @Test("rule 25: hang_up and 1000 are an orderly end, without another attempt", arguments: Wire.allCases)
    func hangUp(wire: Wire) async throws {
        let peer = try await Peer.start(wire) { chat in
            await chat.greet()
            await chat.say(
                .toolCall(
                    ToolCall(
                        "hang_up", id: "h", parameters: "{}", responseRequired: false, type: ToolCall.builtin)))
            await chat.socket.close(code: 1000)
        }
        let rig = try Rig(peer)
        #expect(await rig.ended == .hungUp)
        #expect(peer.handshakes.count == 1)
        await peer.stop()
    }

    @Test(
        "rule 26: E0714, E0715 and I0116 with 1000 end with the reason named",
        arguments: [("E0714", "idle"), ("E0715", "max_duration"), ("I0116", "transcription_failed")])
    func named(code: String, name: String) async throws {
        let peer = try await Peer.start { chat in
            await chat.greet()
            await chat.error("E0712")
            await chat.error(code)
            await chat.socket.close(code: 1000)
        }
        let rig = try Rig(peer) { $0.rollsOver = false }
        #expect(await rig.ended.name == name)
        #expect(rig.ears.names.filter { $0 == "error" }.count == 2)
        #expect(peer.handshakes.count == 1)
        await peer.stop()
    }

    @Test(
        "rule 27: a lost chat is resumed with its group, settings and tools; what was said meanwhile is dropped",
        arguments: Wire.allCases, [UInt16(0), 1011, 1012, 1013, 1014])
    func lost(wire: Wire, code: UInt16) async throws {
        let (lose, greet) = (Gate(), Gate())
        let peer = try await Peer.start(wire) { chat in
            if chat.number == 2 { await greet.pass() }
            await chat.greet()
            guard chat.number == 1 else { return await chat.listen() }
            await lose.pass()
            if code == 0 { chat.socket.abort() } else { await chat.socket.close(code: code) }
        }
        let rig = try Rig(peer) {
            $0.tools = [ToolSpec(.init("lamp", parameters: "{}"))]
            $0.settings.systemPrompt = "Be brief."
        }
        try #require(await rig.ears.hear("connected"))
        #expect(rig.runner.status.isLive)
        lose.open()
        try #require(await peer.chats.wait(for: 2))
        #expect(!rig.runner.status.isLive)
        await rig.feed(.microphone([Int16](repeating: 77, count: 8_000)))
        greet.open()
        try #require(await rig.ears.hear("reconnected"))
        await rig.feed(.microphone([Int16](repeating: 55, count: 1_600)))
        let chat = peer.chats.all[1]
        try #require(await chat.hears(55))
        #expect(!chat.heard(77))
        #expect(chat.query["resumed_chat_group_id"] == "group-1")
        #expect(chat.query["session_settings[system_prompt]"] == "Be brief.")
        guard case .sessionSettings(let settings)? = chat.messages.first else {
            Issue.record("found \(chat.messages), expected the tools again")
            return
        }
        #expect(settings.tools?.map(\.name) == ["lamp"])
        #expect(rig.runner.status.figures.losses == 1)
        await rig.end()
        await peer.stop()
    }

    @Test("rule 27: it gives up after the limit, and says what the last attempt met")
    func givesUp() async throws {
        let peer = try await Peer.start { chat in
            await chat.greet()
            chat.socket.abort()
        }
        let rig = try Rig(peer) { $0.maxAttempts = 3 }
        let reason = await rig.ended
        guard case .gaveUp(attempts: 3, _) = reason else {
            Issue.record("found \(reason)")
            return
        }
        #expect(peer.handshakes.count == 3)
        await peer.stop()
        let gone = try Rig(peer) { $0.maxAttempts = 2 }
        let other = await gone.ended
        guard case .gaveUp(attempts: 2, let last) = other else {
            Issue.record("found \(other)")
            return
        }
        #expect(last.contains("nobody accepts a connection"))
    }

    @Test("rule 28: a group that cannot be resumed is left out once", arguments: ["E0708", "E0710", "E0720"])
    func withoutGroup(code: String) async throws {
        let peer = try await Peer.start { chat in
            if chat.number > 1 { return await chat.greetAndListen() }
            await chat.error(code)
            await chat.socket.close(code: 1000)
        }
        let rig = try Rig(peer) { $0.resumedChatGroupID = "old-group" }
        try #require(await rig.ears.hear("connected"))
        #expect(peer.chats.all.map { $0.query["resumed_chat_group_id"] } == ["old-group", nil])
        await rig.end()
        await peer.stop()
    }

    @Test("a roll-over goes on in the same group, and says goodbye to the old chat", arguments: Wire.allCases)
    func rollOver(wire: Wire) async throws {
        let peer = try await Peer.start(wire)
        let rig = try Rig(peer) { $0.chatLimit = .seconds(2) }
        try #require(await rig.ears.hear("rolled_over"))
        #expect(peer.chats.all[1].query["resumed_chat_group_id"] == "group-1")
        try #require(await peer.chats.all[0].closures.wait(for: 1))
        #expect(peer.chats.all[0].closures.all[0].code == 1000)
        await rig.end()
        await peer.stop()
    }

    @Test("what the server still says while we roll over is heard")
    func lastWords() async throws {
        let peer = try await Peer.start { chat in
            await chat.greet()
            guard chat.number == 1 else { return await chat.listen() }
            // A client's close ends the messages at once; the answer to it goes out by itself. So speech is sent all along.
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await chat.listen() }
                group.addTask {
                    var index = 0
                    while chat.closures.count == 0 {
                        await chat.say(speech("A", index, frames: 240))
                        index += 1
                        try? await Task.sleep(for: .milliseconds(5))
                    }
                }
            }
        }
        let rig = try Rig(peer) { $0.chatLimit = .seconds(6) }
        try #require(await rig.ears.hear("rolled_over"))
        let heard = await rig.play()
        // Without a gap from first to last.
        let isWhole = heard == (0..<heard.count).map { Int16(truncatingIfNeeded: $0 + 1) }
        #expect(isWhole)
        #expect(heard.count > 240)
        #expect(rig.ears.warnings == [])
        await rig.end()
        await peer.stop()
    }
}
