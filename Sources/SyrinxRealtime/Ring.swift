public import Synchronization

/// A lock-free queue of plain values between one writing and one reading thread.
///
/// - Shape: holds up to `capacity` elements, a power of two. Elements leave in the order in which they came.
/// - Thread: the members that write belong to one thread, those that read to one other; no member waits.
// SAFETY: `head` is written by the reader only and `tail` by the writer only, each released after the elements were
// touched and acquired before; `storage` between them belongs to exactly one side.
public final class Ring<Element: BitwiseCopyable>: @unchecked Sendable {
    public let capacity: Int
    @usableFromInline let mask: Int
    @usableFromInline let storage: UnsafeMutablePointer<Element>
    /// Elements read so far. Written by the reader.
    @usableFromInline let head = Atomic<Int>(0)
    /// Keeps the two counters on cache lines of their own.
    private let gap = InlineArray<16, Int>(repeating: 0)
    /// Elements written so far. Written by the writer.
    @usableFromInline let tail = Atomic<Int>(0)

    /// Makes a ring of at least `minimumCapacity` elements, every one set to `initial` so that its pages are touched.
    public init(minimumCapacity: Int, initial: Element) {
        var capacity = 1
        while capacity < minimumCapacity { capacity *= 2 }
        self.capacity = capacity
        mask = capacity - 1
        storage = .allocate(capacity: capacity)
        storage.initialize(repeating: initial, count: capacity)
    }

    deinit { storage.deallocate() }

    /// How many elements can be read now. Thread: any; exact on the reader's.
    @inlinable
    public var readableCount: Int { tail.load(ordering: .acquiring) &- head.load(ordering: .acquiring) }

    /// How many elements can be written now. Thread: any; exact on the writer's.
    @inlinable
    public var writableCount: Int { capacity &- readableCount }

    /// The first run of readable elements that lie side by side in memory; may be shorter than `readableCount`.
    ///
    /// - Thread: reader. Valid until `didRead`.
    @inlinable
    public func readableRun() -> UnsafeBufferPointer<Element> {
        let head = head.load(ordering: .relaxed)
        let count = tail.load(ordering: .acquiring) &- head
        let start = head & mask
        return UnsafeBufferPointer(start: storage + start, count: min(count, capacity &- start))
    }

    /// Gives the first `count` readable elements back to the writer. Thread: reader.
    @inlinable
    public func didRead(_ count: Int) {
        head.store(head.load(ordering: .relaxed) &+ count, ordering: .releasing)
    }

    /// The first run of writable places that lie side by side in memory; may be shorter than `writableCount`.
    ///
    /// - Thread: writer. Valid until `didWrite`.
    @inlinable
    public func writableRun() -> UnsafeMutableBufferPointer<Element> {
        let tail = tail.load(ordering: .relaxed)
        let free = capacity &- (tail &- head.load(ordering: .acquiring))
        let start = tail & mask
        return UnsafeMutableBufferPointer(start: storage + start, count: min(free, capacity &- start))
    }

    /// Hands the first `count` written places to the reader. Thread: writer.
    @inlinable
    public func didWrite(_ count: Int) {
        tail.store(tail.load(ordering: .relaxed) &+ count, ordering: .releasing)
    }

    /// Writes one element. Returns: false, and nothing is written, if the ring is full. Thread: writer.
    @inlinable
    public func push(_ element: Element) -> Bool {
        let tail = tail.load(ordering: .relaxed)
        if tail &- head.load(ordering: .acquiring) >= capacity { return false }
        storage[tail & mask] = element
        self.tail.store(tail &+ 1, ordering: .releasing)
        return true
    }

    /// Reads one element. Returns: nil if the ring is empty. Thread: reader.
    @inlinable
    public func pop() -> Element? {
        let head = head.load(ordering: .relaxed)
        if head == tail.load(ordering: .acquiring) { return nil }
        let element = storage[head & mask]
        self.head.store(head &+ 1, ordering: .releasing)
        return element
    }
}
