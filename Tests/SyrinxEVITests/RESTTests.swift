import SyrinxCore
import SyrinxEVI
import SyrinxTestKit
import Testing

@Suite("EVI over REST")
struct RESTTests {
    let rest = RESTRequests(base: .hume, key: Secret(apiKey))

    /// Serves pages of ids, whatever total it tells.
    static func page(_ ids: [String], total: Int) -> [UInt8] {
        let items = ids.map { #"{"id":"\#($0)","version":0}"# }.joined(separator: ",")
        return Array(#"{"page_number":0,"page_size":10,"total_pages":\#(total),"chats_page":[\#(items)]}"#.utf8)
    }

    @Test(
        "36. three pages, an empty page, and a wrong total_pages bring each item once",
        arguments: [
            [["a", "b"], ["c", "d"], ["e"], []], [["a", "b"], ["b", "c"], ["d", "e"], []],
            [["a", "b"], ["c", "d"], ["e"], ["e"]], [["a"], ["b", "c", "d", "e"], []],
        ], [0, 1, 3, 99])
    func paging(pages: [[String]], total: Int) throws {
        var walk = PageWalk(list: "chats_page")
        var found: [String] = []
        while let page = walk.nextPage {
            #expect(page < pages.count)
            found += try walk.take(Self.page(pages[page], total: total)).compactMap { $0["id"]?.string }
        }
        #expect(found == ["a", "b", "c", "d", "e"])
    }

    @Test("36. versions of one thing are different items, and a reply without the list is a fault")
    func versions() throws {
        var walk = PageWalk(list: "configs_page")
        let body = Array(#"{"configs_page":[{"id":"a","version":0},{"id":"a","version":1}]}"#.utf8)
        #expect(try walk.take(body).count == 2)
        #expect(throws: WireFault.self) { _ = try walk.take(Array("{}".utf8)) }
    }

    @Test("36. 429 with Retry-After waits as told; without it, 1 s and 2 s; then it gives up")
    func tooMany() {
        var random = SeededRandom(seed: 3)
        var retry = RESTRetry(rest.chats())
        let told = HTTPResponse(status: 429, headers: [("retry-after", "7")])
        #expect(retry.take(told, using: &random) == .again(after: .seconds(7)))
        guard case .again(let wait) = retry.take(HTTPResponse(status: 429), using: &random) else {
            Issue.record("expected another try")
            return
        }
        #expect((1.6...2.4).contains(wait.inSeconds))
        guard case .failed(let error) = retry.take(HTTPResponse(status: 429), using: &random) else {
            Issue.record("expected an end")
            return
        }
        #expect(error.code == .unavailable && error.description.contains("429"))
        var reset = RESTRetry(rest.chats())
        let response = HTTPResponse(status: 503, headers: [("X-RateLimit-Reset", "1005")])
        #expect(reset.take(response, epochSeconds: 1_000, using: &random) == .again(after: .seconds(5)))
    }

    @Test("what creates something is tried again only when it cannot have arrived")
    func creation() throws {
        var random = SeededRandom(seed: 4)
        let request = try rest.create(.prompts, .object([.init("name", .string("n")), .init("text", .string("t"))]))
        var retry = RESTRetry(request)
        guard case .failed = retry.take(HTTPResponse(status: 503), using: &random) else {
            Issue.record("expected no other try")
            return
        }
        let failure = TransportFailure(.unreachable, "reset, \(apiKey)")
        guard case .again = retry.take(failure, wasSent: false, using: &random),
            case .failed(let error) = retry.take(failure, wasSent: true, using: &random)
        else {
            Issue.record("expected one more try when nothing was sent, none when it was")
            return
        }
        #expect(!error.description.contains(apiKey))
    }

    @Test("requests go where the protocol says", arguments: RESTRequests.Kind.allCases)
    func addresses(kind: RESTRequests.Kind) {
        let base = "/v0/evi/\(kind.rawValue)"
        #expect(
            rest.list(kind, page: 2, name: "a b").revealTarget()
                == base + "?page_number=2&page_size=100&restrict_to_most_recent=true&name=a%20b")
        #expect(rest.versions(kind, id: "i").revealTarget().hasPrefix(base + "/i?"))
        #expect(rest.show(kind, id: "../x", version: 3).revealTarget() == base + "/..%2Fx/version/3")
        #expect(rest.delete(kind, id: "i").method == .delete)
        #expect(rest.rename(kind, id: "i", to: "n").body == Array(#"{"name":"n"}"#.utf8))
        #expect(rest.list(kind).headers.contains { $0.name == "X-Hume-Api-Key" && $0.reveal() == apiKey })
        #expect(!"\(rest.list(kind)) \(rest.list(kind).headers)".contains(apiKey))
    }

    @Test("voices, chats and groups have their own addresses")
    func others() {
        #expect(
            rest.voices(provider: "HUME_AI", tags: ["LANGUAGE:en", "x:y"]).revealTarget()
                == "/v0/tts/voices?provider=HUME_AI&page_number=0&page_size=100&filter_tag=LANGUAGE%3Aen&filter_tag=x%3Ay"
        )
        #expect(rest.deleteVoice(name: "my voice").revealTarget() == "/v0/tts/voices?name=my%20voice")
        #expect(rest.chatAudio("c").revealTarget() == "/v0/evi/chats/c/audio")
        #expect(rest.chatGroupEvents("g").revealTarget().hasPrefix("/v0/evi/chat_groups/g/events?"))
        #expect(
            rest.chats(configID: "k", status: "ACTIVE", order: .descending).revealTarget()
                == "/v0/evi/chats?page_number=0&page_size=100&ascending_order=false&config_id=k&status=ACTIVE")
    }

    @Test("bodies hold the documented members, and what is read can be written again")
    func bodies() throws {
        #expect(throws: PipelineError.self) {
            try rest.create(.configs, .object([.init("evi_version", .string("3"))]))
        }
        #expect(throws: PipelineError.self) {
            try rest.create(
                .tools,
                .object([.init("name", .string("n")), .init("parameters", .string("{}")), .init("colour", .null)]))
        }
        let stored = try json(
            #"{"id":"c","version":2,"name":"n","evi_version":"3","created_on":1,"prompt":{"id":"p","version":1,"text":"t","version_type":"FIXED"},"tools":[{"id":"t","version":0,"name":"x","parameters":"{}"}],"voice":{"id":"v","provider":"HUME_AI","name":"V","compatible_octave_models":[]},"timeouts":null}"#
        )
        let body = RESTRequests.Kind.configs.writable(stored)
        #expect(
            normal(body)
                == (try json(
                    #"{"evi_version":"3","prompt":{"id":"p","version":1},"tools":[{"id":"t","version":0}],"voice":{"id":"v","provider":"HUME_AI"}}"#
                )))
        #expect(throws: Never.self) { try rest.update(.configs, id: "c", body) }
        #expect(throws: PipelineError.self) { try rest.update(.configs, id: "c", stored) }
    }

    @Test("replies are read, and times in seconds and milliseconds are the same")
    func replies() throws {
        #expect(Timestamp(wire: 1_765_000_012) == Timestamp(wire: 1_765_000_012_000))
        let chat = try ChatRecord(
            reading: try json(
                #"{"id":"c","chat_group_id":"g","status":"NEW_KIND","start_timestamp":1765000012,"end_timestamp":null,"config":{"id":"k","version":1}}"#
            ))
        #expect(chat.configID == "k" && chat.end == nil && chat.start?.milliseconds == 1_765_000_012_000)
        let event = try ChatEvent(
            reading: try json(
                #"{"id":"e","role":"USER","type":"USER_MESSAGE","message_text":"Hi","emotion_features":"{\"Joy\":0.5}"}"#
            ))
        #expect(event.scores?["Joy"] == 0.5)
        #expect(try ChatEvent(reading: try json(#"{"id":"e","emotion_features":""}"#)).scores == nil)
        let signed = "https://files.example/x?signature=hidden"
        let audio = try AudioReconstruction(
            reading: try json(#"{"id":"a","status":"COMPLETE","signed_audio_url":"\#(signed)"}"#))
        #expect(audio.progress == .ready(Secret(signed)))
        #expect(!"\(audio)".contains("hidden"))
        #expect(
            try AudioReconstruction(reading: try json(#"{"id":"a","status":"CANCELED"}"#)).progress
                == .failed(status: "CANCELED"))
    }

    @Test(
        "a refusal says what the server said",
        arguments: [
            (401, "{}", "API key"),
            (422, #"{"detail":[{"loc":["body","name"],"msg":"field required"}]}"#, "body.name: field required"),
            (400, #"{"code":"E1","message":"no such model"}"#, "no such model"), (404, "", "404"),
        ])
    func refusals(status: Int, body: String, words: String) {
        var random = SeededRandom(seed: 5)
        var retry = RESTRetry(rest.chats())
        guard case .failed(let error) = retry.take(HTTPResponse(status: status, body: Array(body.utf8)), using: &random)
        else {
            Issue.record("expected an end")
            return
        }
        #expect(error.description.contains(words))
    }

    @Test("a hundred requests a second may go, and no more")
    func pace() {
        var pace = RequestPace()
        let times = (0..<201).map { _ in pace.reserve(at: .seconds(5)) }
        #expect(times.last == .seconds(7))
        #expect(pace.reserve(at: .seconds(60)) == .seconds(60))
    }
}
