import SyrinxCore
import SyrinxEVI
import Testing

@Suite("EVI endings")
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

    @Test("a certificate that is not trusted ends the session")
    func untrusted() {
        var stage = Stage()
        stage.feed(.start)
        stage.socket(.failed(TransportFailure(.untrusted, "certificate has expired")))
        #expect(stage.end == .untrusted("certificate has expired"))
        #expect(stage.end?.error?.description.contains("certificate has expired") == true)
    }
}
