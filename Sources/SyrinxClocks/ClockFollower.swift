/// The time lines of two clocks, and how a resampler keeps pace with both.
///
/// With both lines known, the place in the source that belongs to a frame of the other side is a matter of arithmetic:
/// the frame's time, less the delay, on the source's line. The resampler's pace is the ratio of the two periods, and a
/// part of the distance to that place, so that it closes in on it as slowly as the narrower of the two loops moves.
///
/// - Source: F. Adriaensen, "Controlling adaptive resampling", Linux Audio Conference 2012: delay computed from two DLLs
///   rather than from the fill of a buffer, and an error filter in front of the ratio.
struct ClockFollower: BitwiseCopyable, Sendable {
    /// What the resampler reads, and what it makes.
    var source: DelayLockedLoop
    var target: DelayLockedLoop
    /// From an instant on the source's line to the same on the target's, in frames of the source, then of the target.
    let sourceDelay: Int
    let targetDelay: Int
    /// Source frames a target frame, nominal.
    let nominalStep: Double
    /// Beyond such an error the stream is cut and put together anew rather than stretched. In ns.
    let largestError: Double
    /// The pace between the two poles, and behind them.
    private var rough: Double
    private var smooth: Double

    init(
        source: DelayLockedLoop, target: DelayLockedLoop, sourceDelay: Int, targetDelay: Int, largestError: Double
    ) {
        self.source = source
        self.target = target
        self.sourceDelay = sourceDelay
        self.targetDelay = targetDelay
        self.largestError = largestError
        nominalStep = target.nominalPeriod / source.nominalPeriod
        rough = nominalStep
        smooth = nominalStep
    }

    /// True: both lines have something to say.
    var isKnown: Bool { source.isKnown && target.isKnown }

    /// The place in the source that belongs to a frame of the target: counted from `origin`, in frames.
    func place(of frame: Int, from origin: Int) -> Double {
        let time = target.time(at: frame &- targetDelay)
        return source.framesAfter(origin &+ sourceDelay, at: time)
    }

    /// How far a place in the source is behind where it belongs, in ns.
    func error(of frame: Int, whole: Int, fraction: Double) -> Double {
        (place(of: frame, from: whole) - fraction) * source.framePeriod
    }

    /// Moves the pace on by `frames` frames of the target, so that an error goes.
    ///
    /// What the loops leave of the jitter passes two more low-pass poles, four times as fast as the loop that they are in
    /// (phase margin some 60°): they take away what would be heard as a rough tone.
    ///
    /// - Parameter nanoseconds: the error; nil: begin with the bare ratio of the clocks.
    /// - Returns: source frames a target frame.
    mutating func step(over frames: Int, correcting nanoseconds: Double?) -> Double {
        let ratio = target.framePeriod / source.framePeriod
        guard let nanoseconds else {
            (rough, smooth) = (ratio, ratio)
            return clamped(ratio)
        }
        let pace = min(source.bandwidth, target.bandwidth, 2)
        let part = min(4 * pace * Double(frames) * target.nominalPeriod * 1e-9, 0.5)
        rough += (ratio * (1 + pace * nanoseconds * 1e-9) - rough) * part
        smooth += (rough - smooth) * part
        return clamped(smooth)
    }

    private func clamped(_ step: Double) -> Double { min(max(step, nominalStep * 0.98), nominalStep * 1.02) }

    var isSettled: Bool { source.isSettled && target.isSettled }
}
