internal import Synchronization
internal import SyrinxCore
internal import SyrinxDSP
internal import SyrinxRealtime

/// The render half of ``FileSinkNode`` and its driver's view: makes the file's samples where its thread takes them from, in one
/// pass, and leaves out what is not part of the file.
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
    /// What the samples were like so far: bits of the largest magnitude, and how many were clipped or no number.
    let peak = Atomic<UInt32>(0)
    let clipped = Atomic<Int>(0)
    let notNumbers = Atomic<Int>(0)
    private let channels: Int
    private let layout: PCMLayout
    private let frameBytes: Int
    private let dithers: Bool
    /// Where the channels of the next piece lie. Owned by the render thread.
    private let table: PlaneTable
    /// Silence of a chunk's length.
    private nonisolated(unsafe) let zeros: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) var tally = PCMTally()
    /// Frames since the file's first. Owned by the render thread.
    private nonisolated(unsafe) var made = 0
    /// Frames in the chunk that is being filled. Owned by the render thread.
    private nonisolated(unsafe) var fill = 0
    /// Dropped frames whose silence has not been written yet. Owned by the render thread.
    private nonisolated(unsafe) var owed = 0
    /// One past the last frame that was rendered. Owned by the driver's thread.
    private nonisolated(unsafe) var rendered = 0
    /// Chunks published when the service was last woken. Owned by the driver's thread.
    private nonisolated(unsafe) var rungAt = 0

    /// - Parameter layout: how the file's thread wants the samples.
    init(bridge: FileBridge, latency: Int, channels: Int, layout: PCMLayout, dithers: Bool) {
        self.bridge = bridge
        queue = bridge.queue
        self.latency = latency
        self.channels = channels
        self.layout = layout
        frameBytes = channels * layout.width
        self.dithers = dithers
        table = PlaneTable(channels: channels)
        zeros = .allocate(capacity: queue.chunkFrames)
        zeros.initialize(repeating: 0, count: queue.chunkFrames)
    }

    deinit { zeros.deallocate() }

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
        peak.store(tally.peak.bitPattern, ordering: .relaxed)
        clipped.store(tally.clipped, ordering: .relaxed)
        notNumbers.store(tally.notNumbers, ordering: .relaxed)
    }

    /// Makes up to `count` frames in the chunk being filled. Returns: how many; 0 while there is no room.
    ///
    /// - Parameter offset: of the first frame in the block; −1: silence.
    @_noLocks @_noAllocation
    private func put(_ count: Int, from input: InputPort, at offset: Int) -> Int {
        guard let chunk = queue.chunkToFill() else { return 0 }
        let taken = min(count, queue.chunkFrames &- fill)
        let (planes, sources, channels, layout) = (table.planes, table.sources, channels, layout)
        for channel in 0..<channels {
            if offset < 0 {
                planes[channel] = zeros
            } else if let source = input[channel].baseAddress {
                planes[channel] = UnsafeMutablePointer(mutating: source + offset)
            }
        }
        let target = UnsafeMutableRawPointer(chunk) + fill &* frameBytes
        let dither = dithers ? TriangularDither(seed: 0x5959_5249, index: made &* channels) : nil
        var seen = tally
        // Plain arithmetic from the block to the chunk.
        _unsafePerformance {
            encodePCM(
                sources, channels: channels, count: taken, as: layout, dither: dither, into: target, tally: &seen)
        }
        tally = seen
        made &+= taken
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
