/// A list of texts as bytes: each ends in a zero byte. How manifests are kept, and what helpers are told.
struct TokenList: Sendable, Hashable {
    private(set) var bytes: [UInt8] = []

    init() {}

    init(_ tokens: [String]) { for token in tokens { append(token) } }

    /// A zero byte within a text ends it.
    mutating func append(_ text: String) {
        bytes += text.utf8.prefix { $0 != 0 }
        bytes.append(0)
    }

    mutating func append(_ number: Int) { append(String(number)) }
}

/// Reads a ``TokenList`` from bytes of others: whatever is missing or amiss ends in nil.
struct TokenReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) { rest = ArraySlice(Array(bytes)) }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func text() -> String? {
        guard let end = rest.firstIndex(of: 0) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(validating: rest[..<end], as: UTF8.self)
    }

    mutating func integer() -> Int? { text().flatMap { Int($0) } }

    mutating func number() -> Double? { text().flatMap { Double($0) } }

    /// A number of things that follow, at most `most`.
    mutating func count(most: Int) -> Int? {
        guard let count = integer(), (0...most).contains(count) else { return nil }
        return count
    }

    /// So many things, each read by the body.
    mutating func list<T>(most: Int, _ read: (inout TokenReader) -> T?) -> [T]? {
        guard let count = count(most: most) else { return nil }
        var list: [T] = []
        for _ in 0..<count {
            guard let element = read(&self) else { return nil }
            list.append(element)
        }
        return list
    }
}
