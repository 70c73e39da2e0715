internal import Synchronization
internal import SyrinxCore
internal import SyrinxDSP

/// What drivers and reports see of a ``MeterRenderer``: it takes everything, and must know where the run ends.
final class MeterBridge: SinkBridge, Reporter {
    private let renderer: MeterRenderer

    init(_ renderer: MeterRenderer) { self.renderer = renderer }

    func waitToTake(through frame: Int) -> Bool { true }

    func end(at frame: Int) { renderer.end(at: frame) }

    func finish() { renderer.finish() }

    func figures() -> [(name: String, value: Value)] {
        let result = renderer.published.read()
        let mean = result.samples > 0 ? result.squares / Double(result.samples) : 0
        return [
            ("integrated_lufs", Self.level(result.figures.integrated)),
            ("range_lu", Self.level(result.figures.range)),
            ("max_momentary_lufs", Self.level(result.highestMomentary)),
            ("max_short_term_lufs", Self.level(result.highestShortTerm)),
            ("max_true_peak_dbtp", Self.level(linearToDecibels(result.figures.truePeak))),
            ("max_sample_peak_dbfs", Self.level(linearToDecibels(result.peak))),
            ("rms_dbfs", Self.level(powerToDecibels(mean))),
            ("invalid_samples", .integer(result.invalid)),
            ("measured_frames", .integer(result.frames)),
        ]
    }

    /// To a hundredth; null where there is none.
    private static func level(_ decibels: Double) -> Value {
        decibels.isFinite ? .number((decibels * 100).rounded() / 100) : .null
    }
}

/// The figures of a run, so far.
struct MeterResult: BitwiseCopyable {
    var figures = LoudnessFigures()
    var highestMomentary = -Double.infinity
    var highestShortTerm = -Double.infinity
    /// Linear.
    var peak = 0.0
    var squares = 0.0
    /// How many samples `squares` sums over.
    var samples = 0
    var frames = 0
    /// NaN and infinities among them.
    var invalid = 0
}

/// A ``MeterResult`` on its way to whoever reports it.
///
/// - Thread: one writes, any may read; what is read while a write goes on may mix two states.
struct PublishedResult: ~Copyable, Sendable {
    private let integrated = Atomic<UInt64>((-Double.infinity).bitPattern)
    private let range = Atomic<UInt64>(0)
    private let momentary = Atomic<UInt64>((-Double.infinity).bitPattern)
    private let shortTerm = Atomic<UInt64>((-Double.infinity).bitPattern)
    private let truePeak = Atomic<UInt64>(0)
    private let peak = Atomic<UInt64>(0)
    private let squares = Atomic<UInt64>(0)
    private let samples = Atomic<Int>(0)
    private let frames = Atomic<Int>(0)
    private let invalid = Atomic<Int>(0)

    @_noLocks @_noAllocation
    func write(_ result: MeterResult) {
        integrated.store(result.figures.integrated.bitPattern, ordering: .relaxed)
        range.store(result.figures.range.bitPattern, ordering: .relaxed)
        momentary.store(result.highestMomentary.bitPattern, ordering: .relaxed)
        shortTerm.store(result.highestShortTerm.bitPattern, ordering: .relaxed)
        truePeak.store(result.figures.truePeak.bitPattern, ordering: .relaxed)
        peak.store(result.peak.bitPattern, ordering: .relaxed)
        squares.store(result.squares.bitPattern, ordering: .relaxed)
        samples.store(result.samples, ordering: .relaxed)
        frames.store(result.frames, ordering: .relaxed)
        invalid.store(result.invalid, ordering: .relaxed)
    }

    func read() -> MeterResult {
        func number(_ bits: borrowing Atomic<UInt64>) -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
        var result = MeterResult()
        result.figures.integrated = number(integrated)
        result.figures.range = number(range)
        result.figures.truePeak = number(truePeak)
        result.highestMomentary = number(momentary)
        result.highestShortTerm = number(shortTerm)
        result.peak = number(peak)
        result.squares = number(squares)
        result.samples = samples.load(ordering: .relaxed)
        result.frames = frames.load(ordering: .relaxed)
        result.invalid = invalid.load(ordering: .relaxed)
        return result
    }
}
