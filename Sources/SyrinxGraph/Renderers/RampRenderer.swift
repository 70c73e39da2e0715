internal import SyrinxCore

/// Sums links as ``MixRenderer`` does, while some of them come in and others go out.
///
/// The ramps are 10 ms long, in straight lines that depend on the position alone: each begins so many frames after the plan
/// went in. A link that is silent is not read, so that nothing of it is heard, NaN included.
///
/// - Ports: one input for each link, one output. Latency: 0 frames.
final class RampRenderer: Renderer {
    /// One channel of one link, and how its gain moves.
    struct Path: BitwiseCopyable {
        /// As it is once the ramp is over.
        let path: MixRenderer.Path
        /// The gain before the ramp, and after it.
        let before: Float
        let after: Float
        /// From the plan's first frame to the ramp's, at R.
        let delayFrames: Int

        var isSteady: Bool { before == after }

        init(_ path: MixRenderer.Path, _ ramp: ResolvedPipeline.Ramp, delayFrames: Int) {
            self.path = path
            before = ramp == .up ? 0 : path.gain
            after = ramp == .down ? 0 : path.gain
            self.delayFrames = delayFrames
        }
    }

    /// In the order in which they are summed.
    private nonisolated(unsafe) let paths: UnsafeMutablePointer<Path>
    private let pathCount: Int
    private let channelCount: Int
    private let rate: Int
    private let masterRate: Int
    /// Length of a ramp in frames.
    private let length: Int
    private let start: PlanStart
    /// That of `start`.
    private nonisolated(unsafe) let position: UnsafePointer<Int>

    /// How long a ramp is at a rate, in frames.
    static func length(atRate rate: Int) -> Int { max(1, rate / 100) }

    /// - Parameter paths: in the file's order.
    init(_ paths: [Path], _ format: StreamFormat, start: PlanStart, masterRate: Int) {
        pathCount = paths.count
        channelCount = format.channels
        rate = format.rate
        self.masterRate = masterRate
        self.start = start
        position = UnsafePointer(start.position)
        length = Self.length(atRate: format.rate)
        self.paths = .allocate(capacity: max(paths.count, 1))
        for (index, path) in paths.enumerated() { (self.paths + index).initialize(to: path) }
    }

    deinit { paths.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        let count = output.frameCount
        for channel in 0..<channelCount { output[channel].update(repeating: 0) }
        for index in 0..<pathCount {
            let path = paths[index]
            guard let source = block.input(path.path.input)[path.path.channel].baseAddress,
                let result = output[path.path.target].baseAddress
            else { continue }
            // The ramp's first frame and the first one behind it, counted from the block's first; the parts that lie in it.
            let instant = position.pointee + path.delayFrames
            let first = (instant * rate + masterRate - 1) / masterRate - output.position
            let rise = min(max(first, 0), count)
            let end = min(max(first + length, 0), count)
            add(source, path.before, result, 0, rise)
            if path.before == path.after {
                add(source, path.after, result, rise, end)
            } else {
                ramp(source, path, result, from: rise, to: end, first)
            }
            add(source, path.after, result, end, count)
        }
    }

    @_noLocks @_noAllocation
    func reset() {}

    @_noLocks @_noAllocation
    private func add(
        _ source: UnsafePointer<Float>, _ gain: Float, _ result: UnsafeMutablePointer<Float>, _ from: Int, _ to: Int
    ) {
        if from >= to || gain == 0 { return }
        if gain == 1 {
            for frame in from..<to { result[frame] += source[frame] }
        } else {
            for frame in from..<to { result[frame] += source[frame] * gain }
        }
    }

    @_noLocks @_noAllocation
    private func ramp(
        _ source: UnsafePointer<Float>, _ path: Path, _ result: UnsafeMutablePointer<Float>, from: Int,
        to: Int, _ first: Int
    ) {
        if from >= to { return }
        let step = (path.after - path.before) / Float(length)
        for frame in from..<to { result[frame] += source[frame] * (path.before + step * Float(frame - first)) }
    }
}
