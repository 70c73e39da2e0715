extension ClockBridge {
    /// The bridge as the render thread uses it: plain pointers, so that no references are counted. Valid as long as the
    /// bridge is.
    ///
    /// - Thread: render, one at a time; the figures any.
    // SAFETY: `state` is touched by the render thread only.
    @frozen
    public struct RenderEnd: BitwiseCopyable, @unchecked Sendable {
        @usableFromInline let memory: BridgeMemory
        @usableFromInline let state: UnsafeMutablePointer<RenderState>
        @usableFromInline let isCapture: Bool

        @inlinable public var channels: Int { memory.channels }

        /// Begins a block: tells the bridge that the master has come so far.
        ///
        /// - Parameters:
        ///   - frames: how many frames of R are rendered; any number, from block to block another.
        ///   - cycleTime: when the driver's cycle began in which the block lies, ns of CLOCK_MONOTONIC. Blocks with the
        ///     same time count as parts of one cycle.
        /// - Returns: what `read` or `write` need for each channel; ``finish(_:)`` ends it.
        @inlinable @_noLocks @_noAllocation
        public func begin(frames: Int, cycleTime: Int64) -> Piece {
            var now = state.pointee
            let isNewCycle = cycleTime != now.lastTime
            now.lastTime = cycleTime
            var piece = Piece(frame: now.frame, frames: frames, live: 0, time: cycleTime)
            if isCapture {
                if isNewCycle { _ = memory.push(CycleRecord(frame: now.frame, frames: 0, time: cycleTime)) }
                let there = memory.acquire(.written) &- now.frame
                piece.live = max(0, min(frames, there))
            } else {
                let stored = memory.own(.written)
                let room = memory.capacity &- (stored &- memory.acquire(.read))
                piece.live = room >= frames ? frames : 0
                piece.stored = stored
            }
            state.pointee = now
            return piece
        }

        /// Capture: writes one channel of the block that ``begin(frames:cycleTime:)`` began; silence where the device
        /// has given nothing, with rounded edges.
        @inlinable @_noLocks @_noAllocation
        public func read(_ channel: Int, of piece: Piece, into output: UnsafeMutablePointer<Float>) {
            let plane = memory.samples + channel &* memory.capacity
            let mask = memory.capacity &- 1
            let from = piece.frame & mask
            let run = min(piece.live, memory.capacity &- from)
            for k in 0..<run { output[k] = plane[from &+ k] }
            for k in run..<piece.live { output[k] = plane[k &- run] }
            var fade = state.pointee.fade
            fade.live(output, channel: channel, frames: piece.live)
            let missing = piece.frames &- piece.live
            if missing == 0 { return }
            fade.advance(piece.live, isLive: true)
            // All channels break off alike; the state itself changes in `finish`.
            fade.breakOff(channel)
            fade.missing(output + piece.live, channel: channel, frames: missing)
        }

        /// Playback: stores one channel of the block that ``begin(frames:cycleTime:)`` began.
        @inlinable @_noLocks @_noAllocation
        public func write(_ channel: Int, of piece: Piece, from input: UnsafePointer<Float>) {
            let plane = memory.samples + channel &* memory.capacity
            let to = piece.stored & (memory.capacity &- 1)
            let run = min(piece.live, memory.capacity &- to)
            for k in 0..<run { plane[to &+ k] = input[k] }
            for k in run..<piece.live { plane[k &- run] = input[k] }
        }

        /// Ends a block: hands it over.
        @inlinable @_noLocks @_noAllocation
        public func finish(_ piece: Piece) {
            var now = state.pointee
            now.frame = piece.frame &+ piece.frames
            let missing = piece.frames &- piece.live
            if isCapture {
                if piece.live > 0 { now.fade.advance(piece.live, isLive: true) }
                if missing > 0 {
                    now.fade.breakOff()
                    now.fade.advance(missing, isLive: false)
                    memory.add(.renderMissing, missing)
                }
                memory.release(.read, now.frame)
            } else {
                let record = CycleRecord(frame: piece.frame, frames: piece.live, time: piece.time)
                if piece.live > 0, memory.push(record) {
                    memory.release(.written, piece.stored &+ piece.live)
                } else {
                    memory.add(.renderDropped, piece.frames)
                }
            }
            state.pointee = now
        }

        /// How fast the device's clock runs beside the master's, in ppm; 0 until it is known. Thread: any.
        @inlinable @_noLocks @_noAllocation
        public func drift() -> Double { memory.figure(.drift) }

        /// Frames at R that lie between the two sides: written by one, not yet used by the other. Thread: any.
        @inlinable @_noLocks @_noAllocation
        public func fill() -> Int { memory.fill(isCapture: isCapture) }

        /// True: both clocks are known, and the delay is as stated. Thread: any.
        @inlinable @_noLocks @_noAllocation
        public func isLocked() -> Bool { memory.own(.isLocked) != 0 }
    }

    /// A block under way on the render thread.
    @frozen
    public struct Piece: BitwiseCopyable, Sendable {
        @usableFromInline var frame: Int
        @usableFromInline var frames: Int
        /// How many of them the ring has, or has room for.
        @usableFromInline var live: Int
        @usableFromInline var time: Int64
        @usableFromInline var stored = 0

        @inlinable @_noLocks @_noAllocation
        init(frame: Int, frames: Int, live: Int, time: Int64) {
            self.frame = frame
            self.frames = frames
            self.live = live
            self.time = time
        }
    }

    /// What only the render thread knows.
    @frozen @usableFromInline
    struct RenderState: BitwiseCopyable {
        /// Frames of the master so far.
        @usableFromInline var frame = 0
        @usableFromInline var lastTime = Int64.min
        @usableFromInline var fade: EdgeFade

        init(fade: EdgeFade) { self.fade = fade }
    }
}
