import SyrinxCore
import SyrinxEVI
import SyrinxNet
import Testing

@Suite("EVI over a real socket, the way out", .timeLimit(.minutes(5)))
struct ShutdownTests {
    enum State: String, CaseIterable, Sendable {
        case fetchingToken, connecting, greeting, listening, speaking, toolRuns, reconnecting, asleep
    }

    /// Never answers.
    private struct EndlessTool: ToolRunner {
        let began = Log<Void>()

        func run(_ call: ToolCall) async -> ToolResult {
            began.append(())
            try? await Task.sleep(for: .seconds(3_600))
            return .answer("too late")
        }
    }

    /// Brings a session into a state, stops it, and tells how long that took.
    private func stop(_ state: State, _ wire: Wire) async throws -> Duration {
        let never = Gate()
        let peer = try await Peer.answering(wire) { request in
            if state == .fetchingToken || state == .connecting { await never.pass() }
            return nil
        } script: { chat in
            if state == .greeting { return await chat.listen() }
            await chat.greet()
            switch state {
            case .speaking:
                await chat.say(.assistantMessage(AssistantMessage("Well.", id: "A")))
                for index in 0..<50 { await chat.say(speech("A", index)) }
            case .toolRuns: await chat.say(.toolCall(ToolCall("wait", id: "1", parameters: "{}")))
            case .reconnecting: return chat.socket.abort()
            case .asleep:
                await chat.error("E0714")
                await chat.socket.close(code: 1000)
                return
            default: break
            }
            await chat.listen()
        }
        let tool = EndlessTool()
        weak var leftOver: SessionRunner?
        let elapsed: Duration
        do {
            let rig = try Rig(peer, tools: tool) {
                if state == .fetchingToken { $0.credentials = .keyAndSecret(Secret(apiKey), Secret(secretKey)) }
                $0.tools = [ToolSpec(.init("wait", parameters: "{}"), timeout: .seconds(3_600))]
                $0.backOff.first = .seconds(3_600)
                $0.backOff.greatest = .seconds(3_600)
                $0.onIdle = .sleep
            }
            leftOver = rig.runner
            switch state {
            case .fetchingToken, .connecting: try #require(await peer.requests.wait(for: 1))
            case .greeting: try #require(await peer.chats.wait(for: 1))
            case .listening: try #require(await rig.ears.hear("connected"))
            case .speaking:
                try #require(await rig.ears.notes.wait { $0.contains(.speech) })
                #expect(await rig.play(1_000).count == 1_000)
                #expect(rig.runner.status.isSpeaking)
            case .toolRuns: try #require(await tool.began.wait(for: 1))
            case .reconnecting: try #require(await rig.ears.hear("reconnecting"))
            case .asleep: try #require(await rig.ears.hear("asleep"))
            }
            let start = ContinuousClock.now
            #expect(await rig.end() == .stopped)
            elapsed = ContinuousClock.now - start
            #expect(rig.runner.status.isEnded && !rig.runner.status.isPlaying)
            if [.listening, .speaking, .toolRuns].contains(state) {
                try #require(await peer.chats.all[0].closures.wait(for: 1))
                #expect(peer.chats.all[0].closures.all.map(\.code) == [1000])
            }
            if state == .speaking { #expect(rig.ears.notes.all.contains(.drop)) }
        }
        never.open()
        // A task that is left would hold the runner. Those that were cancelled may still be on their way out.
        for _ in 0..<6_000 where leftOver != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(leftOver == nil)
        await peer.stop()
        return elapsed
    }

    @Test(
        "rule 34: a session stops in any state within a second, says 1000, and leaves no task",
        arguments: State.allCases,
        Wire.allCases)
    func shutdown(state: State, wire: Wire) async throws {
        // The best of three: a machine that is busy with other things is not the session's fault.
        var best = Duration.seconds(3_600)
        for _ in 0..<3 where best > .seconds(1) { best = min(best, try await stop(state, wire)) }
        #expect(best < .seconds(1))
    }

    @Test("rule 34: a server that does not answer a close is left within a second")
    func mute() async throws {
        let gate = Gate()
        var options = NetServer.Options()
        options.webSocket.receiveWindow = 1
        let peer = try await Peer.start(options: options) { chat in
            await chat.greet()
            await gate.pass()
        }
        var best = Duration.seconds(3_600)
        for _ in 0..<3 where best > .seconds(1) {
            let rig = try Rig(peer)
            try #require(await rig.ears.hear("connected"))
            // The server's window is full and it reads no more.
            await rig.speak(8_000)
            let start = ContinuousClock.now
            #expect(await rig.end() == .stopped)
            best = min(best, ContinuousClock.now - start)
        }
        #expect(best < .seconds(1))
        gate.open()
        await peer.stop()
    }

    @Test("a task that was cancelled before it began still ends")
    func cancelledBefore() async throws {
        let peer = try await Peer.start()
        let (base, transport) = (try peer.base, try peer.transport)
        let gate = Gate()
        let task = Task {
            await gate.pass()
            var options = SessionOptions(credentials: .key(Secret(apiKey)))
            options.base = base
            return await SessionRunner(options, transport: transport, tools: NoTools(), outlet: Ears()).run()
        }
        task.cancel()
        gate.open()
        #expect(await task.value == .stopped)
        await peer.stop()
    }

    @Test("after the server's end, run goes on until the last speech was handed on, or a stop")
    func playsOut() async throws {
        let peer = try await Peer.start { chat in
            await chat.greet()
            await chat.say(.assistantMessage(AssistantMessage("Bye.", id: "A")))
            for index in 0..<3 { await chat.say(speech("A", index)) }
            await chat.say(.assistantEnd())
            await chat.socket.close(code: 1000)
        }
        let rig = try Rig(peer)
        try #require(await rig.ears.hear("closed"))
        #expect(rig.runner.status.isEnded && rig.runner.status.isPlaying)
        #expect(rig.runner.status.waitingSpeech == .milliseconds(300))
        #expect(await rig.play().count == 7_200)
        #expect(await rig.ended == .serverEnded)
        #expect(rig.ears.names.suffix(3) == ["closed", "playback_began", "playback_finished"])

        let other = try Rig(peer)
        try #require(await other.ears.hear("closed"))
        await other.feed(.stop)
        #expect(await other.ended == .serverEnded)
        #expect(other.ears.notes.all.contains(.drop))
        await peer.stop()
    }
}
