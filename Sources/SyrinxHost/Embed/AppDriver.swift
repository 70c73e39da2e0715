internal import Synchronization
internal import SyrinxCore
internal import SyrinxRealtime

/// The clock of an embedded engine: the program's own calls.
///
/// ``run(_:)`` hands the engine over and then waits on its thread until the end; cycles are the program's.
final class AppDriver: Driver {
    static let name = "app"

    let pipeline: String
    let rate: Int?
    let cycle: AppCycle
    let onEvent: (@Sendable (PipelineEvent) -> Void)?

    private let ports = Locked<[String: AppPort]>([:])
    private let handedOver = Locked<(any Engine)?>(nil)
    private let bell = Doorbell()
    private let isStopped = Atomic<Bool>(false)
    private let isInside = Atomic<Bool>(false)

    init(pipeline: String, rate: Int?, capacity: Int, onEvent: (@Sendable (PipelineEvent) -> Void)?) {
        self.pipeline = pipeline
        self.rate = rate
        self.onEvent = onEvent
        cycle = AppCycle(capacity: capacity)
    }

    var facts: [(name: String, value: Value)] { [("cycle_frames", .integer(cycle.capacity))] }

    /// The engine, once the run has begun. Thread: any.
    var engine: (any Engine)? { handedOver.withLock { $0 } }

    /// True: no cycle will be rendered any more. Thread: any.
    var hasEnded: Bool { isStopped.load(ordering: .sequentiallyConsistent) }

    /// The port of a node; an edit that changes how many channels it has makes a new one. Thread: control.
    func port(of node: String, _ direction: AppPort.Direction, channels: Int) -> AppPort {
        ports.withLock { ports in
            if let port = ports[node], port.channels == channels, port.direction == direction { return port }
            let port = AppPort(direction, channels: channels, cycle: cycle)
            ports[node] = port
            return port
        }
    }

    /// The port of a node, if it has one. Thread: control.
    func port(of node: String) -> AppPort? { ports.withLock { $0[node] } }

    /// Ids of nodes that have a port of a direction, sorted. Thread: control.
    func nodes(_ direction: AppPort.Direction) -> [String] {
        ports.withLock { ports in ports.filter { $0.value.direction == direction }.keys.sorted() }
    }

    // MARK: Cycles

    /// Renders a cycle, unless the run is over. Returns: false if it is.
    ///
    /// - Thread: the program's.
    func render(_ frames: Int, of engine: any Engine, waits: Bool) -> Bool {
        isInside.store(true, ordering: .sequentiallyConsistent)
        defer { isInside.store(false, ordering: .sequentiallyConsistent) }
        if isStopped.load(ordering: .sequentiallyConsistent) { return false }
        if waits, !engine.supply(frames) { return false }
        cycle.begin(at: engine.position, frames: frames)
        engine.render(frames, timing: CycleTiming())
        return true
    }

    func run(_ host: any DriverHost) throws(PipelineError) {
        let engine = try host.engine(atRate: host.masterRate)
        handedOver.withLock { $0 = engine }
        bell.ring()
        wait { isStopped.load(ordering: .sequentiallyConsistent) }
        // A cycle that is under way is finished first: what it plays with must live that long.
        wait(atMost: 1_000_000) { !isInside.load(ordering: .sequentiallyConsistent) }
    }

    func stop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        bell.ring()
    }

    /// Waits for the engine, or until the run has failed before it had one. Thread: control.
    func waitForEngine(unless isOver: () -> Bool) { wait { engine != nil || isOver() } }

    /// Wakes who waits. Thread: any.
    func ring() { bell.ring() }

    private func wait(atMost nanoseconds: Int64 = 100_000_000, until isDone: () -> Bool) {
        while true {
            let ticket = bell.ticket()
            if isDone() { return }
            bell.wait(after: ticket, atMost: nanoseconds)
        }
    }
}
