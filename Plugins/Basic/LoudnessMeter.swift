internal import CEbur128
internal import Synchronization
internal import SyrinxCore

/// Loudness by EBU R128: owns the states of libebur128, in histogram mode.
///
/// A state cannot be cleared, and making one allocates. So a spare stands by for `reset`; `replenish` makes the next.
///
/// - Thread: as each member says. In the members that render calls the library neither allocates nor locks (1.2: block
///   energies go into a histogram of 1000 classes of 0.1 LU; the true-peak filter's buffers are made at the start).
///   The heap probe holds it to that.
///   `current` belongs to the render thread; `spare` goes from control to render and `used` back, and `used` is empty
///   whenever there is a spare.
struct LoudnessMeter: ~Copyable, Sendable {
    private typealias State = UnsafeMutablePointer<ebur128_state>

    private let format: StreamFormat
    private let truePeak: Bool
    private let dualMono: Bool
    /// Addresses of states; 0 where there is none.
    private let current: Atomic<UInt>
    private let spare = Atomic<UInt>(0)
    private let used = Atomic<UInt>(0)
    private let making = Mutex(())

    /// Thread: control.
    init(_ format: StreamFormat, truePeak: Bool, dualMono: Bool, at place: String) throws(PipelineError) {
        guard let state = Self.make(format, truePeak, dualMono) else {
            throw PipelineError(
                .invalidGraph, at: place,
                "found \(format.channels) channels at \(format.rate) Hz, expected 1…64 channels and 16 Hz…2.8 MHz")
        }
        self.format = format
        self.truePeak = truePeak
        self.dualMono = dualMono
        current = Atomic(UInt(bitPattern: state))
        replenish()
    }

    deinit {
        Self.free(current.load(ordering: .acquiring))
        Self.free(spare.load(ordering: .acquiring))
        Self.free(used.load(ordering: .acquiring))
    }

    /// Makes sure that there is a spare state. Thread: any but render.
    func replenish() {
        if spare.load(ordering: .acquiring) != 0 { return }
        making.withLock { _ in
            if spare.load(ordering: .acquiring) != 0 { return }
            Self.free(used.exchange(0, ordering: .acquiringAndReleasing))
            guard let state = Self.make(format, truePeak, dualMono) else { return }
            spare.store(UInt(bitPattern: state), ordering: .releasing)
        }
    }

    /// Forgets everything heard so far; goes on with it if `replenish` has not been called since the last time.
    ///
    /// - Thread: render.
    @_noLocks @_noAllocation
    func reset() {
        let fresh = spare.exchange(0, ordering: .acquiringAndReleasing)
        if fresh == 0 { return }
        used.store(current.load(ordering: .relaxed), ordering: .releasing)
        current.store(fresh, ordering: .relaxed)
    }

    /// Takes `count` interleaved frames, each sample finite. Thread: render.
    @_noLocks @_noAllocation
    func add(_ frames: UnsafePointer<Float>, count: Int) {
        // Plain arithmetic on memory that the state owns, see the type.
        let state = State(bitPattern: current.load(ordering: .relaxed))
        _unsafePerformance { _ = ebur128_add_frames_float(state, frames, count) }
    }

    /// Momentary and short-term loudness, and if `all` what has come together since the start. Thread: render.
    @_noLocks @_noAllocation
    func read(_ figures: inout LoudnessFigures, all: Bool) {
        // Sums over the state's own buffers and histograms, and log10, see the type.
        let state = State(bitPattern: current.load(ordering: .relaxed))
        let channels = truePeak ? UInt32(truncatingIfNeeded: format.channels) : 0
        _unsafePerformance {
            ebur128_loudness_momentary(state, &figures.momentary)
            ebur128_loudness_shortterm(state, &figures.shortTerm)
            if all {
                ebur128_loudness_global(state, &figures.integrated)
                ebur128_loudness_range(state, &figures.range)
                var channel: UInt32 = 0
                while channel < channels {
                    var peak = 0.0
                    ebur128_true_peak(state, channel, &peak)
                    if peak > figures.truePeak { figures.truePeak = peak }
                    channel += 1
                }
            }
        }
    }

    private static func make(_ format: StreamFormat, _ truePeak: Bool, _ dualMono: Bool) -> State? {
        guard (1...64).contains(format.channels),
            let state = ebur128_init(
                UInt32(format.channels), UInt(format.rate), syrinx_ebur128_mode(truePeak ? 1 : 0))
        else { return nil }
        if dualMono, format.channels == 1 { ebur128_set_channel(state, 0, syrinx_ebur128_dual_mono()) }
        return state
    }

    private static func free(_ address: UInt) {
        var state = State(bitPattern: address)
        if state != nil { ebur128_destroy(&state) }
    }
}

/// What ``LoudnessMeter`` reads. LUFS and LU, −∞ for silence; a linear peak.
struct LoudnessFigures: BitwiseCopyable {
    var momentary = -Double.infinity
    var shortTerm = -Double.infinity
    var integrated = -Double.infinity
    var range = 0.0
    var truePeak = 0.0
}
