internal import SyrinxDSP

/// Lets a delayed stream through where there is speech, with fades, and silence elsewhere.
///
/// What opens and closes it is known earlier than it is due, by the stream's delay: edges wait in a ring, each with the
/// frame of the stream at which it takes effect. One that is due already takes effect at once.
///
/// - Thread: made on control; used by render.
struct SpeechGate: ~Copyable {
    /// Edges that can wait. A pair takes two hops at least; what finds no room is seen to when there is some.
    private let capacity: Int
    /// Frame · 2, plus 1 for an edge that opens.
    private let edges: UnsafeMutablePointer<Int>
    private let fadeFrames: Int
    private var first = 0
    private var count = 0
    private var gain = LinearGlide(at: 0)

    init(fadeFrames: Int, longestWait edges: Int) {
        self.fadeFrames = max(1, fadeFrames)
        capacity = edges + 2
        self.edges = .allocate(capacity: capacity)
        self.edges.initialize(repeating: 0, count: capacity)
    }

    deinit { edges.deallocate() }

    @_noLocks @_noAllocation
    mutating func reset() {
        first = 0
        count = 0
        gain = LinearGlide(at: 0)
    }

    /// Opens or closes the gate from `frame` of the stream on. Frames never go back.
    @_noLocks @_noAllocation
    mutating func set(open: Bool, from frame: Int) {
        // The last edge gives way where there is no room: what counts is how things end.
        if count == capacity { count &-= 1 }
        edges[(first &+ count) % capacity] = frame &* 2 &+ (open ? 1 : 0)
        count &+= 1
    }

    /// How many of the `frames` frames from `frame` on can be treated alike; takes the edges that are due.
    @_noLocks @_noAllocation
    mutating func stretch(from frame: Int, _ frames: Int) -> Int {
        while count > 0, edges[first] >> 1 <= frame {
            gain.aim(at: edges[first] & 1 == 1 ? 1 : 0, over: fadeFrames)
            first = (first &+ 1) % capacity
            count &-= 1
        }
        return count > 0 ? min(frames, (edges[first] >> 1) &- frame) : frames
    }

    /// Applies the gain to one channel's part of a stretch.
    @_noLocks @_noAllocation
    func apply(_ samples: UnsafeMutablePointer<Float>, _ frames: Int) {
        let gain = gain
        if gain.isSteady {
            if gain.target == 0 { for k in 0..<frames { samples[k] = 0 } }
            return
        }
        for k in 0..<frames { samples[k] *= gain.value(at: k) }
    }

    /// Goes on by a stretch.
    @_noLocks @_noAllocation
    mutating func advance(by frames: Int) { gain.advance(by: frames) }
}
