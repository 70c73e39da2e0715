internal import SyrinxCore

/// Lets the sources that can stand still (files, signals) fade out and wait, and go on again: run and pause.
///
/// The gain of a frame depends on its distance from the cycle's edge at which the change was asked for.
struct SourceGate {
    private enum State {
        case running
        case fadingOut
        case resting
        case fadingIn
    }

    private var state = State.running
    /// The position, in frames at R, at which the fade began.
    private var start = 0
    /// Length of a fade in frames at R.
    private let fadeFrames: Int
    /// Frames at R for which the sources rested.
    private(set) var restedFrames = 0

    init(masterRate: Int) { fadeFrames = max(1, masterRate / 200) }

    /// True: nothing has to be done to a source's output.
    private(set) var isOpen = true
    /// True: the sources are not rendered at all.
    private(set) var isResting = false

    /// Takes a wish at a cycle's edge. A fade that is under way is finished first.
    @_noLocks @_noAllocation
    mutating func beginCycle(at position: Int, frames: Int, isRolling: Bool) {
        let isOver = position - start >= fadeFrames
        switch state {
        case .running: if !isRolling { begin(.fadingOut, at: position) }
        case .fadingOut:
            if isOver, isRolling { begin(.fadingIn, at: position) } else if isOver { state = .resting }
        case .resting: if isRolling { begin(.fadingIn, at: position) }
        case .fadingIn:
            if isOver, isRolling { state = .running } else if isOver { begin(.fadingOut, at: position) }
        }
        isOpen = state == .running
        isResting = state == .resting
        if isResting { restedFrames += frames }
    }

    @_noLocks @_noAllocation
    private mutating func begin(_ fade: State, at position: Int) {
        state = fade
        start = position
    }

    /// The gain of the frame of a stream of `rate` Hz at `position`.
    @_noLocks @_noAllocation
    func gain(at position: Int, rate: Int, masterRate: Int) -> Float {
        let passed = (rate == masterRate ? position : position * masterRate / rate) - start
        let part = min(max(Float(passed) / Float(fadeFrames), 0), 1)
        return state == .fadingOut ? 1 - part : part
    }
}
