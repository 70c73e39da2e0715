import Foundation
import SyrinxCore
import SyrinxEVI
import SyrinxNet
import SyrinxRealtime
import Testing

/// A clock on which waiting takes no time; it remembers how long it was waited.
private final class TestClock: RESTClock {
    private let state = Locked((now: Moment.seconds(100), waits: [Moment]()))

    var now: Moment { state.withLock { $0.now } }
    var waits: [Moment] { state.withLock { $0.waits } }
    let epochSeconds = 1_000_000.0

    func pass(_ span: Moment) async throws(CancellationError) {
        if Task.isCancelled { throw CancellationError() }
        state.withLock { state in
            state.now += span
            state.waits.append(span)
        }
    }
}

/// A server that answers with what a script says, one answer after the other, the last one for ever.
private struct Scene {
    let server: NetServer
    let clock = TestClock()
    let seen: Locked<[NetServer.Request]>
    let rest: RESTClient

    init(_ script: @escaping @Sendable (_ number: Int, NetServer.Request) -> SyrinxNet.HTTPResponse) async throws {
        let seen = Locked<[NetServer.Request]>([])
        self.seen = seen
        server = try await NetServer.start { request in
            let number = seen.withLock { seen in
                seen.append(request)
                return seen.count - 1
            }
            return .response(script(number, request))
        }
        rest = RESTClient(
            base: try BaseAddress(server.address), key: Secret(apiKey), hiding: [Secret(secretKey)],
            transport: try NetTransport(), clock: clock)
    }

    init(answers: [SyrinxNet.HTTPResponse]) async throws {
        try await self.init { number, _ in answers[min(number, answers.count - 1)] }
    }

    var requests: [NetServer.Request] { seen.withLock { $0 } }

    func failure(_ body: (RESTClient) async throws(PipelineError) -> Void) async -> PipelineError? {
        do throws(PipelineError) {
            try await body(rest)
            return nil
        } catch {
            return error
        }
    }
}

private func reply(_ text: String, _ status: Int = 200, _ headers: HTTPHeaderFields = [:]) -> SyrinxNet.HTTPResponse {
    SyrinxNet.HTTPResponse(status, headers: headers, body: Array(text.utf8))
}

@Suite("EVI's REST interface, on a clock that takes no time", .timeLimit(.minutes(5)))
struct RESTClockTests {
    @Test(
        "36. three pages, an empty page and a wrong total_pages: each item once, page after page",
        arguments: [0, 1, 3, 99])
    func paging(total: Int) async throws {
        let pages = [["a", "b"], ["b", "c"], ["d"], []]
        let scene = try await Scene { _, request in
            let page = request.query.first { $0.name == "page_number" }.flatMap { Int($0.value) } ?? 0
            let items = (page < pages.count ? pages[page] : []).map { #"{"id":"\#($0)"}"# }.joined(separator: ",")
            return reply(#"{"page_number":\#(page),"total_pages":\#(total),"chats_page":[\#(items)]}"#)
        }
        let requests = scene.rest.requests
        let chats = try await scene.rest.all("chats_page", of: ChatRecord.init(reading:)) { requests.chats(page: $0) }
        #expect(chats.map(\.id) == ["a", "b", "c", "d"])
        #expect(scene.requests.map { $0.query.first { $0.name == "page_number" }?.value } == ["0", "1", "2", "3"])
        let all = scene.requests.allSatisfy { $0.headers["X-Hume-Api-Key"] == apiKey && $0.path == "/v0/evi/chats" }
        #expect(all)
        let some = try await scene.rest.listing("chats_page", limit: 3) { requests.chats(page: $0) }
        #expect(some.items.count == 3 && scene.requests.count == 6, "pages beyond the limit are not asked for")
    }

    @Test("36. 429 with Retry-After waits as told, in seconds or as a date")
    func retryAfter() async throws {
        let parts = DateFormatter.http
        parts.timeZone = TimeZone(secondsFromGMT: 0)
        let date = parts.string(from: Date(timeIntervalSinceNow: 40))
        let scene = try await Scene(answers: [
            reply("{}", 429, ["Retry-After": "7"]), reply("{}", 429, ["Retry-After": date]), reply(#"{"a":1}"#),
        ])
        #expect(try await scene.rest.value(scene.rest.requests.chats())["a"] == .integer(1))
        let waits = scene.clock.waits.filter { $0 >= .milliseconds(100) }
        try #require(waits.count == 2)
        #expect(waits[0] == .seconds(7))
        // The date counts from the server's answer; a slow machine has used some of it up.
        #expect((20...40).contains(waits[1].inSeconds))
    }

    @Test("5xx is tried again twice, ever later; then it is an error that names the request")
    func serverFaults() async throws {
        let scene = try await Scene(answers: [reply("", 503)])
        let error = await scene.failure { rest throws(PipelineError) in _ = try await rest.send(rest.requests.chats()) }
        #expect(error?.code == .unavailable && error?.description.contains("GET /v0/evi/chats") == true)
        #expect(scene.requests.count == 3)
        let waits = scene.clock.waits.map(\.inSeconds).filter { $0 > 0.1 }
        try #require(waits.count == 2)
        #expect((0.8...1.2).contains(waits[0]) && (1.6...2.4).contains(waits[1]))
    }

    @Test("what creates something is sent once when the server failed, and again when it was turned away")
    func creation() async throws {
        let body = Value.object([.init("name", .string("n")), .init("text", .string("t"))])
        let failing = try await Scene(answers: [reply("", 503)])
        let request = try failing.rest.requests.create(.prompts, body)
        #expect(await failing.failure { rest throws(PipelineError) in _ = try await rest.send(request) } != nil)
        #expect(failing.requests.count == 1)
        let busy = try await Scene(answers: [reply("", 429, ["Retry-After": "1"]), reply("{}", 201)])
        #expect(try await busy.rest.send(busy.rest.requests.create(.prompts, body)).status == 201)
        #expect(busy.requests.count == 2)
        #expect(busy.requests.last.map { String(decoding: $0.body, as: UTF8.self) } == #"{"name":"n","text":"t"}"#)
    }

    @Test("a hundred requests a second go, and no more")
    func pace() async throws {
        let scene = try await Scene(answers: [reply("{}")])
        let start = scene.clock.now
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<32 { _ = try? await scene.rest.send(scene.rest.requests.chats()) } }
            }
        }
        #expect(scene.requests.count == 256)
        #expect(scene.clock.now - start >= .milliseconds(2_550))
    }

    @Test("a refused key is told at once, and neither key is in the error, whatever the server says")
    func refusal() async throws {
        let scene = try await Scene(answers: [reply(#"{"message":"bad key \#(apiKey), \#(secretKey)"}"#, 401)])
        let error = await scene.failure { rest throws(PipelineError) in _ = try await rest.send(rest.requests.chats()) }
        #expect(error?.code == .refused && scene.requests.count == 1)
        let words = "\(error.map(\.description) ?? "") \(String(describing: error))"
        #expect(!words.contains(apiKey) && !words.contains(secretKey) && words.contains("bad key"))
    }

    @Test(
        "a reply that is not as documented is an error, not a crash",
        arguments: ["", "[]", "{", #"{"chats_page":1}"#, #"{"chats_page":[{"id":1}]}"#, "\u{FEFF}{}"])
    func oddReplies(body: String) async throws {
        let scene = try await Scene(answers: [reply(body)])
        let error = await scene.failure { rest throws(PipelineError) in
            _ = try await rest.all("chats_page", of: ChatRecord.init(reading:)) { rest.requests.chats(page: $0) }
        }
        #expect(error?.code == .unavailable && error?.path == "GET /v0/evi/chats")
    }

    @Test("the newest version of a thing is shown, and one that is not there is missing")
    func newest() async throws {
        let body = #"{"tools_page":[{"id":"t","version":1},{"id":"t","version":11},{"id":"t","version":2}]}"#
        let scene = try await Scene(answers: [reply(body)])
        #expect(try await scene.rest.stored(.tools, id: "t").version == 11)
        let empty = try await Scene(answers: [reply(#"{"tools_page":[]}"#)])
        let error = await empty.failure { rest throws(PipelineError) in _ = try await rest.stored(.tools, id: "t") }
        #expect(error?.code == .missingInput)
    }

    @Test("audio is asked for until it is complete")
    func audio() async throws {
        func audio(_ status: String, _ more: String = "") -> SyrinxNet.HTTPResponse {
            reply(#"{"id":"c","user_id":"u","status":"\#(status)"\#(more)}"#)
        }
        let scene = try await Scene(answers: [
            audio("QUEUED"), audio("IN_PROGRESS"), audio("COMPLETE"),
            audio("COMPLETE", #","signed_audio_url":"https://files.example/a?s=1""#),
        ])
        let found = try await scene.rest.chatAudio("c", every: .seconds(4), patience: .seconds(60))
        #expect(found.progress == .ready(Secret("https://files.example/a?s=1")))
        #expect(scene.clock.waits.filter { $0 > .seconds(1) } == [.seconds(4), .seconds(4), .seconds(4)])

        let slow = try await Scene(answers: [audio("IN_PROGRESS")])
        let start = slow.clock.now
        let late = await slow.failure { rest throws(PipelineError) in
            _ = try await rest.chatAudio("c", every: .seconds(4), patience: .seconds(10))
        }
        #expect(late?.code == .unavailable && late?.description.contains("10 s") == true)
        #expect(slow.requests.count == 4 && slow.clock.now - start <= .milliseconds(10_100))

        let failed = try await Scene(answers: [audio("CANCELLED")])
        let error = await failed.failure { rest throws(PipelineError) in _ = try await rest.chatAudio("c") }
        #expect(error?.code == .unavailable && error?.description.contains("CANCELLED") == true)
    }

    @Test("the audio of a group is waited for as a whole; what failed is among it")
    func groupAudio() async throws {
        let scene = try await Scene { number, request in
            let isFirst = request.query.contains { $0.name == "page_number" && $0.value == "0" }
            let status = number < 2 ? "QUEUED" : "ERROR"
            let items = isFirst ? #"{"id":"a","status":"\#(status)"},{"id":"b","status":"CANCELED"}"# : ""
            return reply(#"{"audio_reconstructions_page":[\#(items)],"num_chats":2}"#)
        }
        let all = try await scene.rest.chatGroupAudio("g", every: .seconds(2))
        #expect(all.map(\.progress) == [.failed(status: "ERROR"), .failed(status: "CANCELED")])
        #expect(scene.clock.waits.filter { $0 > .seconds(1) } == [.seconds(2)])
    }

    @Test("a signed address is fetched without the key, again before the first byte only, and stands in no error")
    func download() async throws {
        let sound = [UInt8]((0..<300_000).map { UInt8(truncatingIfNeeded: $0 * 7) })
        let scene = try await Scene { number, _ in
            number == 0 ? reply("", 503, ["Retry-After": "3"]) : SyrinxNet.HTTPResponse(200, body: sound)
        }
        let address = Secret("\(scene.server.address)/bucket/talk.mp3?signature=must-stay-hidden")
        let got = Locked<[UInt8]>([])
        let count = try await scene.rest.download(address, at: "chat c") { piece throws(PipelineError) in
            got.withLock { $0 += piece }
        }
        #expect(count == sound.count && got.withLock { $0 } == sound)
        #expect(scene.clock.waits.filter { $0 > .seconds(1) } == [.seconds(3)])
        let bare = scene.requests.allSatisfy {
            $0.headers["X-Hume-Api-Key"] == nil && $0.headers["Authorization"] == nil
        }
        #expect(bare && scene.requests.count == 2)

        let expired = try await Scene(answers: [reply("<Error>\(apiKey)</Error>", 403)])
        let old = Secret("\(expired.server.address)/bucket/talk.mp3?signature=must-stay-hidden")
        let error = await expired.failure { rest throws(PipelineError) in
            try await rest.download(old, at: "chat c") { _ throws(PipelineError) in }
        }
        #expect(error?.code == .unavailable && error?.path == "chat c" && expired.requests.count == 1)
        #expect(error.map { !"\($0)".contains("hidden") && !"\($0)".contains("bucket") } == true)

        let much = await scene.failure { rest throws(PipelineError) in
            try await rest.download(address, at: "chat c", byteLimit: 1_000) { _ throws(PipelineError) in }
        }
        #expect(much?.description.contains("1000 bytes") == true)
    }

    @Test("a server with TLS cannot send us to an address without")
    func downgrade() async throws {
        let rest = RESTClient(base: .hume, key: Secret(apiKey), transport: try NetTransport(), clock: TestClock())
        await #expect(throws: PipelineError.self) {
            try await rest.download(Secret("http://127.0.0.1:9/x"), at: "chat c") { _ throws(PipelineError) in }
        }
    }

    @Test("waiting ends with its task")
    func cancellation() async throws {
        let server = try await NetServer.start { _ in .response(reply("", 429, ["Retry-After": "50"])) }
        let rest = RESTClient(
            base: try BaseAddress(server.address), key: Secret(apiKey), transport: try NetTransport())
        let task = Task { try await rest.send(rest.requests.chats()) }
        task.cancel()
        await #expect(throws: PipelineError.self) { _ = try await task.value }
        await server.stop()
    }
}

extension DateFormatter {
    /// As in `Sun, 06 Nov 1994 08:49:37 GMT`.
    fileprivate static var http: DateFormatter {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter
    }
}
