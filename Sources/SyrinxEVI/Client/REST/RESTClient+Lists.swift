package import SyrinxCore

/// A list that came in pages.
package struct RESTListing: Sendable, Hashable {
    /// The first page without the list and the figures of paging: the chat whose events these are, and the like.
    package let head: Value
    package let items: [Value]
}

extension RESTClient {
    /// The members of a page that tell of the page alone.
    private static let pageFigures: Set = ["page_number", "page_size", "total_pages", "pagination_direction"]

    /// All items of a list, and what stands beside them.
    ///
    /// - Parameters:
    ///   - list: the member of a reply that holds the items: `chats_page`.
    ///   - limit: pages beyond so many items are not fetched.
    package func listing(
        _ list: String, limit: Int = .max, _ page: (Int) -> HTTPRequest
    ) async throws(PipelineError) -> RESTListing {
        var walk = PageWalk(list: list)
        var head: Value?
        var items: [Value] = []
        while let number = walk.nextPage, items.count < limit {
            let request = page(number)
            let response = try await send(request)
            items += try read(request) { () throws(WireFault) in try walk.take(response.body) }
            if head == nil {
                head = try read(request) { () throws(WireFault) in try WireJSON.read(response.body).value }
            }
        }
        guard case .object(let members)? = head else { return RESTListing(head: .object([]), items: items) }
        let own = members.filter { $0.name != list && !Self.pageFigures.contains($0.name) }
        return RESTListing(head: .object(own), items: Array(items.prefix(limit)))
    }

    /// All items of a list as what they are.
    package func all<Item>(
        _ list: String, limit: Int = .max, of item: (Value) throws(WireFault) -> Item, _ page: (Int) -> HTTPRequest
    ) async throws(PipelineError) -> [Item] {
        try items(of: try await listing(list, limit: limit, page), page(0), item)
    }

    package func items<Item>(
        of listing: RESTListing, _ request: HTTPRequest, _ item: (Value) throws(WireFault) -> Item
    ) throws(PipelineError) -> [Item] {
        try read(request) { () throws(WireFault) in
            var items: [Item] = []
            for value in listing.items { items.append(try item(value)) }
            return items
        }
    }

    /// Every version of a config, prompt or tool, the newest first.
    ///
    /// - Throws: `.missingInput` if there is none.
    package func versions(_ kind: RESTRequests.Kind, id: String) async throws(PipelineError) -> [StoredItem] {
        let requests = requests
        let all = try await all(kind.list, of: StoredItem.init(reading:)) { requests.versions(kind, id: id, page: $0) }
        if all.isEmpty {
            let place = "\(kind.rawValue) \(Shown.plain(id))"
            throw PipelineError(.missingInput, at: place, "the server has none of this id")
        }
        return all.sorted { $0.version > $1.version }
    }

    /// A version of a config, prompt or tool; nil is the newest.
    package func stored(
        _ kind: RESTRequests.Kind, id: String, version: Int? = nil
    ) async throws(PipelineError) -> StoredItem {
        guard let version else { return try await versions(kind, id: id)[0] }
        return try await item(requests.show(kind, id: id, version: version))
    }

    /// Makes a request whose reply is a config, prompt or tool.
    package func item(_ request: HTTPRequest) async throws(PipelineError) -> StoredItem {
        let value = try await value(request)
        return try read(request) { () throws(WireFault) in try StoredItem(reading: value) }
    }

    /// Voices of one provider.
    package func voices(provider: String, tags: [String] = []) async throws(PipelineError) -> [Voice] {
        let requests = requests
        return try await all("voices_page", of: Voice.init(reading:)) {
            requests.voices(provider: provider, page: $0, tags: tags)
        }
    }
}
