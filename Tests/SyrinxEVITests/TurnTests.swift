import SyrinxCore
import SyrinxEVI
import Testing

@Suite("EVI turns")
struct TurnTests {
    @Test(
        "23. pause and resume send their message once each, the queue goes if wished, and audio goes on",
        arguments: [true, false])
    func pause(drops: Bool) {
        var stage = Stage(options { $0.dropsPlaybackOnPause = drops })
        stage.begin()
        stage.answer("A", pieces: 5, ends: false)
        stage.feed(.command(.pause))
        stage.feed(.command(.pause))
        #expect(stage.session.isPlaying == !drops)
        stage.done.removeAll { if case .send(_, .binary) = $0.action { true } else { false } }
        stage.pass(.seconds(1))
        #expect((49...51).contains(stage.binaries.count))
        stage.feed(.command(.resume))
        stage.feed(.command(.resume))
        #expect(stage.texts == [.pauseAssistant(), .resumeAssistant()])
        #expect(stage.eventNames.filter { $0 == "paused" || $0 == "resumed" } == ["paused", "resumed"])
    }

    @Test("23. a pause outlives a lost connection")
    func pauseAndLoss() {
        var stage = Stage()
        stage.begin()
        stage.feed(.command(.pause))
        stage.close(1006)
        stage.pass(.seconds(1))
        stage.done = []
        stage.greet()
        #expect(stage.texts == [.pauseAssistant()])
    }

    static let lamp = ToolSpec(
        .init("lamp", parameters: #"{"type":"object"}"#, fallbackContent: "No light."), timeout: .seconds(10))

    static func stage() -> Stage {
        var stage = Stage(options { $0.tools = [lamp] })
        stage.begin()
        stage.done = []
        return stage
    }

    static func call(
        _ id: String, _ name: String = "lamp", _ parameters: String = #"{"room":"kitchen"}"#, required: Bool = true,
        type: String = "function"
    ) -> ServerMessage {
        .toolCall(ToolCall(name, id: id, parameters: parameters, responseRequired: required, type: type))
    }

    @Test("24. a tool's answer carries the id of its call, in a text frame, once")
    func answer() {
        var stage = Self.stage()
        let actions = stage.hear(Self.call("c1"))
        #expect(actions.contains { if case .runTool(let call) = $0 { call.id == "c1" } else { false } })
        stage.feed(.command(.toolResponse(id: "c1", content: "done")))
        stage.feed(.command(.toolResponse(id: "c1", content: "again")))
        stage.feed(.command(.toolError(id: "c1", error: "late", content: nil)))
        #expect(
            stage.texts == [.toolResponse(ToolResponse("c1", content: "done", toolName: "lamp", toolType: "function"))])
    }

    @Test(
        "24. an unknown name, bad arguments, and the same call again give one tool_error each, and nothing runs",
        arguments: [("hal", "{}"), ("lamp", "{"), ("lamp", "[]"), ("lamp", "7"), ("lamp", "")])
    func refused(name: String, parameters: String) {
        var stage = Self.stage()
        stage.hear(Self.call("c1", name, parameters))
        stage.hear(Self.call("c1", name, parameters))
        #expect(!stage.done.contains { if case .runTool = $0.action { true } else { false } })
        guard stage.texts.count == 1, case .toolError(let failure) = stage.texts[0] else {
            Issue.record("expected one tool_error, found \(stage.texts)")
            return
        }
        #expect(failure.id == "c1" && failure.content != nil && failure.level == "warn")
    }

    @Test("24. a tool that fails, and one that takes too long, give one tool_error each")
    func failing() {
        var stage = Self.stage()
        stage.hear(Self.call("c1"))
        stage.feed(.command(.toolError(id: "c1", error: "exit code 1", content: nil)))
        stage.hear(Self.call("c2"))
        #expect(!stage.pass(.milliseconds(9_990)).contains(.cancelTool(id: "c2")))
        #expect(stage.pass(.milliseconds(20)).contains(.cancelTool(id: "c2")))
        stage.feed(.command(.toolResponse(id: "c2", content: "too late")))
        let failures = stage.texts.compactMap { if case .toolError(let failure) = $0 { failure } else { nil } }
        #expect(failures.map(\.id) == ["c1", "c2"])
        #expect(failures[0].content == "No light.")
        #expect(stage.texts.count == 2)
    }

    @Test("24. calls that want no answer, and built-in ones, get none")
    func unanswered() {
        var stage = Self.stage()
        stage.hear(Self.call("c1", required: false))
        stage.hear(Self.call("c2", "web_search", type: "builtin"))
        stage.pass(.seconds(30))
        #expect(stage.texts.isEmpty)
        #expect(stage.eventNames.filter { $0 == "tool_call" }.count == 2)
    }

    @Test("24. a call that is superseded is cancelled, and its answer is not sent")
    func superseded() {
        var stage = Self.stage()
        stage.hear(Self.call("c1"))
        #expect(stage.hear(Self.call("c2")).contains(.cancelTool(id: "c1")))
        stage.feed(.command(.toolResponse(id: "c1", content: "old")))
        stage.feed(.command(.toolResponse(id: "c2", content: "new")))
        #expect(
            stage.texts == [.toolResponse(ToolResponse("c2", content: "new", toolName: "lamp", toolType: "function"))])
    }

    @Test("24. an answer of more than 1 MiB becomes a tool_error")
    func tooLong() {
        var stage = Self.stage()
        stage.hear(Self.call("c1"))
        stage.feed(.command(.toolResponse(id: "c1", content: String(repeating: "x", count: 1 << 20 + 1))))
        guard case .toolError? = stage.texts.first, stage.texts.count == 1 else {
            Issue.record("expected a tool_error")
            return
        }
    }

    @Test(
        "settings given in the midst of a chat go out at once, and again after a loss; context for one answer does not")
    func settings() {
        var stage = Stage()
        stage.begin()
        var change = SessionSettings()
        change.voiceID = "v-2"
        change.variables = [.init("mood", .string("calm"))]
        change.context = .set(.init("once"))
        stage.feed(.command(.settings(change)))
        #expect(stage.texts == [.sessionSettings(change)])
        stage.answer()
        stage.close(1006)
        stage.pass(.seconds(1))
        let target = stage.connects[1].revealTarget()
        #expect(target.contains("voice_id%5D=v-2") && target.contains("mood%5D=calm"))
        #expect(!target.contains("once"))
    }

    @Test("settings that change while it connects are not lost")
    func lateSettings() {
        var stage = Stage()
        stage.feed(.start)
        var change = SessionSettings()
        change.voiceID = "v-2"
        stage.feed(.command(.settings(change)))
        stage.greet()
        #expect(stage.texts == [.sessionSettings(change)])
        stage.close(1006)
        stage.pass(.seconds(1))
        stage.greet()
        #expect(stage.texts.count == 1)  // now it went with the address
        #expect(stage.connects[1].revealTarget().contains("voice_id%5D=v-2"))
    }

    @Test("35. interim lines are replaced, the final one stays, and EVI's lines tell what was heard of them")
    func transcript() {
        var stage = Stage()
        stage.begin()
        stage.hear(.userMessage(UserMessage("Turn", interim: true, time: 0...1)))
        stage.hear(.userMessage(UserMessage("Turn it", interim: true, time: 0...2)))
        stage.hear(.userMessage(UserMessage("Turn it down.", models: MessageTests.scores, time: 0...3)))
        stage.hear(.userMessage(UserMessage("And", interim: true, time: 4...5)))
        #expect(stage.session.transcript.lines.map(\.text) == ["Turn it down.", "And"])
        stage.hear(.userMessage(UserMessage("And the fan.", time: 4...6)))
        stage.answer("A", pieces: 1, ends: false)
        stage.answer("B", pieces: 2, ends: false)
        stage.answer("C", pieces: 1, ends: false)
        let first = stage.session.takeAudio(upTo: 9_999)!
        let second = stage.session.takeAudio(upTo: 9_999)!
        stage.feed(.played(serial: first.serial, frames: 1))
        #expect(stage.session.transcript.lines.suffix(3).map(\.state) == [.sounding, .waiting, .waiting])
        stage.feed(.played(serial: second.serial, frames: 10))
        #expect(stage.session.soundingID == "B")
        stage.hear(.userInterruption(UserInterruption(time: nil)))
        let lines = stage.session.transcript.lines
        #expect(lines.map(\.text) == ["Turn it down.", "And the fan.", "Words of A.", "Words of B.", "Words of C."])
        #expect(lines.map(\.state) == [.final, .final, .heard, .interrupted, .unheard])
        #expect(lines[0].scores?["Joy"] == 0.5)
    }

    @Test("after the input's end the session settles when the answer was heard and it was quiet for 5 s")
    func settles() {
        var stage = Stage()
        stage.begin()
        stage.feed(.inputEnded)
        stage.pass(.seconds(9))
        #expect(!stage.session.isSettled)
        stage.hear(.userMessage(UserMessage("Bye.", time: 0...1)))
        stage.pass(.seconds(9))
        stage.answer()
        stage.pass(.seconds(30))
        #expect(!stage.session.isSettled)  // the answer was not played
        stage.playAll()
        stage.pass(.milliseconds(4_900))
        #expect(!stage.session.isSettled)
        stage.pass(.milliseconds(200))
        #expect(stage.session.isSettled && stage.session.isLive)

        var silent = Stage()
        silent.begin()
        silent.feed(.inputEnded)
        silent.pass(.milliseconds(9_900))
        #expect(!silent.session.isSettled)
        silent.pass(.milliseconds(200))
        #expect(silent.session.isSettled)
    }
}
