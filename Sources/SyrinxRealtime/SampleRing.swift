public import Synchronization

/// A lock-free queue of samples between one writing and one reading thread, as ``Ring`` is, for use inside a render section:
/// the ends are plain pointers, so that rendering counts no references.
///
/// - Shape: holds up to `capacity` samples, a power of two.
/// - Thread: the members that write belong to one thread, those that read to one other; no member waits.
public final class SampleRing: Sendable {
    /// The queue as both threads use it. Valid as long as the ring is.
    public let ends: Ends

    /// Makes a ring of at least `minimumCapacity` samples, whose pages are touched.
    public init(minimumCapacity: Int) { ends = Ends(minimumCapacity: minimumCapacity) }

    deinit { ends.deallocate() }

    // SAFETY: `head` is written by the reader only and `tail` by the writer only, each released after the samples were
    // touched and acquired before; `storage` between them belongs to exactly one side.
    @frozen
    public struct Ends: BitwiseCopyable, @unchecked Sendable {
        public let capacity: Int
        @usableFromInline let storage: UnsafeMutablePointer<Float>
        /// Samples read so far. Written by the reader.
        @usableFromInline let head: UnsafeMutablePointer<Atomic<Int>>
        /// Samples written so far. Written by the writer.
        @usableFromInline let tail: UnsafeMutablePointer<Atomic<Int>>
        /// Both counters, on cache lines of their own.
        private let counters: UnsafeMutableRawPointer

        init(minimumCapacity: Int) {
            var capacity = 1
            while capacity < minimumCapacity { capacity *= 2 }
            self.capacity = capacity
            storage = .allocate(capacity: capacity)
            storage.initialize(repeating: 0, count: capacity)
            counters = .allocate(byteCount: 256, alignment: 128)
            head = counters.bindMemory(to: Atomic<Int>.self, capacity: 1)
            head.initialize(to: Atomic(0))
            tail = (counters + 128).bindMemory(to: Atomic<Int>.self, capacity: 1)
            tail.initialize(to: Atomic(0))
        }

        func deallocate() {
            storage.deallocate()
            counters.deallocate()
        }

        /// How many samples can be read now. Thread: any; exact on the reader's.
        @inlinable
        public var readableCount: Int {
            tail.pointee.load(ordering: .acquiring) &- head.pointee.load(ordering: .acquiring)
        }

        /// How many samples can be written now. Thread: any; exact on the writer's.
        @inlinable
        public var writableCount: Int { capacity &- readableCount }

        /// The first readable samples that lie side by side; may be fewer than `readableCount`.
        ///
        /// - Thread: reader. Valid until `didRead`.
        @inlinable
        public func readableRun() -> UnsafeBufferPointer<Float> {
            let first = head.pointee.load(ordering: .relaxed)
            let count = tail.pointee.load(ordering: .acquiring) &- first
            let start = first & (capacity &- 1)
            return UnsafeBufferPointer(start: storage + start, count: min(count, capacity &- start))
        }

        /// Gives the first `count` readable samples back to the writer. Thread: reader.
        @inlinable
        public func didRead(_ count: Int) {
            head.pointee.store(head.pointee.load(ordering: .relaxed) &+ count, ordering: .releasing)
        }

        /// The first places to write that lie side by side; may be fewer than `writableCount`.
        ///
        /// - Thread: writer. Valid until `didWrite`.
        @inlinable
        public func writableRun() -> UnsafeMutableBufferPointer<Float> {
            let next = tail.pointee.load(ordering: .relaxed)
            let free = capacity &- (next &- head.pointee.load(ordering: .acquiring))
            let start = next & (capacity &- 1)
            return UnsafeMutableBufferPointer(start: storage + start, count: min(free, capacity &- start))
        }

        /// Hands the first `count` written samples to the reader. Thread: writer.
        @inlinable
        public func didWrite(_ count: Int) {
            tail.pointee.store(tail.pointee.load(ordering: .relaxed) &+ count, ordering: .releasing)
        }
    }
}
