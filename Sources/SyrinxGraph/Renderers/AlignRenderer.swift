internal import SyrinxCore

/// Delays a stream by whole frames, so that it meets a later one; and stands in for a node that is bypassed.
///
/// - Ports: the first input to the first output, further outputs silent. Mono in spreads to every channel. Latency: the
///   frames that it was made with.
final class AlignRenderer: Renderer {
    private let frames: Int
    private let channelCount: Int
    /// The last `frames` samples of each channel. Owned by the render thread.
    private nonisolated(unsafe) let memory: UnsafeMutablePointer<Float>
    /// Where the oldest of them lies. Owned by the render thread.
    private nonisolated(unsafe) var oldest = 0
    private let outputCount: Int

    init(frames: Int, channels: Int, outputs: Int = 1) {
        self.frames = frames
        channelCount = channels
        outputCount = outputs
        memory = .allocate(capacity: max(frames * channels, 1))
        memory.initialize(repeating: 0, count: max(frames * channels, 1))
    }

    deinit { memory.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        let count = output.frameCount
        var place = oldest
        for channel in 0..<channelCount {
            let source = input[input.channelCount == 1 ? 0 : channel]
            let target = output[channel]
            guard let from = source.baseAddress, let to = target.baseAddress else { continue }
            if frames == 0 {
                if from != UnsafePointer(to) { for frame in 0..<count { to[frame] = from[frame] } }
                continue
            }
            place = oldest
            let ring = memory + channel * frames
            for frame in 0..<count {
                let late = ring[place]
                ring[place] = from[frame]
                to[frame] = late
                place = place + 1 == frames ? 0 : place + 1
            }
        }
        if count > 0 { oldest = place }
        for index in 1..<max(outputCount, 1) { block.output(index).silence() }
    }

    @_noLocks @_noAllocation
    func reset() {
        memory.update(repeating: 0, count: max(frames * channelCount, 1))
        oldest = 0
    }
}
