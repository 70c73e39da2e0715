internal import Synchronization
internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``MeterNode``.
///
/// Two grids, both of frame numbers, so that cuts never show: milliseconds, at which control values are told, and hops of
/// 100 ms from the first measured frame on, at which loudness is read.
final class MeterRenderer: Renderer {
    /// What a level that does not exist stands at.
    private static let floor = -200.0
    /// Milliseconds that RMS looks back.
    private static let window = 300
    /// Frames that are worked on at a time.
    private static let piece = 256
    /// How far a peak falls in a millisecond, in dB.
    private static let fall = 20.0 / 1700

    /// For reports. Render and finish write.
    let published = PublishedResult()
    private let rate: Int
    private let channels: Int
    /// What lies before it is the latency of the nodes above.
    private let firstFrame: Int
    /// Hops from one event to the next; 0: there are none.
    private let hopsPerEvent: Int
    private let blank = MeterResult()
    /// The first frame that is not part of the run. The driver writes, render reads.
    private let endFrame = Atomic<Int>(.max)

    /// Owned by the render thread, as all that follows.
    private nonisolated(unsafe) var loudness: LoudnessMeter
    /// A pair of channels of a piece: each with 0 for what is not finite, and both together.
    private nonisolated(unsafe) let clean: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let frames: UnsafeMutablePointer<SIMD2<Double>>
    /// For each pair of channels the squares of the frames since the last point of any grid.
    private nonisolated(unsafe) let squares: UnsafeMutablePointer<SIMD2<Double>>
    private nonisolated(unsafe) var squareFrames = 0
    /// True: those frames belong to the run.
    private nonisolated(unsafe) var squaresAreMeasured = false
    /// Largest sample since the last millisecond, and the squares since then.
    private nonisolated(unsafe) var binPeak: Float = 0
    private nonisolated(unsafe) var binSquares = 0.0
    private nonisolated(unsafe) var binSamples = 0
    /// Squares and counts of the last 300 ms.
    private nonisolated(unsafe) let history: UnsafeMutablePointer<(squares: Double, samples: Int)>
    private nonisolated(unsafe) var historyPlace = 0
    private nonisolated(unsafe) var peakLevel = floor
    private nonisolated(unsafe) var hop = 0
    private nonisolated(unsafe) var result = MeterResult()

    init(_ loudness: consuming LoudnessMeter, _ format: StreamFormat, firstFrame: Int, interval: Double) {
        self.loudness = loudness
        self.firstFrame = firstFrame
        rate = format.rate
        channels = format.channels
        hopsPerEvent = Int((interval * 10).rounded(.up))
        clean = .allocate(capacity: 2 * Self.piece)
        clean.initialize(repeating: 0, count: 2 * Self.piece)
        frames = .allocate(capacity: Self.piece)
        frames.initialize(repeating: SIMD2(), count: Self.piece)
        squares = .allocate(capacity: (channels + 1) / 2)
        squares.initialize(repeating: SIMD2(), count: (channels + 1) / 2)
        history = .allocate(capacity: Self.window)
        history.initialize(repeating: (0, 0), count: Self.window)
    }

    deinit {
        clean.deallocate()
        frames.deallocate()
        squares.deallocate()
        history.deallocate()
    }

    /// Thread: driver.
    func end(at frame: Int) { endFrame.store(frame, ordering: .relaxed) }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        for channel in 0..<channels { copy(input[channel], into: output[channel]) }
        let values = block.output(1)
        let position = input.position
        var done = 0
        for value in 0..<values.frameCount {
            // The millisecond's first frame: all before it is known by then.
            let edge = ((values.position + value) * rate + Limits.controlRate - 1) / Limits.controlRate - position
            measure(block, from: done, to: edge)
            done = edge
            tell(block, value)
        }
        measure(block, from: done, to: input.frameCount)
    }

    @_noLocks @_noAllocation
    func reset() {
        loudness.reset()
        result = blank
        for pair in 0..<(channels + 1) / 2 { squares[pair] = SIMD2() }
        squareFrames = 0
        squaresAreMeasured = false
        binPeak = 0
        binSquares = 0
        binSamples = 0
        for place in 0..<Self.window { history[place] = (0, 0) }
        historyPlace = 0
        peakLevel = Self.floor
        hop = 0
    }

    /// Takes in what is left and completes the figures. Thread: driver, after the last cycle.
    func finish() {
        gather()
        loudness.read(&result.figures, all: true)
        published.write(result)
    }

    /// Measures a part of the block, in pieces that end where something is due.
    @_noLocks @_noAllocation
    private func measure(_ block: RenderBlock, from first: Int, to last: Int) {
        let position = block.input.position
        let end = endFrame.load(ordering: .relaxed)
        var done = first
        while done < last {
            let frame = position + done
            var count = min(last - done, Self.piece)
            if frame < firstFrame {
                count = min(count, firstFrame - frame)
                take(block.input, from: done, count, isMeasured: false)
            } else if frame < end {
                count = min(count, min(end, hopEnd) - frame)
                take(block.input, from: done, count, isMeasured: true)
                if frame + count == hopEnd { finishHop(block, at: frame + count) }
            } else {
                take(block.input, from: done, count, isMeasured: false)
            }
            done += count
        }
    }

    /// The frame at which the hop under way is over.
    private var hopEnd: Int {
        @_noLocks @_noAllocation
        get { firstFrame + ((hop + 1) * rate + 9) / 10 }
    }

    @_noLocks @_noAllocation
    private func take(_ input: InputPort, from first: Int, _ count: Int, isMeasured: Bool) {
        if squareFrames > 0, squaresAreMeasured != isMeasured { gather() }
        squaresAreMeasured = isMeasured
        var highest: Float = 0
        var invalid = 0
        for pair in 0..<(channels + 1) / 2 {
            let isWhole = 2 * pair + 1 < channels
            let (left, right) = (clean, isWhole ? clean + Self.piece : clean)
            invalid += purify(input[2 * pair], from: first, count, into: left)
            if isWhole { invalid += purify(input[2 * pair + 1], from: first, count, into: right) }
            highest = max(highest, peak(UnsafeBufferPointer(start: left, count: count)))
            highest = max(highest, peak(UnsafeBufferPointer(start: right, count: count)))
            var sum = squares[pair]
            for k in 0..<count {
                let frame = SIMD2(Double(left[k]), Double(right[k]))
                frames[k] = frame
                sum += frame * frame
            }
            squares[pair] = sum
            if isMeasured { loudness.add(pair, frames, left, right, count: count) }
        }
        binPeak = max(binPeak, highest)
        squareFrames += count
        if isMeasured {
            loudness.advance(by: count)
            result.peak = max(result.peak, Double(highest))
            result.invalid += invalid
            result.frames += count
        }
    }

    /// Copies samples, 0 for what is not finite. Returns: how many were not.
    @_noLocks @_noAllocation
    private func purify(
        _ samples: UnsafeBufferPointer<Float>, from first: Int, _ count: Int, into clean: UnsafeMutablePointer<Float>
    ) -> Int {
        guard let source = samples.baseAddress else { return 0 }
        var invalid: Int32 = 0
        for k in 0..<count {
            let sample = source[first + k]
            clean[k] = finite(sample)
            invalid &+= sample.bitPattern & 0x7F80_0000 == 0x7F80_0000 ? 1 : 0
        }
        return Int(invalid)
    }

    /// Adds the channels' squares to the millisecond's, and to the run's.
    @_noLocks @_noAllocation
    private func gather() {
        var sum = 0.0
        for pair in 0..<(channels + 1) / 2 {
            sum += squares[pair].x + (2 * pair + 1 < channels ? squares[pair].y : 0)
            squares[pair] = SIMD2()
        }
        let samples = squareFrames * channels
        squareFrames = 0
        binSquares += sum
        binSamples += samples
        if squaresAreMeasured {
            result.squares += sum
            result.samples += samples
        }
    }

    @_noLocks @_noAllocation
    private func finishHop(_ block: RenderBlock, at frame: Int) {
        loudness.endHop()
        hop += 1
        var isEvent = false
        if hopsPerEvent > 0 { isEvent = hop % hopsPerEvent == 0 }
        var figures = result.figures
        let isComplete = isEvent ? true : hop % 10 == 0
        loudness.read(&figures, all: isComplete)
        result.figures = figures
        // 400 ms and 3 s must have been heard before their loudness means anything.
        if hop >= 4 { result.highestMomentary = max(result.highestMomentary, result.figures.momentary) }
        if hop >= 30 { result.highestShortTerm = max(result.highestShortTerm, result.figures.shortTerm) }
        published.write(result)
        guard isEvent else { return }
        // Told with the hop's last frame, which lies in this block however it is cut; it happened at the hop's end.
        block.emit(
            0, at: frame - 1, rate: rate, earlier: -1,
            (
                result.figures.momentary, result.figures.shortTerm, result.figures.integrated,
                linearToDecibels(result.figures.truePeak)
            ))
    }

    /// Ends a millisecond: writes the control values of what was known before it.
    @_noLocks @_noAllocation
    private func tell(_ block: RenderBlock, _ value: Int) {
        gather()
        history[historyPlace] = (binSquares, binSamples)
        historyPlace = historyPlace + 1 == Self.window ? 0 : historyPlace + 1
        var (sum, samples) = (0.0, 0)
        if block.output(2).isConnected {
            for place in 0..<Self.window {
                sum += history[place].squares
                samples += history[place].samples
            }
        }
        let fallen = peakLevel - Self.fall
        peakLevel = max(max(linearToDecibels(Double(binPeak)), fallen), Self.floor)
        binPeak = 0
        binSquares = 0
        binSamples = 0
        let rms = samples > 0 ? powerToDecibels(sum / Double(samples)) : Self.floor
        block.output(1)[0][value] = Float(peakLevel)
        block.output(2)[0][value] = Float(max(rms, Self.floor))
        block.output(3)[0][value] = Float(max(result.figures.momentary, Self.floor))
        block.output(4)[0][value] = Float(max(result.figures.shortTerm, Self.floor))
    }
}
