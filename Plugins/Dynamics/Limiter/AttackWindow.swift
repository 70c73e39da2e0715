/// Smooths a gain over a window of exact length: three running means in a row, whose weights form a bell.
///
/// What has been at or below a gain for the window's length comes out at or below it. Sums are whole numbers, so that
/// nothing drifts and the result does not depend on history.
///
/// - Source: running means in cascade tend to a Gaussian (W. M. Wells, "Efficient Synthesis of Gaussian Filters by Cascaded
///   Uniform Filters", IEEE PAMI 8 (2), 1986).
struct AttackWindow: ~Copyable {
    /// A gain of 1: 2^40.
    static var one: Int64 { @_noLocks @_noAllocation get { 1 << 40 } }

    private let lengths: (Int, Int, Int)
    private let inverses: (Double, Double, Double)
    /// The values within each mean, one after the other.
    private let memory: UnsafeMutablePointer<Int64>
    /// For each mean the sum of its values, and where the next one goes.
    private let sums: UnsafeMutablePointer<Int64>
    private let places: UnsafeMutablePointer<Int>

    /// - Parameter length: of the whole window, in frames; at least 1.
    init(length: Int) {
        // Three lengths whose sum is two more than the window's.
        let first = (length + 2) / 3
        let second = (length + 2 - first) / 2
        lengths = (first, second, length + 2 - first - second)
        inverses = (1 / Double(lengths.0), 1 / Double(lengths.1), 1 / Double(lengths.2))
        memory = .allocate(capacity: length + 2)
        memory.initialize(repeating: Self.one, count: length + 2)
        sums = .allocate(capacity: 3)
        sums.initialize(repeating: 0, count: 3)
        places = .allocate(capacity: 3)
        places.initialize(repeating: 0, count: 3)
        reset()
    }

    deinit {
        memory.deallocate()
        sums.deallocate()
        places.deallocate()
    }

    /// Takes the next gain, in units of 1/2^40; the smoothed one.
    @_noLocks @_noAllocation
    func next(_ value: Int64) -> Int64 {
        let one = mean(value, 0, from: 0, lengths.0, inverses.0)
        let two = mean(one, 1, from: lengths.0, lengths.1, inverses.1)
        return mean(two, 2, from: lengths.0 + lengths.1, lengths.2, inverses.2)
    }

    @_noLocks @_noAllocation
    func reset() {
        for k in 0..<lengths.0 + lengths.1 + lengths.2 { memory[k] = Self.one }
        sums[0] = Self.one * Int64(lengths.0)
        sums[1] = Self.one * Int64(lengths.1)
        sums[2] = Self.one * Int64(lengths.2)
        for index in 0..<3 { places[index] = 0 }
    }

    @_noLocks @_noAllocation
    private func mean(_ value: Int64, _ index: Int, from first: Int, _ length: Int, _ inverse: Double) -> Int64 {
        let place = places[index]
        let sum = sums[index] &+ value &- memory[first + place]
        memory[first + place] = value
        sums[index] = sum
        places[index] = place + 1 == length ? 0 : place + 1
        // A window of ones must stay one, though the inverse is rounded.
        return sum == Self.one &* Int64(length) ? Self.one : Int64(Double(sum) * inverse)
    }
}
