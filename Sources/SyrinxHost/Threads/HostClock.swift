internal import Glibc
internal import SyrinxRealtime

/// Two clocks read together: the system's, in nanoseconds, and the processor's cycle counter.
///
/// Two readings tell how fast the counter runs.
struct HostClock: Sendable {
    /// Nanoseconds of CLOCK_MONOTONIC.
    let nanoseconds: UInt64
    let ticks: UInt64

    /// Thread: any but render.
    static func now() -> HostClock {
        HostClock(nanoseconds: monotonicNanoseconds(), ticks: RenderSection.cycleCounter())
    }

    /// Nanoseconds of one tick, by what passed since `start`; 0 where no time did.
    func nanosecondsPerTick(since start: HostClock) -> Double {
        let ticks = ticks &- start.ticks
        return ticks == 0 ? 0 : Double(nanoseconds &- start.nanoseconds) / Double(ticks)
    }

    /// Seconds since `start`.
    func seconds(since start: HostClock) -> Double { Double(nanoseconds &- start.nanoseconds) / 1e9 }
}

/// CLOCK_MONOTONIC; costs some 20 ns, since no system call is made.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
