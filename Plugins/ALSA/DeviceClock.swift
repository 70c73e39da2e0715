internal import Glibc

/// The time by which a device's thread lives; a test has its own.
protocol DeviceClock: Sendable {
    /// Nanoseconds since some instant in the past.
    var now: Int { get }

    /// Sleeps until an instant. May return too early, never much too late.
    func sleep(until instant: Int)
}

/// CLOCK_MONOTONIC.
struct SystemClock: DeviceClock {
    var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    func sleep(until instant: Int) {
        var time = timespec(tv_sec: instant / 1_000_000_000, tv_nsec: instant % 1_000_000_000)
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil)
    }
}
