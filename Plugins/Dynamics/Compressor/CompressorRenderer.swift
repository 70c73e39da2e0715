internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``CompressorNode``.
final class CompressorRenderer: Renderer {
    /// How many frames are worked on at a time, at most.
    private let chunk = 256

    private let rate: Double
    private let channels: Int
    private let lanes: Int
    private let link: Double
    private let usesKey: Bool
    private nonisolated(unsafe) let detector: LevelDetector
    private nonisolated(unsafe) let line: DelayLine
    /// Lane by lane, a chunk each: reductions in dB, and the gains made of them.
    private nonisolated(unsafe) let reductions: UnsafeMutablePointer<Double>
    private nonisolated(unsafe) let gains: UnsafeMutablePointer<Float>
    /// One for each lane. Owned by the render thread, as all that follows.
    private nonisolated(unsafe) let ballistics: UnsafeMutablePointer<Ballistics>
    private nonisolated(unsafe) let live: LiveNumbers
    private nonisolated(unsafe) let curve: LiveCurve
    private nonisolated(unsafe) let attack: LiveNumber
    private nonisolated(unsafe) let release: LiveNumber
    private nonisolated(unsafe) let makeup: LiveNumber
    private nonisolated(unsafe) let mix: LiveNumber
    private nonisolated(unsafe) var meter = Largest()

    /// - Parameter keyChannels: of the key; nil: it listens to its own input.
    init(_ settings: CompressorSettings, _ format: StreamFormat, keyChannels: Int?) {
        rate = Double(format.rate)
        channels = format.channels
        usesKey = keyChannels != nil
        let source = keyChannels ?? format.channels
        lanes = settings.key.lanes(channels: format.channels, source: source)
        link = settings.key.link
        detector = settings.key.detector(source: source, lanes: lanes, rate: format.rate, room: chunk)
        line = DelayLine(
            delay: frames(settings.lookahead, rate: format.rate), channels: format.channels, largestChunk: chunk)
        reductions = .allocate(capacity: chunk * lanes)
        reductions.initialize(repeating: 0, count: chunk * lanes)
        gains = .allocate(capacity: chunk * lanes)
        gains.initialize(repeating: 1, count: chunk * lanes)
        ballistics = .allocate(capacity: lanes)
        ballistics.initialize(repeating: Ballistics(), count: lanes)
        let glide = format.rate / 50
        var live = LiveNumbers(of: CompressorNode.descriptor)
        curve = LiveCurve(
            &live, threshold: "threshold_dbfs", at: settings.threshold, ratio: settings.ratio, knee: settings.knee,
            range: settings.range, over: glide)
        attack = live.add("attack_ms", at: settings.attack)
        release = live.add("release_ms", at: settings.release)
        makeup = live.add("makeup_db", at: settings.makeup, over: glide)
        mix = live.add("mix_percent", at: settings.mix, over: glide)
        self.live = live
    }

    deinit {
        reductions.deallocate()
        gains.deallocate()
        ballistics.deallocate()
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
        detector.reset()
        line.reset()
        for lane in 0..<lanes { ballistics[lane] = Ballistics() }
        live.reset()
        meter = Largest()
    }

    @_noLocks @_noAllocation
    private func process(_ block: RenderBlock, from first: Int, to last: Int) {
        let (input, output) = (block.input, block.output)
        var done = first
        while done < last {
            let count = min(last - done, chunk)
            detector.read(usesKey ? block.input(1) : input, from: done, count)
            for lane in 0..<lanes { want(lane, count) }
            linkLanes(reductions, lanes: lanes, room: chunk, count: count, share: link)
            for lane in 0..<lanes { move(lane, count) }
            tell(count)
            for channel in 0..<channels {
                line.process(
                    input[channel], times: gains + (lanes == 1 ? 0 : channel * chunk), into: output[channel],
                    channel: channel, from: done, count)
            }
            line.advance(by: count)
            live.advance(by: count)
            done += count
        }
    }

    /// From levels to what the curve asks.
    @_noLocks @_noAllocation
    private func want(_ lane: Int, _ count: Int) {
        let levels = detector.levels + lane * chunk
        let row = reductions + lane * chunk
        let isSteady = curve.isSteady()
        var curve = curve.compression()
        // What lies below the bend needs no logarithm.
        let quiet = isSteady ? detector.level(decibels: curve.threshold - curve.knee * 0.5) : 0
        for k in 0..<count {
            if levels[k] <= quiet {
                row[k] = 0
                continue
            }
            if !isSteady { curve = self.curve.compression(at: k) }
            row[k] = curve.reduction(above: detector.decibels(levels[k]))
        }
    }

    /// From what is wanted to what is done, and to gains.
    @_noLocks @_noAllocation
    private func move(_ lane: Int, _ count: Int) {
        let (row, gains) = (reductions + lane * chunk, gains + lane * chunk)
        let attack = smoothingFactor(attack.value(), rate: rate)
        let release = smoothingFactor(release.value(), rate: rate)
        var own = ballistics[lane]
        let (makeup, mix) = (makeup, mix)
        var isPlain = makeup.isSteady()
        if isPlain { isPlain = mix.isSteady() }
        if isPlain { isPlain = makeup.value() == 0 }
        if isPlain { isPlain = mix.value() == 100 }
        for k in 0..<count {
            let reduction = own.next(row[k], attack: attack, release: release)
            row[k] = reduction
            if isPlain {
                gains[k] = gain(reduction: reduction)
            } else {
                let wet = mix.value(at: k) * 0.01
                let raised = Double(gain(reduction: reduction - makeup.value(at: k)))
                gains[k] = Float(1 + (raised - 1) * wet)
            }
        }
        ballistics[lane] = own
    }

    @_noLocks @_noAllocation
    private func tell(_ count: Int) {
        for k in 0..<count {
            var largest = reductions[k]
            for lane in 1..<max(lanes, 1) { largest = max(largest, reductions[lane * chunk + k]) }
            meter.add(largest)
        }
    }
}
