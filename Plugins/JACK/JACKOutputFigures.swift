internal import Synchronization
internal import SyrinxCore
internal import SyrinxDSP

/// What a JACK output tells in the report.
// SAFETY: the cells are atomic, and written by the render thread alone.
final class JACKOutputFigures: @unchecked Sendable {
    /// What render writes through. Valid as long as the figures are.
    struct Meter: BitwiseCopyable {
        /// Frames, the peak's bits, samples held at the ceiling, samples that were no numbers.
        let cells: UnsafeMutablePointer<Atomic<Int>>

        /// Takes in one channel of what leaves. Thread: render.
        @_noLocks @_noAllocation
        func hear(_ samples: UnsafeBufferPointer<Float>) {
            let heard = peak(samples)
            let loudest = Float(bitPattern: UInt32(truncatingIfNeeded: cells[1].load(ordering: .relaxed)))
            if heard > loudest { cells[1].store(Int(heard.bitPattern), ordering: .relaxed) }
        }

        /// Takes down what there is after a block. Thread: render.
        @_noLocks @_noAllocation
        func count(_ frames: Int, _ guarded: OutputGuard) {
            cells[0].store(cells[0].load(ordering: .relaxed) &+ frames, ordering: .relaxed)
            cells[2].store(guarded.limitedSamples, ordering: .relaxed)
            cells[3].store(guarded.brokenSamples, ordering: .relaxed)
        }

        /// Thread: render.
        @_noLocks @_noAllocation
        func reset() { cells[1].store(0, ordering: .relaxed) }
    }

    let meter: Meter
    private let channels: Int

    init(channels: Int) {
        self.channels = channels
        meter = Meter(cells: .allocate(capacity: 4))
        for cell in 0..<4 { (meter.cells + cell).initialize(to: Atomic(0)) }
    }

    deinit { meter.cells.deallocate() }

    /// Thread: any.
    func figures() -> [(name: String, value: Value)] {
        let cells = (0..<4).map { meter.cells[$0].load(ordering: .relaxed) }
        let peak = Float(bitPattern: UInt32(truncatingIfNeeded: cells[1]))
        return [
            ("channels", .integer(channels)), ("frames", .integer(cells[0])),
            ("peak_dbfs", peak > 0 ? .number(linearToDecibels(Double(peak))) : .null),
            ("clipped", .integer(cells[2])), ("not_a_number", .integer(cells[3])),
        ]
    }
}
