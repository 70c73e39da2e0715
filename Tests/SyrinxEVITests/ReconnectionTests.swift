import SyrinxCore
import SyrinxEVI
import Testing

@Suite("EVI reconnections and roll-overs")
struct ReconnectionTests {
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
}
