internal import Synchronization
internal import SyrinxClocks
internal import SyrinxCore

/// What a server calls in the place of a graph, where another driver leads: it moves frames between ports and bridges.
// SAFETY: `nextFrame` and `lastStart` belong to the process callback; the rest is atomic, or constant.
final class JACKBridges: Engine, @unchecked Sendable {
    /// Seats at a time: more than a pipeline has device nodes.
    private static let capacity = 512

    /// Unretained seats, as bits; 0: free. A seat takes itself out before it goes.
    private let seats: UnsafeMutablePointer<Atomic<UInt>>
    private let board: JACKBoard
    private let clock = TickClock.shared
    private let rate: Atomic<Int>
    private let frames = Atomic<Int>(0)
    /// The server's count of frames at the next cycle, if none is lost; nil: not known.
    private var nextFrame: UInt32?
    /// When the last cycle began; nil: a pause lies before the next.
    private var lastStart: Int64?
    /// Without a cycle for so long, ns, the server stood still.
    private static let longestPause: Int64 = 500_000_000
    /// Cycles that were missed are made up for with silence if they are less than this part of a second; more is a leap.
    private static let missedPart = 10

    init(_ board: JACKBoard, rate: Int) {
        self.board = board
        self.rate = Atomic(rate)
        seats = .allocate(capacity: Self.capacity)
        for slot in 0..<Self.capacity { (seats + slot).initialize(to: Atomic(0)) }
    }

    deinit { seats.deallocate() }

    // MARK: Control

    /// Returns: false if there are too many. Thread: control.
    func add(_ seat: JACKSeat) -> Bool {
        let bits = UInt(bitPattern: Unmanaged.passUnretained(seat).toOpaque())
        return (0..<Self.capacity).contains { slot in
            seats[slot].compareExchange(expected: 0, desired: bits, ordering: .sequentiallyConsistent).exchanged
        }
    }

    /// From the return on no cycle uses it. Thread: control.
    func remove(_ seat: JACKSeat) {
        let bits = UInt(bitPattern: Unmanaged.passUnretained(seat).toOpaque())
        for slot in 0..<Self.capacity {
            _ = seats[slot].compareExchange(expected: bits, desired: 0, ordering: .sequentiallyConsistent)
        }
        board.waitForEdge()
    }

    /// Takes down the server's rate. Thread: control, the client inactive.
    func setRate(_ new: Int) { rate.store(new, ordering: .relaxed) }

    // MARK: Engine

    /// The server's rate, in Hz.
    var masterRate: Int { rate.load(ordering: .relaxed) }
    var largestBlock: Int { Int.max }
    var position: Int { frames.load(ordering: .relaxed) }

    func render(_ count: Int, timing: CycleTiming) {
        let start = clock.now() - Int64(timing.lateness)
        let rate = rate.load(ordering: .relaxed)
        if let lastStart, start - lastStart > Self.longestPause { interrupt() }
        lastStart = start
        var missed = 0
        var hasLeapt = false
        if let frame = board.cycle.pointee.serverFrame {
            let leap = nextFrame.map { Int(Int32(bitPattern: frame &- $0)) } ?? 0
            if (0...rate / Self.missedPart).contains(leap) { missed = leap } else { hasLeapt = true }
            nextFrame = frame &+ UInt32(truncatingIfNeeded: count)
        }
        each { $0.move(count, missed: missed, rate: rate, start: start, hasLeapt: hasLeapt) }
        frames.add(count, ordering: .relaxed)
    }

    /// The server runs free: it has no time that anything could follow. Thread: process callback.
    func supply(_ frames: Int) -> Bool {
        interrupt()
        return false
    }

    func setRolling(_ isRolling: Bool) {}

    /// No cycle comes for a while. Thread: process callback, or control while the client is inactive.
    func interrupt() {
        nextFrame = nil
        lastStart = nil
        each { $0.interrupt() }
    }

    private func each(_ body: (JACKSeat) -> Void) {
        for slot in 0..<Self.capacity {
            let bits = seats[slot].load(ordering: .sequentiallyConsistent)
            guard let seat = UnsafeRawPointer(bitPattern: bits) else { continue }
            Unmanaged<JACKSeat>.fromOpaque(seat)._withUnsafeGuaranteedRef(body)
        }
    }
}
