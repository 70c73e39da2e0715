import SyrinxCore
import SyrinxEVI
import Testing

@Suite("EVI endings and reconnections")
struct EndingTests {
    @Test("25. hang_up and 1000 are an orderly end, without another attempt")
    func hangUp() {
        var stage = Stage()
        stage.begin()
        stage.hear(
            .toolCall(ToolCall("hang_up", id: "h", parameters: "{}", responseRequired: false, type: ToolCall.builtin)))
        stage.close(1000)
        #expect(stage.end == .hungUp)
        #expect(stage.end?.error == nil)
        stage.pass(.seconds(100))
        #expect(stage.connects.count == 1)
        var plain = Stage()
        plain.begin()
        plain.close(1000)
        #expect(plain.end == .serverEnded)
    }

    @Test("26. E0714, E0715 and I0116 with 1000 end with the reason named; E0712 does not end anything")
    func named() {
        for (code, name) in [("E0714", "idle"), ("E0715", "max_duration"), ("I0116", "transcription_failed")] {
            var stage = Stage(options { $0.rollsOver = false })
            stage.begin()
            stage.error(code)
            #expect(stage.session.isLive)
            stage.close(1000)
            #expect(stage.end?.name == name)
            #expect(stage.connects.count == 1)
        }
        var stage = Stage()
        stage.begin()
        stage.error("E0712")
        stage.pass(.seconds(60))
        #expect(stage.session.isLive)
        stage.close(1000)
        #expect(stage.end == .serverEnded)
    }

    @Test("26. a server that tells of an end and does not close is not waited for")
    func lingering() {
        var stage = Stage(options { $0.rollsOver = false })
        stage.begin()
        stage.error("E0714")
        stage.pass(.seconds(10))
        #expect(stage.end == .idle)
        #expect(stage.done.contains { $0.action == .close(attempt: 1, code: 1000, reason: "") })
    }

    @Test("26. E0715 with roll-over resumes the group at once")
    func maxDuration() {
        var stage = Stage()
        stage.begin()
        // A server that says so at once is not run up against again and again.
        stage.error("E0715")
        stage.close(1000)
        #expect(stage.connects.count == 1 && stage.delays.count == 1)
        stage = Stage()
        stage.begin()
        stage.pass(.seconds(60))
        stage.error("E0715")
        stage.close(1000)
        #expect(stage.connects.count == 2)
        #expect(stage.connects[1].query.contains { $0.name == "resumed_chat_group_id" && $0.reveal() == "group-1" })
        stage.greet(chat: "chat-2")
        #expect(stage.eventNames.contains("rolled_over"))
    }

    @Test(
        "27. a connection that is lost is resumed with the group, tools and settings, and what was said meanwhile is dropped",
        arguments: [1001, 1005, 1006, 1011, 1012, 1013, 1014])
    func lost(code: Int) {
        var stage = Stage(
            options {
                $0.tools = [TurnTests.lamp]
                $0.settings.systemPrompt = "Be brief."
            })
        stage.begin()
        stage.pass(.seconds(40))
        stage.done = []
        stage.close(code)
        #expect(stage.delays.count == 1 && (0.4...0.6).contains(stage.delays[0].inSeconds))
        stage.feed(.microphone([Int16](repeating: 77, count: 8_000)))
        stage.pass(.seconds(1))
        let request = stage.connects[0]
        #expect(request.query.contains { $0.name == "resumed_chat_group_id" && $0.reveal() == "group-1" })
        #expect(request.revealTarget().contains("Be%20brief."))
        stage.greet(chat: "chat-2")
        guard case .sessionSettings(let settings)? = stage.texts.first else {
            Issue.record("expected the tools again")
            return
        }
        #expect(settings.tools?.map(\.name) == ["lamp"])
        stage.pass(.seconds(1))
        #expect(!stage.binaries.contains { $0.contains { $0 != 0 } })
        #expect(stage.session.microphoneFigures.outageSamples == 8_000)
        #expect(stage.eventNames.contains("reconnected"))
    }

    @Test(
        "27. attempts that lead nowhere back off as configured and end after the limit; without a limit they go on every 15 s"
    )
    func backOff() {
        var stage = Stage()
        stage.begin()
        stage.pass(.seconds(31))
        stage.close(1006)
        while stage.end == nil {
            stage.pass(stage.delays.last! + .milliseconds(1))
            stage.socket(.failed(TransportFailure(.unreachable, "connection refused")))
        }
        #expect(stage.end == .gaveUp(attempts: 6, last: "connection refused"))
        #expect(stage.connects.count == 1 + 6)
        for (delay, expected) in zip(stage.delays, [0.5, 1, 2, 4, 8, 15]) {
            #expect((expected * 0.8...expected * 1.2).contains(delay.inSeconds))
        }
        #expect(stage.delays.count == 6)

        var device = Stage(options { $0.maxAttempts = nil })
        device.feed(.start)
        for _ in 0..<100 {
            device.socket(.failed(TransportFailure(.unreachable, "no route")))
            device.pass(.seconds(20))
        }
        #expect(device.end == nil)
        #expect(device.delays.suffix(90).allSatisfy { (12...18).contains($0.inSeconds) })
    }

    @Test("27. the count of attempts is cleared after 30 s of chat, and not before")
    func proven() {
        for (life, ends) in [(Moment.seconds(29), true), (.seconds(31), false)] {
            var stage = Stage()
            stage.feed(.start)
            for _ in 0..<10 where stage.end == nil {
                stage.greet()
                stage.pass(life)
                stage.close(1006)
                stage.pass((stage.delays.last ?? .zero) + .milliseconds(1))
            }
            #expect((stage.end != nil) == ends)
        }
    }

    @Test("27. failures before a chat that proved itself do not count after it, nor do their waits")
    func forgiven() {
        var stage = Stage()
        stage.feed(.start)
        for _ in 0..<2 {
            for _ in 0..<5 {
                stage.socket(.failed(TransportFailure(.unreachable, "no route")))
                stage.pass(stage.delays.last! + .milliseconds(1))
            }
            #expect(stage.end == nil)
            stage.greet()
            stage.pass(.seconds(31))
            stage.close(1006)
            #expect(stage.delays.last! < .milliseconds(601))
            stage.pass(stage.delays.last! + .milliseconds(1))
        }
    }

    @Test(
        "close codes that blame us, and final errors, end the session",
        arguments: [1002, 1003, 1007, 1008, 1009, 1010, 4000])
    func blamed(code: Int) {
        var stage = Stage()
        stage.begin()
        stage.close(code)
        #expect(stage.end == .protocolViolation(code: code, reason: ""))
        var failed = Stage()
        failed.begin()
        failed.error("E0705")
        failed.close(1011)
        #expect(failed.end?.name == "error")
    }

    @Test("an unknown E is final, an unknown I is tried again, a W is for the log")
    func unknownCodes() {
        for (code, ends) in [("E9999", true), ("I9999", false), ("W0101", false)] {
            var stage = Stage()
            stage.begin()
            stage.error(code)
            stage.close(1011)
            #expect((stage.end != nil) == ends)
        }
        // Hume's own trouble with 1000 is tried again once.
        var stage = Stage()
        stage.begin()
        stage.error("I0100")
        stage.close(1000)
        #expect(stage.end == nil)
        stage.pass(.seconds(2))
        stage.greet()
        stage.error("I0100")
        stage.close(1000)
        #expect(stage.end?.name == "error")
    }

    @Test("an error that lies back does not decide about a close")
    func oldError() {
        var stage = Stage()
        stage.begin()
        stage.error("E0101")
        stage.pass(.seconds(6))
        stage.close(1006)
        #expect(stage.end == nil)
    }

    @Test("28. a group that cannot be resumed costs one attempt without it", arguments: ["E0708", "E0710", "E0720"])
    func withoutGroup(code: String) {
        var stage = Stage()
        stage.begin()
        stage.pass(.seconds(40))
        stage.close(1006)
        stage.pass(.seconds(1))
        stage.socket(.opened)
        stage.error(code)
        stage.close(1000)
        #expect(stage.connects.count == 3)
        #expect(!stage.connects[2].revealTarget().contains("resumed_chat_group_id"))
        stage.socket(.opened)
        stage.error(code)
        stage.close(1000)
        #expect(stage.end?.name == "error")
        #expect(stage.connects.count == 3)
    }

    @Test("34. a stop in any state ends within a second; an open chat is closed with 1000")
    func stop() {
        let states: [(String, (inout Stage) -> Void)] = [
            ("idle", { _ in }), ("connecting", { $0.feed(.start) }),
            (
                "greeting",
                {
                    $0.feed(.start)
                    $0.socket(.opened)
                }
            ), ("live", { $0.begin() }),
            (
                "speaking",
                {
                    $0.begin()
                    $0.answer(pieces: 5, ends: false)
                }
            ),
            (
                "reconnecting",
                {
                    $0.begin()
                    $0.close(1006)
                }
            ),
            (
                "rolling over",
                {
                    $0.begin()
                    $0.pass(.milliseconds(1_680_100))
                }
            ),
        ]
        for (name, reach) in states {
            var stage = Stage()
            reach(&stage)
            let wasOpen = name != "idle" && name != "connecting" && name != "reconnecting"
            stage.feed(.stop)
            stage.pass(.seconds(1))
            #expect(stage.end == .stopped, "\(name)")
            #expect(stage.session.deadline == nil, "\(name)")
            #expect(
                stage.done.contains { $0.action == .close(attempt: stage.attempt, code: 1000, reason: "") } == wasOpen,
                "\(name)")
            let count = stage.done.count
            stage.close(1000)
            stage.hear(.assistantEnd())
            #expect(stage.done.count == count, "\(name)")
        }
    }

    @Test("34. a peer that answers the close ends the session at once")
    func answered() {
        var stage = Stage()
        stage.begin()
        stage.feed(.stop)
        #expect(stage.end == nil)
        stage.close(1000)
        #expect(stage.end == .stopped)
    }

    @Test("a roll-over waits for a quiet moment from 28:00 on, and is forced at 29:30")
    func rollOver() {
        var stage = Stage()
        stage.begin()
        stage.pass(.milliseconds(1_679_900))
        #expect(stage.session.figures.rollOvers == 0)
        stage.pass(.milliseconds(200))
        guard case .rollingOver(_, forced: false)? = stage.events.last(where: { $0.name == "rolling_over" }) else {
            Issue.record("expected a roll-over in the silence")
            return
        }
        stage.close(1000)
        #expect(stage.connects.count == 2)
        #expect(stage.connects[1].query.contains { $0.name == "resumed_chat_group_id" })
        stage.greet(chat: "chat-2")
        #expect(stage.eventNames.contains("rolled_over"))

        var busy = Stage()
        busy.begin()
        busy.feed(.bargeIn(true))
        let start = busy.now
        busy.pass(.seconds(1_769))
        #expect(!busy.eventNames.contains("rolling_over"))
        busy.pass(.seconds(2))
        guard case .rollingOver(let age, forced: true)? = busy.events.last(where: { $0.name == "rolling_over" }) else {
            Issue.record("expected a forced roll-over")
            return
        }
        #expect(age == .seconds(1_770) && busy.now > start)
    }

    @Test("idleness may put the session to sleep; a voice wakes it, and it resumes the group")
    func sleep() {
        for wake in [SessionInput.bargeIn(true), .microphone([0, 12_000]), .command(.say("Hello?"))] {
            var stage = Stage(
                options {
                    $0.onIdle = .sleep
                    $0.wakeLevel = -20
                })
            stage.begin()
            stage.error("E0714")
            stage.close(1000)
            #expect(stage.session.isAsleep)
            stage.feed(.microphone([Int16](repeating: 1_000, count: 320)))  // −30 dBFS
            stage.pass(.seconds(3_600))
            #expect(stage.connects.count == 1 && stage.session.isAsleep)
            stage.feed(wake)
            #expect(stage.connects.count == 2)
            #expect(stage.connects[1].query.contains { $0.name == "resumed_chat_group_id" })
            stage.greet()
            if case .command = wake { #expect(stage.texts == [.userInput("Hello?")]) }
        }
    }

    @Test("levels in dBFS become magnitudes within a tenth of a decibel")
    func levels() {
        for (decibels, expected) in [(0.0, 32_768), (-6.0206, 16_384), (-20, 3_277), (-45, 184), (-3.5, 21_900)] {
            let magnitude = Loudness.magnitude(decibels: decibels)
            #expect(abs(Double(magnitude) / Double(expected) - 1) < 0.012, "\(decibels): \(magnitude)")
        }
    }

    @Test("the budget of minutes counts over all chats, and ends the session in good order")
    func budget() {
        var stage = Stage(options { $0.budget = .seconds(90) })
        stage.begin()
        stage.pass(.seconds(60))
        stage.close(1006)
        stage.pass(.seconds(1))
        stage.greet()
        stage.pass(.milliseconds(29_900))
        #expect(stage.session.isLive)
        stage.pass(.seconds(2))
        #expect(stage.end == .budget(minutes: 1.5))
        #expect(stage.end?.error == nil)
    }

    @Test("typed words and tool answers wait for the next chat, with a bound")
    func outbox() {
        var stage = Stage(options { $0.tools = [TurnTests.lamp] })
        stage.begin()
        stage.hear(TurnTests.call("c1"))
        stage.close(1006)
        stage.done = []
        stage.feed(.command(.toolResponse(id: "c1", content: "done")))
        for number in 0..<40 { stage.feed(.command(.say("\(number)"))) }
        #expect(stage.texts.isEmpty)
        #expect(stage.session.figures.droppedTexts == 9)
        stage.pass(.seconds(1))
        stage.greet()
        #expect(stage.texts.dropFirst().map(\.value).map { $0["text"]?.string } == (8..<40).map { "\($0)" })
    }

    @Test("what an old socket still says is not heard")
    func stale() {
        var stage = Stage()
        stage.begin()
        stage.close(1006)
        stage.pass(.seconds(1))
        let count = stage.done.count
        stage.feed(.transport(attempt: 1, .closed(code: 1000, reason: "")))
        stage.feed(.transport(attempt: 1, .text(ServerMessage.assistantEnd().encoded())))
        #expect(stage.done.count == count)
        stage.greet()
        #expect(stage.session.isLive)
    }

    @Test("a certificate that is not trusted ends the session")
    func untrusted() {
        var stage = Stage()
        stage.feed(.start)
        stage.socket(.failed(TransportFailure(.untrusted, "certificate has expired")))
        #expect(stage.end == .untrusted("certificate has expired"))
        #expect(stage.end?.error?.description.contains("certificate has expired") == true)
    }
}
