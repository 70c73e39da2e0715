internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``LimiterNode``.
final class LimiterRenderer: Renderer {
    /// How far below the ceiling it aims, in dB: what interpolation between samples and gains may miss.
    private static let targetMargin = 0.3
    /// Samples are held within this: nothing between here and the output overflows.
    private let largest: Float = 1e9
    /// How many frames are worked on at a time, at most; as many as a detector takes.
    private let chunk = 64

    private let rate: Double
    private let channels: Int
    private let lanes: Int
    private let link: Double
    private let margin: Double
    private let usesTruePeak: Bool
    private nonisolated(unsafe) let line: DelayLine
    /// One for each channel.
    private nonisolated(unsafe) let detectors: UnsafeMutablePointer<TruePeakDetector>
    /// One for each lane.
    private nonisolated(unsafe) let holds: UnsafeMutablePointer<RunningMaximum>
    private nonisolated(unsafe) let windows: UnsafeMutablePointer<AttackWindow>
    /// The reduction that is being let go, in log2 of the gain.
    private nonisolated(unsafe) let falling: UnsafeMutablePointer<Double>
    /// Lane by lane, a chunk each: reductions in log2, and gains.
    private nonisolated(unsafe) let needs: UnsafeMutablePointer<Double>
    private nonisolated(unsafe) let gains: UnsafeMutablePointer<Float>
    /// The input after its gain, channel by channel.
    private nonisolated(unsafe) let driven: UnsafeMutablePointer<Float>
    /// Owned by the render thread, as all that follows.
    private nonisolated(unsafe) let live: LiveNumbers
    private nonisolated(unsafe) let ceiling: LiveNumber
    private nonisolated(unsafe) let drive: LiveNumber
    private nonisolated(unsafe) let release: LiveNumber
    private nonisolated(unsafe) var meter = Largest()

    init(_ settings: LimiterSettings, _ format: StreamFormat) {
        let timing = LimiterTiming(settings, rate: format.rate)
        rate = Double(format.rate)
        channels = format.channels
        lanes = settings.link == 1 ? 1 : format.channels
        link = settings.link
        usesTruePeak = settings.truePeak
        margin = settings.truePeak ? Self.targetMargin : 0
        line = DelayLine(delay: timing.latency, channels: channels, largestChunk: chunk)
        detectors = .allocate(capacity: channels)
        for channel in 0..<channels { (detectors + channel).initialize(to: TruePeakDetector()) }
        holds = .allocate(capacity: lanes)
        windows = .allocate(capacity: lanes)
        for lane in 0..<lanes {
            (holds + lane).initialize(to: RunningMaximum(window: timing.hold))
            (windows + lane).initialize(to: AttackWindow(length: timing.attack))
        }
        falling = .allocate(capacity: lanes)
        falling.initialize(repeating: 0, count: lanes)
        needs = .allocate(capacity: lanes * chunk)
        needs.initialize(repeating: 0, count: lanes * chunk)
        gains = .allocate(capacity: lanes * chunk)
        gains.initialize(repeating: 1, count: lanes * chunk)
        driven = .allocate(capacity: channels * chunk)
        driven.initialize(repeating: 0, count: channels * chunk)
        let glide = format.rate / 50
        var live = LiveNumbers(of: LimiterNode.descriptor)
        ceiling = live.add("ceiling_dbfs", at: settings.ceiling, over: glide)
        drive = live.add("gain_db", at: settings.gain, over: glide)
        release = live.add("release_ms", at: settings.release)
        self.live = live
    }

    deinit {
        detectors.deinitialize(count: channels).deallocate()
        holds.deinitialize(count: lanes).deallocate()
        windows.deinitialize(count: lanes).deallocate()
        falling.deallocate()
        needs.deallocate()
        gains.deallocate()
        driven.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, told) = (block.input, block.output(1))
        var done = 0
        for value in 0..<told.frameCount {
            let edge = ControlGrid.edge(value, of: told, in: input, rate: Int(rate))
            process(block, from: done, to: edge)
            told[0][value] = meter.take()
            done = edge
        }
        process(block, from: done, to: input.frameCount)
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) { live.set(parameter, to: value) }

    @_noLocks @_noAllocation
    func reset() {
        line.reset()
        for channel in 0..<channels { detectors[channel].reset() }
        for lane in 0..<lanes {
            holds[lane].reset()
            windows[lane].reset()
            falling[lane] = 0
        }
        live.reset()
        meter = Largest()
    }

    @_noLocks @_noAllocation
    private func process(_ block: RenderBlock, from first: Int, to last: Int) {
        var done = first
        while done < last {
            let count = min(last - done, chunk)
            for lane in 0..<lanes { for k in 0..<count { needs[lane * chunk + k] = 0 } }
            let lowest = decibelsToLinear(min(ceiling.value(), ceiling.value(at: count)) - margin)
            for channel in 0..<channels { listen(block.input[channel], channel, from: done, count, lowest) }
            for lane in 0..<lanes { want(lane, count) }
            linkLanes(needs, lanes: lanes, room: chunk, count: count, share: link)
            for lane in 0..<lanes { move(lane, count) }
            for channel in 0..<channels { write(block.output[channel], channel, from: done, count) }
            line.advance(by: count)
            live.advance(by: count)
            done += count
        }
    }

    /// Drives a channel, and adds its peaks to its lane's.
    @_noLocks @_noAllocation
    private func listen(
        _ input: UnsafeBufferPointer<Float>, _ channel: Int, from first: Int, _ count: Int, _ lowest: Float
    ) {
        let (own, largest, drive) = (driven + channel * chunk, largest, drive)
        let steady = decibelsToLinear(drive.value())
        let isSteady = drive.isSteady()
        for k in 0..<count {
            let gain = isSteady ? steady : decibelsToLinear(drive.value(at: k))
            let sample = finite(input[first + k]) * gain
            let low = sample > -largest ? sample : -largest
            own[k] = low < largest ? low : largest
        }
        let row = needs + (lanes == 1 ? 0 : channel * chunk)
        if !usesTruePeak {
            for k in 0..<count {
                let magnitude = Double(own[k] < 0 ? -own[k] : own[k])
                row[k] = magnitude > row[k] ? magnitude : row[k]
            }
            return
        }
        let room = detectors[channel].room()
        for k in 0..<count { room[k] = own[k] }
        detectors[channel].measure(count, above: lowest)
        let peaks = detectors[channel].peaks
        for k in 0..<count { row[k] = Double(peaks[k]) > row[k] ? Double(peaks[k]) : row[k] }
    }

    /// From peaks to the reductions that they need.
    @_noLocks @_noAllocation
    private func want(_ lane: Int, _ count: Int) {
        let row = needs + lane * chunk
        let (ceiling, margin) = (ceiling, margin)
        let isSteady = ceiling.isSteady()
        var allowed = Double(decibelsToLinear(ceiling.value() - margin))
        for k in 0..<count {
            if !isSteady { allowed = Double(decibelsToLinear(ceiling.value(at: k) - margin)) }
            row[k] = row[k] > allowed ? log2(row[k] / allowed) : 0
        }
    }

    /// Hold, release and smoothing: from what is needed to gains.
    @_noLocks @_noAllocation
    private func move(_ lane: Int, _ count: Int) {
        let (row, gains) = (needs + lane * chunk, gains + lane * chunk)
        let release = smoothingFactor(release.value(), rate: rate)
        let scale = 1 / Double(AttackWindow.one)
        var falling = falling[lane]
        for k in 0..<count {
            let held = holds[lane].next(row[k])
            let fallen = held + (falling - held) * release
            falling = held > fallen ? held : fallen
            if held == 0, falling < 1e-8 { falling = 0 }
            let goal = falling == 0 ? AttackWindow.one : Int64(exp2(-falling) * Double(AttackWindow.one))
            let smooth = Double(windows[lane].next(goal)) * scale
            gains[k] = Float(smooth)
            row[k] = smooth
        }
        self.falling[lane] = falling
        tell(row, count)
    }

    /// Measures the reduction of the smallest gain.
    @_noLocks @_noAllocation
    private func tell(_ row: UnsafeMutablePointer<Double>, _ count: Int) {
        var smallest = 1.0
        for k in 0..<count { smallest = row[k] < smallest ? row[k] : smallest }
        meter.add(largest: reduction(smallest), last: reduction(row[count - 1]))
    }

    /// A gain as decibels less; no more than 300.
    @_noLocks @_noAllocation
    private func reduction(_ gain: Double) -> Double {
        gain < 1 ? min(-linearToDecibels(gain), 300) : 0
    }

    /// Delays a channel and turns it down. What rounding leaves above the ceiling is cut.
    @_noLocks @_noAllocation
    private func write(_ output: UnsafeMutableBufferPointer<Float>, _ channel: Int, from first: Int, _ count: Int) {
        let own = driven + channel * chunk
        let part = UnsafeMutableBufferPointer(rebasing: output[first..<first + count])
        line.process(
            UnsafeBufferPointer(start: own, count: count), times: gains + (lanes == 1 ? 0 : channel * chunk),
            into: part, channel: channel, from: 0, count)
    }
}
