internal import SyrinxDSP

/// Whether something sounds: an envelope, two thresholds and a hold.
///
/// The envelope takes every peak at once and falls with a time constant of 10 ms, so that it does not break down between
/// two half-waves. It opens at one level, and closes when it has been below a lower one for longer than the hold.
struct Trigger: BitwiseCopyable {
    /// In ms.
    static var fall: Double { @_noLocks @_noAllocation get { 10 } }

    private(set) var envelope: Float = 0
    private(set) var isOpen = false
    /// Frames below the lower threshold.
    private var quietFrames = 0

    @_noLocks @_noAllocation
    init() {}

    /// Hears a frame's level.
    ///
    /// - Parameters:
    ///   - fall: the envelope's factor from frame to frame.
    ///   - opening, closing: levels, in the unit of `level`.
    @_noLocks @_noAllocation
    mutating func hear(_ level: Float, fall: Float, opening: Float, closing: Float, holdFrames: Int) {
        let fallen = envelope * fall
        envelope = level > fallen ? level : fallen
        if envelope >= opening {
            isOpen = true
            quietFrames = 0
        } else if envelope >= closing {
            quietFrames = 0
        } else if isOpen {
            if quietFrames >= holdFrames { isOpen = false }
            quietFrames += 1
        }
    }
}
