/// Makes yes and no of probabilities, hop by hop: threshold with hysteresis, least length, hangover.
struct SpeechDecision: BitwiseCopyable {
    /// What a hop changed.
    enum Change: BitwiseCopyable {
        case none
        /// Speech began with the hop `first`.
        case begins(first: Int)
        /// Speech is over; the last `quiet` hops were below the threshold.
        case ends(quiet: Int)
    }

    private let leastHops: Int
    private let hangoverHops: Int
    private let hysteresis: Float
    private(set) var isSpeech = false
    /// Hops since the start.
    private(set) var hops = 0
    /// Hops in a row that may become speech.
    private var run = 0
    private var quiet = 0

    init(leastHops: Int, hangoverHops: Int, hysteresis: Float) {
        self.leastHops = max(1, leastHops)
        self.hangoverHops = max(1, hangoverHops)
        self.hysteresis = hysteresis
    }

    /// Takes the next hop's probability. Thread: render.
    @_noLocks @_noAllocation
    mutating func take(_ probability: Float, threshold: Float) -> Change {
        let low = threshold - hysteresis
        hops &+= 1
        if isSpeech {
            if probability >= low {
                quiet = 0
                return .none
            }
            quiet &+= 1
            if quiet < hangoverHops { return .none }
            isSpeech = false
            run = 0
            return .ends(quiet: quiet)
        }
        let goesOn = run > 0 ? probability >= low : probability >= threshold
        run = goesOn ? run &+ 1 : 0
        if run < leastHops { return .none }
        isSpeech = true
        quiet = 0
        return .begins(first: hops &- run)
    }
}
