internal import ArgumentParser

/// Every n-th row, for jobs that share one list: `2/8`.
struct Shard: ExpressibleByArgument, Sendable {
    /// From 1.
    let index: Int
    let count: Int

    static let whole = Shard(index: 1, count: 1)

    private init(index: Int, count: Int) {
        self.index = index
        self.count = count
    }

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]), count > 0, count <= 1_000_000,
            (1...count).contains(index)
        else { return nil }
        self.init(index: index, count: count)
    }

    func holds(row: Int) -> Bool { (row - 1) % count == index - 1 }

    /// How many of so many rows.
    func share(of rows: Int) -> Int { rows < index ? 0 : (rows - index) / count + 1 }

    /// `.2-of-8`, or nothing for the whole.
    var suffix: String { count == 1 ? "" : ".\(index)-of-\(count)" }
}
