internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``DuckNode``. One gain for all channels.
final class DuckRenderer: Renderer {
    /// How many frames are worked on at a time, at most.
    private let chunk = 256

    private let rate: Double
    private let channels: Int
    private let hasKey: Bool
    private nonisolated(unsafe) let detector: LevelDetector
    private nonisolated(unsafe) let line: DelayLine
    private nonisolated(unsafe) let gains: UnsafeMutablePointer<Float>
    /// Owned by the render thread, as all that follows.
    private nonisolated(unsafe) var trigger = Trigger()
    /// Whether the control input asks for it, since its last value.
    private nonisolated(unsafe) var isAsked = false
    /// Frames since it asked.
    private nonisolated(unsafe) var askedAgo = Int.max / 2
    /// In dB.
    private nonisolated(unsafe) var reduction = 0.0
    private nonisolated(unsafe) let live: LiveNumbers
    private nonisolated(unsafe) let threshold: LiveNumber
    private nonisolated(unsafe) let hysteresis: LiveNumber
    private nonisolated(unsafe) let depth: LiveNumber
    private nonisolated(unsafe) let attack: LiveNumber
    private nonisolated(unsafe) let hold: LiveNumber
    private nonisolated(unsafe) let release: LiveNumber
    private nonisolated(unsafe) var meter = Largest()

    /// - Parameter keyChannels: of the key; nil: there is none.
    init(_ settings: DuckSettings, _ format: StreamFormat, keyChannels: Int?) {
        rate = Double(format.rate)
        channels = format.channels
        hasKey = keyChannels != nil
        detector = settings.key.detector(source: keyChannels ?? 1, lanes: 1, rate: format.rate, room: chunk)
        line = DelayLine(
            delay: frames(settings.lookahead, rate: format.rate), channels: format.channels, largestChunk: chunk)
        gains = .allocate(capacity: chunk)
        gains.initialize(repeating: 1, count: chunk)
        let glide = format.rate / 50
        var live = LiveNumbers(of: DuckNode.descriptor)
        threshold = live.add("threshold_dbfs", at: settings.threshold, over: glide)
        hysteresis = live.add("hysteresis_db", at: settings.hysteresis, over: glide)
        depth = live.add("depth_db", at: settings.depth, over: glide)
        attack = live.add("attack_ms", at: settings.attack)
        hold = live.add("hold_ms", at: settings.hold)
        release = live.add("release_ms", at: settings.release)
        self.live = live
    }

    deinit { gains.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, told, active) = (block.input, block.output(1), block.input(2))
        var done = 0
        for value in 0..<told.frameCount {
            let edge = ControlGrid.edge(value, of: told, in: input, rate: Int(rate))
            process(block, from: done, to: edge)
            told[0][value] = meter.take()
            // Inputs and outputs of control have the same grid. NaN is no word.
            if active.isConnected { isAsked = active[0][value] >= 0.5 }
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
        trigger = Trigger()
        isAsked = false
        askedAgo = Int.max / 2
        reduction = 0
        live.reset()
        meter = Largest()
    }

    @_noLocks @_noAllocation
    private func process(_ block: RenderBlock, from first: Int, to last: Int) {
        let (input, output) = (block.input, block.output)
        var done = first
        while done < last {
            let count = min(last - done, chunk)
            if hasKey { detector.read(block.input(1), from: done, count) }
            move(count)
            for channel in 0..<channels {
                line.process(
                    input[channel], times: gains, into: output[channel], channel: channel, from: done, count)
            }
            line.advance(by: count)
            live.advance(by: count)
            done += count
        }
    }

    /// From levels to gains.
    @_noLocks @_noAllocation
    private func move(_ count: Int) {
        let (levels, gains) = (detector.levels, gains)
        let attack = smoothingFactor(attack.value(), rate: rate)
        let release = smoothingFactor(release.value(), rate: rate)
        let fall = detector.isPeak ? Float(smoothingFactor(Trigger.fall, rate: rate)) : 0
        let holdFrames = Int(hold.value() * rate * 0.001)
        var isSteady = threshold.isSteady()
        if isSteady { isSteady = hysteresis.isSteady() }
        var (opening, closing) = thresholds(at: 0)
        var (trigger, reduction, askedAgo) = (trigger, reduction, askedAgo)
        for k in 0..<count {
            if !isSteady { (opening, closing) = thresholds(at: k) }
            if hasKey {
                trigger.hear(levels[k], fall: fall, opening: opening, closing: closing, holdFrames: holdFrames)
            }
            askedAgo = isAsked ? 0 : askedAgo + 1
            var wanted = 0.0
            if trigger.isOpen { wanted = depth.value(at: k) }
            if askedAgo <= holdFrames { wanted = depth.value(at: k) }
            reduction = wanted + (reduction - wanted) * (wanted > reduction ? attack : release)
            if wanted == 0, reduction < 1e-6 { reduction = 0 }
            gains[k] = gain(reduction: reduction)
            meter.add(reduction)
        }
        (self.trigger, self.reduction, self.askedAgo) = (trigger, reduction, askedAgo)
    }

    /// The levels at which it makes way, and at which it comes back.
    @_noLocks @_noAllocation
    private func thresholds(at offset: Int) -> (opening: Float, closing: Float) {
        let upper = threshold.value(at: offset)
        return (
            detector.level(decibels: upper), detector.level(decibels: upper - hysteresis.value(at: offset))
        )
    }
}
