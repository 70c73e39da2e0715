package import SyrinxCore

/// The render half of ``ResampleNode`` where the rate changes.
///
/// Every block gives exactly its own frames: the alignment's latency is long enough that the library can tell them from
/// what has come, however time is cut.
package final class ResampleRenderer: Renderer {
    private let alignment: Alignment
    private let laneCount: Int
    /// Groups of channels that the library converts together. Owned by the render thread.
    private nonisolated(unsafe) let lanes: UnsafeMutablePointer<ResampleLane>
    /// How the lanes were begun. Owned by the render thread, as are all below.
    private nonisolated(unsafe) var start: Alignment.Start
    /// False: the next block is the first.
    private nonisolated(unsafe) var isRunning = false
    /// Output frames that had to be made up since the run began: 0, or the alignment is wrong.
    package private(set) nonisolated(unsafe) var shortfall = 0

    /// - Throws: `.internal` if the library refuses.
    init(
        _ interpolation: Interpolation, _ alignment: Alignment, channels: Int, largestInput: Int, largestOutput: Int
    ) throws(PipelineError) {
        self.alignment = alignment
        let most = SampleRateConverter.mostChannels
        let count = (channels + most - 1) / most
        let lanes = UnsafeMutablePointer<ResampleLane>.allocate(capacity: count)
        for index in 0..<count {
            let lane = index * most..<min(channels, (index + 1) * most)
            do throws(PipelineError) {
                let converter = try SampleRateConverter(
                    interpolation, channels: lane.count,
                    ratio: Double(alignment.outputRate) / Double(alignment.inputRate))
                (lanes + index).initialize(
                    to: ResampleLane(
                        consume converter, channels: lane, queue: alignment.backlog + largestInput,
                        result: largestOutput))
            } catch {
                lanes.deinitialize(count: index)
                lanes.deallocate()
                throw error
            }
        }
        self.lanes = lanes
        laneCount = count
        start = alignment.start(input: 0, output: 0)
        prime(start)
    }

    deinit {
        lanes.deinitialize(count: laneCount)
        lanes.deallocate()
    }

    @_noLocks @_noAllocation
    package func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        if !isRunning {
            isRunning = true
            begin(at: alignment.start(input: input.position, output: output.position))
        }
        for lane in 0..<laneCount { shortfall += lanes[lane].convert(input, into: output) }
    }

    @_noLocks @_noAllocation
    package func reset() {
        isRunning = false
        prime(alignment.start(input: 0, output: 0))
    }

    /// Begins every lane anew, unless it stands as asked already.
    @_noLocks @_noAllocation
    private func begin(at here: Alignment.Start) {
        let now = start
        if here.primed == now.primed && here.dropped == now.dropped { return }
        prime(here)
    }

    @_noLocks @_noAllocation
    private func prime(_ here: Alignment.Start) {
        start = here
        for lane in 0..<laneCount { shortfall += lanes[lane].begin(primed: here.primed, dropped: here.dropped) }
    }
}

/// Some channels of a stream on their way through one of libsamplerate's converters.
struct ResampleLane: ~Copyable {
    private let converter: SampleRateConverter
    private let channels: Range<Int>
    /// Interleaved input that the converter has not taken yet.
    private let queue: UnsafeMutablePointer<Float>
    private let queueCapacity: Int
    private var queued = 0
    /// Interleaved output of one block.
    private let result: UnsafeMutablePointer<Float>
    private let resultCapacity: Int

    /// - Parameters:
    ///   - queue, result: the most frames that ever wait, and the most that one block asks for.
    init(_ converter: consuming SampleRateConverter, channels: Range<Int>, queue: Int, result: Int) {
        self.converter = converter
        self.channels = channels
        queueCapacity = queue
        self.queue = .allocate(capacity: queue * channels.count)
        self.queue.initialize(repeating: 0, count: queue * channels.count)
        // Priming throws its results away in pieces; pieces of one frame would make it slow.
        resultCapacity = max(result, 256)
        self.result = .allocate(capacity: resultCapacity * channels.count)
        self.result.initialize(repeating: 0, count: resultCapacity * channels.count)
    }

    deinit {
        queue.deallocate()
        result.deallocate()
    }

    /// Goes back to silence: gives the converter `primed` frames of it and throws away `dropped` of what it tells.
    ///
    /// - Returns: how many frames it could not tell.
    @_noLocks @_noAllocation
    mutating func begin(primed: Int, dropped: Int) -> Int {
        converter.reset()
        queued = 0
        var (toPrime, toDrop) = (primed, dropped)
        while toPrime > 0 || toDrop > 0 {
            let fill = min(toPrime, queueCapacity - queued)
            (queue + queued * channels.count).update(repeating: 0, count: fill * channels.count)
            queued += fill
            toPrime -= fill
            let given = convert(into: result, frames: min(toDrop, resultCapacity))
            toDrop -= given
            if fill == 0 && given == 0 { return toDrop + toPrime }
        }
        return 0
    }

    /// Takes in a block and writes the output's frames.
    ///
    /// - Returns: how many of them had to be made up.
    @_noLocks @_noAllocation
    mutating func convert(_ input: InputPort, into output: OutputPort) -> Int {
        append(input)
        let wanted = output.frameCount
        let width = channels.count
        var given = 0
        if width == 1, let target = output[channels.lowerBound].baseAddress {
            given = convert(into: target, frames: wanted)
        } else {
            given = convert(into: result, frames: wanted)
            for place in 0..<width {
                guard let target = output[channels.lowerBound + place].baseAddress else { continue }
                for frame in 0..<given { target[frame] = result[frame * width + place] }
            }
        }
        if given < wanted {
            for channel in channels {
                guard let target = output[channel].baseAddress else { continue }
                (target + given).update(repeating: 0, count: wanted - given)
            }
        }
        return wanted - given
    }

    /// Queues a block's input, interleaved.
    @_noLocks @_noAllocation
    private mutating func append(_ input: InputPort) {
        let frames = input.frameCount
        let width = channels.count
        let target = queue + queued * width
        for place in 0..<width {
            guard let source = input[channels.lowerBound + place].baseAddress else { continue }
            if width == 1 {
                for frame in 0..<frames { target[frame] = source[frame] }
            } else {
                for frame in 0..<frames { target[frame * width + place] = source[frame] }
            }
        }
        queued += frames
    }

    /// Lets the converter work until it has told `frames` frames, or cannot go on.
    @_noLocks @_noAllocation
    private mutating func convert(into target: UnsafeMutablePointer<Float>, frames: Int) -> Int {
        let width = channels.count
        var (taken, given) = (0, 0)
        while given < frames {
            let step = converter.process(
                queue + taken * width, frames: queued - taken, into: target + given * width, frames: frames - given)
            if step.taken == 0 && step.given == 0 { break }
            taken += step.taken
            given += step.given
        }
        if taken > 0 {
            queued -= taken
            // Few frames are left over, and they move towards the front.
            for sample in 0..<queued * width { queue[sample] = queue[taken * width + sample] }
        }
        return given
    }
}
