package import SyrinxCore
internal import SyrinxNet

/// The requests of Hume's REST interface, as values.
///
/// - Source: protocol 6.
package struct RESTRequests: Sendable {
    /// Stored things that have versions. They share one pattern.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case configs, prompts, tools

        /// The member of a reply that lists them.
        package var list: String { rawValue + "_page" }
    }

    package enum Order: Sendable, Hashable {
        case ascending, descending
    }

    package static let pageSizes = 1...100

    private let base: BaseAddress
    private let key: Secret
    private let pageSize: Int

    package init(base: BaseAddress, key: Secret, pageSize: Int = 100) {
        self.base = base.http
        self.key = key
        self.pageSize = min(max(pageSize, Self.pageSizes.lowerBound), Self.pageSizes.upperBound)
    }

    // MARK: Configs, prompts, tools

    package func list(_ kind: Kind, page: Int = 0, name: String? = nil, newestOnly: Bool = true) -> HTTPRequest {
        request(.get, evi(kind.rawValue), paging(page) + versions(name, newestOnly))
    }

    /// All versions of one.
    package func versions(_ kind: Kind, id: String, page: Int = 0) -> HTTPRequest {
        request(.get, evi(kind.rawValue, id), paging(page) + versions(nil, false))
    }

    package func show(_ kind: Kind, id: String, version: Int) -> HTTPRequest {
        request(.get, evi(kind.rawValue, id, "version", String(version)))
    }

    /// - Throws: `PipelineError` for a body with unknown members, or without what it needs.
    package func create(_ kind: Kind, _ body: Value) throws(PipelineError) -> HTTPRequest {
        try RESTBody.check(body, of: kind, isNew: true)
        return request(.post, evi(kind.rawValue), body: body)
    }

    /// A new version: a whole new object, nothing is inherited.
    package func update(_ kind: Kind, id: String, _ body: Value) throws(PipelineError) -> HTTPRequest {
        try RESTBody.check(body, of: kind, isNew: false)
        return request(.post, evi(kind.rawValue, id), body: body)
    }

    package func rename(_ kind: Kind, id: String, to name: String) -> HTTPRequest {
        request(.patch, evi(kind.rawValue, id), body: .object([.init("name", .string(name))]))
    }

    package func describe(_ kind: Kind, id: String, version: Int, as text: String) -> HTTPRequest {
        request(
            .patch, evi(kind.rawValue, id, "version", String(version)),
            body: .object([.init("version_description", .string(text))]))
    }

    /// Deletes one version, or all.
    package func delete(_ kind: Kind, id: String, version: Int? = nil) -> HTTPRequest {
        if let version { return request(.delete, evi(kind.rawValue, id, "version", String(version))) }
        return request(.delete, evi(kind.rawValue, id))
    }

    // MARK: Voices

    package func voices(
        provider: String, page: Int = 0, tags: [String] = [], order: Order? = nil
    ) -> HTTPRequest {
        request(
            .get, "/v0/tts/voices",
            [Field("provider", provider)] + paging(page) + ordered(order) + tags.map { Field("filter_tag", $0) })
    }

    package func createVoice(generationID: String, name: String) -> HTTPRequest {
        request(
            .post, "/v0/tts/voices",
            body: .object([.init("generation_id", .string(generationID)), .init("name", .string(name))]))
    }

    package func deleteVoice(name: String) -> HTTPRequest {
        request(.delete, "/v0/tts/voices", [Field("name", name)])
    }

    // MARK: Chats

    package func chats(page: Int = 0, configID: String? = nil, status: String? = nil, order: Order? = nil)
        -> HTTPRequest
    {
        request(.get, evi("chats"), paging(page) + ordered(order) + optional("config_id", configID, "status", status))
    }

    /// A chat with a page of its events.
    package func chat(_ id: String, page: Int = 0, order: Order? = .ascending) -> HTTPRequest {
        request(.get, evi("chats", id), paging(page) + ordered(order))
    }

    /// Asks for the audio of a chat; asking starts the work.
    package func chatAudio(_ id: String) -> HTTPRequest { request(.get, evi("chats", id, "audio")) }

    package func chatGroups(page: Int = 0, configID: String? = nil, order: Order? = nil) -> HTTPRequest {
        request(.get, evi("chat_groups"), paging(page) + ordered(order) + optional("config_id", configID))
    }

    /// A group with a page of its chats.
    package func chatGroup(_ id: String, page: Int = 0, order: Order? = nil) -> HTTPRequest {
        request(.get, evi("chat_groups", id), paging(page) + ordered(order))
    }

    package func chatGroupEvents(_ id: String, page: Int = 0, order: Order? = .ascending) -> HTTPRequest {
        request(.get, evi("chat_groups", id, "events"), paging(page) + ordered(order))
    }

    package func chatGroupAudio(_ id: String, page: Int = 0, order: Order? = .ascending) -> HTTPRequest {
        request(.get, evi("chat_groups", id, "audio"), paging(page) + ordered(order))
    }

    // MARK: Parts

    private func evi(_ steps: String...) -> String {
        "/v0/evi/" + steps.map(PercentEncoding.encode).joined(separator: "/")
    }

    private func paging(_ page: Int) -> [Field] {
        [Field("page_number", String(max(0, page))), Field("page_size", String(pageSize))]
    }

    private func ordered(_ order: Order?) -> [Field] {
        order.map { [Field("ascending_order", $0 == .ascending ? "true" : "false")] } ?? []
    }

    private func versions(_ name: String?, _ newestOnly: Bool) -> [Field] {
        [Field("restrict_to_most_recent", newestOnly ? "true" : "false")] + optional("name", name)
    }

    private func optional(_ name: String, _ value: String?, _ other: String = "", _ second: String? = nil) -> [Field] {
        (value.map { [Field(name, $0)] } ?? []) + (second.map { [Field(other, $0)] } ?? [])
    }

    private func request(
        _ method: HTTPRequest.Method, _ path: String, _ query: [Field] = [], body: Value? = nil
    ) -> HTTPRequest {
        var headers = [Field("X-Hume-Api-Key", key), Field("Accept", "application/json")]
        if body != nil { headers.append(Field("Content-Type", "application/json")) }
        return HTTPRequest(
            method, base: base, path: base.prefix + path, query: query, headers: headers,
            body: body.map { Array($0.json().utf8) })
    }
}
