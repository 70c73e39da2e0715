internal import Glibc
internal import Synchronization
public import SyrinxCore
internal import SyrinxRealtime

/// Wall-clock pace without a device: for sessions, and for rehearsing what a device would do.
///
/// It may wait, so nothing starves: where a file or a session is not ready, the clock stands still until it is.
public final class TimerDriver: Driver {
    public static let name = "timer"

    /// The longest cycle: 10 ms.
    private static let cyclesPerSecond = 100
    /// A wake that is later than this is told; the clock goes on from there instead of catching up.
    private static let longestDelay = 100_000_000

    public let pipeline: String
    public let rate: Int?
    private let priority: Int
    private let isStopped = Atomic<Bool>(false)

    init(_ request: DriverRequest) {
        pipeline = request.pipeline
        rate = request.rate
        priority = request.priority
    }

    public var facts: [(name: String, value: Value)] { [] }

    public func stop() { isStopped.store(true, ordering: .relaxed) }

    public func run(_ host: any DriverHost) throws(PipelineError) {
        let engine = try host.engine(atRate: host.masterRate)
        let rate = engine.masterRate
        let scheduling = RealtimeThread.schedule(priority: priority)
        if case .refused = scheduling {
            host.tell("not_realtime", [.init("reason", .string(scheduling.words))], nodes: [])
        }
        _ = RealtimeThread.lockStack()
        let frames = max(1, min(engine.largestBlock, rate / Self.cyclesPerSecond))
        let period = frames * 1_000_000_000 / rate
        // When frame 0 was due, in nanoseconds of CLOCK_MONOTONIC.
        var start = Self.now()
        while !isStopped.load(ordering: .relaxed) {
            // A cycle is due when its last frame would have been heard.
            let passed = Int((Int128(engine.position + frames) * 1_000_000_000) / Int128(rate))
            let asked = Self.now()
            guard engine.supply(frames) else { return }
            let waited = Self.now() - asked
            // Waiting is no delay: the clock stands still.
            if waited > period { start += waited }
            Self.sleep(until: start + passed)
            let late = Self.now() - (start + passed)
            if late > Self.longestDelay {
                start += late
                host.xrun(Xrun(.lateWake, detail: "the timer's thread slept \(late / 1_000_000) ms too long"))
            }
            engine.render(frames, timing: CycleTiming(lateness: max(0, late), period: period))
        }
    }

    private static func now() -> Int { Int(monotonicNanoseconds()) }

    private static func sleep(until instant: Int) {
        var time = timespec(tv_sec: instant / 1_000_000_000, tv_nsec: instant % 1_000_000_000)
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }
}
