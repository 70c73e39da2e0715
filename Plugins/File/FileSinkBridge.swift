internal import Synchronization
internal import SyrinxCore
internal import SyrinxRealtime

/// The render half of ``FileSinkNode`` and its driver's view: fills chunks, leaves out what is not part of the file.
final class FileSinkRenderer: Renderer, SinkBridge {
    let bridge: FileBridge
    private let queue: PlanarQueue.Ends
    /// How late the stream is here: that many frames at its head belong to nothing.
    private let latency: Int
    /// One past the stream's last frame. Owned by the driver's thread, which renders as well.
    private let end = Atomic<Int>(.max)
    /// True once no cycle will follow.
    private let isFinished = Atomic<Bool>(false)
    /// Frames that found no room since the run began, live only; they are silence in the file.
    let droppedFrames = Atomic<Int>(0)
    /// Frames in the chunk that is being filled. Owned by the render thread.
    private nonisolated(unsafe) var fill = 0
    /// Dropped frames whose silence has not been written yet. Owned by the render thread.
    private nonisolated(unsafe) var owed = 0
    /// One past the last frame that was rendered. Owned by the driver's thread.
    private nonisolated(unsafe) var rendered = 0
    /// Chunks published when the service was last woken. Owned by the driver's thread.
    private nonisolated(unsafe) var rungAt = 0

    init(bridge: FileBridge, latency: Int) {
        self.bridge = bridge
        queue = bridge.queue
        self.latency = latency
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        let position = input.position
        rendered = position &+ input.frameCount
        let first = max(latency &- position, 0)
        let last = min(end.load(ordering: .relaxed) &- position, input.frameCount)
        if first >= last { return }
        while owed > 0 {
            let taken = put(owed, from: input, at: -1)
            if taken == 0 { break }
            owed &-= taken
        }
        var offset = first
        while offset < last, owed == 0 {
            let taken = put(last &- offset, from: input, at: offset)
            if taken == 0 { break }
            offset &+= taken
        }
        if offset < last {
            owed &+= last &- offset
            droppedFrames.store(droppedFrames.load(ordering: .relaxed) &+ (last &- offset), ordering: .relaxed)
        }
    }

    /// Copies up to `count` frames into the chunk being filled. Returns: how many; 0 while there is no room.
    ///
    /// - Parameter offset: of the first frame in the block; −1: silence.
    @_noLocks @_noAllocation
    private func put(_ count: Int, from input: InputPort, at offset: Int) -> Int {
        guard let chunk = queue.chunkToFill() else { return 0 }
        let taken = min(count, queue.chunkFrames &- fill)
        for channel in 0..<queue.channels {
            let place = chunk + (channel &* queue.chunkFrames &+ fill)
            if offset < 0 {
                place.update(repeating: 0, count: taken)
            } else if let source = input[channel].baseAddress {
                UnsafeMutableRawPointer(place).copyMemory(from: source + offset, byteCount: 4 &* taken)
            }
        }
        fill &+= taken
        if fill == queue.chunkFrames {
            queue.publish(frames: fill)
            fill = 0
        }
        return taken
    }

    /// A file goes on where it is: what was written cannot be taken back.
    @_noLocks @_noAllocation
    func reset() {}

    // MARK: Driver

    func waitToTake(through frame: Int) -> Bool {
        let published = queue.publishedChunks
        if published != rungAt, queue.readableChunks >= bridge.half {
            rungAt = published
            bridge.serviceBell.ring()
        }
        // One that came with an edit has not rendered what lies before it; more than all of the room is never needed.
        let needed = min((max(frame - rendered, 0) + fill + queue.chunkFrames - 1) / queue.chunkFrames, queue.slots)
        if queue.writableChunks < needed {
            bridge.driverWait { queue.writableChunks >= max(needed, bridge.half) }
        }
        return !bridge.isStopped
    }

    func end(at frame: Int) { end.store(frame, ordering: .relaxed) }

    func finish() {
        if fill > 0 {
            queue.publish(frames: fill)
            fill = 0
        }
        isFinished.store(true, ordering: .releasing)
        bridge.serviceBell.ring()
    }

    var missedFrames: Int { droppedFrames.load(ordering: .relaxed) }

    /// True: no chunk will follow those that are there. Thread: any.
    var hasFinished: Bool { isFinished.load(ordering: .acquiring) }
}
