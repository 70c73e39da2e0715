import SyrinxCore
import SyrinxEVI
import Testing

@Suite("EVI messages")
struct MessageTests {
    static let scores = Inference(
        prosody: Scores([.init("Joy", .number(0.5)), .init("Surprise (positive)", .number(2.9e-05))]))

    static let settings: SessionSettings = {
        var settings = SessionSettings()
        settings.audio = .init(sampleRate: 48_000, codec: "pcm")
        settings.builtinTools = [.init("web_search", fallbackContent: "Not now."), .init("hang_up")]
        settings.context = .set(.init("In the \"studio\"\n", type: "persistent"))
        settings.customSessionID = "s-1"
        settings.languageModelKey = Secret("lm-key")
        settings.metadata = .object([.init("take", .integer(2)), .init("deep", .list([.null, .boolean(true)]))])
        settings.systemPrompt = "Grüße {{name}} 🎤"
        settings.tools = [
            .init("lamp", parameters: #"{"type":"object"}"#, description: "Light.", fallbackContent: "Dark.")
        ]
        settings.variables = [
            .init("name", .string("Ada")), .init("age", .integer(36)), .init("guest", .boolean(false)),
        ]
        settings.voiceID = "1d2c3b4a"
        return settings
    }()

    static let client: [ClientMessage] = [
        .audioInput([1, 2, 3, 4, 255], customSessionID: "s"), .audioInput([]), .sessionSettings(settings),
        .sessionSettings(SessionSettings()), .userInput("Hello.", customSessionID: "s"), .assistantInput("One moment."),
        .toolResponse(ToolResponse("c1", content: "done", toolName: "lamp", toolType: "function")),
        .toolError(ToolFailure("c1", error: "dark", code: "x", content: "It is dark.")), .pauseAssistant(),
        .resumeAssistant(customSessionID: "s"),
    ]

    static let server: [ServerMessage] = [
        .chatMetadata(ChatMetadata(chatID: "c", chatGroupID: "g", requestID: "r", customSessionID: "s")),
        .sessionSettings(settings), .error(ServerError(code: "E0714", slug: "inactivity_timeout", message: "Closed.")),
        .userMessage(UserMessage("Hi", models: scores, time: 10...20, language: "en")),
        .userMessage(UserMessage(nil, fromText: true, interim: true, time: 5...5)),
        .userInterruption(UserInterruption(time: .integer(1_765_000_012))),
        .assistantMessage(AssistantMessage("Sure.", id: "A", isQuickResponse: true, models: scores)),
        .assistantProsody(AssistantProsody(id: "A", models: scores)),
        .audioOutput(AudioOutput(id: "A", index: 3, data: [82, 73, 70, 70, 0])), .assistantEnd(customSessionID: "s"),
        .toolCall(ToolCall("lamp", id: "c1", parameters: "{}")),
        .toolResponse(ToolResponse("c2", content: "{}", toolName: "web_search", toolType: "builtin")),
        .toolError(ToolFailure("c1", error: "unreadable")),
        .unknown(type: "weather", .object([.init("type", .string("weather")), .init("sun", .boolean(true))])),
        .unknown(type: "film", .object([.init("type", .string("film")), .init("data", .string("AAAA"))])),
    ]

    @Test("11. every message of ours survives writing and reading", arguments: client)
    func clientRoundTrip(message: ClientMessage) throws {
        #expect(try ClientMessage(decoding: message.encoded()) == message)
        #expect(try json(message.encoded()) == normal(message.value))
    }

    @Test("11. every message of the server survives reading and writing", arguments: server)
    func serverRoundTrip(message: ServerMessage) throws {
        let decoded = try ServerMessage.decode(message.encoded())
        #expect(decoded.message == message)
        #expect(decoded.notes == [])
    }

    @Test("what is written has the documented members only, and null only where it means something")
    func strictOut() throws {
        var removal = SessionSettings()
        removal.context = .remove
        #expect(removal.value.json() == #"{"type":"session_settings","context":null}"#)
        #expect(ClientMessage.pauseAssistant().value.json() == #"{"type":"pause_assistant_message"}"#)
        for message in Self.client where message.value.json().contains("null") {
            // Only free data of the user may hold one.
            guard case .sessionSettings(let settings) = message else {
                Issue.record("found null in \(message.value.json())")
                continue
            }
            #expect(settings.metadata != nil)
        }
    }

    @Test(
        "12. what is not known passes",
        arguments: [
            #"{"type":"assistant_message","from_text":false,"is_quick_response":false,"message":{"role":"narrator","mood":1,"content":null,"tool_call":null},"models":{"prosody":null,"weather":{}},"id":null,"extra":[1,{}]}"#,
            #"{"type":"chat_metadata","chat_id":"c","chat_group_id":"g","request_id":null,"new":{"a":[[]]}}"#,
            #"{"type":"error","code":"Q9999","slug":"new_kind","message":"x","request_id":null}"#,
            #"{"type":"tool_call","name":"x","parameters":"{}","response_required":false,"tool_call_id":"1","tool_type":"quantum"}"#,
            #"{"type":"assistant_end","custom_session_id":7}"#, #"{"type":"hologram","data":{"x":1}}"#,
            #"{"type":"session_settings","audio":{"encoding":"opus","sample_rate":8000,"channels":1},"voice_id":null,"tools":null}"#,
        ])
    func tolerant(text: String) throws {
        let decoded = try ServerMessage.decode(Array(text.utf8))
        #expect(decoded.notes == [])
        var stage = Stage()
        stage.begin()
        stage.hear(text: text)
        #expect(stage.session.isLive)
    }

    @Test(
        "13. a broken message gives one warning, and the session lives",
        arguments: [
            "{", "", "[]", "\"x\"", "7", "null", "x", "{\"type\":7}", "{}", #"{"type":"chat_metadata","chat_id":"c"}"#,
            #"{"type":"audio_output","id":"A","index":-1,"data":""}"#,
            #"{"type":"audio_output","id":"A","index":0,"data":"***"}"#,
            #"{"type":"audio_output","id":"A","index":0}"#, #"{"type":"user_message"}"#,
            #"{"type":"assistant_end"} trailing"#, #"{"type":"tool_call","name":"x"}"#,
            #"{"type":"assistant_end","x":"\ud800\q"}"#,
        ])
    func broken(text: String) {
        var stage = Stage()
        stage.begin()
        let before = stage.warnings.count
        stage.hear(text: text)
        #expect(stage.warnings.count == before + 1, "\(stage.warnings)")
        #expect(stage.session.isLive)
    }

    @Test("13. a message that lacks what one can do without is used, with one warning")
    func lacking() throws {
        let text =
            #"{"type":"user_message","from_text":false,"message":{"role":"user","content":"Hi"},"models":{},"time":{"begin":1,"end":2}}"#
        let decoded = try ServerMessage.decode(Array(text.utf8))
        #expect(decoded.message == .userMessage(UserMessage("Hi", time: 1...2)))
        #expect(decoded.notes.map(\.path) == ["user_message.interim"])
    }

    @Test("13. a text of one byte, and a binary frame from the server, give one warning each")
    func oddFrames() {
        var stage = Stage()
        stage.begin()
        stage.socket(.text([0xFF]))
        #expect(stage.warnings.count == 1)
        stage.socket(.binary(byteCount: 12))
        #expect(stage.warnings.count == 2)
        #expect(stage.session.isLive)
    }

    @Test("a flood of broken messages does not become a flood of warnings")
    func flood() {
        var stage = Stage()
        stage.begin()
        for _ in 0..<1_000 { stage.hear(text: "{") }
        #expect(stage.warnings.count == 20)
        #expect(stage.session.figures.brokenMessages == 1_000)
    }

    @Test("14. a message of 16 MiB is read, and a larger one closes with 1009")
    func sizes() throws {
        var data = [UInt8](repeating: 0, count: 12 << 20)
        data.removeLast(1 << 10)  // room for the members around it
        let large = ServerMessage.audioOutput(AudioOutput(id: "A", index: 0, data: data)).encoded()
        #expect(large.count > 16 << 20 - 4_096 && large.count <= 16 << 20)
        guard case .audioOutput(let output) = try ServerMessage.decode(large).message else {
            Issue.record("expected audio_output")
            return
        }
        #expect(output.data.count == data.count)
        var stage = Stage()
        stage.begin()
        let actions = stage.socket(.text([UInt8](repeating: 0x20, count: 17 << 20)))
        #expect(actions.contains(.close(attempt: stage.attempt, code: 1009, reason: "")))
        stage.close(1009)
        guard case .protocolViolation(1009, _)? = stage.end else {
            Issue.record("expected an end with 1009, found \(String(describing: stage.end))")
            return
        }
    }

    @Test("depth, number of values and length of numbers are bounded")
    func bounds() {
        for text in [
            String(repeating: "[", count: 33), String(repeating: #"{"a":"#, count: 100_000),
            "[" + String(repeating: "0,", count: 1 << 18) + "0]", String(repeating: "1", count: 65), "1e999",
        ] {
            #expect(throws: WireFault.self) { try WireJSON.read(Array(text.utf8)) }
        }
        let deep = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(throws: Never.self) { try WireJSON.read(Array(deep.utf8)) }
    }

    @Test("Base64 is read with and without escapes and padding, and nothing else passes")
    func base64() throws {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 151 + count) }
            let text = Base64.encode(bytes)
            #expect(text.utf8.count == Base64.encodedCount(count))
            #expect(Base64.decode(Array(text.utf8)[...]) == bytes)
            #expect(Base64.decode(Array(text.replacing("=", with: "").utf8)[...]) == bytes)
        }
        #expect(Base64.encode(Array("light work.".utf8)) == "bGlnaHQgd29yay4=")  // RFC 4648's alphabet
        for bad in ["A", "AA=", "A===", "AAA*", "AA\nA", "====", "AAAA=", "AB=C", "AAAAA"] {
            #expect(Base64.decode(Array(bad.utf8)[...]) == nil, "\(bad)")
        }
        let escaped = #"{"type":"audio_output","id":"A","index":0,"data":"\/\/\/\/"}"#
        #expect(
            try ServerMessage.decode(Array(escaped.utf8)).message
                == .audioOutput(AudioOutput(id: "A", index: 0, data: [255, 255, 255])))
    }

    @Test("all 48 scores are named")
    func names() {
        #expect(Set(Scores.names).count == 48)
        #expect(Self.scores.prosody?.highest(1).first?.name == "Joy")
    }
}
