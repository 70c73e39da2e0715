import SyrinxRealtime

/// What happened, in order, for tests that wait for something to have happened.
final class Log<Entry: Sendable>: Sendable {
    private struct Waiter {
        let id: Int
        let condition: ([Entry]) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    // SAFETY: conditions are called under the lock only.
    private struct State: @unchecked Sendable {
        var entries: [Entry] = []
        var waiters: [Waiter] = []
        var count = 0
    }

    private let state = Locked(State())

    var all: [Entry] { state.withLock { $0.entries } }
    var count: Int { state.withLock { $0.entries.count } }

    func append(_ entry: Entry) {
        let satisfied = state.withLock { state in
            state.entries.append(entry)
            let found = state.waiters.filter { $0.condition(state.entries) }.map(\.id)
            defer { state.waiters.removeAll { found.contains($0.id) } }
            return state.waiters.filter { found.contains($0.id) }.map(\.continuation)
        }
        for continuation in satisfied { continuation.resume(returning: true) }
    }

    /// Waits until the entries fulfil a condition.
    ///
    /// - Returns: whether they did; false after a deadline that is meant never to be reached.
    func wait(within limit: Duration = .seconds(60), _ condition: @escaping @Sendable ([Entry]) -> Bool) async -> Bool {
        let id = state.withLock { state in
            state.count += 1
            return state.count
        }
        let late = Task {
            try? await Task.sleep(for: limit)
            let waiter = state.withLock { state in
                defer { state.waiters.removeAll { $0.id == id } }
                return state.waiters.first { $0.id == id }?.continuation
            }
            waiter?.resume(returning: false)
        }
        defer { late.cancel() }
        return await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if condition(state.entries) { return true }
                state.waiters.append(Waiter(id: id, condition: condition, continuation: continuation))
                return false
            }
            if isThere { continuation.resume(returning: true) }
        }
    }

    /// Waits for so many entries.
    func wait(for count: Int) async -> Bool { await wait { $0.count >= count } }
}

/// A place that a test waits at.
final class Gate: Sendable {
    private let log = Log<Void>()
    func open() { log.append(()) }
    func pass() async { _ = await log.wait(for: 1) }
}
