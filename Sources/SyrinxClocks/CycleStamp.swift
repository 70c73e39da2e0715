internal import Glibc
public import SyrinxRealtime

/// The time by which both sides of a bridge stamp their blocks: the processor's counter, which render may read.
@frozen
public struct TickClock: BitwiseCopyable, Sendable {
    /// Measured once, over some 20 ms; what is left of an error makes both sides' seconds equally long or short, and shows
    /// nowhere. Thread: control, the first time.
    public static let shared: TickClock = {
        let first = Reading.tightest()
        var pause = timespec(tv_sec: 0, tv_nsec: 20_000_000)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nil)
        let last = Reading.tightest()
        return TickClock(
            nanosecondsPerTick: Double(last.time - first.time) / Double(max(1, last.ticks &- first.ticks)),
            origin: first.ticks)
    }()

    @usableFromInline let nanosecondsPerTick: Double
    @usableFromInline let origin: UInt64

    /// Nanoseconds since the clock was made. Thread: any, render included.
    @inlinable @_noLocks @_noAllocation
    public func now() -> Int64 {
        let ticks = _unsafePerformance { RenderSection.cycleCounter() }  // Reads a register.
        return Int64(Double(Int64(bitPattern: ticks &- origin)) * nanosecondsPerTick)
    }

    /// Both clocks at one instant.
    private struct Reading {
        let time: Int
        let ticks: UInt64

        /// The one of several that took the least: a busy machine may stop a thread between the two clocks.
        static func tightest() -> Reading {
            var best = Reading(time: 0, ticks: 0)
            var least = UInt64.max
            for _ in 0..<16 {
                var time = timespec()
                let before = RenderSection.cycleCounter()
                clock_gettime(CLOCK_MONOTONIC, &time)
                let after = RenderSection.cycleCounter()
                guard after &- before < least else { continue }
                least = after &- before
                best = Reading(
                    time: time.tv_sec * 1_000_000_000 + time.tv_nsec, ticks: before &+ (after &- before) / 2)
            }
            return best
        }
    }
}

/// When the driver's cycles began, as a renderer sees them: blocks that come at once are parts of one cycle.
@frozen
public struct CycleStamp: BitwiseCopyable, Sendable {
    @usableFromInline let clock: TickClock
    @usableFromInline let nanosecondsPerFrame: Double
    /// The stamp of the cycle that is under way, and the frames rendered since.
    @usableFromInline var time = Int64.min
    @usableFromInline var frames = 0

    /// - Parameter rate: R, in Hz.
    public init(_ clock: TickClock, rate: Int) {
        self.clock = clock
        nanosecondsPerFrame = 1e9 / Double(rate)
    }

    /// The stamp for a block of so many frames. Thread: render.
    @inlinable @_noLocks @_noAllocation
    public mutating func next(_ count: Int) -> Int64 {
        let now = clock.now()
        // Half of what the frames before it take must have passed; the pieces of one cycle follow at once.
        if time == .min || Double(now &- time) > 0.5 * nanosecondsPerFrame * Double(frames) {
            time = now
            frames = 0
        }
        frames &+= count
        return time
    }
}
