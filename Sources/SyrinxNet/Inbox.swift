internal import NIOConcurrencyHelpers
internal import NIOCore

/// A queue from an event loop to tasks, bounded in bytes: over its limit the channel stops reading, and half empty it goes on.
final class Inbox<Element: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Element?, any Error>

    private enum Answer {
        case wait
        case now(Result<Element?, NetError>, (@Sendable () -> Void)?)
    }

    private struct State {
        var elements = CircularBuffer<(Element, cost: Int)>()
        var cost = 0
        var isPaused = false
        var end: Result<Void, NetError>?
        var waiters: [(id: UInt64, waiter: Waiter)] = []
        var count: UInt64 = 0
        var whenRoom: (@Sendable () -> Void)?
    }

    private let limit: Int
    /// Under a lock of pthreads, which the thread sanitizer sees into; it does not into a Mutex that is fought for.
    private let state = NIOLockedValueBox(State())

    /// - Parameter limit: bytes that may wait before the channel stops reading.
    init(limit: Int) { self.limit = limit }

    /// Whether the channel should not read now.
    var isPaused: Bool { state.withLockedValue { $0.isPaused } }

    /// Whether nothing waits and more may come.
    var isIdle: Bool { state.withLockedValue { $0.elements.isEmpty && $0.end == nil } }

    /// What to do when the channel may read again.
    func whenRoom(_ body: @escaping @Sendable () -> Void) { state.withLockedValue { $0.whenRoom = body } }

    /// Returns: whether the channel should stop reading now.
    func put(_ element: Element, bytes: Int) -> Bool {
        let (waiter, stops): (Waiter?, Bool) = state.withLockedValue { state in
            guard state.end == nil else { return (nil, false) }
            if !state.waiters.isEmpty { return (state.waiters.removeFirst().waiter, false) }
            // Empty messages have their price too.
            let cost = bytes + 64
            state.elements.append((element, cost: cost))
            state.cost += cost
            guard state.cost > limit, !state.isPaused else { return (nil, false) }
            state.isPaused = true
            return (nil, true)
        }
        waiter?.resume(returning: element)
        return stops
    }

    /// No more comes. What waits is still handed out, then the end or the error.
    func finish(_ error: NetError? = nil) {
        let waiters = state.withLockedValue { state in
            guard state.end == nil else { return [(id: UInt64, waiter: Waiter)]() }
            state.end = error.map { .failure($0) } ?? .success(())
            state.whenRoom = nil
            defer { state.waiters = [] }
            return state.waiters
        }
        for (_, waiter) in waiters {
            if let error { waiter.resume(throwing: error) } else { waiter.resume(returning: nil) }
        }
    }

    /// The next element; nil after the last one. Throws `.cancelled` if the task is cancelled and no end has come.
    func next() async throws(NetError) -> Element? {
        let id = state.withLockedValue { state in
            state.count += 1
            return state.count
        }
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { (waiter: Waiter) in
                    let answer: Answer = state.withLockedValue { state in
                        // What came before the end is handed out even so: a server's task is cancelled when its connection
                        // goes, and may not have read it all.
                        if Task.isCancelled, state.end == nil || state.elements.isEmpty {
                            return .now(.failure(.cancelled), nil)
                        }
                        if let (element, cost) = state.elements.popFirst() {
                            state.cost -= cost
                            guard state.isPaused, state.cost <= limit / 2 else { return .now(.success(element), nil) }
                            state.isPaused = false
                            return .now(.success(element), state.whenRoom)
                        }
                        if let end = state.end { return .now(end.map { nil }, nil) }
                        state.waiters.append((id, waiter))
                        return .wait
                    }
                    if case .now(let result, let room) = answer {
                        room?()
                        waiter.resume(with: result)
                    }
                }
            } onCancel: {
                let waiter: Waiter? = state.withLockedValue { state in
                    guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                    return state.waiters.remove(at: index).waiter
                }
                waiter?.resume(throwing: NetError.cancelled)
            }
        } catch {
            throw NetError.from(error, at: "")
        }
    }
}

/// Puts what arrives on a channel into an inbox, and stops reading while it is full.
///
/// - Thread: network.
final class InboxHandler<Element: Sendable>: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Element

    private let inbox: Inbox<Element>
    private let place: String
    private let bytes: @Sendable (Element) -> Int

    init(_ inbox: Inbox<Element>, place: String, bytes: @escaping @Sendable (Element) -> Int) {
        self.inbox = inbox
        self.place = place
        self.bytes = bytes
    }

    func handlerAdded(context: ChannelHandlerContext) {
        inbox.letRead(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let element = unwrapInboundIn(data)
        if inbox.put(element, bytes: bytes(element)) { context.channel.setReading(false) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inbox.finish(.from(error, at: place))
        context.channel.close(promise: nil)
    }

    private func finish() { inbox.finish(NetError(.lost, at: place, "the connection was closed")) }
}

extension Inbox {
    /// Lets the channel read whenever there is room again.
    func letRead(_ channel: any Channel) { whenRoom { channel.setReading(true) } }
}

extension Channel {
    /// Reads from the network or lets it wait there. Without a reader, what the peer sends fills the socket and then stops it.
    func setReading(_ isOn: Bool) {
        if eventLoop.inEventLoop, let options = syncOptions {
            // Fails only on a channel that is closed.
            try? options.setOption(.autoRead, value: isOn)
        } else {
            setOption(.autoRead, value: isOn).whenFailure { _ in }
        }
    }
}
