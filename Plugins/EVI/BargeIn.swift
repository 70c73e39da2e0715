internal import SyrinxDSP

/// What a local detector's word does to playback before EVI has heard of it: how loud each frame is, and whether playback
/// goes on.
///
/// Two words, each made of a detector's values by a decision of its own. The first, a hint, lowers playback a little as soon as
/// anything is heard; the second, that the user takes the turn, lowers it to `level` or makes it wait. Each is taken back when
/// its detector falls, or when EVI has not confirmed within a time. Confirmed is what was dropped meanwhile.
struct BargeIn: BitwiseCopyable {
    enum Mode: BitwiseCopyable {
        case none
        /// Quieter, and on it goes.
        case duck
        /// Silent, and it waits; undone, it goes on where it was.
        case pause
    }

    /// What is fixed.
    struct Settings: BitwiseCopyable {
        var mode: Mode
        /// How loud speech is while the user takes the turn, and while that is not yet sure.
        var level: Float
        var hintLevel: Float
        /// Frames of the way down, of the way back, and in which EVI may confirm.
        var glideFrames: Int
        var returnFrames: Int
        var confirmFrames: Int
    }

    private let settings: Settings
    private var gain: LinearGlide
    private var turn: Word
    private var hint: Word

    /// What one detector has said.
    private struct Word: BitwiseCopyable {
        var decision: SpeechDecision
        /// The last value that was a number.
        var last: Float = 0
        /// Frames left in which EVI may confirm; 0: playback need not heed it.
        var left = 0

        /// Takes the next value; NaN is none. Returns: true if it rises.
        @_noLocks @_noAllocation
        mutating func hear(_ value: Float, threshold: Float, confirmFrames: Int) -> Bool {
            if value == value { last = value }
            switch decision.take(last, threshold: threshold) {
            case .none: return false
            case .begins:
                left = confirmFrames
                return true
            case .ends:
                left = 0
                return false
            }
        }

        /// Lets a frame pass. Returns: true if EVI's time is over with it.
        @_noLocks @_noAllocation
        mutating func expires() -> Bool {
            if left == 0 { return false }
            left -= 1
            return left == 0
        }
    }

    /// - Parameters:
    ///   - turn: what makes yes and no of the values of `barge_in`; its hops are control values, 1 ms.
    ///   - hint: the same of `barge_in_hint`.
    init(_ settings: Settings, turn: SpeechDecision, hint: SpeechDecision) {
        self.settings = Settings(
            mode: settings.mode, level: settings.mode == .pause ? 0 : settings.level, hintLevel: settings.hintLevel,
            glideFrames: max(1, settings.glideFrames), returnFrames: max(1, settings.returnFrames),
            confirmFrames: max(1, settings.confirmFrames))
        self.turn = Word(decision: turn)
        self.hint = Word(decision: hint)
        gain = LinearGlide(at: 1)
    }

    /// Playback stands still.
    @_noLocks @_noAllocation
    func isHolding() -> Bool {
        guard case .pause = settings.mode, turn.left > 0, gain.isSteady else { return false }
        return gain.target == 0
    }

    /// The user takes the turn, by the detector's word.
    @_noLocks @_noAllocation
    func isHigh() -> Bool { turn.decision.isSpeech }

    /// Takes the next value of `barge_in`. Returns: true if the user takes the turn from now on.
    @_noLocks @_noAllocation
    mutating func hear(_ value: Float, threshold: Float) -> Bool {
        let rose = turn.hear(value, threshold: threshold, confirmFrames: settings.confirmFrames)
        aim()
        return rose
    }

    /// Takes the next value of `barge_in_hint`.
    @_noLocks @_noAllocation
    mutating func hearHint(_ value: Float, threshold: Float) {
        _ = hint.hear(value, threshold: threshold, confirmFrames: settings.confirmFrames)
        aim()
    }

    /// What was playing has been dropped: the next speech begins as it is.
    @_noLocks @_noAllocation
    mutating func confirm() {
        turn.left = 0
        hint.left = 0
        gain = LinearGlide(at: 1)
    }

    /// The gain of the next frame.
    @_noLocks @_noAllocation
    mutating func next() -> Float {
        let value = gain.value(at: 0)
        gain.advance(by: 1)
        if turn.expires() { aim() }
        if hint.expires() { aim() }
        return value
    }

    /// Frames all have a gain of 1 until the next value.
    @_noLocks @_noAllocation
    func isIdle() -> Bool {
        guard turn.left == 0, hint.left == 0, gain.isSteady else { return false }
        return gain.target == 1
    }

    /// Sets out for what both words ask for.
    @_noLocks @_noAllocation
    private mutating func aim() {
        if case .none = settings.mode { return }
        var target: Float = hint.left > 0 ? settings.hintLevel : 1
        if turn.left > 0 { target = min(target, settings.level) }
        if target == gain.target { return }
        gain.aim(at: target, over: target < gain.target ? settings.glideFrames : settings.returnFrames)
    }
}
