internal import NIOConcurrencyHelpers
internal import NIOCore

/// A value that arrives once, for any number of tasks that wait for it.
final class OneShot<Value: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Value, any Error>

    private struct State {
        var outcome: Result<Value, NetError>?
        var waiters: [UInt64: Waiter] = [:]
        var count: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())

    init() {}

    /// What arrived, if it did.
    var outcome: Result<Value, NetError>? { state.withLockedValue { $0.outcome } }

    /// Returns: whether it was the first.
    @discardableResult
    func resolve(_ outcome: Result<Value, NetError>) -> Bool {
        let waiters: [Waiter]? = state.withLockedValue { state in
            guard state.outcome == nil else { return nil }
            state.outcome = outcome
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters ?? [] { waiter.resume(with: outcome) }
        return waiters != nil
    }

    /// Waits. Throws `.cancelled` at once if the task is cancelled.
    func value() async throws(NetError) -> Value {
        let id = state.withLockedValue { state in
            state.count += 1
            return state.count
        }
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { (waiter: Waiter) in
                    let outcome: Result<Value, NetError>? = state.withLockedValue { state in
                        if let outcome = state.outcome { return outcome }
                        // Whoever cancels before this sees no waiter; whoever does later finds one.
                        if Task.isCancelled { return .failure(.cancelled) }
                        state.waiters[id] = waiter
                        return nil
                    }
                    if let outcome { waiter.resume(with: outcome) }
                }
            } onCancel: {
                let waiter = state.withLockedValue { $0.waiters.removeValue(forKey: id) }
                waiter?.resume(throwing: NetError.cancelled)
            }
        } catch {
            throw NetError.from(error, at: "")
        }
    }

    /// Waits, also in a task that is cancelled.
    func valueEvenIfCancelled() async -> Result<Value, NetError> {
        do {
            return .success(
                try await withCheckedThrowingContinuation { (waiter: Waiter) in
                    let outcome: Result<Value, NetError>? = state.withLockedValue { state in
                        if let outcome = state.outcome { return outcome }
                        state.count += 1
                        state.waiters[state.count] = waiter
                        return nil
                    }
                    if let outcome { waiter.resume(with: outcome) }
                })
        } catch {
            return .failure(.from(error, at: ""))
        }
    }
}

extension EventLoopFuture where Value: Sendable {
    /// Waits for the future; a cancelled task stops waiting, what the future stands for goes on.
    func awaited(at place: String) async throws(NetError) -> Value {
        let shot = OneShot<Value>()
        whenComplete { shot.resolve($0.mapError { .from($0, at: place) }) }
        return try await shot.value()
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        // A century is for ever, and does not overflow.
        let bounded = min(max(seconds, 0), 100 * 365 * 86_400)
        self = .nanoseconds(bounded * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
