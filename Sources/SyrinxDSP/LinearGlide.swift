/// A value that moves to a target in a straight line and ends exactly on it.
///
/// The value at frame k depends on the frames counted since the aim alone, so that block size never shows.
@frozen
public struct LinearGlide: BitwiseCopyable, Sendable {
    @usableFromInline var goal: Float
    @usableFromInline var start: Float
    @usableFromInline var step: Float = 0
    @usableFromInline var elapsed = 0
    /// How many frames the glide takes; 0 once it is over.
    @usableFromInline var length = 0

    /// A value that stands still.
    @inlinable
    public init(at value: Float) {
        goal = value
        start = value
    }

    /// Where it ends, or stands.
    @inlinable
    public var target: Float { goal }

    /// True: every frame from here on has the target's value.
    @inlinable
    public var isSteady: Bool { elapsed >= length }

    /// How many frames are left before it stands on its target.
    @inlinable
    public var remaining: Int { length - elapsed }

    /// The value of the frame `offset` frames ahead.
    @inlinable
    public func value(at offset: Int = 0) -> Float {
        let index = elapsed + offset
        return index >= length ? target : gliding(offset)
    }

    /// The value of the frame `offset` frames ahead, which must lie before the glide's end. Four at a time where the
    /// processor can: the index is a small whole number, exact in 32 bits.
    @inlinable
    func gliding(_ offset: Int) -> Float { start + step * Float(Int32(truncatingIfNeeded: elapsed &+ offset)) }

    /// Turns towards a new target, to be reached after `frames`; does nothing if it is on its way there already.
    @inlinable
    public mutating func aim(at newTarget: Float, over frames: Int) {
        if newTarget == target { return }
        start = value()
        goal = newTarget
        elapsed = 0
        length = frames
        step = frames > 0 ? (newTarget - start) / Float(frames) : 0
    }

    /// Goes on by `frames`.
    @inlinable
    public mutating func advance(by frames: Int) {
        if isSteady { return }
        elapsed += frames
        if isSteady {
            elapsed = 0
            length = 0
            start = goal
            step = 0
        }
    }
}
