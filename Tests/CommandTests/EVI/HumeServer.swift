import CommandTestKit
import Foundation
import SyrinxCore
import SyrinxEVI
import SyrinxNet
import SyrinxRealtime

/// A small server of EVI's REST interface in memory, on loopback: configs, prompts, tools and voices can be written, chats
/// are given.
///
/// Its pages hold two items at most, so that every list of three has several.
final class HumeServer: Sendable {
    typealias Response = SyrinxNet.HTTPResponse

    struct State {
        var requests: [NetServer.Request] = []
        /// Given instead of answers, one each.
        var faults: [Response] = []
        /// By kind, then in order of creation: versions, the oldest first.
        var stored: [String: [(id: String, versions: [Value])]] = [:]
        var voices: [Value] = []
        var chats: [Value] = []
        var groups: [Value] = []
        /// By id of chat or group.
        var events: [String: [Value]] = [:]
        /// By id of a chat: its status.
        var audio: [String: String] = [:]
        var count = 0
    }

    static let key = "key-0123456789-must-stay-hidden"
    static let sound = [UInt8]("ID3 a song, both sides".utf8)
    private static let pageLimit = 2

    let state: Locked<State>
    private let server: NetServer

    private init(_ server: NetServer, _ state: Locked<State>) {
        self.server = server
        self.state = state
    }

    /// Calls the body with a server that runs meanwhile.
    static func with<T>(
        _ identity: TLSIdentity? = nil, _ body: (HumeServer) async throws -> T
    ) async throws -> T {
        let state = Locked(State())
        let server = try await NetServer.start(identity: identity) { request in
            .response(
                state.withLock {
                    $0.requests.append(request); return $0.answer(request)
                })
        }
        let result: Result<T, any Error>
        do { result = .success(try await body(HumeServer(server, state))) } catch { result = .failure(error) }
        await server.stop()
        return try result.get()
    }

    var address: String { server.address }
    var requests: [NetServer.Request] { state.withLock { $0.requests } }

    /// Runs `syrinx evi …` against this server.
    ///
    /// The thread that waits for it is none of those that tasks run on, since the server needs them.
    func run(
        _ arguments: String..., in folder: URL = Command.package, input: String = "", key: String? = HumeServer.key,
        environment: [String: String] = [:]
    ) async throws -> Command.Outcome {
        var all = ["HUME_BASE_URL": address, "HUME_SECRET_KEY": "secret-must-stay-hidden"]
        all["HUME_API_KEY"] = key
        all.merge(environment) { $1 }
        return try await Self.run(["evi"] + arguments, in: folder, input: input, all)
    }

    static func run(
        _ arguments: [String], in folder: URL = Command.package, input: String = "", _ environment: [String: String]
    ) async throws -> Command.Outcome {
        try await onThread {
            try Command.run(arguments, in: folder, input: Data(input.utf8), environment: environment)
        }
    }

    static func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }
}

extension HumeServer.State {
    mutating func answer(_ request: NetServer.Request) -> HumeServer.Response {
        if request.path.hasPrefix("/files/") {
            return request.headers["X-Hume-Api-Key"] == nil
                ? SyrinxNet.HTTPResponse(200, headers: ["Content-Type": "audio/mpeg"], body: HumeServer.sound)
                : text(400, "a file store takes no key")
        }
        guard request.headers["X-Hume-Api-Key"] == HumeServer.key else { return text(401, "who are you?") }
        if !faults.isEmpty { return faults.removeFirst() }
        let steps = request.path.split(separator: "/").map { PercentEncoding.decode(String($0)) }
        switch (steps.dropFirst().first, steps.dropFirst(2).first) {
        case ("evi", let kind?) where ["configs", "prompts", "tools"].contains(kind):
            return things(request, kind, Array(steps.dropFirst(3)))
        case ("tts", "voices"): return voices(request)
        case ("evi", "chats"): return chats(request, Array(steps.dropFirst(3)))
        case ("evi", "chat_groups"): return groups(request, Array(steps.dropFirst(3)))
        default: return text(404, "no such path")
        }
    }

    // MARK: Things with versions

    private mutating func things(
        _ request: NetServer.Request, _ kind: String, _ steps: [String]
    ) -> HumeServer.Response {
        let body = (try? WireJSON.read(request.body))?.value
        let list = "\(kind)_page"
        switch (request.method, steps.count) {
        case ("GET", 0):
            let newest = request.query.contains { $0.name == "restrict_to_most_recent" && $0.value == "true" }
            let name = request.query.first { $0.name == "name" }?.value
            let all = stored[kind, default: []].flatMap { newest ? [$0.versions[$0.versions.count - 1]] : $0.versions }
            return page(list, all.filter { name == nil || $0["name"]?.string == name }, request)
        case ("POST", 0):
            guard let body else { return text(400, "no JSON") }
            count += 1
            let item = made(body, "\(kind)-\(count)", 0, name: body["name"])
            stored[kind, default: []].append((id: "\(kind)-\(count)", versions: [item]))
            return json(item, 201)
        default: break
        }
        guard let place = stored[kind, default: []].firstIndex(where: { $0.id == steps[0] }) else {
            return text(404, "no such thing")
        }
        let versions = stored[kind]![place].versions
        let version = steps.count == 3 ? versions.firstIndex { $0["version"] == .integer(Int(steps[2]) ?? -1) } : nil
        switch (request.method, steps.count, version) {
        case ("GET", 1, _): return page(list, versions, request)
        case ("GET", 3, let version?): return json(versions[version])
        case ("POST", 1, _):
            guard let body, let last = versions.last else { return text(400, "no JSON") }
            let item = made(body, steps[0], (last["version"]?.double).map { Int($0) + 1 } ?? 0, name: last["name"])
            stored[kind]![place].versions.append(item)
            return json(item, 201)
        case ("PATCH", 1, _):
            let name = body?["name"] ?? .null
            stored[kind]![place].versions = versions.map { item in
                guard case .object(let members) = item else { return item }
                return .object(members.map { $0.name == "name" ? .init("name", name) : $0 })
            }
            return text(200, "renamed")
        case ("DELETE", 1, _):
            stored[kind]!.remove(at: place)
            return SyrinxNet.HTTPResponse(200)
        case ("DELETE", 3, let version?):
            stored[kind]![place].versions.remove(at: version)
            return SyrinxNet.HTTPResponse(200)
        default: return text(404, "no such version")
        }
    }

    private func made(_ body: Value, _ id: String, _ version: Int, name: Value?) -> Value {
        guard case .object(let members) = body else { return body }
        return .object(
            [
                .init("id", .string(id)), .init("version", .integer(version)), .init("name", name ?? .null),
                .init("created_on", .integer(1_765_016_812)), .init("modified_on", .integer(1_765_016_812_999)),
            ] + members.filter { $0.name != "name" })
    }

    private mutating func voices(_ request: NetServer.Request) -> HumeServer.Response {
        switch request.method {
        case "GET":
            let provider = request.query.first { $0.name == "provider" }?.value
            return page("voices_page", voices.filter { $0["provider"]?.string == provider }, request)
        case "POST":
            guard let name = (try? WireJSON.read(request.body))?.value["name"] else { return text(400, "no name") }
            voices.append(
                .object([
                    .init("id", .string("v\(voices.count)")), .init("name", name),
                    .init("provider", .string("CUSTOM_VOICE")),
                ]))
            return json(voices[voices.count - 1])
        default:
            let name = request.query.first { $0.name == "name" }?.value
            guard let place = voices.firstIndex(where: { $0["name"]?.string == name }) else {
                return text(404, "no voice")
            }
            voices.remove(at: place)
            return SyrinxNet.HTTPResponse(200)
        }
    }

    // MARK: Chats

    private func chats(_ request: NetServer.Request, _ steps: [String]) -> HumeServer.Response {
        guard let id = steps.first else { return page("chats_page", chats, request) }
        guard let chat = chats.first(where: { $0["id"]?.string == id }) else { return text(404, "no chat") }
        if steps.count == 2 { return json(reconstruction(id, request)) }
        return page("events_page", events[id] ?? [], request, beside: chat)
    }

    private func groups(_ request: NetServer.Request, _ steps: [String]) -> HumeServer.Response {
        guard let id = steps.first else { return page("chat_groups_page", groups, request) }
        guard let group = groups.first(where: { $0["id"]?.string == id }) else { return text(404, "no group") }
        let own = chats.filter { $0["chat_group_id"]?.string == id }
        switch steps.dropFirst().first {
        case "events":
            let all = own.flatMap { events[$0["id"]?.string ?? ""] ?? [] }
            return page("events_page", all, request, beside: group)
        case "audio":
            let all = own.map { reconstruction($0["id"]?.string ?? "", request) }
            return page("audio_reconstructions_page", all, request, beside: group)
        default: return page("chats_page", own, request, beside: group)
        }
    }

    private func reconstruction(_ id: String, _ request: NetServer.Request) -> Value {
        let host = request.headers["Host"] ?? ""
        return .object([
            .init("id", .string(id)), .init("filename", .string(id == "b" ? "talk.wav" : "../../x/y.m/p3")),
            .init("user_id", .string("u")), .init("status", .string(audio[id] ?? "COMPLETE")),
            .init(
                "signed_audio_url",
                .string("http://\(host)/files/\(PercentEncoding.encode(id))?signature=must-stay-hidden")),
        ])
    }

    // MARK: Replies

    private func page(
        _ list: String, _ items: [Value], _ request: NetServer.Request, beside: Value = .object([])
    ) -> HumeServer.Response {
        func figure(_ name: String) -> Int? { request.query.first { $0.name == name }.flatMap { Int($0.value) } }
        let size = min(figure("page_size") ?? 10, 2)
        let number = figure("page_number") ?? 0
        let own: [Value.Member] = if case .object(let members) = beside { members } else { [] }
        let figures: [Value.Member] = [
            .init("page_number", .integer(number)), .init("page_size", .integer(size)),
            .init("total_pages", .integer((items.count + size - 1) / size)),
        ]
        return json(.object(own + figures + [.init(list, .list(Array(items.dropFirst(number * size).prefix(size))))]))
    }

    private func json(_ value: Value, _ status: Int = 200) -> HumeServer.Response {
        SyrinxNet.HTTPResponse(status, headers: ["Content-Type": "application/json"], body: Array(value.json().utf8))
    }

    private func text(_ status: Int, _ words: String) -> HumeServer.Response {
        json(.object([.init("message", .string(words))]), status)
    }
}

/// Values as they are written by hand.
extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    init(stringLiteral text: String) { self = .string(text) }
    init(integerLiteral integer: Int) { self = .integer(integer) }
}

extension Value {
    static func object(_ members: KeyValuePairs<String, Value>) -> Value {
        .object(members.map { Value.Member($0.key, $0.value) })
    }
}
