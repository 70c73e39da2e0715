internal import Synchronization
internal import SyrinxRealtime

/// Requests to a server that may never answer: libjack waits for an answer without a limit, and a server that hangs must not
/// take the pipeline's end with it.
///
/// Each request is made on a thread of its own, which no signal reaches: libjack writes to its server's socket, and a broken
/// pipe must not end the process. Threads that libjack starts meanwhile inherit that. After one that was not answered
/// nothing more is asked.
///
/// - Thread: control, one request at a time; ``isStuck`` any.
final class JACKExchange: Sendable {
    /// Longer than any request takes with a server that runs.
    private static let patience = Duration.seconds(10)
    /// Threads of this process that still wait for an answer that nobody else waits for.
    private static let left = Atomic<Int>(0)
    private static let mostLeft = 16

    private let stuck = Atomic<Bool>(false)

    /// True: a request was not answered in time.
    var isStuck: Bool { stuck.load(ordering: .relaxed) }

    /// What comes back from the thread.
    private final class Answer<T: Sendable>: Sendable {
        let bell = Doorbell()
        let state = Mutex<(value: T?, isLeft: Bool)>((nil, false))
    }

    /// Makes a request.
    ///
    /// - Parameter body: owns all that it touches: it may go on when nobody waits for it any more.
    /// - Returns: nil if the server does not answer, or did not before.
    func make<T: Sendable>(_ body: @escaping @Sendable () -> T) -> T? {
        if isStuck || Self.left.load(ordering: .relaxed) >= Self.mostLeft { return nil }
        let answer = Answer<T>()
        let started = try? SystemThread(name: "jack-request", takesSignals: false) {
            let value = body()
            let isLeft = answer.state.withLock { state in
                state.value = value
                return state.isLeft
            }
            if isLeft { Self.left.subtract(1, ordering: .relaxed) }
            answer.bell.ring()
        }
        guard let thread = started else { return nil }
        let end = SuspendingClock.now + Self.patience
        while true {
            let ticket = answer.bell.ticket()
            let isOver = SuspendingClock.now >= end
            let value = answer.state.withLock { state in
                if state.value == nil { state.isLeft = isOver }
                return state.value
            }
            if let value {
                thread.join()
                return value
            }
            if isOver { break }
            answer.bell.wait(after: ticket)
        }
        Self.left.add(1, ordering: .relaxed)
        stuck.store(true, ordering: .relaxed)
        thread.detach()
        return nil
    }
}
