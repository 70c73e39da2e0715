import SyrinxCore
import SyrinxEVI
import SyrinxNet
import SyrinxRealtime
import Testing

@Suite("EVI over a real socket, audio both ways", .serialized, .timeLimit(.minutes(5)))
struct AudioTests {
    /// Waits for so many pieces that are not silence. Before them, a machine that is busy may have heard a gap.
    private func gather(_ pieces: Int, from chat: PeerChat) async -> [[UInt8]] {
        let found = Locked((seen: 0, count: 0))
        let isThere = await chat.pieces.wait { all in
            found.withLock { found in
                for piece in all[found.seen...] where piece.contains(where: { $0 != 0 }) { found.count += 1 }
                found.seen = all.count
                return found.count >= pieces
            }
        }
        #expect(isThere)
        return Array(chat.audio.filter { $0.contains { $0 != 0 } }.prefix(pieces))
    }

    @Test(
        "rule 8: 3 s of input are 150 pieces of 20 ms, no byte lost or doubled, not faster than a quarter above real time",
        arguments: [(Wire.plain, 8_000), (.tls, 16_000), (.plain, 44_100), (.tls, 48_000)])
    func rhythm(wire: Wire, rate: Int) async throws {
        let peer = try await Peer.start(wire)
        let rig = try Rig(peer) {
            $0.sendRate = rate
            $0.backlogBytes = 1 << 20
        }
        try #require(await rig.ears.hear("connected"))
        let start = ContinuousClock.now
        // In one go: a test that feeds in real time would hear of the machine's load, not of the session.
        await rig.speak(3 * rate)
        let pieces = await gather(150, from: peer.chats.all[0])
        #expect(ContinuousClock.now - start > .milliseconds(1_900))
        #expect(pieces.allSatisfy { $0.count == rate / 50 * 2 })
        let isWhole = samples(pieces.flatMap { $0 }) == (1...(3 * rate)).map { Int16(truncatingIfNeeded: $0) }
        #expect(isWhole)
        #expect(rig.runner.status.microphoneFigures.lateSamples == 0)
        await rig.end()
        await peer.stop()
    }

    @Test("rule 8: audio goes on when the source stops: a piece of zeros every 20 ms")
    func zeros() async throws {
        let peer = try await Peer.start()
        let rig = try Rig(peer)
        try #require(await rig.ears.hear("connected"))
        let start = ContinuousClock.now
        try #require(await peer.chats.all[0].pieces.wait(for: 50))
        let pieces = peer.chats.all[0].audio
        #expect(ContinuousClock.now - start > .milliseconds(450))
        #expect(pieces.allSatisfy { $0 == [UInt8](repeating: 0, count: 640) })
        await rig.end()
        await peer.stop()
    }

    @Test("rule 9: binary and Base64 carry the same bytes", arguments: Wire.allCases)
    func sameBytes(wire: Wire) async throws {
        var heard: [[[UInt8]]] = []
        for frames in [SessionOptions.Frames.binary, .text] {
            let peer = try await Peer.start(wire)
            let rig = try Rig(peer) { $0.sendFrames = frames }
            try #require(await rig.ears.hear("connected"))
            await rig.speak(6_400)
            let chat = peer.chats.all[0]
            heard.append(await gather(20, from: chat))
            let isBinary = chat.heard.all.allSatisfy { if case .audio = $0 { true } else { false } }
            #expect(isBinary == (frames == .binary))
            await rig.end()
            await peer.stop()
        }
        #expect(heard[0] == heard[1])
    }

    @Test("rule 10: muted, the rhythm stays and all is zero, and back", arguments: Wire.allCases)
    func mute(wire: Wire) async throws {
        let peer = try await Peer.start(wire)
        let rig = try Rig(peer)
        try #require(await rig.ears.hear("connected"))
        for isMuted in [false, true, false] {
            await rig.command(.mute(isMuted))
            await rig.feed(.microphone([Int16](repeating: 9, count: 1_600)))
        }
        #expect(await gather(10, from: peer.chats.all[0]).count == 10)
        let isNine = peer.chats.all[0].audio.map { $0 == (0..<640).map { $0 % 2 == 0 ? 9 : 0 } }
        let first = isNine.drop { !$0 }
        // Five pieces of speech, at least five of silence, five of speech, whole each.
        #expect(first.prefix { $0 }.count == 5)
        #expect(first.dropFirst(5).prefix { !$0 }.count >= 5)
        #expect(isNine.filter { $0 }.count == 10)
        #expect(peer.chats.all[0].audio.allSatisfy { $0.first == 0 || $0.first == 9 })
        #expect(rig.ears.names.suffix(2) == ["muted", "unmuted"])
        await rig.end()
        await peer.stop()
    }

    @Test(
        "rule 30: a server that does not read costs the oldest audio, not memory, and the delay recovers",
        arguments: Wire.allCases)
    func slowServer(wire: Wire) async throws {
        let gate = Gate()
        var options = NetServer.Options()
        options.webSocket.receiveWindow = 1
        let peer = try await Peer.start(wire, options: options) { chat in
            await chat.greet()
            await gate.pass()
            await chat.listen()
        }
        let backlog = 32 << 10
        let rig = try Rig(peer) {
            $0.sendRate = 48_000
            $0.backlogBytes = backlog
        }
        try #require(await rig.ears.hear("connected"))
        // A source in real time that stops when told, and notes the most that ever waited.
        let most = Locked(0)
        let source = Task {
            var fed = 0
            let start = ContinuousClock.now
            while !Task.isCancelled {
                let due = Int((ContinuousClock.now - start).inSeconds * 48_000)
                await rig.feed(.microphone([Int16](repeating: 5, count: max(0, due - fed))))
                fed = max(fed, due)
                let waiting = rig.runner.status.waitingMicrophone
                most.withLock { $0 = max($0, waiting) }
                try? await Task.sleep(for: .milliseconds(5))
            }
        }
        defer { source.cancel() }
        let deadline = ContinuousClock.now + .seconds(120)
        while rig.runner.status.microphoneFigures.lateSamples == 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(rig.runner.status.microphoneFigures.lateSamples > 0)
        #expect(rig.runner.status.isLive)
        gate.open()
        while rig.runner.status.waitingMicrophone > 3 * 960, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(rig.runner.status.waitingMicrophone <= 3 * 960)
        #expect(most.withLock { $0 } <= backlog / 2)
        #expect(!rig.ears.names.contains("reconnecting"))
        source.cancel()
        await rig.end()
        // What came is whole pieces of what was said, or of silence.
        #expect(peer.chats.all[0].audio.allSatisfy { $0.count == 1_920 })
        await peer.stop()
    }

    @Test(
        "rule 31: of 60 s of speech that nobody plays nothing is lost; reading goes on and pings are answered",
        arguments: Wire.allCases)
    func slowPlayer(wire: Wire) async throws {
        var options = NetServer.Options()
        options.webSocket.pingInterval = .milliseconds(50)
        let peer = try await Peer.start(wire, options: options) { chat in
            await chat.greet()
            await chat.say(.assistantMessage(AssistantMessage("A long story.", id: "A")))
            for index in 0..<600 { await chat.say(speech("A", index)) }
            await chat.say(.assistantEnd())
            await chat.listen()
        }
        let rig = try Rig(peer)
        try #require(await rig.ears.hear("assistant_end"))
        #expect(rig.runner.status.waitingSpeech == .seconds(60))
        #expect(!rig.ears.names.contains("playback_finished"))
        let chat = peer.chats.all[0]
        let deadline = ContinuousClock.now + .seconds(60)
        while chat.socket.roundTrip == nil, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(chat.socket.roundTrip != nil)
        let heard = await rig.play()
        let isWhole = heard == (0..<(600 * 2_400)).map { Int16(truncatingIfNeeded: $0 + 1) }
        #expect(isWhole)
        let figures = rig.runner.status.playbackFigures
        #expect(figures.pieces == 600 && figures.refused == 0 && figures.skipped == 0 && figures.late == 0)
        #expect(rig.runner.status.waitingSpeech == .zero)
        // Rule 22.
        #expect(rig.ears.names.suffix(3) == ["assistant_end", "playback_began", "playback_finished"])
        await rig.end()
        await peer.stop()
    }

    @Test("rule 32: half duplex sends zeros from the first sample played until the last, and a while longer")
    func halfDuplex() async throws {
        let answer = Gate()
        let peer = try await Peer.start { chat in
            await chat.greet()
            await answer.pass()
            for index in 0..<3 { await chat.say(speech("A", index)) }
            await chat.say(.assistantEnd())
            await chat.listen()
        }
        let rig = try Rig(peer) {
            $0.isHalfDuplex = true
            $0.halfDuplexTail = .milliseconds(100)
        }
        try #require(await rig.ears.hear("connected"))
        #expect(rig.runner.status.isListening)
        answer.open()
        try #require(await rig.ears.hear("assistant_end"))
        // It is over for the server, but not heard yet.
        #expect(rig.runner.status.isListening)
        #expect(await rig.play(1_000).count == 1_000)
        #expect(!rig.runner.status.isListening && rig.runner.status.isSpeaking)
        await rig.feed(.microphone([Int16](repeating: 77, count: 1_600)))
        #expect(await rig.play().count == 6_200)
        #expect(!rig.runner.status.isListening && !rig.runner.status.isPlaying)
        await rig.feed(.microphone([Int16](repeating: 78, count: 320)))
        try #require(await rig.ears.notes.wait { _ in rig.runner.status.isListening })
        await rig.feed(.microphone([Int16](repeating: 55, count: 1_600)))
        let chat = peer.chats.all[0]
        try #require(await chat.hears(55))
        #expect(!chat.heard(77) && !chat.heard(78))
        await rig.end()
        await peer.stop()
    }
}
