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
@frozen
public struct PlayoutHead: BitwiseCopyable, Sendable, Hashable {
    @frozen
    public enum Phase: BitwiseCopyable, Sendable, Hashable {
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
    @frozen
    public struct Frame: BitwiseCopyable, Sendable, Hashable {
        /// Take a sample from the ring; else silence.
        public let takes: Bool
        public let gain: Float

        @inlinable
        public init(takes: Bool, gain: Float) {
            self.takes = takes
            self.gain = gain
        }

        @inlinable
        public static var silence: Frame { Frame(takes: false, gain: 0) }
    }

    @usableFromInline var state = Phase.gathering
    @usableFromInline var gain: Float = 1
    @usableFromInline let buffer: Int
    @usableFromInline let fade: Int
    @usableFromInline let fadeStep: Float
    @usableFromInline let dropStep: Float
    @usableFromInline var dryTimes = 0
    /// Where it stands.
    @inlinable
    public var phase: Phase { state }
    /// Times that the ring ran dry within a turn.
    @inlinable
    public var dryCount: Int { dryTimes }

    public init(bufferFrames: Int, fadeFrames: Int, dropFadeFrames: Int) {
        fade = max(1, fadeFrames)
        buffer = max(bufferFrames, fade + 1)
        fadeStep = 1 / Float(fade)
        dropStep = 1 / Float(max(1, dropFadeFrames))
    }

    /// Tells that everything is to go. Where nothing sounds, it is silent at once.
    @inlinable
    public mutating func drop() {
        switch state {
        case .gathering, .dropped: state = .dropped
        case .playing, .fadingOut, .dropping: state = .dropping
        }
    }

    /// After ``drop()``: nothing sounds any more, so the ring may be emptied.
    @inlinable
    public var isDropped: Bool { if case .dropped = state { true } else { false } }

    /// Nothing sounds, and nothing is on its way out.
    @inlinable
    public var isGathering: Bool { if case .gathering = state { true } else { false } }

    /// It sounds as it should.
    @inlinable
    public var isPlaying: Bool { if case .playing = state { true } else { false } }

    /// All is on its way out.
    @inlinable
    public var isDropping: Bool { if case .dropping = state { true } else { false } }

    /// Tells that the ring was emptied. What comes next begins as it is.
    @inlinable
    public mutating func restart() {
        guard isDropped else { return }
        state = .gathering
        gain = 1
    }

    /// How many of the next frames are taken as they are, at a gain of 1, whatever comes: as many calls of ``next`` would
    /// change nothing.
    ///
    /// - Parameters: as of ``next(available:ended:breaksOff:)``.
    @inlinable
    public func steadyFrames(available: Int, ended: Bool, breaksOff: Bool = false) -> Int {
        guard case .playing = state, gain == 1 else { return 0 }
        return max(0, ended && !breaksOff ? available : available - fade)
    }

    /// The next frame.
    ///
    /// - Parameters:
    ///   - available: frames in the ring, this one included.
    ///   - ended: no more will come in this turn.
    ///   - breaksOff: nor is what came its end, so that it fades out, as where it runs dry.
    @inlinable
    public mutating func next(available: Int, ended: Bool, breaksOff: Bool = false) -> Frame {
        let isWhole = ended && !breaksOff
        switch state {
        case .gathering:
            guard available >= buffer || (ended && available > 0) else { return .silence }
            state = .playing
            return playing(available: available, ended: isWhole)
        case .playing: return playing(available: available, ended: isWhole)
        case .fadingOut, .dropping: return fading(available: available)
        case .dropped: return .silence
        }
    }

    @inlinable
    mutating func playing(available: Int, ended: Bool) -> Frame {
        if available == 0 {
            // The end of a turn: before it the way out has begun by now.
            state = .gathering
            gain = 1
            return .silence
        }
        if !ended, available <= fade {
            state = .fadingOut
            return fading(available: available)
        }
        gain = min(1, gain + fadeStep)
        return Frame(takes: true, gain: gain)
    }

    @inlinable
    mutating func fading(available: Int) -> Frame {
        let isDropping = isDropping
        let step = isDropping ? dropStep : fadeStep
        gain = max(0, gain - step)
        let frame = available > 0 ? Frame(takes: true, gain: gain) : .silence
        if gain < step / 2 || available == 0 {
            if !isDropping { dryTimes += 1 }
            gain = 0  // what comes next of this turn fades in
            state = isDropping ? .dropped : .gathering
        }
        return frame
    }
}
