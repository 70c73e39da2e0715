internal import SyrinxCore

/// The values of a control input that a renderer heeds when they are a whole value old: those of the slice at hand, and the
/// last ones before it.
///
/// - Thread: render.
struct LateValues: BitwiseCopyable {
    private let input: Int
    /// By index.
    private var kept = SIMD4<Float>(repeating: 0)

    init(input: Int) { self.input = input }

    /// Keeps what the next slice does not hold any more; once for every slice, behind all that reads it.
    @_noLocks @_noAllocation
    mutating func keep(_ block: RenderBlock) {
        let values = block.input(input)
        for k in 0..<values.frameCount { kept[(values.position &+ k) & 3] = values[0][k] }
    }

    @_noLocks @_noAllocation
    func value(_ index: Int, _ block: RenderBlock) -> Float {
        let values = block.input(input)
        let place = index &- values.position
        if place < 0 { return kept[index & 3] }
        // A later one would not be due.
        return place < values.frameCount ? values[0][place] : 0
    }

    @_noLocks @_noAllocation
    mutating func reset() { kept = SIMD4(repeating: 0) }
}
