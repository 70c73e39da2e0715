internal import CJack
internal import Glibc
internal import Synchronization

/// What renderers see of a cycle: its place in time, and the buffer of every port. Plain memory, one a driver.
///
/// The process callback fills it in before it calls the engine, so that no renderer calls libjack.
// SAFETY: `cycle` and `buffers` belong to the thread of the process callback, renderers included; `handles` are atomic, and
// `areOutputs` is written before the handle is published.
final class JACKBoard: @unchecked Sendable {
    /// The cycle under way.
    struct Cycle: BitwiseCopyable {
        /// P at its start.
        var start = 0
        /// Its length; 0: no cycle is under way.
        var frames = 0
        /// Grows whenever the client is activated: a renderer that finds another number starts softly again.
        var attachment = 0
        /// The server's count of frames at its start; nil: it does not say.
        var serverFrame: UInt32?
    }

    /// Ports at a time: more than JACK gives one client.
    static let capacity = 2048

    let cycle: UnsafeMutablePointer<Cycle>
    /// The memory of each port in this cycle; nil: the port is not there.
    let buffers: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>
    /// JACK's handle of each port, as bits; 0: none.
    private let handles: UnsafeMutablePointer<Atomic<UInt>>
    private let areOutputs: UnsafeMutablePointer<Bool>
    /// Slots from here on were never used.
    private let used = Atomic<Int>(0)
    /// Odd while a cycle is under way. Written by the process callback.
    private let edges = Atomic<UInt64>(0)
    private let free = Mutex<[Int]>([])

    init() {
        cycle = .allocate(capacity: 1)
        cycle.initialize(to: Cycle())
        buffers = .allocate(capacity: Self.capacity)
        buffers.initialize(repeating: nil, count: Self.capacity)
        handles = .allocate(capacity: Self.capacity)
        for slot in 0..<Self.capacity { (handles + slot).initialize(to: Atomic(0)) }
        areOutputs = .allocate(capacity: Self.capacity)
        areOutputs.initialize(repeating: false, count: Self.capacity)
    }

    deinit {
        cycle.deallocate()
        buffers.deallocate()
        handles.deallocate()
        areOutputs.deallocate()
    }

    // MARK: Control

    /// A slot for a port; nil: there are too many. Thread: control.
    func takeSlot() -> Int? {
        if let slot = free.withLock({ $0.popLast() }) { return slot }
        let slot = used.load(ordering: .relaxed)
        guard slot < Self.capacity else { return nil }
        used.store(slot + 1, ordering: .releasing)
        return slot
    }

    /// Gives a slot back that has no handle. Thread: control.
    func giveBack(_ slot: Int) { free.withLock { $0.append(slot) } }

    /// From the next cycle on the slot stands for a port. Thread: control.
    func open(_ slot: Int, _ handle: OpaquePointer, isOutput: Bool) {
        areOutputs[slot] = isOutput
        handles[slot].store(UInt(bitPattern: handle), ordering: .releasing)
    }

    /// Takes the handle out of a slot. Thread: control; no cycle uses it after ``waitForEdge()``.
    func close(_ slot: Int) { handles[slot].store(0, ordering: .releasing) }

    /// Grows with every cycle. Thread: any.
    var cycleCount: UInt64 { edges.load(ordering: .relaxed) / 2 }

    /// Waits until the cycle that was under way is over. Thread: control.
    func waitForEdge() {
        let edge = edges.load(ordering: .sequentiallyConsistent)
        if edge % 2 == 0 { return }
        // A server that stands still in the middle of a cycle must not hold us: 100 ms are longer than any period.
        for _ in 0..<200 where edges.load(ordering: .sequentiallyConsistent) == edge { usleep(500) }
    }

    // MARK: Process callback

    /// Marks the beginning of a cycle, fetches every buffer, and silences those that will be heard, so that a port that
    /// nobody renders leaves no garbage. Thread: process callback, before ``JACKBoard/end()``.
    func begin(_ frames: Int) {
        edges.add(1, ordering: .sequentiallyConsistent)
        let used = used.load(ordering: .acquiring)
        // What is heard comes first: a port of ours that hears another of ours takes over what lies there from the last cycle.
        for slot in 0..<used { fetch(slot, frames, isOutput: false) }
        for slot in 0..<used { fetch(slot, frames, isOutput: true) }
    }

    private func fetch(_ slot: Int, _ frames: Int, isOutput: Bool) {
        guard let handle = OpaquePointer(bitPattern: handles[slot].load(ordering: .sequentiallyConsistent)) else {
            buffers[slot] = nil
            return
        }
        if areOutputs[slot] != isOutput { return }
        let raw = jack_port_get_buffer(handle, jack_nframes_t(frames))
        if isOutput, let raw { memset(raw, 0, frames * MemoryLayout<Float>.stride) }
        buffers[slot] = raw?.assumingMemoryBound(to: Float.self)
    }

    /// Marks its end. Thread: process callback.
    func end() {
        cycle.pointee.frames = 0
        edges.add(1, ordering: .sequentiallyConsistent)
    }
}
