internal import Synchronization
internal import SyrinxClocks

/// A bridge between the server's clock and the master's, with the memory that the process callback needs beside it.
struct JACKLane {
    let end: ClockBridge.RenderEnd
    /// Planes of `stride` frames, one a channel. Owned by the process callback.
    let scratch: UnsafeMutablePointer<Float>
    let stride: Int
    let channels: Int
    private let retained: Unmanaged<ClockBridge>

    init(_ bridge: ClockBridge) {
        end = bridge.renderEnd
        stride = bridge.configuration.devicePeriod
        channels = bridge.configuration.channels
        scratch = .allocate(capacity: channels * stride)
        scratch.initialize(repeating: 0, count: channels * stride)
        retained = Unmanaged.passRetained(bridge)
    }

    /// Calls the body with the bridge, without counting references.
    func withBridge<T>(_ body: (ClockBridge) -> T) -> T { retained._withUnsafeGuaranteedRef(body) }

    /// Frees everything. Thread: control, once nobody uses it.
    func free() {
        scratch.deallocate()
        retained.release()
    }
}

/// The lane in use, which control may replace while both sides use it.
///
/// Each side notes which lane it is about to use and looks again before it does; what is noted is not freed.
// SAFETY: `current` is written by control alone, each note by its side alone; sequentially consistent, so that either control
// sees the note, or the side sees the new lane. `retired` is locked.
final class JACKLanes: @unchecked Sendable {
    /// One of the two sides. Valid as long as the lanes are.
    // SAFETY: both point to atomics.
    struct Side: BitwiseCopyable, @unchecked Sendable {
        let current: UnsafeMutablePointer<Atomic<UInt>>
        let note: UnsafeMutablePointer<Atomic<UInt>>

        /// The lane to use until ``leave()``. Thread: the side's.
        @_noLocks @_noAllocation
        func take() -> UnsafeMutablePointer<JACKLane>? {
            var found = current.pointee.load(ordering: .sequentiallyConsistent)
            while true {
                note.pointee.store(found, ordering: .sequentiallyConsistent)
                let again = current.pointee.load(ordering: .sequentiallyConsistent)
                if again == found { return UnsafeMutablePointer(bitPattern: found) }
                // Replaced just now, which happens when the server changes its rate or period.
                found = again
            }
        }

        @_noLocks @_noAllocation
        func leave() { note.pointee.store(0, ordering: .releasing) }
    }

    let render: Side
    /// The process callback; control, while there is none.
    let device: Side
    private let cells: UnsafeMutablePointer<Atomic<UInt>>
    private let retired = Mutex<[UInt]>([])

    init(_ bridge: ClockBridge) {
        // On cache lines of their own.
        cells = .allocate(capacity: 48)
        for cell in 0..<48 { (cells + cell).initialize(to: Atomic(0)) }
        render = Side(current: cells, note: cells + 16)
        device = Side(current: cells, note: cells + 32)
        cells[0].store(Self.make(bridge), ordering: .sequentiallyConsistent)
    }

    deinit {
        for lane in retired.withLock({ $0 }) + [cells[0].load(ordering: .sequentiallyConsistent)] { Self.free(lane) }
        cells.deallocate()
    }

    /// Puts a bridge in the place of the one before; that is freed by a later call, or with the lanes.
    ///
    /// - Thread: control.
    func replace(with bridge: ClockBridge) {
        let old = cells[0].exchange(Self.make(bridge), ordering: .sequentiallyConsistent)
        retired.withLock { retired in
            retired.append(old)
            let noted = [16, 32].map { cells[$0].load(ordering: .sequentiallyConsistent) }
            for lane in retired where !noted.contains(lane) { Self.free(lane) }
            retired.removeAll { !noted.contains($0) }
        }
    }

    /// Calls the body with the bridge in use. Thread: control; the lock keeps ``replace(with:)`` away meanwhile.
    func withBridge<T>(_ body: (ClockBridge) -> T) -> T? {
        retired.withLock { _ in
            let bits = cells[0].load(ordering: .sequentiallyConsistent)
            return UncheckedBox(UnsafeMutablePointer<JACKLane>(bitPattern: bits)?.pointee.withBridge(body))
        }.value
    }

    private static func make(_ bridge: ClockBridge) -> UInt {
        let lane = UnsafeMutablePointer<JACKLane>.allocate(capacity: 1)
        lane.initialize(to: JACKLane(bridge))
        return UInt(bitPattern: lane)
    }

    private static func free(_ bits: UInt) {
        guard let lane = UnsafeMutablePointer<JACKLane>(bitPattern: bits) else { return }
        lane.pointee.free()
        lane.deinitialize(count: 1)
        lane.deallocate()
    }
}
