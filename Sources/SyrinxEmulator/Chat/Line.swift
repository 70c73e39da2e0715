internal import SyrinxNet
internal import SyrinxRealtime

/// The way out to one socket: what is put in goes out in order, late and broken as the scenario wants it.
///
/// - Thread: any.
final class Line: Sendable {
    enum Item: Sendable {
        case text([UInt8])
        case binary([UInt8])
        case stall(Duration)
        case close(code: Int, reason: String)

        var bytes: Int {
            switch self {
            case .text(let bytes), .binary(let bytes): bytes.count
            case .stall, .close: 0
            }
        }
    }

    private struct State {
        var random: SeededRandom
        var waitingBytes = 0
        var lastDue = ContinuousClock.now
    }

    /// A client that leaves so much unread is cut off.
    private static let waitingLimit = 128 << 20
    private let socket: WebSocket
    private let network: Scenario.Network
    private let state: Locked<State>
    private let items: AsyncStream<(due: ContinuousClock.Instant, item: Item)>
    private let door: AsyncStream<(due: ContinuousClock.Instant, item: Item)>.Continuation

    init(_ socket: WebSocket, _ network: Scenario.Network, seed: UInt64) {
        self.socket = socket
        self.network = network
        state = Locked(State(random: SeededRandom(seed: seed, "network")))
        (items, door) = AsyncStream.makeStream()
    }

    func put(_ item: Item) {
        let (due, broken, isTooMuch) = state.withLock { state in
            var due = ContinuousClock.now
            if network.delayMilliseconds > 0 || network.jitterMilliseconds > 0 {
                let jitter = state.random.fraction() * Double(network.jitterMilliseconds)
                due = due.advanced(by: .milliseconds(network.delayMilliseconds) + .milliseconds(1) * jitter)
            }
            state.lastDue = max(state.lastDue, due)
            var broken: [UInt8]?
            if network.malformedPercent > 0, case .text(let bytes) = item,
                state.random.fraction() * 100 < network.malformedPercent
            {
                // Half of what comes next: no JSON.
                broken = Array(String(decoding: bytes.prefix(bytes.count / 2), as: UTF8.self).utf8)
            }
            state.waitingBytes += item.bytes
            return (state.lastDue, broken, state.waitingBytes > Self.waitingLimit)
        }
        if isTooMuch { return cut() }
        if let broken { door.yield((due, .text(broken))) }
        door.yield((due, item))
    }

    /// Sends until it is closed, cut, or the client has gone.
    func run() async {
        for await (due, item) in items {
            if due > .now { try? await Task.sleep(until: due, clock: .continuous) }
            do {
                switch item {
                case .text(let bytes): try await socket.send(text: String(decoding: bytes, as: UTF8.self))
                case .binary(let bytes): try await socket.send(binary: bytes)
                case .stall(let length): try await Task.sleep(for: length)
                case .close(let code, let reason):
                    await socket.close(code: UInt16(clamping: code), reason: reason)
                    return
                }
            } catch {
                // The client has gone, or the task was cancelled: there is nobody to send to.
                return
            }
            state.withLock { $0.waitingBytes -= item.bytes }
        }
    }

    /// Cuts the connection without a word.
    func cut() {
        socket.abort()
        door.finish()
    }

    /// No more will be put in.
    func finish() { door.finish() }
}
