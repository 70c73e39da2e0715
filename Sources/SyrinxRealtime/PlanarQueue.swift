public import Synchronization

/// A lock-free queue of chunks of audio between one writing and one reading thread, channel by channel.
///
/// Chunks move by index: the writer fills one in place, the reader drains it in place, and each step across the threads
/// is one atomic store a chunk.
///
/// - Shape: `slots` chunks of up to `chunkFrames` frames; within a chunk, channel c begins at c · `chunkFrames`.
/// - Thread: the members that write belong to one thread, those that read to one other; no member waits.
public final class PlanarQueue: Sendable {
    /// The queue as both threads use it. Valid as long as the queue is.
    public let ends: Ends

    /// Makes a queue.
    ///
    /// - Parameter isTouched: true: its pages are there before a real-time thread comes; false: they come with the first
    ///   use, so that a short run pays for what it uses.
    public init(channels: Int, chunkFrames: Int, slots: Int, isTouched: Bool = true) {
        precondition(channels > 0 && chunkFrames > 0 && slots > 0)
        ends = Ends(channels: channels, chunkFrames: chunkFrames, slots: slots, isTouched: isTouched)
    }

    deinit { ends.deallocate() }

    /// Makes a queue for a stream whose partner asks for up to `block` frames at a time.
    ///
    /// - Returns: chunks of ``chunkFrames(forChannels:)``, and so many that half of them hold a block and a chunk.
    public convenience init(channels: Int, forBlocksOf block: Int, isTouched: Bool = true) {
        let chunkFrames = Self.chunkFrames(forChannels: channels)
        self.init(
            channels: channels, chunkFrames: chunkFrames,
            slots: max(8, 2 * (2 + (block + chunkFrames - 1) / chunkFrames)), isTouched: isTouched)
    }

    /// How many frames a chunk of so many channels should hold: 16 KiB a channel, 256 KiB in all.
    public static func chunkFrames(forChannels channels: Int) -> Int { min(4096, max(64, 65_536 / channels)) }

    /// Plain pointers into a queue, so that the render thread counts no references.
    // SAFETY: `filled` is written by the writer only and `emptied` by the reader only, each released after the chunk was
    // touched and acquired before; a chunk between them belongs to exactly one side. `lengths` travels with its chunk.
    @frozen
    public struct Ends: BitwiseCopyable, @unchecked Sendable {
        public let channels: Int
        public let chunkFrames: Int
        public let slots: Int
        @usableFromInline let storage: UnsafeMutablePointer<Float>
        @usableFromInline let lengths: UnsafeMutablePointer<Int>
        /// Chunks published so far. Written by the writer.
        @usableFromInline let filled: UnsafeMutablePointer<Atomic<Int>>
        /// Chunks given back so far. Written by the reader.
        @usableFromInline let emptied: UnsafeMutablePointer<Atomic<Int>>
        /// Both counters, on cache lines of their own.
        private let counters: UnsafeMutableRawPointer

        init(channels: Int, chunkFrames: Int, slots: Int, isTouched: Bool) {
            self.channels = channels
            self.chunkFrames = chunkFrames
            self.slots = slots
            storage = .allocate(capacity: channels * chunkFrames * slots)
            // A chunk is written before it is read, so that what lies in it at first is never seen.
            if isTouched { storage.initialize(repeating: 0, count: channels * chunkFrames * slots) }
            lengths = .allocate(capacity: slots)
            lengths.initialize(repeating: 0, count: slots)
            counters = .allocate(byteCount: 256, alignment: 128)
            filled = counters.bindMemory(to: Atomic<Int>.self, capacity: 1)
            filled.initialize(to: Atomic(0))
            emptied = (counters + 128).bindMemory(to: Atomic<Int>.self, capacity: 1)
            emptied.initialize(to: Atomic(0))
        }

        func deallocate() {
            storage.deallocate()
            lengths.deallocate()
            counters.deallocate()
        }

        /// Chunks published since the beginning. Thread: any; exact on the writer's.
        @inlinable
        public var publishedChunks: Int { filled.pointee.load(ordering: .acquiring) }

        /// Chunks given back since the beginning. Thread: any; exact on the reader's.
        @inlinable
        public var returnedChunks: Int { emptied.pointee.load(ordering: .acquiring) }

        /// Chunks that wait to be read. Thread: any; exact on the reader's.
        @inlinable
        public var readableChunks: Int {
            filled.pointee.load(ordering: .acquiring) &- emptied.pointee.load(ordering: .acquiring)
        }

        /// Chunks that can be filled.pointee. Thread: any; exact on the writer's.
        @inlinable
        public var writableChunks: Int { slots &- readableChunks }

        /// The chunk to fill next, or nil while all are full. Thread: writer.
        @inlinable
        public func chunkToFill() -> UnsafeMutablePointer<Float>? {
            let index = filled.pointee.load(ordering: .relaxed)
            if index &- emptied.pointee.load(ordering: .acquiring) >= slots { return nil }
            return storage + (index % slots) &* channels &* chunkFrames
        }

        /// Hands the chunk that ``chunkToFill()`` gave to the reader. Thread: writer.
        @inlinable
        public func publish(frames: Int) {
            let index = filled.pointee.load(ordering: .relaxed)
            lengths[index % slots] = frames
            filled.pointee.store(index &+ 1, ordering: .releasing)
        }

        /// The oldest chunk and how many frames it holds, or nil while there is none. Thread: reader.
        @inlinable
        public func chunkToDrain() -> (samples: UnsafePointer<Float>, frames: Int)? {
            let index = emptied.pointee.load(ordering: .relaxed)
            if index == filled.pointee.load(ordering: .acquiring) { return nil }
            let slot = index % slots
            return (UnsafePointer(storage + slot &* channels &* chunkFrames), lengths[slot])
        }

        /// Gives the chunk that ``chunkToDrain()`` gave back to the writer. Thread: reader.
        @inlinable
        public func giveBack() {
            emptied.pointee.store(emptied.pointee.load(ordering: .relaxed) &+ 1, ordering: .releasing)
        }
    }
}
