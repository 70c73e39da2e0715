internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxNet

/// REST: configs, prompts, tools, voices.
extension Reception {
    typealias Response = SyrinxNet.HTTPResponse

    /// `/v0/evi/{kind}/…`
    func answer(_ kind: Shelf.Kind, _ steps: [String], _ request: NetServer.Request) throws(Refused) -> Response {
        switch (request.method, steps.count) {
        case ("GET", 0): return try list(kind, request)
        case ("POST", 0): return try create(kind, request)
        case ("GET", 1): return try versions(kind, steps[0], request)
        case ("POST", 1): return try addVersion(kind, steps[0], request)
        case ("PATCH", 1):
            let object = try request.object()
            guard let name = object.string("name") else { throw Refused(.invalid(["body", "name"], "field required")) }
            guard shelf.change(kind, steps[0], { $0.name = name }) != nil else { throw missing(kind, steps[0]) }
            return Response(200, headers: ["Content-Type": "text/plain"], body: Array("ok".utf8))
        case ("DELETE", 1):
            guard shelf.change(kind, steps[0], { $0.versions = [:] }) != nil else { throw missing(kind, steps[0]) }
            return Response(200)
        case (_, 3) where steps[1] == "version": return try version(kind, steps[0], steps[2], request)
        default: throw Refused(.fault(404, "there is no such path"))
        }
    }

    private func missing(_ kind: Shelf.Kind, _ id: String) -> Refused {
        Refused(.fault(404, "\(kind.rawValue): found no \(Shown.quoted(id))"))
    }

    private func list(_ kind: Shelf.Kind, _ request: NetServer.Request) throws(Refused) -> Response {
        let paging = try Paging(request)
        let name = request.query("name")
        let newestOnly = request.query("restrict_to_most_recent") != "false"
        var all: [Value] = []
        for item in shelf.items(kind) where name == nil || item.name == name {
            let numbers = newestOnly ? [item.latest].compactMap { $0 } : item.versions.keys.sorted()
            all += numbers.compactMap { shelf.value(kind, item, newestOnly ? nil : $0) }
        }
        return .json(.object(paging.page(all, kind.list, tellsDirection: false)))
    }

    private func versions(_ kind: Shelf.Kind, _ id: String, _ request: NetServer.Request) throws(Refused) -> Response {
        let paging = try Paging(request)
        guard let item = shelf.item(kind, id) else { throw missing(kind, id) }
        let newestOnly = request.query("restrict_to_most_recent") != "false"
        let numbers = newestOnly ? [item.latest].compactMap { $0 } : item.versions.keys.sorted()
        let all = numbers.compactMap { shelf.value(kind, item, $0) }
        return .json(.object(paging.page(all, kind.list, tellsDirection: false)))
    }

    private func create(_ kind: Shelf.Kind, _ request: NetServer.Request) throws(Refused) -> Response {
        let value = try checked(kind, request, isNew: true)
        let name = value["name"]?.string ?? ""
        guard !shelf.items(kind).contains(where: { $0.name == name }) else {
            throw Refused(.fault(409, "\(kind.rawValue): the name \(Shown.quoted(name)) is taken"))
        }
        guard let item = shelf.create(kind, name: name, value, at: unixMilliseconds()),
            let whole = shelf.value(kind, item)
        else { throw Refused(.fault(400, "there are too many")) }
        return .json(whole, status: 201)
    }

    private func addVersion(_ kind: Shelf.Kind, _ id: String, _ request: NetServer.Request) throws(Refused) -> Response
    {
        let value = try checked(kind, request, isNew: false)
        let time = unixMilliseconds()
        guard let item = shelf.change(kind, id, { $0.add(value, at: time) }), let whole = shelf.value(kind, item) else {
            throw missing(kind, id)
        }
        return .json(whole, status: 201)
    }

    private func version(
        _ kind: Shelf.Kind, _ id: String, _ version: String, _ request: NetServer.Request
    ) throws(Refused) -> Response {
        guard let item = shelf.item(kind, id), let number = Int(version), item.versions[number] != nil else {
            throw missing(kind, "\(id), version \(version)")
        }
        switch request.method {
        case "GET": break
        case "DELETE":
            _ = shelf.change(kind, id) { $0.versions[number] = nil }
            return Response(200)
        case "PATCH":
            let text = try request.object()["version_description"] ?? .null
            let time = unixMilliseconds()
            _ = shelf.change(kind, id) { item in
                guard case .object(let members)? = item.versions[number] else { return }
                item.versions[number] = .object(
                    members.filter { $0.name != "version_description" } + [.init("version_description", text)])
                item.times[number] = time
            }
        default: throw Refused(.fault(405, "GET, PATCH and DELETE are answered here"))
        }
        guard let fresh = shelf.item(kind, id), let value = shelf.value(kind, fresh, number) else {
            throw missing(kind, id)
        }
        return .json(value)
    }

    /// A body with what its kind needs, whose references lead somewhere.
    private func checked(_ kind: Shelf.Kind, _ request: NetServer.Request, isNew: Bool) throws(Refused) -> Value {
        let object = try request.object()
        let needed = [(Shelf.Kind.configs, "evi_version"), (.prompts, "text"), (.tools, "parameters")]
        for name in needed.filter({ $0.0 == kind }).map(\.1) + (isNew ? ["name"] : []) where object.string(name) == nil
        {
            throw Refused(.invalid(["body", name], "field required"))
        }
        if kind == .tools {
            let text = object.string("parameters") ?? ""
            guard case .object? = try? WireJSON.read(Array(text.utf8), byteLimit: 1 << 20).value else {
                throw Refused(.invalid(["body", "parameters"], "expected a JSON Schema in a string"))
            }
        }
        if kind == .configs {
            if let id = object.object("prompt")?.string("id"), shelf.item(.prompts, id) == nil {
                throw missing(.prompts, id)
            }
            for tool in object["tools"]?.list ?? [] {
                guard let id = tool["id"]?.string, shelf.item(.tools, id) != nil else {
                    throw missing(.tools, tool["id"]?.string ?? "")
                }
            }
            if let voice = object.object("voice"),
                shelf.voice(id: voice.string("id"), name: voice.string("name")) == nil
            {
                throw Refused(.fault(404, "voices: found none such; GET /v0/tts/voices lists them"))
            }
        }
        return .object(object.names.compactMap { name in object[name].map { Value.Member(name, $0) } })
    }

    // MARK: Voices

    /// `/v0/tts/voices`
    func answerVoices(_ request: NetServer.Request) throws(Refused) -> Response {
        switch request.method {
        case "GET":
            guard let provider = request.query("provider"), Voice.providers.contains(provider) else {
                throw Refused(.invalid(["query", "provider"], "expected HUME_AI or CUSTOM_VOICE"))
            }
            let all = shelf.voices.filter { $0.provider == provider }.map(\.value)
            return .json(.object(try Paging(request, ascending: true).page(all, "voices_page", tellsDirection: false)))
        case "POST":
            let object = try request.object()
            for name in ["generation_id", "name"] where object.string(name) == nil {
                throw Refused(.invalid(["body", name], "field required"))
            }
            guard let voice = shelf.createVoice(object.string("name") ?? "") else {
                throw Refused(.fault(409, "voices: the name is taken"))
            }
            return .json(voice.value)
        case "DELETE":
            guard let name = request.query("name") else {
                throw Refused(.invalid(["query", "name"], "field required"))
            }
            guard shelf.deleteVoice(name) else {
                throw Refused(.fault(404, "voices: found none of yours by this name"))
            }
            return Response(200)
        default: throw Refused(.fault(405, "GET, POST and DELETE are answered here"))
        }
    }
}
