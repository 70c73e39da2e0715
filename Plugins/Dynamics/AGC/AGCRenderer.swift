internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``AGCNode``. All decisions fall at hops of 100 ms, on a grid of frame numbers.
final class AGCRenderer: Renderer {
    /// How many frames are worked on at a time, at most.
    private let chunk = 256
    /// Hops of the momentary loudness.
    private let span = 4
    private let silence: Float = -200

    private let rate: Int
    private let channels: Int
    /// Hops that the speech level's mean spans.
    private let memory: Double
    /// Two channels each. Owned by the render thread, as all that follows.
    private nonisolated(unsafe) let filters: UnsafeMutablePointer<KWeighting>
    private nonisolated(unsafe) let scratch: UnsafeMutablePointer<SIMD2<Double>>
    private nonisolated(unsafe) let weights: UnsafeMutablePointer<Double>
    /// Each channel's squares since the hop began.
    private nonisolated(unsafe) let squares: UnsafeMutablePointer<Double>
    /// Mean power of the last hops.
    private nonisolated(unsafe) let hops: UnsafeMutablePointer<Double>
    private nonisolated(unsafe) var hop = 0
    /// Frames since the hop began.
    private nonisolated(unsafe) var hopFrames = 0
    private nonisolated(unsafe) var speech = SpeechLevel()
    /// In dB; where the glide goes.
    private nonisolated(unsafe) var gain = 0.0
    private nonisolated(unsafe) var glide = LinearGlide(at: 1)
    private nonisolated(unsafe) let live: LiveNumbers
    private nonisolated(unsafe) let target: LiveNumber
    private nonisolated(unsafe) let gate: LiveNumber
    private nonisolated(unsafe) let boost: LiveNumber
    private nonisolated(unsafe) let cut: LiveNumber
    private nonisolated(unsafe) let rise: LiveNumber
    private nonisolated(unsafe) let fall: LiveNumber

    init(_ settings: AGCSettings, _ format: StreamFormat) {
        rate = format.rate
        channels = format.channels
        memory = settings.window * 10
        let pairs = (format.channels + 1) / 2
        filters = .allocate(capacity: pairs)
        filters.initialize(repeating: KWeighting(rate: format.rate), count: pairs)
        scratch = .allocate(capacity: chunk)
        scratch.initialize(repeating: .zero, count: chunk)
        weights = .allocate(capacity: channels)
        for channel in 0..<format.channels {
            (weights + channel).initialize(to: SpeechLevel.weight(channel, of: format.channels))
        }
        squares = .allocate(capacity: channels)
        squares.initialize(repeating: 0, count: channels)
        hops = .allocate(capacity: span)
        hops.initialize(repeating: 0, count: span)
        var live = LiveNumbers(of: AGCNode.descriptor)
        target = live.add("target_lufs", at: settings.target)
        gate = live.add("gate_lufs", at: settings.gate)
        boost = live.add("max_boost_db", at: settings.boost)
        cut = live.add("max_cut_db", at: settings.cut)
        rise = live.add("rise_s", at: settings.rise)
        fall = live.add("fall_s", at: settings.fall)
        self.live = live
    }

    deinit {
        filters.deallocate()
        scratch.deallocate()
        weights.deallocate()
        squares.deallocate()
        hops.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, gains, levels) = (block.input, block.output(1), block.output(2))
        var done = 0
        for value in 0..<gains.frameCount {
            let edge = ControlGrid.edge(value, of: gains, in: input, rate: rate)
            process(block, from: done, to: edge)
            gains[0][value] = Float(linearToDecibels(Double(glide.value())))
            levels[0][value] = speech.power > 0 ? Float(speech.loudness()) : silence
            done = edge
        }
        process(block, from: done, to: input.frameCount)
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) { live.set(parameter, to: value) }

    @_noLocks @_noAllocation
    func reset() {
        for pair in 0..<(channels + 1) / 2 { filters[pair].reset() }
        for channel in 0..<channels { squares[channel] = 0 }
        for index in 0..<span { hops[index] = 0 }
        hop = 0
        hopFrames = 0
        speech = SpeechLevel()
        gain = 0
        glide = LinearGlide(at: 1)
        live.reset()
    }

    /// The first frame behind a hop that begins at `start`, on the grid of tenths of a second.
    @_noLocks @_noAllocation
    private func hopEnd(after start: Int) -> Int { ((start * 10 / rate + 1) * rate + 9) / 10 }

    @_noLocks @_noAllocation
    private func process(_ block: RenderBlock, from first: Int, to last: Int) {
        let (input, output) = (block.input, block.output)
        var done = first
        while done < last {
            let position = input.position + done
            let end = hopEnd(after: position)
            let count = min(min(last - done, chunk), end - position)
            for pair in 0..<(channels + 1) / 2 { measure(input, pair, from: done, count) }
            for channel in 0..<channels {
                let (source, result) = (input[channel], output[channel])
                let glide = glide
                if glide.isSteady {
                    let gain = glide.target
                    for k in done..<done + count { result[k] = finite(source[k]) * gain }
                } else {
                    for k in 0..<count { result[done + k] = finite(source[done + k]) * glide.value(at: k) }
                }
            }
            glide.advance(by: count)
            hopFrames += count
            if position + count == end {
                decide(next: hopEnd(after: end) - end)
                hopFrames = 0
            }
            done += count
        }
    }

    /// Adds the squares of two channels' K-weighted samples.
    @_noLocks @_noAllocation
    private func measure(_ input: InputPort, _ pair: Int, from first: Int, _ count: Int) {
        let left = pair * 2
        let right = min(left + 1, channels - 1)
        let (a, b, scratch) = (input[left], input[right], scratch)
        for k in 0..<count { scratch[k] = SIMD2(Double(finite(a[first + k])), Double(finite(b[first + k]))) }
        var sums = SIMD2(squares[left], squares[right])
        filters[pair].addSquares(scratch, count: count, to: &sums)
        squares[right] = sums.y
        squares[left] = sums.x
    }

    /// A hop is over: is it speech, and where does the gain go in the `next` frames?
    @_noLocks @_noAllocation
    private func decide(next: Int) {
        var power = 0.0
        for channel in 0..<channels {
            power += squares[channel] * weights[channel]
            squares[channel] = 0
        }
        hops[hop % span] = power / Double(hopFrames)
        hop += 1
        var momentary = 0.0
        for index in 0..<span { momentary += hops[index] }
        momentary /= Double(min(hop, span))
        let softest = exp2((gate.value() + 0.691) * 0.332_192_809_488_736_26)
        guard speech.hear(momentary, gate: softest, memory: memory) else { return }
        let wanted = min(max(target.value() - speech.loudness(), -cut.value()), boost.value())
        let seconds = wanted < gain ? fall.value() : rise.value()
        gain += (wanted - gain) * (1 - smoothingFactor(1000 * seconds, rate: 10))
        glide.aim(at: decibelsToLinear(gain), over: next)
    }
}
