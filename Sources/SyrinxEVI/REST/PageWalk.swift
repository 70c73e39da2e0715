package import SyrinxCore

/// Walks all pages of a list; each item comes once.
///
/// It stops at the first page that brings nothing new. `total_pages` is not trusted: it was seen wrong.
///
/// - Thread: any; a value.
/// - Source: protocol 6, "Paging".
package struct PageWalk: Sendable {
    /// More pages than this are not fetched.
    package static let pageLimit = 10_000
    private let list: String
    private var seen: Set<String> = []
    /// The page to ask for; nil when all were seen.
    package private(set) var nextPage: Int?

    /// - Parameters:
    ///   - list: the member of a reply that holds the items: `chats_page`.
    ///   - start: the first page to ask for.
    package init(list: String, start: Int = 0) {
        self.list = list
        nextPage = start
    }

    /// Takes the reply to ``nextPage``.
    ///
    /// - Returns: the items that were not there before.
    package mutating func take(_ body: [UInt8]) throws(WireFault) -> [Value] {
        let object = try WireObject(try WireJSON.read(body).value, path: "page")
        guard let items = object[list]?.list else { throw object.fault(list, expected: "a list") }
        let fresh = items.filter { seen.insert(Self.key(of: $0)).inserted }
        if let page = nextPage, !fresh.isEmpty, page + 1 < Self.pageLimit {
            nextPage = page + 1
        } else {
            nextPage = nil
        }
        return fresh
    }

    /// What makes an item itself: id and version, or all of it where it has no id.
    private static func key(of item: Value) -> String {
        guard let id = item["id"]?.string else { return item.json() }
        return id + "\u{0}" + (item["version"]?.json() ?? "")
    }
}
