/// An engine of `vad`: takes mono samples hop by hop and tells how likely it is that somebody speaks.
///
/// A final class, fed on the render thread with memory that it owns. What it tells depends on the samples since the last
/// reset alone. The renderer resamples to ``rate``, cuts the hops by sample position, and decides what to do with the
/// probability; engines know nothing of threshold, hangover or pre-roll.
///
/// - Units: samples at full scale ±1, finite.
protocol Detector: AnyObject, Sendable {
    /// The rate at which it wants to be fed, in Hz: 16 000, or 8 000 where the engine can and the port has no more.
    var rate: Int { get }

    /// How many samples it takes at a time: at most 10 ms. An engine that works in longer windows collects hops, and
    /// spreads its work over those that follow.
    var hop: Int { get }

    /// How far the sound that a probability speaks of lies behind the end of the hop with which it is told, in samples: what
    /// windows and spread work cost. Begin and end of speech are moved back by it.
    var lag: Int { get }

    /// Takes the next hop and tells the probability as it stands after it, 0…1.
    ///
    /// Every witness carries `@_noLocks @_noAllocation`; the renderer calls it on the concrete class.
    ///
    /// - Thread: render.
    func feed(_ samples: UnsafePointer<Float>) -> Float

    /// Back to the state after `init`. Thread: render. Every witness carries `@_noLocks @_noAllocation`.
    func reset()
}

/// ``Detector/rate``, ``Detector/hop`` and ``Detector/lag`` of an engine, before one is made.
struct DetectorTiming: Sendable {
    let rate: Int
    let hop: Int
    let lag: Int
    /// How many samples one probability speaks for: a hop, or an engine's window.
    let span: Int

    /// - Parameter span: nil: a hop.
    init(rate: Int, hop: Int, lag: Int, span: Int? = nil) {
        self.rate = rate
        self.hop = hop
        self.lag = lag
        self.span = span ?? hop
    }

    /// How many hops fill `milliseconds`, rounded up.
    func hops(milliseconds: Double) -> Int {
        Int((milliseconds * Double(rate) / (1_000 * Double(hop)) - 1e-9).rounded(.up))
    }
}

/// One engine or another, so that render calls a concrete class. A new engine is a field more.
struct AnyDetector: Sendable {
    let timing: DetectorTiming
    private let statistical: Unmanaged<StatisticalDetector>?
    private let neural: Unmanaged<SileroNetwork>?

    /// Keeps the detector until ``release()``.
    init(_ detector: StatisticalDetector) {
        timing = StatisticalDetector.timing
        statistical = Unmanaged.passRetained(detector)
        neural = nil
    }

    /// Keeps the detector until ``release()``.
    init(_ detector: SileroNetwork) {
        timing = SileroNetwork.timing
        statistical = nil
        neural = Unmanaged.passRetained(detector)
    }

    /// Thread: control, when render is over.
    func release() {
        statistical?.release()
        neural?.release()
    }

    @_noLocks @_noAllocation
    func feed(_ samples: UnsafePointer<Float>) -> Float {
        if let statistical { return statistical._withUnsafeGuaranteedRef { $0.feed(samples) } }
        if let neural { return neural._withUnsafeGuaranteedRef { $0.feed(samples) } }
        return 0
    }

    @_noLocks @_noAllocation
    func reset() {
        if let statistical { statistical._withUnsafeGuaranteedRef { $0.reset() } }
        if let neural { neural._withUnsafeGuaranteedRef { $0.reset() } }
    }
}
