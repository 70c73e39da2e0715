internal import Synchronization

/// What is known of one cycle of a live run, for reports and for explaining what came too late.
public struct CycleRecord: Sendable {
    /// P at its start, in frames at R.
    public let position: Int
    public let frames: Int
    /// How late the driver's thread came to run, in nanoseconds.
    public let lateness: Int
    /// How long after it was due the cycle had to be over, in nanoseconds; 0: nothing waited for it.
    public let period: Int
    /// Processor ticks from the render section's first instruction to its last.
    public let ticks: Int
    /// Of these, the ticks of each step.
    public let stepTicks: [Int]
}

/// The last cycles of a plan, with the time of every step: written by the render thread, read by the control side, and
/// overwritten in turn whether anyone has read or not.
///
/// - Thread: the writer is the render thread's; everything else any other's, one at a time.
// SAFETY: every word is atomic. A record's first word is 0 while it is being written, and its number plus 1, released, once it
// is whole; a reader that finds another number there after reading than before throws the record away.
final class CycleLog: @unchecked Sendable {
    let writer: Writer
    /// Records read so far. Owned by the reader.
    private nonisolated(unsafe) var read = 0
    /// Records that were overwritten before anyone read them. Owned by the reader.
    private(set) nonisolated(unsafe) var lost = 0

    /// - Parameter capacity: cycles that are kept; 0: nothing is logged.
    init(capacity: Int, steps: Int) { writer = Writer(capacity: capacity, steps: steps) }

    deinit { writer.deallocate() }

    /// Plain pointers, so that the render thread counts no references.
    struct Writer: BitwiseCopyable {
        fileprivate static let head = 6
        let capacity: Int
        fileprivate let stepCount: Int
        fileprivate let width: Int
        fileprivate let words: UnsafeMutablePointer<Atomic<Int>>
        /// Records written so far.
        fileprivate let count: UnsafeMutablePointer<Atomic<Int>>

        fileprivate init(capacity: Int, steps: Int) {
            self.capacity = capacity
            stepCount = steps
            width = Self.head + steps
            words = .allocate(capacity: max(capacity, 1) * width)
            for index in 0..<max(capacity, 1) * width { (words + index).initialize(to: Atomic(0)) }
            count = .allocate(capacity: 1)
            count.initialize(to: Atomic(0))
        }

        fileprivate func deallocate() {
            words.deallocate()
            count.deallocate()
        }

        /// Writes one record, and adds the step times to `sums`. Thread: render.
        ///
        /// - Parameter times: ticks of each step in this cycle; zero again afterwards.
        @_noLocks @_noAllocation
        func put(
            position: Int, frames: Int, lateness: Int, period: Int, ticks: Int, times: UnsafeMutablePointer<UInt64>,
            sums: UnsafeMutablePointer<UInt64>
        ) {
            let number = count.pointee.load(ordering: .relaxed)
            let record = words + (number % capacity) &* width
            record.pointee.store(0, ordering: .relaxed)
            atomicMemoryFence(ordering: .releasing)
            record[1].store(position, ordering: .relaxed)
            record[2].store(frames, ordering: .relaxed)
            record[3].store(lateness, ordering: .relaxed)
            record[4].store(period, ordering: .relaxed)
            record[5].store(ticks, ordering: .relaxed)
            for step in 0..<stepCount {
                record[Self.head &+ step].store(Int(truncatingIfNeeded: times[step]), ordering: .relaxed)
                sums[step] &+= times[step]
                times[step] = 0
            }
            record.pointee.store(number &+ 1, ordering: .releasing)
            count.pointee.store(number &+ 1, ordering: .releasing)
        }
    }

    /// Hands over the records that are new since the last call, oldest first.
    func drain(_ each: (CycleRecord) -> Void) {
        let end = writer.count.pointee.load(ordering: .acquiring)
        let first = max(read, end - writer.capacity + 1)
        lost += max(0, first - read)
        read = max(read, first)
        while read < end {
            if let record = record(read) { each(record) } else { lost += 1 }
            read += 1
        }
    }

    private func record(_ number: Int) -> CycleRecord? {
        let words = writer.words + (number % writer.capacity) * writer.width
        guard words.pointee.load(ordering: .acquiring) == number + 1 else { return nil }
        let record = CycleRecord(
            position: words[1].load(ordering: .relaxed), frames: words[2].load(ordering: .relaxed),
            lateness: words[3].load(ordering: .relaxed), period: words[4].load(ordering: .relaxed),
            ticks: words[5].load(ordering: .relaxed),
            stepTicks: (0..<writer.stepCount).map { words[Writer.head + $0].load(ordering: .relaxed) })
        atomicMemoryFence(ordering: .acquiring)
        return words.pointee.load(ordering: .relaxed) == number + 1 ? record : nil
    }
}
