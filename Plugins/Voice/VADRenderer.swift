internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``VADNode``.
///
/// A block is worked through in pieces that end where a hop is ready or a millisecond is told, both by sample position, so
/// that cuts never show. Positions inside count from the first block.
final class VADRenderer: Renderer {
    /// Frames worked on at a time.
    private static let chunk = 256

    private let detector: AnyDetector
    private let rate: Int
    private let channels: Int
    private let delay: Int
    private let gates: Bool
    private let preRoll: Int
    private let fresh: SpeechDecision
    private let firstThreshold: Float
    private let hysteresis: Float
    private let turnHops: Int
    private let findsTurns: Bool
    private let evidence = Unmanaged.passRetained(TurnEvidence())
    private let thresholdIndex = VADNode.descriptor.parameters.firstIndex { $0.name == "threshold" } ?? -1
    /// Frames of one channel's delay line, a power of two, less one.
    private let mask: Int
    private nonisolated(unsafe) let line: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let mono = zeroed(chunk)
    /// Owned by the render thread, as all that follows.
    private nonisolated(unsafe) var reader: HopReader
    private nonisolated(unsafe) var gate: SpeechGate
    private nonisolated(unsafe) var decision: SpeechDecision
    private nonisolated(unsafe) var threshold: Float
    private nonisolated(unsafe) var probability: Float = 0
    /// The speech that goes on is a turn; and how many of its hops were not hangover.
    private nonisolated(unsafe) var isTurn = false
    private nonisolated(unsafe) var spokenHops = 0
    /// Frames taken in since the first block.
    private nonisolated(unsafe) var head = 0
    /// Where the current speech began, and where the last one ended.
    private nonisolated(unsafe) var begin = 0
    private nonisolated(unsafe) var lastEnd = 0

    /// - Parameters:
    ///   - detector: released with the renderer.
    ///   - findsTurns: somebody wants to know.
    init(_ settings: VADSettings, _ detector: AnyDetector, _ input: Setup.Input, findsTurns: Bool) {
        self.detector = detector
        self.findsTurns = findsTurns
        turnHops = settings.turnHops
        hysteresis = Float(settings.hysteresis)
        rate = input.format.rate
        channels = input.format.channels
        delay = settings.delayFrames(rate: rate)
        gates = settings.gates
        preRoll = settings.frames(settings.preRollMilliseconds, rate: rate)
        firstThreshold = Float(settings.threshold)
        threshold = firstThreshold
        fresh = SpeechDecision(
            leastHops: settings.leastHops, hangoverHops: settings.hangoverHops,
            hysteresis: Float(settings.hysteresis))
        decision = fresh
        reader = HopReader(rate: rate, detector.timing)
        let hopFrames = max(1, detector.timing.hop * rate / detector.timing.rate)
        gate = SpeechGate(
            fadeFrames: settings.frames(settings.fadeMilliseconds, rate: rate), longestWait: 2 * (delay / hopFrames + 1)
        )
        var length = 1
        while length < delay + Self.chunk { length *= 2 }
        mask = length - 1
        line = zeroed(delay > 0 ? length * channels : 1)
    }

    deinit {
        detector.release()
        evidence.release()
        UnsafeMutableRawPointer(line).deallocate()
        UnsafeMutableRawPointer(mono).deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (frames, position, values) = (block.input.frameCount, block.input.position, block.output(1))
        var done = 0
        for value in 0..<values.frameCount {
            // The millisecond's first frame: all before it is known by then.
            let instant = (values.position &+ value) &* rate &+ Limits.controlRate &- 1
            let edge = min(max(instant / Limits.controlRate &- position, done), frames)
            process(block, from: done, to: edge)
            done = edge
            block.output(1)[0][value] = probability
            block.output(2)[0][value] = decision.isSpeech ? 1 : 0
            block.output(3)[0][value] = isTurn ? 1 : 0
        }
        process(block, from: done, to: frames)
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        if parameter == thresholdIndex { threshold = Float(value) }
    }

    @_noLocks @_noAllocation
    func reset() {
        detector.reset()
        evidence._withUnsafeGuaranteedRef { $0.reset() }
        reader.reset()
        gate.reset()
        decision = fresh
        threshold = firstThreshold
        probability = 0
        isTurn = false
        spokenHops = 0
        head = 0
        begin = 0
        lastEnd = 0
    }

    @_noLocks @_noAllocation
    private func process(_ block: RenderBlock, from first: Int, to last: Int) {
        var done = first
        while done < last {
            let count = min(min(last &- done, Self.chunk), reader.next &- head)
            mix(block.input, from: done, count)
            reader.add(mono, count)
            pass(block.input, block.output, from: done, count)
            head &+= count
            done &+= count
            if head == reader.next { hear(block, at: block.input.position &+ done) }
        }
    }

    /// The mean of the channels.
    @_noLocks @_noAllocation
    private func mix(_ input: InputPort, from first: Int, _ count: Int) {
        let mono = mono
        for channel in 0..<channels {
            let samples = input[channel]
            if channel == 0 {
                for k in 0..<count { mono[k] = finite(samples[first &+ k]) }
            } else {
                for k in 0..<count { mono[k] += finite(samples[first &+ k]) }
            }
        }
        if channels > 1 {
            let share = 1 / Float(channels)
            for k in 0..<count { mono[k] *= share }
        }
        // Sums of huge samples may have become infinite.
        for k in 0..<count { mono[k] = min(max(mono[k], -1e6), 1e6) }
    }

    /// Sends the piece on its way: delayed, and gated.
    @_noLocks @_noAllocation
    private func pass(_ input: InputPort, _ output: OutputPort, from first: Int, _ count: Int) {
        let (delay, mask, head) = (delay, mask, head)
        for channel in 0..<channels {
            let (x, y) = (input[channel], output[channel])
            if delay == 0 {
                for k in first..<first &+ count { y[k] = x[k] }
            } else {
                let line = line + channel &* (mask &+ 1)
                for k in 0..<count { line[(head &+ k) & mask] = x[first &+ k] }
                for k in 0..<count {
                    let frame = head &+ k &- delay
                    y[first &+ k] = frame < 0 ? 0 : line[frame & mask]
                }
            }
        }
        if !gates { return }
        var done = 0
        while done < count {
            let part = gate.stretch(from: head &+ done &- delay, count &- done)
            for channel in 0..<channels {
                guard let samples = output[channel].baseAddress else { continue }
                gate.apply(samples + (first &+ done), part)
            }
            gate.advance(by: part)
            done &+= part
        }
    }

    /// Hears the hop that is ready. `position` is the block's frame after the last that has come.
    @_noLocks @_noAllocation
    private func hear(_ block: RenderBlock, at position: Int) {
        let samples = reader.read()
        probability = detector.feed(samples)
        let hop = detector.timing.hop
        if findsTurns { evidence._withUnsafeGuaranteedRef { $0.feed(samples, hop) } }
        switch decision.take(probability, threshold: threshold) {
        case .none: break
        case .begins(let firstHop):
            let found = ((firstHop &+ 1) &* hop &- detector.timing.lag) &* rate / detector.timing.rate
            begin = max(found &- preRoll, lastEnd)
            if gates { gate.set(open: true, from: begin) }
            // Told with the last frame that has come, which lies in this block however it is cut.
            block.emit(
                0, at: position &- 1, rate: rate, earlier: head &- 1 &- begin, (Double(probability), 0, 0, 0))
        case .ends(let quiet):
            lastEnd = head
            if gates { gate.set(open: false, from: head) }
            block.emit(
                1, at: position &- 1, rate: rate, earlier: -1,
                (
                    Double(head &- begin) / Double(rate),
                    Double(quiet &* hop) / Double(detector.timing.rate), 0, 0
                ))
        }
        if findsTurns { followTurn() }
    }

    /// Speech becomes a turn by its sound or its length, and is one to its end.
    @_noLocks @_noAllocation
    private func followTurn() {
        guard decision.isSpeech else {
            isTurn = false
            spokenHops = 0
            return
        }
        if probability >= threshold - hysteresis { spokenHops &+= 1 }
        if spokenHops >= turnHops { isTurn = true }
        if evidence._withUnsafeGuaranteedRef({ $0.isTalk }) { isTurn = true }
    }
}
