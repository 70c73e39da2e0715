internal import Synchronization
internal import SyrinxCore

/// What drivers and reports see of an ``EchoCancelRenderer``: it takes everything, and tells how it went.
final class EchoBridge: SinkBridge, Reporter {
    private let renderer: EchoCancelRenderer

    init(_ renderer: EchoCancelRenderer) { self.renderer = renderer }

    func waitToTake(through frame: Int) -> Bool {
        renderer.module.replenish()
        return true
    }

    func end(at frame: Int) {}
    func finish() {}

    func figures() -> [(name: String, value: Value)] {
        renderer.module.replenish()
        return renderer.figures.read()
    }
}

/// The figures of a run, so far.
///
/// - Thread: render writes, any may read.
struct EchoFigures: ~Copyable, Sendable {
    private let delay = Atomic<UInt64>(0)
    private let hasDelay = Atomic<Bool>(false)
    private let enhancement = Atomic<UInt32>(0)
    private let best = Atomic<UInt32>(0)
    private let doubleFrames = Atomic<Int>(0)
    private let lostFrames = Atomic<Int>(0)

    @_noLocks @_noAllocation
    func write(_ watch: EchoWatch, lostFrames: Int) {
        self.lostFrames.store(lostFrames, ordering: .relaxed)
        delay.store(watch.delay.bitPattern, ordering: .relaxed)
        hasDelay.store(watch.hasDelay, ordering: .relaxed)
        enhancement.store(watch.enhancement.bitPattern, ordering: .relaxed)
        let highest = Float(bitPattern: best.load(ordering: .relaxed))
        if watch.enhancement > highest { best.store(watch.enhancement.bitPattern, ordering: .relaxed) }
        if watch.isDoubleTalk { doubleFrames.store(doubleFrames.load(ordering: .relaxed) &+ 1, ordering: .relaxed) }
    }

    /// To a hundredth; null where there is none.
    func read() -> [(name: String, value: Value)] {
        func level(_ bits: UInt32) -> Value { .number((Double(Float(bitPattern: bits)) * 100).rounded() / 100) }
        let milliseconds = (Double(bitPattern: delay.load(ordering: .relaxed)) * 100).rounded() / 100
        return [
            ("delay_ms", hasDelay.load(ordering: .relaxed) ? .number(milliseconds) : .null),
            ("erle_db", level(enhancement.load(ordering: .relaxed))),
            ("best_erle_db", level(best.load(ordering: .relaxed))),
            ("double_talk_s", .number(Double(doubleFrames.load(ordering: .relaxed)) / 100)),
            ("lost_ms", .integer(10 * lostFrames.load(ordering: .relaxed))),
        ]
    }
}
