internal import SyrinxDSP

/// Turns the jittery times at which blocks pass into the smooth time line of a sound card's clock.
///
/// Fed with pairs (frames passed so far, time), it keeps a straight line through them that follows the clock as it
/// drifts: ``time(at:)`` and ``framePeriod``. It begins as the least-squares line through all that has come, which is as
/// wide as can be, and narrows to a second-order loop (damping 1/√2) whose bandwidth suits the jitter that it measures:
/// so that what is left of it makes the clock's rate waver by less than ``waver``. A third state takes away the lag that a
/// second-order loop has behind a clock whose rate moves steadily.
///
/// - Units: times in nanoseconds since an origin that the caller chooses (close to the first of them: a `Double` holds
///   whole nanoseconds for 100 days, and we want parts of one), bandwidths in radians a second.
/// - Thread: any, one at a time. No libm, no memory: fit for the render thread.
/// - Source: F. Adriaensen, "Using a DLL to filter time", 2005 (the loop and its coefficients ω·√2, ω²), and
///   "Controlling adaptive resampling", Linux Audio Conference 2012; E. Brookner, "Tracking and Kalman Filtering Made
///   Easy", 1998, section 1.2.10 (gains of the expanding-memory line with which it begins).
public struct DelayLockedLoop: BitwiseCopyable, Sendable {
    /// What became of a time that was handed in.
    public enum Verdict: BitwiseCopyable, Sendable {
        /// The first: the line begins there.
        case began
        /// The line followed.
        case followed
        /// Too far from the line to be believed: the line went on as it was. A thread that woke late looks like that.
        case ignored
        /// Too far for 100 ms in a row: frames were lost, or time stood still. The line begins anew there, its slope kept.
        case jumped
    }

    /// How far the clock's rate may waver, as a ratio: slow as it is, 0.6 ppm keeps a 1 kHz tone clean beyond −100 dB.
    private static var waver: Double { 0.6e-6 }
    /// The bandwidth never leaves these bounds, once narrow. Below the first a clock that warms up would be lost.
    private static var narrowest: Double { 0.03 }
    private static var widest: Double { 0.6 }

    /// One frame as the clock's nominal rate has it, in ns.
    public let nominalPeriod: Double
    /// The slope is held within nominal · (1 ± this).
    private let largestDrift: Double

    /// Times that were believed since the line began.
    public private(set) var count = 0
    /// Where the line was last: so many frames had passed…
    public private(set) var frame = 0
    /// …at that time.
    public private(set) var smoothTime = 0.0
    /// The line's slope, in ns a frame, without the correction for a moving rate.
    private var slope: Double
    /// How far times lie behind the line in the mean, in ns: the lag behind a moving rate.
    private var lag = 0.0
    /// Variance of the jitter, in ns².
    private var variance = 0.0
    private var lastError = 0.0
    /// Seconds since the line began.
    private var age = 0.0
    /// Updates in a row that were not believed, and the time of the first.
    private var strikes = 0
    private var firstStrike = 0.0
    /// True: the slope has been narrowed down once, and outlives a new beginning of the line.
    private var isSlopeKnown = false
    /// Updates in a row whose error was cut.
    private var cuts = 0
    /// The bandwidth that the jitter allows.
    private var goal = DelayLockedLoop.widest

    /// What the loop's bandwidth is now: wide at first, then narrow. In rad/s.
    public private(set) var bandwidth = DelayLockedLoop.widest

    /// - Parameters:
    ///   - rate: frames a second, nominal.
    ///   - largestDrift: how far the true rate may be from it, as a ratio.
    public init(rate: Int, largestDrift: Double = 1e-3) {
        nominalPeriod = 1e9 / Double(rate)
        self.largestDrift = largestDrift
        slope = 1e9 / Double(rate)
    }

    /// Forgets where the line was, for the next time to begin it anew; its slope stays.
    public mutating func restart() {
        count = 0
        strikes = 0
        cuts = 0
        lag = 0
        age = 0
    }

    /// True: the line says something: its slope is known from before, or has had some times to learn from.
    public var isKnown: Bool { count >= (isSlopeKnown ? 1 : 8) }

    /// The clock's period, in ns a frame.
    public var framePeriod: Double { slope * (1 + Self.damping * bandwidth * lag * 1e-9) }

    /// True: the bandwidth is about as narrow as the jitter wants it, and the line has had time to settle.
    public var isSettled: Bool { count > 8 && age > 4 && bandwidth <= 1.5 * goal }

    /// The time at which so many frames have passed, or will.
    public func time(at frames: Int) -> Double {
        smoothTime + lag + Double(frames &- frame) * framePeriod
    }

    /// How many frames have passed at a time, counted from `frame`; a fraction.
    public func framesAfter(_ origin: Int, at time: Double) -> Double {
        Double(frame &- origin) + (time - smoothTime - lag) / framePeriod
    }

    /// Takes in that `frames` had passed at `time`.
    public mutating func update(frames: Int, time: Double) -> Verdict {
        guard count > 0 else {
            begin(frames, time)
            return .began
        }
        let passed = Double(frames &- frame)
        guard passed > 0 else { return .ignored }
        let interval = passed * slope
        let predicted = smoothTime + interval
        frame = frames
        smoothTime = predicted
        age += interval * 1e-9
        var error = time - predicted
        if abs(error) > max(interval, 2e6) {
            // What a thread catches up on when it wakes late comes all at once: only time that passes counts.
            if strikes == 0 { firstStrike = time }
            strikes &+= 1
            guard strikes >= 4, time - firstStrike >= 100e6 else { return .ignored }
            restart()
            begin(frames, time)
            return .jumped
        }
        strikes = 0
        count &+= 1
        error = learnJitter(error)
        follow(error, interval: interval, passed: passed)
        return .followed
    }

    private static var damping: Double { 1.414_213_562_373_095_1 }

    private mutating func begin(_ frames: Int, _ time: Double) {
        count = 1
        frame = frames
        smoothTime = time
        age = 0
        lastError = 0
        goal = Self.widest
    }

    /// Measures the jitter by how errors differ from one to the next, which a lag does not show in.
    ///
    /// - Returns: the error; cut to five standard deviations if it is a rare one.
    private mutating func learnJitter(_ error: Double) -> Double {
        let difference = error - lastError
        lastError = error
        var square = 0.5 * difference * difference
        if count > 32 { square = min(square, 16 * variance + 1e6) }
        variance += (square - variance) / Double(min(max(count &- 1, 1), 256))
        guard count > 32 else { return error }
        let bound = 5 * variance.squareRoot() + 2e4
        if abs(error) <= bound {
            cuts = 0
            return error
        }
        cuts &+= 1
        return cuts > 8 ? error : (error < 0 ? -bound : bound)
    }

    private mutating func follow(_ error: Double, interval: Double, passed: Double) {
        let seconds = interval * 1e-9
        aim(seconds)
        let narrow = min(goal * seconds, 0.5)
        let n = Double(count)
        // While the slope is not known: the line through n points; n begins at 2, where it goes through both. Then: the
        // mean of n points.
        let lineTime = isSlopeKnown ? 1 / n : 2 * (2 * n - 1) / (n * (n + 1))
        let lineSlope = isSlopeKnown ? 0 : 6 / (n * (n + 1))
        let toTime = max(Self.damping * narrow, lineTime)
        let toSlope = max(narrow * narrow, lineSlope)
        smoothTime += toTime * error
        slope += toSlope * error / passed
        slope = min(max(slope, nominalPeriod * (1 - largestDrift)), nominalPeriod * (1 + largestDrift))
        bandwidth = toSlope.squareRoot() / seconds
        if lineSlope < narrow * narrow, lineTime < Self.damping * narrow {
            isSlopeKnown = true
            lag += (error - lag) * min(0.25 * narrow, 1)
        }
    }

    /// Sets the bandwidth that the jitter allows, and a lag beyond what jitter explains demands.
    private mutating func aim(_ seconds: Double) {
        // Standard deviation of the smoothed time at 1 rad/s; it grows with the bandwidth's root, the waver with the
        // power 3/2.
        let deviation = (variance * 1.06 * seconds).squareRoot() * 1e-9
        var wanted = deviation > 0 ? exp2(log2(Self.waver / deviation) * (2.0 / 3)) : Self.widest
        wanted = min(max(wanted, Self.narrowest), Self.widest)
        // A lag that jitter does not explain: the clock's own rate moves. Then the loop widens at once…
        let unexplained = abs(lag) * 1e-9 - 4 * deviation * goal.squareRoot()
        if unexplained > 1e-4 { wanted = max(wanted, min(Self.widest, goal * 1.5)) }
        // …but narrows slowly once it is narrow: what was learned at one bandwidth must fade before the next.
        let rate = bandwidth > 1.5 * goal ? 0.1 : goal * seconds * (wanted > goal ? 1 : 0.25)
        goal += (wanted - goal) * min(rate, 1)
    }
}
