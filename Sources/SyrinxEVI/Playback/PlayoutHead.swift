/// Decides, frame by frame, whether playback takes the next sample or gives silence, and how loud: the start after a
/// little has been gathered, the way out before the ring runs dry, the fade when all is to be dropped.
///
/// - It begins when `buffer` frames are there, or fewer if no more will come.
/// - The last `fade` frames are held back while more is to come, so that a ring that runs dry fades out instead of
///   breaking off; then it gathers anew and fades in. A turn that ends is played to its last sample, untouched.
/// - After ``drop()`` it fades within `dropFade` frames and stays silent until the ring was emptied and ``restart()``
///   called.
///
/// Only numbers inside: a renderer may hold it. What comes out depends on what was there at each frame alone, not on how
/// time was cut.
package struct PlayoutHead: Sendable, Hashable {
    package enum Phase: Sendable, Hashable {
        /// Silence, until enough is there.
        case gathering
        case playing
        /// The ring is about to run dry: what is left goes out quieter and quieter.
        case fadingOut
        /// The same, because all is to go.
        case dropping
        /// Silence, until the ring was emptied.
        case dropped
    }

    /// What to do with one frame.
    package struct Frame: Sendable, Hashable {
        /// Take a sample from the ring; else silence.
        package let takes: Bool
        package let gain: Float

        static let silence = Frame(takes: false, gain: 0)
    }

    package private(set) var phase = Phase.gathering
    private var gain: Float = 1
    private let buffer: Int
    private let fade: Int
    private let fadeStep: Float
    private let dropStep: Float
    /// Times that the ring ran dry within a turn.
    package private(set) var dryCount = 0

    package init(bufferFrames: Int, fadeFrames: Int, dropFadeFrames: Int) {
        fade = max(1, fadeFrames)
        buffer = max(bufferFrames, fade + 1)
        fadeStep = 1 / Float(fade)
        dropStep = 1 / Float(max(1, dropFadeFrames))
    }

    /// Tells that everything is to go. Where nothing sounds, it is silent at once.
    package mutating func drop() {
        phase = phase == .gathering || phase == .dropped ? .dropped : .dropping
    }

    /// After ``drop()``: nothing sounds any more, so the ring may be emptied.
    package var isDropped: Bool { phase == .dropped }

    /// Tells that the ring was emptied. What comes next begins as it is.
    package mutating func restart() {
        guard phase == .dropped else { return }
        phase = .gathering
        gain = 1
    }

    /// The next frame.
    ///
    /// - Parameters:
    ///   - available: frames in the ring, this one included.
    ///   - ended: no more will come in this turn.
    package mutating func next(available: Int, ended: Bool) -> Frame {
        switch phase {
        case .gathering:
            guard available >= buffer || (ended && available > 0) else { return .silence }
            phase = .playing
            return playing(available: available, ended: ended)
        case .playing: return playing(available: available, ended: ended)
        case .fadingOut, .dropping: return fading(available: available)
        case .dropped: return .silence
        }
    }

    private mutating func playing(available: Int, ended: Bool) -> Frame {
        if available == 0 {
            // The end of a turn: before it the way out has begun by now.
            phase = .gathering
            gain = 1
            return .silence
        }
        if !ended, available <= fade {
            phase = .fadingOut
            return fading(available: available)
        }
        gain = min(1, gain + fadeStep)
        return Frame(takes: true, gain: gain)
    }

    private mutating func fading(available: Int) -> Frame {
        let step = phase == .dropping ? dropStep : fadeStep
        gain = max(0, gain - step)
        let frame = available > 0 ? Frame(takes: true, gain: gain) : .silence
        if gain < step / 2 || available == 0 {
            if phase == .fadingOut { dryCount += 1 }
            gain = 0  // what comes next of this turn fades in
            phase = phase == .dropping ? .dropped : .gathering
        }
        return frame
    }
}
