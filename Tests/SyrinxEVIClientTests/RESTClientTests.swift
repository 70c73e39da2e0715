import SyrinxCore
import SyrinxEVI
import SyrinxNet
import SyrinxRealtime
import Testing

@Suite("EVI's REST interface over a real server", .timeLimit(.minutes(5)))
struct RESTClientTests {
    private func client(_ peer: Peer, perSecond: Int = 100) throws -> RESTClient {
        RESTClient(base: try peer.base, key: Secret(apiKey), transport: try peer.transport, perSecond: perSecond)
    }

    private static func json(_ text: String, status: Int = 200) -> NetServer.Answer {
        .response(HTTPResponse(status, headers: ["Content-Type": "application/json"], body: Array(text.utf8)))
    }

    private static func number(_ request: NetServer.Request) -> Int {
        request.query.first { $0.name == "page_number" }.flatMap { Int($0.value) } ?? 0
    }

    @Test("rule 36: three pages, an empty page and a wrong total_pages bring each item once", arguments: Wire.allCases)
    func paging(wire: Wire) async throws {
        let pages = [["a", "b"], ["b", "c"], ["d"], []]
        let peer = try await Peer.answering(wire) { request in
            let page = Self.number(request)
            let items = (page < pages.count ? pages[page] : []).map { #"{"id":"\#($0)"}"# }.joined(separator: ",")
            return Self.json(#"{"page_number":\#(page),"total_pages":1,"chats_page":[\#(items)]}"#)
        }
        let rest = try client(peer)
        let items = try await rest.all("chats_page") { rest.requests.chats(page: $0) }
        #expect(items.compactMap { $0["id"]?.string } == ["a", "b", "c", "d"])
        #expect(peer.requests.all.map(Self.number) == [0, 1, 2, 3])
        #expect(peer.requests.all.allSatisfy { $0.headers["X-Hume-Api-Key"] == apiKey })
        // A walk that has found what it looked for asks no more.
        try await rest.walk("chats_page") {
            rest.requests.chats(page: $0)
        } _: { (_) throws(PipelineError) in
            false
        }
        #expect(peer.requests.count == 5)
        await peer.stop()
    }

    @Test("rule 36: 429 with Retry-After waits as told; 5xx is tried twice more", arguments: Wire.allCases)
    func retries(wire: Wire) async throws {
        let times = Log<ContinuousClock.Instant>()
        let peer = try await Peer.answering(wire) { request in
            times.append(.now)
            if request.path.hasSuffix("/down") { return .response(HTTPResponse(500)) }
            return times.count == 1
                ? .response(HTTPResponse(429, headers: ["Retry-After": "2"])) : Self.json(#"{"id":"x"}"#)
        }
        let rest = try client(peer)
        #expect(try await rest.value(rest.requests.chat("x"))["id"]?.string == "x")
        #expect(times.count == 2 && times.all[1] - times.all[0] >= .seconds(2))
        let error = await #expect(throws: PipelineError.self) { try await rest.send(rest.requests.chat("down")) }
        #expect(error?.code == .unavailable && error?.description.contains("500") == true)
        #expect(times.count == 5)
        await peer.stop()
    }

    @Test("what creates something is not sent twice unless the server turned it away unread")
    func creation() async throws {
        let peer = try await Peer.answering { request in
            request.path.hasSuffix("/prompts") ? .response(HTTPResponse(503)) : .cut
        }
        let rest = try client(peer)
        let body = Value.object([.init("name", .string("n")), .init("text", .string("t"))])
        await #expect(throws: PipelineError.self) { try await rest.send(rest.requests.create(.prompts, body)) }
        #expect(peer.requests.count == 1)
        let update = try rest.requests.update(.prompts, id: "i", .object([.init("text", .string("t"))]))
        await #expect(throws: PipelineError.self) { try await rest.send(update) }
        #expect(peer.requests.count == 2)
        #expect(peer.requests.all[1].body == update.body)
        await peer.stop()
    }

    @Test("refusals are errors with the server's words and without the key", arguments: [400, 401, 404, 422])
    func refusals(status: Int) async throws {
        let peer = try await Peer.answering { _ in Self.json(#"{"message":"not with \#(apiKey)"}"#, status: status) }
        let rest = try client(peer)
        let error = await #expect(throws: PipelineError.self) {
            try await rest.value(rest.requests.show(.configs, id: "c", version: 0))
        }
        #expect(error?.description.contains("\(status)") == true)
        #expect(error?.description.contains(apiKey) == false)
        #expect((error?.code == .refused) == (status == 401))
        #expect(peer.requests.count == 1)
        await peer.stop()
    }

    @Test("an answer that is no JSON is an error, not a crash")
    func nonsense() async throws {
        let peer = try await Peer.answering { _ in Self.json("<html>") }
        let rest = try client(peer)
        let error = await #expect(throws: PipelineError.self) { try await rest.value(rest.requests.chats()) }
        #expect(error?.message == "the answer cannot be read")
        await #expect(throws: PipelineError.self) {
            try await rest.all("chats_page") { rest.requests.chats(page: $0) }
        }
        await peer.stop()
    }

    @Test("requests of many tasks keep the pace together")
    func pace() async throws {
        let peer = try await Peer.answering { _ in Self.json("{}") }
        let rest = try client(peer, perSecond: 50)
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<51 { group.addTask { _ = try await rest.value(rest.requests.chats()) } }
            try await group.waitForAll()
        }
        #expect(ContinuousClock.now - start >= .seconds(1))
        #expect(peer.requests.count == 51)
        await peer.stop()
    }

    @Test("audio is asked for until it is made, and fetched from the signed address without the API key")
    func audio() async throws {
        let sound = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let asked = Log<Void>()
        let files = try await Peer.answering(.tls) { request in
            request.query.contains { $0.name == "signature" && $0.value == "s1g" }
                ? .response(HTTPResponse(200, body: sound)) : .response(HTTPResponse(403))
        }
        let address = try files.base.http.description + "/store/chat.mp3?signature="
        let peer = try await Peer.answering(.tls) { _ in
            asked.append(())
            return asked.count < 3
                ? Self.json(#"{"id":"c","status":"IN_PROGRESS"}"#)
                : Self.json(#"{"id":"c","status":"COMPLETE","filename":"c.mp3","signed_audio_url":"\#(address)s1g"}"#)
        }
        let rest = try client(peer)
        let audio = try await rest.chatAudio("c", every: .milliseconds(10))
        guard case .ready(let signed) = audio.progress else {
            Issue.record("found \(audio)")
            return
        }
        #expect(asked.count == 3)
        let bytes = Locked<[UInt8]>([])
        let count = try await rest.download(signed) { (piece) throws(PipelineError) in bytes.withLock { $0 += piece } }
        #expect(count == sound.count && bytes.withLock { $0 } == sound)
        #expect(files.requests.all[0].headers["X-Hume-Api-Key"] == nil)
        #expect(files.requests.all[0].headers["Authorization"] == nil)

        let error = await #expect(throws: PipelineError.self) {
            try await rest.download(Secret(address + "other")) { (_) throws(PipelineError) in }
        }
        #expect(error?.description.contains("403") == true && error?.description.contains("signature") == false)
        // What the sink throws comes out as it is, and nothing is asked again.
        let before = files.requests.count
        let full = PipelineError(.inputOutput, "the disk is full")
        let thrown = await #expect(throws: PipelineError.self) {
            try await rest.download(signed) { (_) throws(PipelineError) in throw full }
        }
        #expect(thrown == full)
        #expect(files.requests.count == before + 1)
        await peer.stop()
        await files.stop()
    }

    @Test("a download is tried again as long as nothing was handed on")
    func downloadAgain() async throws {
        let asked = Log<Void>()
        let files = try await Peer.answering { _ in
            asked.append(())
            return asked.count == 1 ? .cut : .response(HTTPResponse(200, body: [1, 2, 3]))
        }
        let rest = try client(files)
        let address = Secret(try files.base.http.description + "/x")
        #expect(try await rest.download(address) { (_) throws(PipelineError) in } == 3)
        #expect(asked.count == 2)
        await files.stop()
    }

    @Test("a cancelled task stops waiting for its next try")
    func cancelled() async throws {
        let peer = try await Peer.answering { _ in .response(HTTPResponse(503, headers: ["Retry-After": "60"])) }
        let rest = try client(peer)
        let task = Task { try await rest.send(rest.requests.chats()) }
        try #require(await peer.requests.wait(for: 1))
        task.cancel()
        let error = await #expect(throws: PipelineError.self) { try await task.value }
        #expect(error?.code.name == "cancelled")
        await peer.stop()
    }
}
