internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``GateNode``.
final class GateRenderer: Renderer {
    /// How many frames are worked on at a time, at most.
    private let chunk = 256

    private let rate: Double
    private let channels: Int
    private let lanes: Int
    private let link: Double
    private let usesKey: Bool
    private let startRange: Double
    private nonisolated(unsafe) let detector: LevelDetector
    private nonisolated(unsafe) let line: DelayLine
    /// Lane by lane, a chunk each: reductions in dB, and the gains made of them.
    private nonisolated(unsafe) let reductions: UnsafeMutablePointer<Double>
    private nonisolated(unsafe) let gains: UnsafeMutablePointer<Float>
    /// One for each lane. Owned by the render thread, as all that follows.
    private nonisolated(unsafe) let triggers: UnsafeMutablePointer<Trigger>
    private nonisolated(unsafe) let motions: UnsafeMutablePointer<GateMotion>
    private nonisolated(unsafe) let live: LiveNumbers
    private nonisolated(unsafe) let curve: LiveCurve
    private nonisolated(unsafe) let hysteresis: LiveNumber
    private nonisolated(unsafe) let attack: LiveNumber
    private nonisolated(unsafe) let hold: LiveNumber
    private nonisolated(unsafe) let release: LiveNumber
    private nonisolated(unsafe) var meter = Largest()

    /// - Parameter keyChannels: of the key; nil: it listens to its own input.
    init(_ settings: GateSettings, _ format: StreamFormat, keyChannels: Int?) {
        rate = Double(format.rate)
        channels = format.channels
        usesKey = keyChannels != nil
        startRange = settings.ratio > 1 ? settings.range : 0
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
        triggers = .allocate(capacity: lanes)
        triggers.initialize(repeating: Trigger(), count: lanes)
        motions = .allocate(capacity: lanes)
        motions.initialize(repeating: GateMotion(reduction: startRange), count: lanes)
        let glide = format.rate / 50
        var live = LiveNumbers(of: GateNode.descriptor)
        curve = LiveCurve(
            &live, threshold: "threshold_dbfs", at: settings.threshold, ratio: settings.ratio, knee: settings.knee,
            range: settings.range, over: glide)
        hysteresis = live.add("hysteresis_db", at: settings.hysteresis, over: glide)
        attack = live.add("attack_ms", at: settings.attack)
        hold = live.add("hold_ms", at: settings.hold)
        release = live.add("release_ms", at: settings.release)
        self.live = live
    }

    deinit {
        reductions.deallocate()
        gains.deallocate()
        triggers.deallocate()
        motions.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, told) = (block.input, block.output(1))
        let opened = block.output(2)
        var done = 0
        for value in 0..<told.frameCount {
            let edge = ControlGrid.edge(value, of: told, in: input, rate: Int(rate))
            process(block, from: done, to: edge)
            told[0][value] = meter.take()
            opened[0][value] = isOpen()
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
        for lane in 0..<lanes {
            triggers[lane] = Trigger()
            motions[lane] = GateMotion(reduction: startRange)
        }
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
            // Channels that are linked open together: the least reduction leads.
            linkLanesDown(reductions, lanes: lanes, room: chunk, count: count, share: link)
            for lane in 0..<lanes { move(lane, count) }
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

    /// From levels to what the gate asks.
    @_noLocks @_noAllocation
    private func want(_ lane: Int, _ count: Int) {
        let levels = detector.levels + lane * chunk
        let row = reductions + lane * chunk
        var isSteady = curve.isSteady()
        if isSteady { isSteady = hysteresis.isSteady() }
        // A running mean of squares falls by itself.
        let fall = detector.isPeak ? Float(smoothingFactor(Trigger.fall, rate: rate)) : 0
        let holdFrames = Int(hold.value() * rate * 0.001)
        var trigger = triggers[lane]
        var curve = curve.expansion()
        var (opening, closing) = thresholds(curve, at: 0)
        for k in 0..<count {
            if !isSteady {
                curve = self.curve.expansion(at: k)
                (opening, closing) = thresholds(curve, at: k)
            }
            trigger.hear(levels[k], fall: fall, opening: opening, closing: closing, holdFrames: holdFrames)
            row[k] = trigger.isOpen ? 0 : curve.reduction(below: detector.decibels(trigger.envelope))
        }
        triggers[lane] = trigger
    }

    /// The levels at which it opens and closes.
    @_noLocks @_noAllocation
    private func thresholds(_ curve: GainCurve, at offset: Int) -> (opening: Float, closing: Float) {
        let upper = curve.threshold + curve.knee * 0.5
        return (
            detector.level(decibels: upper), detector.level(decibels: upper - hysteresis.value(at: offset))
        )
    }

    /// From what is wanted to what is done, and to gains.
    @_noLocks @_noAllocation
    private func move(_ lane: Int, _ count: Int) {
        let (row, gains) = (reductions + lane * chunk, gains + lane * chunk)
        let attack = smoothingFactor(attack.value(), rate: rate)
        let release = smoothingFactor(release.value(), rate: rate)
        var motion = motions[lane]
        for k in 0..<count {
            gains[k] = motion.next(row[k], attack: attack, release: release)
            meter.add(motion.reduction)
        }
        motions[lane] = motion
    }

    @_noLocks @_noAllocation
    private func isOpen() -> Float {
        for lane in 0..<lanes where triggers[lane].isOpen { return 1 }
        return 0
    }
}
