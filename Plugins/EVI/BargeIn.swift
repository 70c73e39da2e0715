internal import SyrinxDSP

/// What a local detector's word does to playback before EVI has heard of it: how loud each frame is, and whether playback
/// goes on.
///
/// A rise lowers playback to `level`; it comes back when the detector falls, or when EVI has not confirmed within a time.
/// Confirmed is what was dropped meanwhile.
struct BargeIn: BitwiseCopyable {
    enum Mode: BitwiseCopyable {
        case none
        /// Quieter, and on it goes.
        case duck
        /// Silent, and it waits; undone, it goes on where it was.
        case pause
    }

    private let mode: Mode
    private let level: Float
    private let glideFrames: Int
    private let confirmFrames: Int
    private var gain: LinearGlide
    private var isHigh = false
    /// Frames left in which EVI may confirm; 0: playback is as it should be.
    private var left = 0

    init(_ mode: Mode, level: Float, glideFrames: Int, confirmFrames: Int) {
        self.mode = mode
        self.level = mode == .pause ? 0 : level
        self.glideFrames = max(1, glideFrames)
        self.confirmFrames = max(1, confirmFrames)
        gain = LinearGlide(at: 1)
    }

    /// Playback stands still.
    @_noLocks @_noAllocation
    func isHolding() -> Bool {
        guard case .pause = mode, left > 0, gain.isSteady else { return false }
        return gain.target == 0
    }

    /// Takes the detector's next value. Returns: true if it has risen.
    @_noLocks @_noAllocation
    mutating func hear(_ value: Float) -> Bool {
        let wasHigh = isHigh
        isHigh = value >= 0.5
        if isHigh == wasHigh { return false }
        if case .none = mode { return isHigh }
        if isHigh {
            left = confirmFrames
            gain.aim(at: level, over: glideFrames)
        } else {
            undo()
        }
        return isHigh
    }

    /// What was playing has been dropped: the next speech begins as it is.
    @_noLocks @_noAllocation
    mutating func confirm() {
        left = 0
        gain = LinearGlide(at: 1)
    }

    /// The gain of the next frame.
    @_noLocks @_noAllocation
    mutating func next() -> Float {
        let value = gain.value(at: 0)
        gain.advance(by: 1)
        if left > 0 {
            left -= 1
            if left == 0 { undo() }
        }
        return value
    }

    /// Frames all have a gain of 1 until the next value.
    @_noLocks @_noAllocation
    func isIdle() -> Bool {
        guard left == 0, gain.isSteady else { return false }
        return gain.target == 1
    }

    @_noLocks @_noAllocation
    private mutating func undo() {
        left = 0
        gain.aim(at: 1, over: glideFrames)
    }
}
