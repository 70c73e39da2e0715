/// Rounds the edges of a stream that stops and starts: the value last heard fades out from where it stopped, and what
/// comes next fades in.
///
/// - Shape: one for all channels of a stream.
/// - Thread: one at a time. It works frame by frame, so that the result does not depend on how time is cut.
@frozen @usableFromInline
struct EdgeFade: BitwiseCopyable {
    @usableFromInline let channels: Int
    /// The value heard last, a channel.
    @usableFromInline let last: UnsafeMutablePointer<Float>
    /// The value that fades out, a channel.
    @usableFromInline let held: UnsafeMutablePointer<Float>
    @usableFromInline let length: Int
    @usableFromInline let scale: Float
    /// How far the stream has faded in: 0…length.
    @usableFromInline var risen = 0
    /// How much is left of the held value's way out: length…0.
    @usableFromInline var falling = 0

    /// Allocates; ``deallocate()`` gives back.
    init(channels: Int, length: Int) {
        self.channels = channels
        last = .allocate(capacity: 2 * channels)
        last.initialize(repeating: 0, count: 2 * channels)
        held = last + channels
        self.length = length
        scale = 1 / Float(length)
    }

    func deallocate() { last.deallocate() }

    /// The stream breaks off after what was heard last. Does nothing while it is broken off already.
    @inlinable @_noLocks @_noAllocation
    mutating func breakOff() {
        if risen == 0 { return }
        for channel in 0..<channels { held[channel] = last[channel] }
        risen = 0
        falling = length
    }

    /// As ``breakOff()``, for one channel on a copy of the state.
    @inlinable @_noLocks @_noAllocation
    mutating func breakOff(_ channel: Int) {
        if risen == 0 { return }
        held[channel] = last[channel]
        risen = 0
        falling = length
    }

    /// Silence, with nothing left that fades.
    mutating func reset() {
        risen = 0
        falling = 0
    }

    /// Fades `frames` frames of one channel that are there, in place. ``advance(_:isLive:)`` moves on.
    @inlinable @_noLocks @_noAllocation
    func live(_ samples: UnsafeMutablePointer<Float>, channel: Int, frames: Int) {
        if frames <= 0 { return }
        let value = held[channel]
        let ramp = min(frames, max(length &- risen, falling))
        for k in 0..<ramp {
            let up = Float(min(length, risen &+ k))
            let down = Float(max(0, falling &- k))
            samples[k] = (samples[k] * up + value * down) * scale
        }
        last[channel] = samples[frames &- 1]
    }

    /// Writes `frames` frames of one channel that are not there. ``advance(_:isLive:)`` moves on.
    @inlinable @_noLocks @_noAllocation
    func missing(_ samples: UnsafeMutablePointer<Float>, channel: Int, frames: Int) {
        let value = held[channel]
        for k in 0..<max(0, frames) { samples[k] = value * (Float(max(0, falling &- k)) * scale) }
    }

    /// Moves on by frames that were there, or were not.
    @inlinable @_noLocks @_noAllocation
    mutating func advance(_ frames: Int, isLive: Bool) {
        falling = max(0, falling &- frames)
        if isLive { risen = min(length, risen &+ frames) }
    }
}
