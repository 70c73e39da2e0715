/// A point on the session's clock, or a span of it: time since an origin of the caller's choosing.
///
/// Whoever drives a session says what time it is; nothing here looks at a clock.
package typealias Moment = Duration

extension Duration {
    /// The duration in seconds, for reports.
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    /// The duration in whole nanoseconds, rounded towards zero.
    package var inNanoseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }

    /// The duration in whole milliseconds, rounded down.
    package var inMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
