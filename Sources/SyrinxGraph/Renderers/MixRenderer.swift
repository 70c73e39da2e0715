internal import SyrinxCore

/// Sums several links into one input, in the file's order; also picks channels, spreads mono and mixes down.
///
/// - Ports: one input for each link, one output. Latency: 0 frames.
final class MixRenderer: Renderer {
    /// One channel of one link, on its way to one channel of the input.
    struct Path: BitwiseCopyable {
        var input: Int
        var channel: Int
        var target: Int
        var gain: Float
    }

    /// In the order in which they are summed; the first path to a channel writes, the others add.
    private nonisolated(unsafe) let paths: UnsafeMutablePointer<Path>
    private let pathCount: Int
    /// How many paths lead to each channel, summed up to it: paths `starts[c]..<starts[c + 1]` are those of channel c.
    private nonisolated(unsafe) let starts: UnsafeMutablePointer<Int>
    private let channelCount: Int
    /// Added to every sample (control values).
    private let offset: Float

    /// - Parameter paths: in the file's order.
    init(_ paths: [Path], channels: Int, offset: Float = 0) {
        self.offset = offset
        pathCount = paths.count
        channelCount = channels
        self.paths = .allocate(capacity: max(paths.count, 1))
        starts = .allocate(capacity: channels + 1)
        var next = 0
        for channel in 0..<channels {
            (starts + channel).initialize(to: next)
            for path in paths where path.target == channel {
                (self.paths + next).initialize(to: path)
                next += 1
            }
        }
        (starts + channels).initialize(to: next)
    }

    deinit {
        paths.deallocate()
        starts.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        for channel in 0..<channelCount {
            let (first, end) = (starts[channel], starts[channel + 1])
            let target = output[channel]
            guard let result = target.baseAddress else { continue }
            if first == end { target.update(repeating: 0) }
            for index in first..<end {
                let path = paths[index]
                guard let source = block.input(path.input)[path.channel].baseAddress else { continue }
                if index == first {
                    write(source, path.gain, result, target.count)
                } else {
                    add(source, path.gain, result, target.count)
                }
            }
            if offset != 0 { for frame in 0..<target.count { result[frame] += offset } }
        }
    }

    @_noLocks @_noAllocation
    func reset() {}

    @_noLocks @_noAllocation
    private func write(
        _ source: UnsafePointer<Float>, _ gain: Float, _ result: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        if gain == 1 {
            for frame in 0..<count { result[frame] = source[frame] }
        } else {
            for frame in 0..<count { result[frame] = source[frame] * gain }
        }
    }

    @_noLocks @_noAllocation
    private func add(
        _ source: UnsafePointer<Float>, _ gain: Float, _ result: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        if gain == 1 {
            for frame in 0..<count { result[frame] += source[frame] }
        } else {
            for frame in 0..<count { result[frame] += source[frame] * gain }
        }
    }
}
