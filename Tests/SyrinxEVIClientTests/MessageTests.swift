import SyrinxCore
import SyrinxEVI
import SyrinxNet
import Testing

@Suite("EVI over a real socket, messages", .serialized, .timeLimit(.minutes(5)))
struct SocketMessageTests {
    @Test(
        "rules 12 and 13: what is unknown, broken, tiny or binary is passed over, and the session lives",
        arguments: Wire.allCases)
    func nonsense(wire: Wire) async throws {
        let peer = try await Peer.start(wire) { chat in
            await chat.greet()
            for text in [
                #"{"type":"news_of_2030","x":[1,null]}"#,
                #"{"type":"assistant_end","custom_session_id":null,"more":1}"#,
                "{", "x", "[]", "3", #"{"type":"audio_output","id":"A","index":0}"#,
                #"{"type":"audio_output","id":"A","index":0,"data":"!!!"}"#,
            ] { await chat.say(text: text) }
            try? await chat.socket.send(binary: [1, 2, 3])
            await chat.say(.userMessage(UserMessage("Still here?", time: 0...1)))
            await chat.listen()
        }
        let rig = try Rig(peer)
        try #require(await rig.ears.hear("user_message"))
        #expect(rig.runner.status.isLive)
        #expect(rig.runner.status.figures.unknownMessages == 1)
        #expect(rig.runner.status.figures.brokenMessages == 6)
        #expect(rig.ears.warnings.contains { $0.contains("binary frame of 3 bytes") })
        #expect(rig.ears.names.contains("assistant_end"))
        await rig.end()
        await peer.stop()
    }

    @Test("rule 14: a message of 16 MiB is received; one of 17 MiB closes with 1009", arguments: Wire.allCases)
    func sizes(wire: Wire) async throws {
        var options = NetServer.Options()
        options.webSocket.messageLimit = 32 << 20
        let large = Gate()
        let peer = try await Peer.start(wire, options: options) { chat in
            await chat.greet()
            let empty =
                #"{"type":"assistant_message","id":"A","from_text":false,"is_quick_response":false,"#
                + #""models":{},"message":{"role":"assistant","content":""}}"#
            let head = empty.dropLast(3)
            await chat.say(text: head + String(repeating: "x", count: (16 << 20) - empty.utf8.count) + #""}}"#)
            await large.pass()
            await chat.say(text: head + String(repeating: "x", count: 17 << 20) + #""}}"#)
            await chat.listen()
        }
        let rig = try Rig(peer)
        try #require(await rig.ears.hear("assistant_message"))
        guard case .assistantMessage(let message)? = rig.ears.events.first(where: { $0.name == "assistant_message" })
        else { return }
        #expect((message.message.content?.utf8.count ?? 0) > (16 << 20) - 200)
        large.open()
        let reason = await rig.ended
        guard case .protocolViolation(code: 1009, _) = reason else {
            Issue.record("found \(reason)")
            return
        }
        try #require(await peer.chats.all[0].closures.wait(for: 1))
        #expect(peer.chats.all[0].closures.all[0].code == 1009)
        await peer.stop()
    }

    @Test(
        "rule 33: fragments, pings between them and a close with a long reason are as RFC 6455",
        arguments: Wire.allCases)
    func fragments(wire: Wire) async throws {
        var options = NetServer.Options()
        options.webSocket.fragmentLimit = 50
        options.webSocket.pingInterval = .milliseconds(1)
        let peer = try await Peer.start(wire, options: options) { chat in
            await chat.greet()
            for index in 0..<20 { await chat.say(speech("A", index)) }
            await chat.say(.userMessage(UserMessage("Grüße", time: 0...1)))
            await chat.socket.close(code: 1003, reason: String(repeating: "ü", count: 100))
        }
        let rig = try Rig(peer)
        try #require(await rig.ears.hear("closed"))
        #expect(await rig.play().count == 48_000)
        let reason = await rig.ended
        guard case .protocolViolation(code: 1003, let words) = reason else {
            Issue.record("found \(reason)")
            return
        }
        #expect(words.hasPrefix("üüü"))
        #expect(rig.ears.names.contains("user_message"))
        #expect(rig.ears.warnings == [])
        await peer.stop()
    }

    @Test(
        "rules 19 and 20: an interruption drops what is queued; late pieces are not heard, the next segment plays whole",
        arguments: Wire.allCases)
    func interruption(wire: Wire) async throws {
        let talkOver = Gate()
        let peer = try await Peer.start(wire) { chat in
            await chat.greet()
            await chat.say(.assistantMessage(AssistantMessage("A.", id: "A")))
            for index in 0..<10 { await chat.say(speech("A", index)) }
            await talkOver.pass()
            await chat.say(.userInterruption(UserInterruption(time: nil)))
            await chat.say(speech("A", 10))
            await chat.say(.assistantMessage(AssistantMessage("B.", id: "B")))
            for index in 0..<2 { await chat.say(speech("B", index)) }
            await chat.say(.assistantEnd())
            await chat.listen()
        }
        let rig = try Rig(peer)
        try #require(await rig.ears.notes.wait { $0.contains(.speech) })
        #expect(await rig.play(1_000).count == 1_000)
        talkOver.open()
        try #require(await rig.ears.hear("assistant_end"))
        #expect(rig.ears.notes.all.contains(.drop))
        #expect(await rig.play() == (1...4_800).map { Int16($0) })
        #expect(rig.runner.status.playbackFigures.late == 1)
        // Rule 35.
        let lines = await rig.runner.transcript.lines
        #expect(lines.map(\.text) == ["A.", "B."] && lines.map(\.state) == [.interrupted, .heard])
        await rig.end()
        await peer.stop()
    }

    @Test("rule 23: pause and resume are one message each, and audio goes on")
    func pause() async throws {
        let peer = try await Peer.start()
        let rig = try Rig(peer)
        try #require(await rig.ears.hear("connected"))
        for command in [SessionCommand.pause, .pause, .say("typed"), .resume, .resume, .speak("spoken")] {
            await rig.command(command)
        }
        let chat = peer.chats.all[0]
        try #require(await chat.heard.wait { $0.contains(.message(.assistantInput("spoken"))) })
        let texts = chat.messages.filter { if case .audioInput = $0 { false } else { true } }
        #expect(texts == [.pauseAssistant(), .userInput("typed"), .resumeAssistant(), .assistantInput("spoken")])
        let before = chat.audio.count
        try #require(await chat.pieces.wait(for: before + 3))
        await rig.end()
        await peer.stop()
    }

    @Test("frames leave in the order in which the session gave them", arguments: Wire.allCases)
    func order(wire: Wire) async throws {
        let peer = try await Peer.start(wire)
        let rig = try Rig(peer)
        try #require(await rig.ears.hear("connected"))
        for number in 0..<2_000 { await rig.command(.say("line \(number)")) }
        let chat = peer.chats.all[0]
        try #require(await chat.heard.wait { $0.contains(.message(.userInput("line 1999"))) })
        let lines = chat.messages.compactMap { if case .userInput(let text, _) = $0 { text } else { nil } }
        #expect(lines == (0..<2_000).map { "line \($0)" })
        await rig.end()
        await peer.stop()
    }
}
