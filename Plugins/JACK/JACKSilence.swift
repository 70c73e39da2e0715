/// Finds out that a server gives no cycles though nobody told of its end: it hangs, or a debugger holds it.
struct JACKSilence {
    enum Verdict {
        case began
        /// After so many seconds.
        case ended(Double)
    }

    /// How long no cycle must have come, in seconds.
    static let patience = 5.0
    /// What one look counts at most: it may be us who stood still.
    private static let longestStep = 1.0

    private var cycles: UInt64
    private var last = SuspendingClock.now
    /// Seconds without a cycle.
    private var silent = 0.0

    init(_ board: JACKBoard) { cycles = board.cycleCount }

    /// Thread: control; several times a second.
    mutating func look(at board: JACKBoard) -> Verdict? {
        let now = SuspendingClock.now
        let passed = (now - last) / .seconds(1)
        last = now
        let count = board.cycleCount
        if count != cycles {
            cycles = count
            defer { silent = 0 }
            return silent >= Self.patience ? .ended(silent) : nil
        }
        let before = silent
        silent += min(passed, Self.longestStep)
        return before < Self.patience && silent >= Self.patience ? .began : nil
    }
}
