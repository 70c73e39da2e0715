import SyrinxCore
import SyrinxEVI
import Testing

@Suite("EVI handshake")
struct HandshakeTests {
    @Test("1. the query holds exactly what was asked for, percent-encoded")
    func query() {
        var stage = Stage(
            options {
                $0.configID = "11112222-3333"
                $0.configVersion = 4
                $0.resumedChatGroupID = "aaaa-bbbb"
                $0.verboseTranscription = true
                $0.allowConnection = true
                $0.settings.systemPrompt = "Grüße & {{x}} = 1?"
                $0.settings.variables = [
                    .init("x y", .string("ü&=")), .init("n", .integer(30)), .init("b", .boolean(true)),
                ]
                $0.settings.context = .set(.init("a b", type: "persistent"))
                $0.settings.voiceID = "v-1"
                $0.settings.customSessionID = "mine"
                $0.settings.eventLimit = 40
            })
        stage.feed(.start)
        let target = stage.connects[0].revealTarget()
        let parts = target.split(separator: "?", maxSplits: 1)
        #expect(parts[0] == "/v0/evi/chat")
        #expect(
            Set(parts[1].split(separator: "&").map(String.init)) == [
                "config_id=11112222-3333", "config_version=4", "resumed_chat_group_id=aaaa-bbbb",
                "verbose_transcription=true", "allow_connection=true", "event_limit=40",
                "session_settings%5Baudio%5D%5Bencoding%5D=linear16",
                "session_settings%5Baudio%5D%5Bsample_rate%5D=16000", "session_settings%5Baudio%5D%5Bchannels%5D=1",
                "session_settings%5Bcontext%5D%5Btext%5D=a%20b",
                "session_settings%5Bcontext%5D%5Btype%5D=persistent",
                "session_settings%5Bcustom_session_id%5D=mine", "session_settings%5Bvoice_id%5D=v-1",
                "session_settings%5Bsystem_prompt%5D=Gr%C3%BC%C3%9Fe%20%26%20%7B%7Bx%7D%7D%20%3D%201%3F",
                "session_settings%5Bvariables%5D%5Bx%20y%5D=%C3%BC%26%3D",
                "session_settings%5Bvariables%5D%5Bn%5D=30", "session_settings%5Bvariables%5D%5Bb%5D=true",
            ])
        #expect(stage.connects[0].headers.map(\.name) == ["X-Hume-Api-Key"])
        #expect(stage.connects[0].headers[0].reveal() == apiKey)
    }

    @Test("1. nothing empty is sent")
    func nothingEmpty() {
        var stage = Stage(options { $0.configID = "" })
        stage.feed(.start)
        let query = stage.connects[0].query
        #expect(query.allSatisfy { !$0.reveal().isEmpty })
        #expect(query.allSatisfy { $0.name.hasPrefix("session_settings[audio]") })
    }

    @Test("1. a server reads from the query the settings that were put in")
    func readsBack() {
        var stage = Stage(
            options {
                $0.settings.systemPrompt = "P {{x}}"
                $0.settings.variables = [.init("x", .string("1")), .init("a][b", .string("2"))]
                $0.settings.context = .set(.init("c", type: "temporary"))
            })
        stage.feed(.start)
        let read = SessionSettings(query: stage.connects[0].query.map { ($0.name, $0.reveal()) })
        var expected = stage.session.options.settings
        expected.audio = .init(sampleRate: 16_000)
        #expect(read == expected)
    }

    @Test("what does not fit in the address is the first message, prompt and variables together")
    func firstMessage() {
        var stage = Stage(
            options {
                $0.settings.systemPrompt = String(repeating: "x", count: 1_001)
                $0.settings.variables = [.init("name", .string("Ada"))]
                $0.settings.builtinTools = [.init("hang_up")]
                $0.settings.languageModelKey = Secret("lm-key-hidden")
                $0.tools = [ToolSpec(.init("lamp", parameters: "{}"))]
            })
        stage.begin()
        #expect(!stage.connects[0].revealTarget().contains("prompt"))
        #expect(!stage.connects[0].revealTarget().contains("lm-key"))
        guard case .sessionSettings(let settings)? = stage.texts.first else {
            Issue.record("expected session_settings first")
            return
        }
        #expect(settings.systemPrompt?.count == 1_001)
        #expect(settings.variables?.count == 1)
        #expect(settings.builtinTools?.map(\.name) == ["hang_up"])
        #expect(settings.tools?.map(\.name) == ["lamp"])
        #expect(settings.languageModelKey == Secret("lm-key-hidden"))
        #expect(settings.audio == nil)  // it went with the address
    }

    @Test("settings by message hold the audio format, and the query holds none")
    func byMessage() {
        var stage = Stage(options { $0.settingsByMessage = true })
        stage.feed(.start)
        #expect(stage.connects[0].query == [])
        stage.greet()
        guard case .sessionSettings(let settings)? = stage.texts.first else {
            Issue.record("expected session_settings first")
            return
        }
        #expect(settings.audio == .init(sampleRate: 16_000))
    }

    @Test("3. HTTP 401 is one clear error, and there is no other attempt", arguments: [401, 403, 404, 400])
    func refused(status: Int) {
        var stage = Stage()
        stage.feed(.start)
        stage.socket(.refused(status: status, retryAfter: nil))
        #expect(stage.end == .refused(status: status))
        #expect(stage.end?.error?.description.contains("HTTP \(status)") == true)
        #expect(stage.end?.error?.code == (status == 401 || status == 403 ? .refused : .unavailable))
        #expect(stage.connects.count == 1)
        #expect(stage.eventNames == ["closed"])
        #expect(stage.pass(.seconds(3_600)).isEmpty)
    }

    @Test("a handshake refused with 429 or 5xx is tried again, as late as the server says", arguments: [429, 500, 503])
    func busy(status: Int) {
        var stage = Stage()
        stage.feed(.start)
        stage.socket(.refused(status: status, retryAfter: .seconds(7)))
        #expect(stage.delays == [.seconds(7)])
        stage.pass(.seconds(8))
        #expect(stage.connects.count == 2)
    }

    @Test(
        "4. 101, then E0300, then a close is reported as no credit, without another attempt",
        arguments: [1000, 1006, 1008])
    func noCredit(code: Int) {
        var stage = Stage()
        stage.feed(.start)
        stage.socket(.opened)
        stage.error("E0300", "credit used up")
        stage.close(code)
        guard case .noCredit? = stage.end else {
            Issue.record("found \(String(describing: stage.end))")
            return
        }
        #expect(stage.end?.error?.description.contains("credit") == true)
        #expect(stage.connects.count == 1)
    }

    @Test("5. without chat_metadata it closes after 10 s and tries again by the back-off rule, six times in all")
    func silentServer() {
        var stage = Stage()
        stage.feed(.start)
        for _ in 0..<6 {
            stage.socket(.opened)
            #expect(!stage.pass(.milliseconds(9_999)).contains(.abandon(attempt: stage.attempt)))
            #expect(stage.pass(.milliseconds(2)).contains(.abandon(attempt: stage.attempt)))
            stage.pass((stage.delays.last ?? .zero) + .milliseconds(1))
        }
        #expect(stage.connects.count == 6)
        guard case .gaveUp(attempts: 6, _)? = stage.end else {
            Issue.record("found \(String(describing: stage.end))")
            return
        }
        for (delay, expected) in zip(stage.delays, [0.5, 1, 2, 4, 8]) {
            #expect((expected * 0.8...expected * 1.2).contains(delay.inSeconds))
        }
    }

    @Test(
        "29. a token is fetched anew for each attempt, and one that is refused for a while counts as a failed attempt")
    func tokens() throws {
        var stage = Stage(
            options { $0.credentials = .keyAndSecret(Secret(apiKey), Secret(secretKey)) })
        stage.feed(.start)
        guard case .fetchToken(_, let request)? = stage.done.first?.action else {
            Issue.record("expected a token request")
            return
        }
        #expect(request.method == .post)
        #expect(request.revealTarget() == "/oauth2-cc/token")
        #expect(request.body == Array("grant_type=client_credentials".utf8))
        let basic = Base64.encode(Array("\(apiKey):\(secretKey)".utf8))
        #expect(request.headers.first { $0.name == "Authorization" }?.reveal() == "Basic " + basic)
        for round in 0..<6 {
            stage.feed(.token(attempt: stage.attempt, .success(HTTPResponse(status: 503))))
            #expect(round == 5 || stage.end == nil)
            stage.pass(stage.delays.last! + .milliseconds(1))
        }
        guard case .gaveUp(attempts: 6, _)? = stage.end else {
            Issue.record("found \(String(describing: stage.end))")
            return
        }
        #expect(stage.connects == [])

        var good = Stage(options { $0.credentials = .keyAndSecret(Secret(apiKey), Secret(secretKey)) })
        good.feed(.start)
        for number in 1...3 {
            let body = Array(#"{"access_token":"\#(accessToken)\#(number)","expires_in":1800}"#.utf8)
            good.feed(.token(attempt: good.attempt, .success(HTTPResponse(status: 200, body: body))))
            #expect(good.connects.count == number)
            #expect(
                good.connects.last?.query.first { $0.name == "access_token" }?.reveal() == "\(accessToken)\(number)")
            good.greet()
            good.pass(.seconds(31))
            good.close(1006)
            good.pass(.seconds(2))
        }
    }

    @Test("29. key and secret that the token endpoint refuses end the session")
    func tokenRefused() {
        var stage = Stage(options { $0.credentials = .keyAndSecret(Secret(apiKey), Secret(secretKey)) })
        stage.feed(.start)
        stage.feed(.token(attempt: stage.attempt, .success(HTTPResponse(status: 401))))
        #expect(stage.end == .tokenRefused(status: 401))
        #expect(stage.end?.error?.code == .refused)
    }

    @Test("2. key, secret and token stand in no description, dump, event or error")
    func secrets() throws {
        for credentials in [
            Credentials.key(Secret(apiKey)), .keyAndSecret(Secret(apiKey), Secret(secretKey)),
            .token(Secret(accessToken)),
        ] {
            var stage = Stage(
                options {
                    $0.credentials = credentials
                    $0.settings.languageModelKey = Secret("lm-key-must-stay-hidden")
                })
            stage.feed(.start)
            let body = Array(#"{"access_token":"\#(accessToken)"}"#.utf8)
            let token = SessionInput.token(attempt: 1, .success(HTTPResponse(status: 200, body: body)))
            let echo = "\(apiKey) \(secretKey) \(accessToken) lm-key-must-stay-hidden"
            if case .keyAndSecret = credentials { stage.feed(token) }
            stage.greet()
            stage.error("E0999", echo)
            stage.socket(.text(Array(#"{"type":"tool_error","tool_call_id":"1","error":"\#(echo)"}"#.utf8)))
            for message in [
                #"{"type":"user_message","message":{"role":"user","content":"\#(echo)"},"models":{},"from_text":false,"#
                    + #""interim":false,"time":{"begin":0,"end":1}}"#,
                #"{"type":"assistant_message","id":"\#(echo)","message":{"role":"assistant","content":"\#(echo)"},"#
                    + #""models":{},"from_text":false,"is_quick_response":false}"#,
                #"{"type":"assistant_prosody","id":"\#(echo)","models":{}}"#,
                #"{"type":"tool_call","name":"\#(echo)","parameters":"\#(echo)","tool_call_id":"\#(echo)","#
                    + #""response_required":false,"tool_type":"function"}"#,
            ] { stage.socket(.text(Array(message.utf8))) }
            stage.pass(.seconds(31))
            stage.socket(.closed(code: 1012, reason: echo))
            stage.pass(.seconds(1))
            if case .keyAndSecret = credentials {
                stage.feed(.token(attempt: 2, .failure(TransportFailure(.untrusted, echo))))
            } else {
                stage.socket(.failed(TransportFailure(.untrusted, echo)))
            }
            #expect(stage.end != nil)
            var hidden = credentials.secrets.map { $0.reveal() } + ["lm-key-must-stay-hidden"]
            if case .keyAndSecret = credentials { hidden.append(accessToken) }
            for (_, action) in stage.done {
                var shown = ""
                switch action {
                case .event(let event):
                    shown = "\(event) \(Value.object(event.fields).json())"
                case .end(let reason): shown = "\(reason) \(String(describing: reason.error))"
                case .connect(_, let request):
                    shown = "\(request)"
                    dump(request, to: &shown)
                case .fetchToken(_, let request):
                    shown = "\(request) \(request.headers)"
                    dump(request, to: &shown)
                default: break
                }
                for secret in hidden { #expect(!shown.contains(secret), "\(action)") }
            }
            var shown = "\(credentials) \(stage.session.options) \(stage.session)"
            dump(stage.session.options, to: &shown)
            for secret in hidden { #expect(!shown.contains(secret)) }
        }
    }

    @Test("base addresses are read, and plain ones are for loopback only")
    func addresses() throws {
        #expect(try BaseAddress("wss://api.hume.ai") == .hume)
        #expect(try BaseAddress("api.hume.ai") == .hume)
        #expect(try BaseAddress("https://API.hume.ai/").host == "api.hume.ai")
        #expect(try BaseAddress("ws://127.0.0.1:8765").port == 8_765)
        #expect(try BaseAddress("ws://[::1]:80/x/").prefix == "/x")
        #expect(try BaseAddress("http://localhost").http.description == "http://localhost")
        #expect(try BaseAddress("wss://[::1]:9").authority == "[::1]:9")
        for bad in [
            "ws://api.hume.ai", "http://127.0.0.1.evil.example", "ftp://x", "wss://", "wss://a:0", "wss://a:99999",
            "wss://user:pass@host", "wss://a?x=1", "wss://a b", "wss://[::1", "wss://a\r\nX: y", "wss://a/\u{e9}",
        ] {
            #expect(throws: PipelineError.self, "\(bad)") { try BaseAddress(bad) }
        }
    }
}
