internal import Glibc
internal import Synchronization
internal import SyrinxCore
internal import SyrinxRealtime

/// What libjack calls, on threads of its own, and what it leaves for ``JACKDriver``'s loop.
// SAFETY: `engine`, `follows` and `attachment` are changed only while the client is inactive; `transport` and `isRolling`
// belong to the process callback; the rest is locked or atomic.
final class JACKCallbacks: @unchecked Sendable {
    /// Something that happened, in the order in which it did.
    enum Signal {
        case xrun
        case period(Int)
        case rate
        case freewheel(Bool)
        case ports(appeared: Bool)
        case lost(String)
    }

    /// A change of the transport, as the process callback saw it.
    struct TransportChange: BitwiseCopyable {
        enum Kind: UInt8 { case start, stop, locate }

        var kind: Kind
        /// The transport's frame.
        var frame: Int
        /// P of the cycle in which it was seen.
        var position: Int
    }

    /// In a ``PathLatency``: what lies outside of the server's graph, without a latency of its own.
    static let outside = ""

    /// Rung for everything that the loop should look at.
    let bell: Doorbell
    let changes = Ring<TransportChange>(
        minimumCapacity: 256, initial: TransportChange(kind: .stop, frame: 0, position: 0))
    /// How late sound arrives on the paths of the plan. Written by the loop.
    let paths = Mutex<[PathLatency]>([])
    /// How the thread of the process callback is scheduled: what pthread_getschedparam says; below 0: it has not begun.
    private let policy = Atomic<Int32>(-1)
    private let priority = Atomic<Int32>(0)
    /// Why its stack is not locked; nil: it is.
    private let stackRefusal = Mutex<String?>(nil)
    private let signals = Mutex<[Signal]>([])
    private let ports: JACKPorts
    private let board: JACKBoard
    private let isFreewheeling = Atomic<Bool>(false)
    private let rate = Atomic<Int>(0)

    private var client: Unmanaged<JACKClient>?
    private var engine: (any Engine)?
    private var follows = false
    private var engineRate = 0
    private var attachment = 0
    /// What the transport did in the last cycle; nil: there was none.
    private var isRolling: Bool?
    private var expectedFrame = 0

    init(_ ports: JACKPorts, bell: Doorbell) {
        self.ports = ports
        self.bell = bell
        board = ports.board
    }

    /// Calls the body with the object behind a callback's context, without counting references.
    static func at(_ context: UnsafeMutableRawPointer?, _ body: (JACKCallbacks) -> Void) -> Int32 {
        guard let context else { return 0 }
        Unmanaged<JACKCallbacks>.fromOpaque(context)._withUnsafeGuaranteedRef { body($0) }
        return 0
    }

    // MARK: The loop's side

    /// What the process callback works with from the next activation on. Thread: control, the client inactive.
    func prepare(_ client: JACKClient, _ engine: any Engine, follows: Bool) {
        self.client = Unmanaged.passUnretained(client)
        self.engine = engine
        self.follows = follows
        engineRate = engine.masterRate
        rate.store(client.currentRate, ordering: .relaxed)
        isRolling = nil
        policy.store(-1, ordering: .relaxed)
        attachment += 1
        board.cycle.pointee = JACKBoard.Cycle(attachment: attachment)
    }

    /// Lets the engine go. Thread: control, the client inactive.
    func release() {
        (engine as? JACKBridges)?.interrupt()
        engine = nil
        client = nil
        isFreewheeling.store(false, ordering: .relaxed)
        signals.withLock { $0 = [] }
    }

    /// What was told since the last call. Thread: control.
    func takeSignals() -> [Signal] {
        signals.withLock { signals in
            defer { signals = [] }
            return signals
        }
    }

    // MARK: libjack's side

    /// Keeps a signal for the loop. Thread: any of libjack's, but the process callback.
    func tell(_ signal: Signal) {
        switch signal {
        case .freewheel(let isOn): isFreewheeling.store(isOn, ordering: .relaxed)
        default: break
        }
        signals.withLock { $0.append(signal) }
        bell.ring()
    }

    /// Thread: the one that will call ``process(_:)``, before it does.
    func threadStarted() {
        CurrentThread.setName("syrinx-jack")
        let refusal = RealtimeThread.lockStack()
        stackRefusal.withLock { $0 = refusal }
    }

    /// How that thread is scheduled, in words; nil: it has not begun. Thread: any but render.
    var scheduling: String? {
        let policy = policy.load(ordering: .acquiring)
        if policy < 0 { return nil }
        let refusal = stackRefusal.withLock { $0 }
        return schedulingWords(policy: policy, priority: priority.load(ordering: .relaxed))
            + (refusal.map { "; its stack is not locked (\($0))" } ?? "")
    }

    /// Takes down how the thread is scheduled: libjack asks for it only after ``threadStarted()``.
    private func noteScheduling() {
        var (found, parameters) = (Int32(-1), sched_param())
        guard pthread_getschedparam(pthread_self(), &found, &parameters) == 0 else { return }
        priority.store(parameters.sched_priority, ordering: .relaxed)
        policy.store(found & ~0x4000_0000, ordering: .releasing)  // Without SCHED_RESET_ON_FORK.
    }

    /// Takes down a rate; a cycle at another than the engine's is silent. Thread: any of libjack's.
    func takeRate(_ new: Int) {
        rate.store(new, ordering: .relaxed)
        tell(.rate)
    }

    /// One cycle. Thread: process callback.
    func process(_ frames: Int) {
        if policy.load(ordering: .relaxed) < 0 { noteScheduling() }
        board.begin(frames)
        defer { board.end() }
        guard let engine, let client, rate.load(ordering: .relaxed) == engineRate else { return }
        board.cycle.pointee.start = engine.position
        board.cycle.pointee.frames = frames
        let rolls = client._withUnsafeGuaranteedRef { watchTransport($0, frames, at: engine.position) }
        if follows { engine.setRolling(rolls) }
        if isFreewheeling.load(ordering: .relaxed) {
            // The server waits for us: not real time.
            if engine.supply(frames) { engine.render(frames, timing: CycleTiming()) }
        } else {
            let cycle = client._withUnsafeGuaranteedRef { $0.cycle }
            board.cycle.pointee.serverFrame = cycle.frame
            engine.render(frames, timing: cycle.timing)
        }
    }

    /// Compares the transport with what the last cycle lets expect.
    private func watchTransport(_ client: JACKClient, _ frames: Int, at position: Int) -> Bool {
        let (rolls, frame) = client.transport
        var hasChanged = false
        func note(_ kind: TransportChange.Kind) {
            _ = changes.push(TransportChange(kind: kind, frame: frame, position: position))
            hasChanged = true
        }
        if let before = isRolling {
            if frame != expectedFrame { note(.locate) }
            if rolls != before { note(rolls ? .start : .stop) }
        } else if rolls {
            note(.start)
        }
        isRolling = rolls
        expectedFrame = rolls ? frame + frames : frame
        // Rare, and outside the render section.
        if hasChanged { bell.ring() }
        return rolls
    }

    /// States how late our ports are, by the ports at the other ends of the plan's paths. Thread: latency callback.
    func stateLatencies(capture: Bool) {
        let paths = paths.withLock { $0 }
        ports.withNodes { nodes in
            var ends = [Self.outside: 0...0]
            for (_, node, handles) in nodes where node.isOutput != capture {
                for handle in handles {
                    guard let handle else { continue }
                    let range = jackLatency(handle, capture: capture)
                    let known = ends[node.id] ?? range
                    ends[node.id] =
                        min(known.lowerBound, range.lowerBound)...max(known.upperBound, range.upperBound)
                }
            }
            for (_, node, handles) in nodes where node.isOutput == capture {
                var total: ClosedRange<Int>?
                for path in paths where (capture ? path.sink : path.source) == node.id {
                    guard let end = ends[capture ? path.source : path.sink] else { continue }
                    let low = end.lowerBound + path.frames.lowerBound
                    let high = end.upperBound + path.frames.upperBound
                    total = min(total?.lowerBound ?? low, low)...max(total?.upperBound ?? high, high)
                }
                for handle in handles {
                    if let handle { setJACKLatency(handle, capture: capture, total ?? 0...0) }
                }
            }
        }
    }
}
