/// Notices a device that keeps no time, and keeps it in its place.
///
/// alsa-lib's `null` takes and gives whatever is asked for at once; a driver that believed it would spin for ever, with
/// real-time priority. A device's clock may be off by some percent at most, and may be ahead by what its buffer holds: one
/// that runs ahead by more than a quarter of a second beyond that, at a pace 10 % faster than it says, keeps no time. From
/// then on each cycle waits for the system's clock.
struct PaceGuard {
    /// How much faster than told a clock may be.
    private static let tolerance = 1.1
    /// Seconds by which it may be ahead in all.
    private static let allowance = 0.25

    private let cycleSeconds: Double
    private let allowed: Double
    /// Seconds by which the device is ahead.
    private var lead = 0.0
    /// When the last cycle came, in nanoseconds.
    private var last: Int
    /// When the next one is due, once the device is found out; nil while it keeps time by itself.
    private(set) var due: Int?

    /// True: it is further ahead than a device that keeps time can be, so it is not late whatever its buffer says.
    var isAhead: Bool { due != nil || lead > 2 * cycleSeconds }

    init(cycleFrames: Int, bufferFrames: Int, rate: Int, now: Int) {
        cycleSeconds = Double(cycleFrames) / Double(rate)
        allowed = Self.allowance + 2 * Double(bufferFrames) / Double(rate)
        last = now
    }

    /// Counts a cycle.
    ///
    /// - Returns: true for the one at which the device is found out.
    mutating func cycle(at now: Int) -> Bool {
        if let due {
            // After a stop of the machine it goes on from here, rather than catch up.
            self.due = max(due, now - Int(cycleSeconds * 4e9)) + Int(cycleSeconds * 1e9)
            return false
        }
        lead = max(0, lead + cycleSeconds - Double(now - last) * 1e-9 * Self.tolerance)
        last = now
        if lead <= allowed { return false }
        due = now + Int(cycleSeconds * 1e9)
        return true
    }
}
