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
    private nonisolated(unsafe) var threshold: LiveNumber
    private nonisolated(unsafe) var ratio: LiveNumber
    private nonisolated(unsafe) var knee: LiveNumber
    private nonisolated(unsafe) var range: LiveNumber
    private nonisolated(unsafe) var attack: LiveNumber
    private nonisolated(unsafe) var release: LiveNumber
    private nonisolated(unsafe) var makeup: LiveNumber
    private nonisolated(unsafe) var mix: LiveNumber
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
        let descriptor = CompressorNode.descriptor
        threshold = LiveNumber("threshold_dbfs", of: descriptor, at: settings.threshold, over: glide)
        ratio = LiveNumber("ratio", of: descriptor, at: settings.ratio, over: glide)
        knee = LiveNumber("knee_db", of: descriptor, at: settings.knee, over: glide)
        range = LiveNumber("range_db", of: descriptor, at: settings.range, over: glide)
        attack = LiveNumber("attack_ms", of: descriptor, at: settings.attack)
        release = LiveNumber("release_ms", of: descriptor, at: settings.release)
        makeup = LiveNumber("makeup_db", of: descriptor, at: settings.makeup, over: glide)
        mix = LiveNumber("mix_percent", of: descriptor, at: settings.mix, over: glide)
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
    func set(_ parameter: Int, to value: Double) {
        threshold.set(parameter, to: value)
        ratio.set(parameter, to: value)
        knee.set(parameter, to: value)
        range.set(parameter, to: value)
        attack.set(parameter, to: value)
        release.set(parameter, to: value)
        makeup.set(parameter, to: value)
        mix.set(parameter, to: value)
    }

    @_noLocks @_noAllocation
    func reset() {
        detector.reset()
        line.reset()
        for lane in 0..<lanes { ballistics[lane] = Ballistics() }
        threshold.reset()
        ratio.reset()
        knee.reset()
        range.reset()
        attack.reset()
        release.reset()
        makeup.reset()
        mix.reset()
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
            advance(by: count)
            done += count
        }
    }

    /// The curve at a frame of the chunk.
    @_noLocks @_noAllocation
    private func curve(at offset: Int) -> CompressionCurve {
        CompressionCurve(
            threshold: threshold.value(at: offset), slope: 1 - 1 / ratio.value(at: offset),
            knee: knee.value(at: offset), range: range.value(at: offset))
    }

    /// From levels to what the curve asks.
    @_noLocks @_noAllocation
    private func want(_ lane: Int, _ count: Int) {
        let levels = detector.levels + lane * chunk
        let row = reductions + lane * chunk
        var isSteady = threshold.isSteady()
        if isSteady { isSteady = ratio.isSteady() }
        if isSteady { isSteady = knee.isSteady() }
        if isSteady { isSteady = range.isSteady() }
        var curve = curve(at: 0)
        // What lies below the bend needs no logarithm.
        let quiet = isSteady ? detector.level(decibels: curve.threshold - curve.knee * 0.5) : 0
        for k in 0..<count {
            if levels[k] <= quiet {
                row[k] = 0
                continue
            }
            if !isSteady { curve = self.curve(at: k) }
            row[k] = curve.reduction(detector.decibels(levels[k]))
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

    @_noLocks @_noAllocation
    private func advance(by count: Int) {
        threshold.advance(by: count)
        ratio.advance(by: count)
        knee.advance(by: count)
        range.advance(by: count)
        attack.advance(by: count)
        release.advance(by: count)
        makeup.advance(by: count)
        mix.advance(by: count)
    }
}
