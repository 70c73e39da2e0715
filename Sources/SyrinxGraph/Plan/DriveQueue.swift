/// The changes of a control link that wait for their frame, with the last of them: what outlives a plan.
// SAFETY: made on the control thread; the memory belongs to the render thread, of one plan at a time.
final class DriveQueue: @unchecked Sendable {
    struct Change: BitwiseCopyable {
        /// The frame of the node's main clock at which the value holds.
        var frame: Int
        var value: Double
    }

    struct State: BitwiseCopyable {
        /// Changes taken out so far, and put in so far.
        var head = 0
        var tail = 0
        /// The last value that went into the queue; NaN at first.
        var last = Double.nan
    }

    /// A power of two.
    let capacity: Int
    let changes: UnsafeMutablePointer<Change>
    let state: UnsafeMutablePointer<State>

    init(atLeast count: Int) {
        var capacity = 16
        while capacity < count { capacity *= 2 }
        self.capacity = capacity
        changes = .allocate(capacity: capacity)
        changes.initialize(repeating: Change(frame: 0, value: 0), count: capacity)
        state = .allocate(capacity: 1)
        state.initialize(to: State())
    }

    deinit {
        changes.deallocate()
        state.deallocate()
    }
}
