/// The largest of the last values of a stream, in constant time on average.
///
/// - Source: D. Lemire, "Streaming Maximum-Minimum Filter Using No More than Three Comparisons per Element", Nordic J.
///   Computing 13 (4), 2006: a queue of the values that may still become the largest, each smaller than the one before.
struct RunningMaximum: ~Copyable {
    /// How many values it looks back on, the newest included.
    let window: Int
    private let mask: Int
    private let values: UnsafeMutablePointer<Double>
    private let places: UnsafeMutablePointer<Int>
    /// First and last + 1 of the queue, and how many values have come.
    private let state: UnsafeMutablePointer<(first: Int, end: Int, seen: Int)>

    init(window: Int) {
        self.window = window
        var length = 1
        while length < window + 1 { length *= 2 }
        mask = length - 1
        values = .allocate(capacity: length)
        values.initialize(repeating: 0, count: length)
        places = .allocate(capacity: length)
        places.initialize(repeating: 0, count: length)
        state = .allocate(capacity: 1)
        state.initialize(to: (0, 0, 0))
    }

    deinit {
        values.deallocate()
        places.deallocate()
        state.deallocate()
    }

    /// Takes a value; the largest of the window that ends with it.
    @_noLocks @_noAllocation
    func next(_ value: Double) -> Double {
        var (first, end, seen) = state.pointee
        while end > first, values[(end - 1) & mask] <= value { end -= 1 }
        values[end & mask] = value
        places[end & mask] = seen
        end += 1
        if places[first & mask] <= seen - window { first += 1 }
        seen += 1
        state.pointee = (first, end, seen)
        return values[first & mask]
    }

    @_noLocks @_noAllocation
    func reset() { state.pointee = (0, 0, 0) }
}
