/// Memory for samples, spectra and tables: zeros, aligned to 64 bytes, freed together.
struct AlignedMemory: ~Copyable {
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit { for block in blocks { block.deallocate() } }

    mutating func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        let floats = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
        blocks.append(floats)
        let bound = floats.bindMemory(to: Float.self, capacity: max(count, 16))
        bound.initialize(repeating: 0, count: max(count, 16))
        return bound
    }

    /// Plain values that need no deinitialisation.
    mutating func values<T: BitwiseCopyable>(_ values: [T]) -> UnsafeMutablePointer<T> {
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: max(values.count, 1) * MemoryLayout<T>.stride, alignment: 64)
        blocks.append(raw)
        let bound = raw.bindMemory(to: T.self, capacity: max(values.count, 1))
        for (index, value) in values.enumerated() { (bound + index).initialize(to: value) }
        return bound
    }
}
