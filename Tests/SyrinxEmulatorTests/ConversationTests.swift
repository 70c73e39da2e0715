import SyrinxCore
import SyrinxEVI
import Testing

@testable import SyrinxEmulator

/// A conversation with a scripted clock. Speech is there as soon as it is asked for.
struct Talk {
    var conversation: Conversation
    var now: Moment = .zero
    var sent: [ServerMessage] = []
    var actions: [Conversation.Action] = []

    init(_ scenario: Scenario = .plain, change: (inout ChatSetup) -> Void = { _ in }) {
        var setup = ChatSetup(chatID: "chat", groupID: "group", requestID: "request", seed: 5)
        setup.scenario = scenario
        setup.script = scenario.chat(0)
        change(&setup)
        conversation = Conversation(setup)
        feed(.opened)
    }

    mutating func feed(_ input: Conversation.Input) {
        var inputs = [input]
        while !inputs.isEmpty {
            for action in conversation.handle(inputs.removeFirst(), at: now) {
                actions.append(action)
                switch action {
                case .send(let message): sent.append(message)
                case .synthesize(let ticket, let text, _):
                    // A tenth of a second a letter.
                    inputs.append(
                        .speech(
                            ticket: ticket,
                            Speech(rate: 48_000, samples: Sound.tone(100 * text.count, amplitude: 0.1, rate: 48_000))))
                default: break
                }
            }
        }
    }

    mutating func feed(_ message: ClientMessage) { feed(.text(message.encoded())) }

    /// Lets time go by, and rings whenever the conversation wants it.
    mutating func pass(_ length: Moment) {
        let end = now + length
        var rings = 0
        while let next = conversation.deadline, next <= end {
            now = max(now, next)
            feed(.tick)
            rings += 1
            #expect(rings < 100_000, "the clock rings without end")
            if rings >= 100_000 { return }
        }
        now = end
    }

    /// What the user says comes in real time, in pieces of 20 ms.
    mutating func hear(_ samples: [Int16]) {
        for start in stride(from: 0, to: samples.count, by: 320) {
            var bytes: [UInt8] = []
            PCM16.append(samples[start..<min(samples.count, start + 320)], to: &bytes)
            feed(.binary(bytes))
            pass(.milliseconds(20))
        }
    }

    mutating func announce() {
        var settings = SessionSettings()
        settings.audio = SessionSettings.AudioFormat(sampleRate: 16_000)
        feed(.sessionSettings(settings))
    }

    var types: [String] { sent.map(\.type) }
    var words: [String] {
        sent.compactMap { if case .assistantMessage(let it) = $0 { it.message.content } else { nil } }
    }
    var errors: [String] { sent.compactMap { if case .error(let it) = $0 { it.code } else { nil } } }
    var closes: [Int] { actions.compactMap { if case .close(let code, _) = $0 { code } else { nil } } }
}

@Suite("conversation")
struct ConversationTests {
    @Test("a turn is told in the order of the protocol, and its audio is whole")
    func order() throws {
        var talk = Talk()
        talk.announce()
        talk.hear(Sound.silence(200) + Sound.voice(1_500) + Sound.silence(1_000))
        talk.pass(.seconds(10))
        let types = talk.types
        #expect(
            types.prefix(5) == [
                "chat_metadata", "session_settings", "user_message", "assistant_message", "assistant_prosody",
            ])
        #expect(types.last == "assistant_end" && types.filter { $0 == "assistant_end" }.count == 1)
        #expect(talk.words.count == 2)
        for case .assistantMessage(let message) in talk.sent {
            let text = try #require(message.message.content)
            let pieces = talk.sent.compactMap {
                if case .audioOutput(let it) = $0, it.id == message.id { it } else { nil }
            }
            #expect(pieces.map(\.index) == Array(0..<pieces.count))
            let samples = try pieces.flatMap { try WAVPiece(reading: $0.data).samples }
            #expect(samples == Sound.tone(100 * text.count, amplitude: 0.1, rate: 48_000))
        }
        guard case .userMessage(let user)? = talk.sent.first(where: { $0.type == "user_message" }) else { return }
        #expect(!user.fromText && !user.interim && user.models.prosody?.members.map(\.name) == Scores.names)
        #expect(abs(user.time.lowerBound - 200) < 40 && user.time.upperBound <= 1_720)
    }

    @Test("the same bytes and the same seed give the same messages")
    func repeatable() {
        func talk(_ seed: UInt64) -> [ServerMessage] {
            var talk = Talk { $0.seed = seed }
            talk.announce()
            talk.hear(Sound.voice(900) + Sound.silence(1_000))
            talk.pass(.seconds(5))
            return talk.sent
        }
        #expect(talk(9) == talk(9))
        #expect(talk(9) != talk(10))
    }

    @Test("speech over EVI interrupts it after the least length, and late pieces come if asked for", arguments: [0, 3])
    func interruption(late: Int) throws {
        var plain = Scenario.plain
        plain.latePieces = late
        var talk = Talk(plain)
        talk.announce()
        talk.feed(.assistantInput("This is a very long sentence that nobody will ever hear to its end."))
        talk.hear(Sound.silence(100) + Sound.voice(500))
        #expect(!talk.types.contains("user_interruption"))
        talk.hear(Sound.voice(600))
        let place = try #require(talk.types.firstIndex(of: "user_interruption"))
        #expect(talk.types[place...].filter { $0 == "audio_output" }.count == late)
        talk.hear(Sound.silence(1_000))
        talk.pass(.seconds(20))
        #expect(talk.types[place...].contains("user_message"))
        #expect(talk.types.filter { $0 == "assistant_end" }.count == 1)
    }

    @Test("a short sound while EVI speaks is neither an interruption nor a turn")
    func shortSound() {
        var talk = Talk()
        talk.announce()
        talk.feed(.assistantInput("This is a very long sentence that nobody will ever hear to its end."))
        talk.hear(Sound.silence(100) + Sound.tone(300, amplitude: 0.2) + Sound.silence(1_500))
        #expect(!talk.types.contains("user_interruption") && !talk.types.contains("user_message"))
    }

    @Test("variables come back as strings, spelled as they came, and are filled in")
    func variables() throws {
        var talk = Talk()
        talk.feed(
            .text(Array(#"{"type":"session_settings","variables":{"a":30,"b":true,"c":"x","d":30.5}}"#.utf8)))
        guard case .sessionSettings(let echo)? = talk.sent.last else { Issue.record("no echo"); return }
        #expect(echo.variables?.map(\.value) == [.string("30"), .string("true"), .string("x"), .string("30.5")])
        talk.feed(.assistantInput("It is {{a}} and {{ c }} and {{unknown}}"))
        talk.pass(.seconds(10))
        #expect(talk.words == ["It is 30 and x and {{unknown}}"])
    }

    @Test("the key of a language model is never echoed")
    func hiddenKey() {
        var talk = Talk()
        var settings = SessionSettings()
        settings.languageModelKey = Secret("sk-hidden")
        settings.systemPrompt = "Be brief."
        talk.feed(.sessionSettings(settings))
        let all = talk.sent.map { String(decoding: $0.encoded(), as: UTF8.self) }.joined() + "\(talk.actions)"
        #expect(!all.contains("sk-hidden"))
        #expect(talk.types.last == "session_settings")
    }

    @Test("a tool named in the words is called with arguments that fit, and its answer is said")
    func tool() throws {
        var talk = Talk()
        var settings = SessionSettings()
        settings.tools = [
            .init(
                "set_lamp",
                parameters: #"{"type":"object","properties":{"colour":{"enum":["red"]},"level":{"type":"integer"}}}"#)
        ]
        talk.feed(.sessionSettings(settings))
        talk.feed(.userInput("Please set lamp"))
        guard case .toolCall(let call)? = talk.sent.last else { Issue.record("no call"); return }
        #expect(call.name == "set_lamp" && call.parameters == #"{"colour":"red","level":1}"# && call.responseRequired)
        talk.feed(.toolResponse(ToolResponse("other", content: "x")))
        #expect(talk.types.last == "tool_error" && talk.words == [])
        talk.feed(.toolResponse(ToolResponse(call.id, content: "done")))
        talk.pass(.seconds(10))
        #expect(talk.words == ["The tool set_lamp says: done"])
        #expect(talk.types.last == "assistant_end")
    }

    @Test("a tool that nobody answers is given up, and a superseding turn drops the call")
    func toolTimes() throws {
        let steps =
            #"{"syrinx_scenario":1,"chats":[{"turns":[{"steps":[{"tool":"t","timeout_ms":500},{"say":"{{tool}}"}]}]}]}"#
        var talk = Talk(try scenario(steps))
        talk.feed(.userInput("go"))
        talk.pass(.milliseconds(400))
        #expect(talk.words == [])
        talk.pass(.milliseconds(200))
        #expect(talk.words == ["no answer"])
        talk = Talk(try scenario(steps))
        talk.announce()
        talk.hear(Sound.voice(600) + Sound.silence(900))
        guard case .toolCall(let call)? = talk.sent.first(where: { $0.type == "tool_call" }) else {
            Issue.record("no call")
            return
        }
        talk = Talk(try scenario(steps.replacing("500", with: "5000")))
        talk.announce()
        talk.hear(Sound.voice(600) + Sound.silence(900) + Sound.voice(600) + Sound.silence(900))
        talk.feed(.toolResponse(ToolResponse(call.id, content: "late")))
        #expect(talk.types.contains("tool_error"))
    }

    @Test("after a pause only transcripts come, and on resuming the last message is answered")
    func pause() {
        var talk = Talk()
        talk.announce()
        talk.feed(.pauseAssistant())
        talk.feed(.userInput("first"))
        talk.hear(Sound.voice(600) + Sound.silence(900))
        talk.feed(.userInput("last"))
        talk.pass(.seconds(5))
        #expect(talk.types.filter { $0 == "user_message" }.count == 3)
        #expect(talk.words == [])
        talk.feed(.resumeAssistant())
        talk.pass(.seconds(20))
        #expect(talk.words == ["You wrote: last"])
    }

    @Test("nobody's words for too long end the chat with E0714 and 1000, later if EVI asks first")
    func inactivity() {
        var talk = Talk()
        talk.pass(.seconds(119))
        #expect(talk.errors == [])
        talk.pass(.seconds(2))
        #expect(talk.errors == ["E0714"] && talk.closes == [1000])
        talk = Talk { $0.persona.inactivityText = "Hello?" }
        talk.pass(.seconds(134))
        #expect(talk.words == ["Hello?"] && talk.errors == [])
        talk.pass(.seconds(2))
        #expect(talk.errors == ["E0714"])
        talk = Talk { $0.persona.inactivityText = "Hello?" }
        talk.pass(.seconds(125))
        talk.feed(.userInput("I am here"))
        talk.pass(.seconds(60))
        #expect(talk.errors == [])
    }

    @Test("the greatest length ends the chat with E0715 and 1000, after EVI's words where there are some")
    func maxDuration() {
        var talk = Talk { $0.persona.inactivity = nil }
        talk.pass(.seconds(1_801))
        #expect(talk.errors == ["E0715"] && talk.closes == [1000] && talk.conversation.status == "MAX_DURATION_TIMEOUT")
        talk = Talk {
            $0.persona.inactivity = nil
            $0.persona.maxDurationText = "Goodbye."
        }
        talk.pass(.seconds(1_830))
        #expect(talk.words == ["Goodbye."] && talk.errors == ["E0715"] && talk.closes == [1000])
    }

    @Test("nudges come while nobody speaks, and do not put off the end")
    func nudges() {
        var talk = Talk { $0.persona.nudgeInterval = .seconds(30) }
        talk.pass(.seconds(200))
        #expect(talk.words.count == 3)
        #expect(talk.errors == ["E0714"])
    }

    @Test("faults are told by their codes, and ten of a kind end the chat")
    func faults() {
        var talk = Talk()
        for text in ["{", #"{"type":"audio_input"}"#, #"{"type":"audio_input","data":"?"}"#, #"{"type":"news"}"#] {
            talk.feed(.text(Array(text.utf8)))
        }
        #expect(talk.errors == ["E0100", "E0101", "E0201", "E0101"])
        talk.feed(.binary([UInt8](repeating: 0, count: 640)))
        #expect(talk.errors.last == "E0200")
        for _ in 0..<9 { talk.feed(.text([UInt8(ascii: "[")])) }
        #expect(talk.closes == [1008])
    }

    @Test("audio faster than real time is refused as a file, a burst after a stall is not")
    func burst() {
        var talk = Talk()
        talk.announce()
        talk.hear(Sound.silence(1_000))
        talk.pass(.seconds(4))
        for _ in 0..<200 { talk.feed(.binary([UInt8](repeating: 0, count: 640))) }
        for _ in 0..<240 { talk.feed(.binary([UInt8](repeating: 0, count: 640))) }
        #expect(talk.errors == [])
        for _ in 0..<20 { talk.feed(.binary([UInt8](repeating: 0, count: 640))) }
        #expect(talk.errors == ["E0723"] && talk.closes == [1000])
    }

    @Test("an interruption in a turn lets its later steps go on, one by the clock does not")
    func interruptStep() throws {
        let say = #"{"say":"A very long sentence indeed."}"#
        let steps = #"{"syrinx_scenario":1,"chats":[{"on_open":[\#(say),{"interrupt":true},{"say":"Now."}]}]}"#
        var talk = Talk(try scenario(steps))
        talk.pass(.seconds(5))
        #expect(talk.words == ["A very long sentence indeed.", "Now."])
        #expect(talk.types.filter { $0 == "user_interruption" }.count == 1 && talk.types.last == "assistant_end")
        let at =
            #"{"syrinx_scenario":1,"chats":[{"on_open":[\#(say),\#(say)],"at":[{"s":0.2,"steps":[{"interrupt":true}]}]}]}"#
        talk = Talk(try scenario(at))
        talk.pass(.seconds(5))
        #expect(talk.words.count == 1 && talk.types.last == "user_interruption")
    }

    @Test("a WAV header tells the format where the settings do not")
    func container() {
        var talk = Talk()
        let file = WAVPiece(sampleRate: 16_000, samples: Sound.voice(800) + Sound.silence(1_000)).encoded()
        for start in stride(from: 0, to: file.count, by: 1_001) {
            talk.feed(.binary(Array(file[start..<min(file.count, start + 1_001)])))
            talk.pass(.milliseconds(31))
        }
        #expect(talk.types.contains("user_message") && talk.errors == [])
    }

    @Test("context for one answer is used up by it, and a persistent one stays")
    func context() throws {
        let text =
            #"{"syrinx_scenario":1,"chats":[{"turns":[{"steps":[{"say":"{{context}}."}]}],"after_turns":"repeat"}]}"#
        var talk = Talk(try scenario(text))
        for type in [nil, SessionSettings.Context.persistent] {
            var settings = SessionSettings()
            settings.context = .set(.init("Rain", type: type))
            talk.feed(.sessionSettings(settings))
            for _ in 0..<2 {
                talk.feed(.userInput("Weather?"))
                talk.pass(.seconds(5))
            }
        }
        #expect(talk.words == ["Rain.", ".", "Rain.", "Rain."])
    }

    @Test("interim transcripts grow while somebody speaks, if they are asked for")
    func interim() throws {
        let text = #"{"syrinx_scenario":1,"chats":[{"turns":[{"hears":"one two three four five six"}]}]}"#
        var talk = Talk(try scenario(text)) { $0.isVerbose = true }
        talk.announce()
        talk.hear(Sound.voice(2_000) + Sound.silence(1_000))
        let users = talk.sent.compactMap { if case .userMessage(let it) = $0 { it } else { nil } }
        #expect(users.count >= 3)
        #expect(users.dropLast().allSatisfy { $0.interim && $0.models == Inference() })
        #expect(users.last?.interim == false && users.last?.message.content == "one two three four five six")
    }

    @Test("parrot gives the user's own samples back")
    func parrot() throws {
        var talk = Talk { $0.isParrot = true }
        talk.announce()
        let voice = Sound.voice(800)
        talk.hear(Sound.silence(700) + voice + Sound.silence(900))
        talk.pass(.seconds(5))
        let samples = try talk.sent.compactMap {
            if case .audioOutput(let it) = $0 { try WAVPiece(reading: it.data).samples } else { nil }
        }.joined()
        let expected = Speech(rate: 16_000, samples: voice).resampled(to: 48_000).samples
        // Somewhere in what came back lies what was said, sample for sample up to the resampler's edges.
        let back = Array(samples)
        let start = back.indices.prefix(48_000).min { a, b in
            distance(back, expected, at: a) < distance(back, expected, at: b)
        }
        #expect(distance(back, expected, at: start ?? 0) < 100)
    }

    private func distance(_ one: [Int16], _ other: [Int16], at place: Int) -> Int {
        guard place + 24_000 < one.count else { return .max }
        return stride(from: 4_800, to: 20_000, by: 400).reduce(0) { sum, index in
            sum + abs(Int(one[place + index]) - Int(other[index]))
        }
    }
}
