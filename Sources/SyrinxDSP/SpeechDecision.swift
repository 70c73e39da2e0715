/// Makes yes and no of probabilities, hop by hop: threshold with hysteresis, least length, hangover.
///
/// - Units: hops of whatever length the values come in: a detector's frames, or control values of 1 ms.
@frozen
public struct SpeechDecision: BitwiseCopyable, Sendable {
    /// What a hop changed.
    @frozen
    public enum Change: BitwiseCopyable, Sendable {
        case none
        /// Speech began with the hop `first`.
        case begins(first: Int)
        /// Speech is over; the last `quiet` hops were below the threshold.
        case ends(quiet: Int)
    }

    @usableFromInline let leastHops: Int
    @usableFromInline let hangoverHops: Int
    @usableFromInline let hysteresis: Float
    @usableFromInline var speaks = false
    /// Hops since the start.
    @usableFromInline var hops = 0
    /// Hops in a row that may become speech.
    @usableFromInline var run = 0
    @usableFromInline var quiet = 0

    @inlinable
    public init(leastHops: Int, hangoverHops: Int, hysteresis: Float) {
        self.leastHops = max(1, leastHops)
        self.hangoverHops = max(1, hangoverHops)
        self.hysteresis = hysteresis
    }

    /// Speech has begun and is not over.
    @inlinable
    public var isSpeech: Bool { speaks }

    /// Takes the next hop's probability. Thread: render.
    @inlinable
    @_noLocks @_noAllocation
    public mutating func take(_ probability: Float, threshold: Float) -> Change {
        let low = threshold - hysteresis
        hops &+= 1
        if speaks {
            if probability >= low {
                quiet = 0
                return .none
            }
            quiet &+= 1
            if quiet < hangoverHops { return .none }
            speaks = false
            run = 0
            return .ends(quiet: quiet)
        }
        let goesOn = run > 0 ? probability >= low : probability >= threshold
        run = goesOn ? run &+ 1 : 0
        if run < leastHops { return .none }
        speaks = true
        quiet = 0
        return .begins(first: hops &- run)
    }
}
