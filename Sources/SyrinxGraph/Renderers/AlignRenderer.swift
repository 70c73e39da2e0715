import SyrinxCore

/// Delays a stream by whole frames, so that it meets a later one; and stands in for a node that is bypassed.
///
/// - Ports: the first input to the first output, which may be the same memory; further outputs silent. Mono in spreads to
///   every channel. Latency: the frames that it was made with.
final class AlignRenderer: Renderer {
    private let frames: Int
    private let channelCount: Int
    /// The last `frames` samples of each channel, and as much room to set samples aside. Owned by the render thread.
    private nonisolated(unsafe) let memory: UnsafeMutablePointer<Float>
    /// Where the oldest of them lies. Owned by the render thread.
    private nonisolated(unsafe) var oldest = 0
    private let outputCount: Int

    init(frames: Int, channels: Int, outputs: Int = 1) {
        self.frames = frames
        channelCount = channels
        outputCount = outputs
        memory = .allocate(capacity: max(frames * (channels + 1), 1))
        memory.initialize(repeating: 0, count: max(frames * (channels + 1), 1))
    }

    deinit { memory.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        let count = output.frameCount
        for channel in 0..<channelCount {
            let source = input[input.channelCount == 1 ? 0 : channel]
            guard let from = source.baseAddress, let to = output[channel].baseAddress else { continue }
            if count < frames {
                exchange(memory + channel * frames, from, to, count)
            } else {
                shift(memory + channel * frames, from, to, count)
            }
        }
        if count < frames {
            oldest += count
            if oldest >= frames { oldest -= frames }
        } else {
            oldest = 0
        }
        for index in 1..<max(outputCount, 1) { block.output(index).silence() }
    }

    /// Fewer frames than are held: takes the oldest out and puts the new ones there, up to the memory's end and from its
    /// beginning.
    @_noLocks @_noAllocation
    private func exchange(
        _ held: UnsafeMutablePointer<Float>, _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>,
        _ count: Int
    ) {
        let first = min(count, frames - oldest)
        exchange(from, to, held + oldest, first)
        exchange(from + first, to + first, held, count - first)
    }

    @_noLocks @_noAllocation
    private func exchange(
        _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ held: UnsafeMutablePointer<Float>,
        _ count: Int
    ) {
        if from == UnsafePointer(to) {
            for frame in 0..<count {
                let late = held[frame]
                held[frame] = to[frame]
                to[frame] = late
            }
        } else {
            copy(held, to, count)
            copy(from, held, count)
        }
    }

    /// At least as many frames as are held: those come out first, then the block's own up to its last.
    @_noLocks @_noAllocation
    private func shift(
        _ held: UnsafeMutablePointer<Float>, _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>,
        _ count: Int
    ) {
        let aside = memory + channelCount * frames
        copy(from + (count - frames), aside, frames)
        copy(from, to + frames, count - frames)
        copy(held + oldest, to, frames - oldest)
        copy(held, to + (frames - oldest), oldest)
        copy(aside, held, frames)
    }

    /// The two may overlap.
    @_noLocks @_noAllocation
    private func copy(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ count: Int) {
        UnsafeMutableRawPointer(to).copyMemory(from: from, byteCount: 4 &* count)
    }

    @_noLocks @_noAllocation
    func reset() {
        memory.update(repeating: 0, count: max(frames * channelCount, 1))
        oldest = 0
    }
}
