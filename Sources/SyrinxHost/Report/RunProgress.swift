public import SyrinxCore

/// How far a run has come.
public struct RunProgress: Sendable {
    /// One sink's figures, as its node tells them.
    public struct Sink: Sendable {
        public let node: String
        public let figures: [(name: String, value: Value)]
    }

    /// Seconds of the run that are rendered.
    public let position: Double
    /// The run's length in seconds, once it is known.
    public let length: Double?
    /// Seconds since the run was started.
    public let wallTime: Double
    public let sinks: [Sink]
    /// nil: the run goes flat out.
    public let live: Live?

    /// What only a run knows that a clock drives.
    public struct Live: Sendable {
        /// Of the last cycles' time, 0…100 and more.
        public let loadPercent: Double
        public let xruns: Int
    }

    /// Speed as a multiple of real time.
    public var speed: Double { wallTime > 0 ? position / wallTime : 0 }

    /// Seconds until the end, if it is known and the speed lasts.
    public var timeLeft: Double? {
        guard let length, speed > 0 else { return nil }
        return max(0, length - position) / speed
    }
}
