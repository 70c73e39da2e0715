internal import SyrinxRealtime

/// All memory that a plan renders with: one block of samples, and the small tables that point into it.
///
/// Buffers begin at a cache line. Everything is allocated and touched here, and freed with the object.
// SAFETY: filled on the control thread before the plan is handed over; owned by the render thread from then on.
final class PlanMemory: @unchecked Sendable {
    private var blocks: [(start: UnsafeMutableRawPointer, bytes: Int)] = []
    /// Bytes of samples.
    private(set) var sampleBytes = 0

    deinit { for block in blocks { block.start.deallocate() } }

    /// Keeps all of it from being paged out. Returns: nil, or why some of it is not. Thread: control.
    ///
    /// It is never unlocked: locks go by pages, and the next plan lives in pages that this one leaves.
    func lock() -> String? {
        for block in blocks { if let reason = RealtimeThread.lock(block.start, bytes: block.bytes) { return reason } }
        return nil
    }

    /// How much memory a block of samples takes.
    static func bytes(ofSamples count: Int) -> Int { max(count, 16) * MemoryLayout<Float>.stride }

    /// Zeroed samples at a cache line's start.
    func samples(_ count: Int) -> UnsafeMutablePointer<Float> {
        let bytes = Self.bytes(ofSamples: count)
        let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        block.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        blocks.append((block, bytes))
        sampleBytes += bytes
        return block.assumingMemoryBound(to: Float.self)
    }

    /// A table of plain values.
    func table<T: BitwiseCopyable>(_ values: [T]) -> UnsafeMutablePointer<T> { table(values, of: T.self) }

    /// A table of values that own nothing that must be released.
    func table<T>(_ values: [T], of: T.Type) -> UnsafeMutablePointer<T> {
        let bytes = max(values.count, 1) * MemoryLayout<T>.stride
        let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: max(MemoryLayout<T>.alignment, 64))
        blocks.append((block, bytes))
        let table = block.bindMemory(to: T.self, capacity: max(values.count, 1))
        for (index, value) in values.enumerated() { (table + index).initialize(to: value) }
        return table
    }
}
