/// A sound card's clock and the thread that serves it, in simulated time: how fast it runs, how late the thread wakes.
///
/// - Units: seconds of simulated time, ppm, frames.
public struct SimulatedClock: Sendable {
    /// From an instant on, the clock's rate moves so fast.
    public struct Ramp: Sendable {
        public var at: Double
        public var ppmPerSecond: Double

        public init(at: Double, ppmPerSecond: Double) {
            self.at = at
            self.ppmPerSecond = ppmPerSecond
        }
    }

    /// The thread sleeps through `lasting` seconds from an instant on, then catches up; the device's buffer holds it all.
    public struct Sleep: Sendable {
        public var at: Double
        public var lasting: Double

        public init(at: Double, lasting: Double) {
            self.at = at
            self.lasting = lasting
        }
    }

    /// Nominal, Hz.
    public var rate: Int
    /// Frames in a period.
    public var period: Int
    /// How much faster than nominal it runs at first.
    public var driftPPM: Double
    /// In the order of time.
    public var ramps: [Ramp] = []
    /// Each wake-up is late by 0 to this much, evenly; times are stamped by the thread when it wakes.
    public var jitter: Double = 0
    /// In the order of time.
    public var sleeps: [Sleep] = []
    /// The clock stands still for these: an xrun on the master, a loss on the device. In the order of time.
    public var outages: [Range<Double>] = []

    public init(rate: Int, period: Int, driftPPM: Double = 0, jitter: Double = 0) {
        self.rate = rate
        self.period = period
        self.driftPPM = driftPPM
        self.jitter = jitter
    }
}

/// A simulated clock as it runs: one period after the other.
struct SimulatedClockRun {
    let script: SimulatedClock
    /// When the present period begins, by a perfect clock.
    private(set) var start = 0.0
    /// When its thread wakes for it.
    private(set) var wake = 0.0
    /// True: an outage lies between the period before and this one.
    private(set) var hasReturned = false
    private var drift: Double
    private var slope = 0.0
    private var ramps: ArraySlice<SimulatedClock.Ramp>
    private var sleeps: ArraySlice<SimulatedClock.Sleep>
    private var outages: ArraySlice<Range<Double>>
    private var random: SeededRandom

    init(_ script: SimulatedClock, seed: UInt64, start: Double) {
        self.script = script
        self.start = start
        drift = script.driftPPM * 1e-6
        ramps = script.ramps[...]
        sleeps = script.sleeps[...]
        outages = script.outages[...]
        random = SeededRandom(seed: seed)
        wakeUp()
    }

    /// Seconds from the period's start to its frame `k`.
    @inline(__always)
    func time(of k: Int) -> Double {
        // rate · ((1 + drift) t + slope t²/2) = k, to the second order.
        let straight = Double(k) / (Double(script.rate) * (1 + drift))
        return straight * (1 - 0.5 * slope * straight / (1 + drift))
    }

    mutating func advance() {
        let length = time(of: script.period)
        start += length
        drift += slope * length
        while let ramp = ramps.first, ramp.at <= start {
            slope = ramp.ppmPerSecond * 1e-6
            ramps.removeFirst()
        }
        hasReturned = false
        if let outage = outages.first, outage.lowerBound <= start {
            start = max(start, outage.upperBound)
            outages.removeFirst()
            hasReturned = true
        }
        wakeUp()
    }

    private mutating func wakeUp() {
        var due = start + (script.jitter > 0 ? Double.random(in: 0...script.jitter, using: &random) : 0)
        while let sleep = sleeps.first, sleep.at + sleep.lasting <= start { sleeps.removeFirst() }
        if let sleep = sleeps.first, sleep.at <= due { due = max(due, sleep.at + sleep.lasting) }
        // A thread that is behind needs some time for each period all the same.
        wake = max(due, wake + 20e-6)
    }
}
