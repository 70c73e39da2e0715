/// How long cycles took, as a histogram: sixteen steps for each doubling, so that a figure is right to 3 %.
struct CycleStatistics: Sendable {
    private static let steps = 16
    private var counts = [Int](repeating: 0, count: 64 * Self.steps)
    private(set) var count = 0
    /// Nanoseconds.
    private(set) var longest = 0
    /// Cycles that ended after their time, whether the device minded or not.
    private(set) var lateCycles = 0
    /// The latest wake, in nanoseconds.
    private(set) var latestWake = 0
    /// Nanoseconds of the last cycle's time in which it had to be over; 0: nothing waited.
    private(set) var period = 0

    /// - Parameters: all in nanoseconds.
    mutating func add(duration: Int, lateness: Int, period: Int) {
        counts[Self.index(duration)] += 1
        count += 1
        longest = max(longest, duration)
        latestWake = max(latestWake, lateness)
        self.period = period
        if period > 0, lateness + duration > period { lateCycles += 1 }
    }

    /// The duration, in nanoseconds, that `part` (0…1) of the cycles did not exceed.
    func percentile(_ part: Double) -> Int {
        let wanted = Int((part * Double(count)).rounded(.up))
        var seen = 0
        for (index, count) in counts.enumerated() where count > 0 {
            seen += count
            if seen >= wanted { return min(Self.value(index), longest) }
        }
        return longest
    }

    private static func index(_ value: Int) -> Int {
        if value < steps { return max(value, 0) }
        let exponent = Int.bitWidth - 1 - value.leadingZeroBitCount
        return (exponent - 3) * steps + (value >> (exponent - 4)) - steps
    }

    /// The middle of a step.
    private static func value(_ index: Int) -> Int {
        if index < steps { return index }
        let exponent = index / steps + 3
        let low = (index % steps + steps) << (exponent - 4)
        return low + (1 << (exponent - 4)) / 2
    }
}
