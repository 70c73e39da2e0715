/// Where a plan went in: what its ramps, and the streams that began with it, count from.
// SAFETY: written by the render thread when the plan goes in, before anything else of it runs; the driver's thread reads it
// between cycles, and is the same thread.
final class PlanStart: @unchecked Sendable {
    /// P at the plan's first frame; 0 for the first plan of a run.
    let position: UnsafeMutablePointer<Int>

    init() {
        position = .allocate(capacity: 1)
        position.initialize(to: 0)
    }

    deinit { position.deallocate() }
}

/// What a plan hands on to the one that follows it: it outlives the plan as long as anyone needs it.
struct PlanLegacy: Sendable {
    /// Where the plan goes in.
    let start: PlanStart
    /// What each of the resolved pipeline's links holds back, and what waits in it.
    let aligns: [AlignRenderer?]
    let drives: [DriveQueue?]
}
