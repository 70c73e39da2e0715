internal import Synchronization
internal import SyrinxCore

/// Everything of a plan that the render thread touches, as plain pointers: taking up a plan is taking up this address.
struct PlanTables: BitwiseCopyable {
    let steps: UnsafeMutablePointer<Step>
    let stepCount: Int
    let clocks: UnsafeMutablePointer<PortClock>
    /// The rate of each clock, R first.
    let rates: UnsafeMutablePointer<Int>
    let clockCount: Int
    /// The clocks of a slice, while a step in it is cut further.
    let saved: UnsafeMutablePointer<PortClock>
    let events: UnsafeMutablePointer<CycleEvents>
    /// Processor ticks that each step took: in all cycles that were timed, and in this one.
    let times: UnsafeMutablePointer<UInt64>
    let cycleTimes: UnsafeMutablePointer<UInt64>
    let slots: UnsafeMutablePointer<ParameterSlot>
    let slotCount: Int
    /// Set by whoever wrote to a slot.
    let hasWrites: UnsafeMutablePointer<Atomic<Bool>>
    let watches: UnsafeMutablePointer<LoopWatch>
    let watchCount: Int
    /// The position at which the plan went in, in frames at R. Written by the render thread, once.
    let entry: UnsafeMutablePointer<Int>
    /// Where the times of a live run's cycles go.
    let log: CycleLog.Writer
    /// True: every cycle is timed, and goes to `log`.
    let isLogged: Bool
    /// Tells the plans of a run apart.
    let generation: Int
}

/// Where a live parameter of a node is written from outside. The last write before a cycle wins.
///
/// - Thread: `write` any, `apply` render.
struct ParameterSlot: ~Copyable {
    private let bits = Atomic<UInt64>(0)
    private let isSet = Atomic<Bool>(false)
    /// The node's step.
    let step: UnsafeMutablePointer<Step>
    /// Index among the descriptor's parameters.
    let parameter: Int

    init(step: UnsafeMutablePointer<Step>, parameter: Int) {
        self.step = step
        self.parameter = parameter
    }

    borrowing func write(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
        isSet.store(true, ordering: .releasing)
    }

    /// Hands what was written to the renderer.
    borrowing func apply() {
        guard isSet.exchange(false, ordering: .acquiring) else { return }
        step.pointee.set(parameter, to: Double(bitPattern: bits.load(ordering: .relaxed)))
    }
}
