internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``DeesserNode``.
final class DeesserRenderer: Renderer {
    /// How many frames are worked on at a time, at most.
    private let chunk = 256
    /// Mean square of the whole below which relative detection rests: −70 dBFS.
    private let quietest = 1e-7

    private let rate: Double
    private let channels: Int
    private let lanes: Int
    private let link: Double
    private let isRelative: Bool
    private let coefficients: BiquadCoefficients
    /// 1 less the factor of the running means, 10 ms.
    private let share: Double
    /// Two channels each. Owned by the render thread, as all that follows.
    private nonisolated(unsafe) let filters: UnsafeMutablePointer<BiquadPair>
    private nonisolated(unsafe) let scratch: UnsafeMutablePointer<SIMD2<Double>>
    /// Channel by channel, a chunk each: input and band.
    private nonisolated(unsafe) let whole: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let band: UnsafeMutablePointer<Float>
    /// Running means of the squares of each channel's input and band.
    private nonisolated(unsafe) let powers: UnsafeMutablePointer<SIMD2<Double>>
    /// Lane by lane, a chunk each: levels, then reductions in dB; and gains.
    private nonisolated(unsafe) let reductions: UnsafeMutablePointer<Double>
    private nonisolated(unsafe) let gains: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let ballistics: UnsafeMutablePointer<Ballistics>
    private nonisolated(unsafe) let live: LiveNumbers
    private nonisolated(unsafe) let curve: LiveCurve
    private nonisolated(unsafe) let attack: LiveNumber
    private nonisolated(unsafe) let release: LiveNumber
    private nonisolated(unsafe) var meter = Largest()

    init(_ settings: DeesserSettings, _ format: StreamFormat) {
        rate = Double(format.rate)
        channels = format.channels
        lanes = settings.link == 1 ? 1 : format.channels
        link = settings.link
        isRelative = settings.isRelative
        coefficients = settings.filter(rate: format.rate)
        share = 1 - smoothingFactor(10, rate: Double(format.rate))
        let pairs = (format.channels + 1) / 2
        filters = .allocate(capacity: pairs)
        filters.initialize(repeating: BiquadPair(), count: pairs)
        scratch = .allocate(capacity: chunk)
        scratch.initialize(repeating: .zero, count: chunk)
        whole = .allocate(capacity: chunk * channels)
        whole.initialize(repeating: 0, count: chunk * channels)
        band = .allocate(capacity: chunk * channels)
        band.initialize(repeating: 0, count: chunk * channels)
        powers = .allocate(capacity: channels)
        powers.initialize(repeating: .zero, count: channels)
        reductions = .allocate(capacity: chunk * lanes)
        reductions.initialize(repeating: 0, count: chunk * lanes)
        gains = .allocate(capacity: chunk * lanes)
        gains.initialize(repeating: 1, count: chunk * lanes)
        ballistics = .allocate(capacity: lanes)
        ballistics.initialize(repeating: Ballistics(), count: lanes)
        let glide = format.rate / 50
        var live = LiveNumbers(of: DeesserNode.descriptor)
        curve = LiveCurve(
            &live, threshold: "threshold_db", at: settings.threshold, ratio: settings.ratio, knee: settings.knee,
            range: settings.range, over: glide)
        attack = live.add("attack_ms", at: settings.attack)
        release = live.add("release_ms", at: settings.release)
        self.live = live
    }

    deinit {
        filters.deallocate()
        scratch.deallocate()
        whole.deallocate()
        band.deallocate()
        powers.deallocate()
        reductions.deallocate()
        gains.deallocate()
        ballistics.deallocate()
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, told) = (block.input, block.output(2))
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
        for pair in 0..<(channels + 1) / 2 { filters[pair] = BiquadPair() }
        for channel in 0..<channels { powers[channel] = SIMD2(0, 0) }
        for lane in 0..<lanes { ballistics[lane] = Ballistics() }
        live.reset()
        meter = Largest()
    }

    @_noLocks @_noAllocation
    private func process(_ block: RenderBlock, from first: Int, to last: Int) {
        var done = first
        while done < last {
            let count = min(last - done, chunk)
            for pair in 0..<(channels + 1) / 2 { split(block.input, pair, from: done, count) }
            for lane in 0..<lanes { for k in 0..<count { reductions[lane * chunk + k] = 0 } }
            for channel in 0..<channels { measure(channel, count) }
            for lane in 0..<lanes { want(lane, count) }
            linkLanes(reductions, lanes: lanes, room: chunk, count: count, share: link)
            for lane in 0..<lanes { move(lane, count) }
            for channel in 0..<channels { write(block, channel, from: done, count) }
            live.advance(by: count)
            done += count
        }
    }

    /// Keeps two channels' input, and filters their band.
    @_noLocks @_noAllocation
    private func split(_ input: InputPort, _ pair: Int, from first: Int, _ count: Int) {
        let left = pair * 2
        let right = min(left + 1, channels - 1)
        let (a, b) = (input[left], input[right])
        let (scratch, one, other) = (scratch, whole + left * chunk, whole + right * chunk)
        for k in 0..<count {
            one[k] = finite(a[first + k])
            other[k] = finite(b[first + k])
            scratch[k] = SIMD2(Double(one[k]), Double(other[k]))
        }
        filters[pair].process(scratch, count: count, coefficients)
        let (low, high) = (band + left * chunk, band + right * chunk)
        for k in 0..<count {
            high[k] = Float(scratch[k].y)
            low[k] = Float(scratch[k].x)
        }
    }

    /// Adds a channel's level to its lane's: the band's magnitude, or its share of the power.
    @_noLocks @_noAllocation
    private func measure(_ channel: Int, _ count: Int) {
        let row = reductions + (lanes == 1 ? 0 : channel * chunk)
        let (whole, band) = (whole + channel * chunk, band + channel * chunk)
        if !isRelative {
            for k in 0..<count {
                let magnitude = Double(band[k] < 0 ? -band[k] : band[k])
                row[k] = magnitude > row[k] ? magnitude : row[k]
            }
            return
        }
        var power = powers[channel]
        let (share, quietest) = (share, quietest)
        for k in 0..<count {
            let sample = SIMD2(Double(whole[k]), Double(band[k]))
            power += (sample * sample - power) * share
            let part = power.x > quietest ? power.y / power.x : 0
            row[k] = part > row[k] ? part : row[k]
        }
        powers[channel] = power
    }

    /// From levels to what the curve asks.
    @_noLocks @_noAllocation
    private func want(_ lane: Int, _ count: Int) {
        let row = reductions + lane * chunk
        let scale = isRelative ? 3.010_299_956_639_812 : 6.020_599_913_279_624
        let isSteady = curve.isSteady()
        var curve = curve.compression()
        // What lies below the bend needs no logarithm.
        let quiet = isSteady ? exp2((curve.threshold - curve.knee * 0.5) / scale) : 0
        for k in 0..<count {
            if row[k] <= quiet {
                row[k] = 0
                continue
            }
            if !isSteady { curve = self.curve.compression(at: k) }
            row[k] = curve.reduction(above: log2(row[k]) * scale)
        }
    }

    /// From what is wanted to what is done, and to gains.
    @_noLocks @_noAllocation
    private func move(_ lane: Int, _ count: Int) {
        let (row, gains) = (reductions + lane * chunk, gains + lane * chunk)
        let attack = smoothingFactor(attack.value(), rate: rate)
        let release = smoothingFactor(release.value(), rate: rate)
        var own = ballistics[lane]
        for k in 0..<count {
            let reduction = own.next(row[k], attack: attack, release: release)
            gains[k] = gain(reduction: reduction)
            meter.add(reduction)
        }
        ballistics[lane] = own
    }

    @_noLocks @_noAllocation
    private func write(_ block: RenderBlock, _ channel: Int, from first: Int, _ count: Int) {
        let (output, listen) = (block.output[channel], block.output(1)[channel])
        let (whole, band) = (whole + channel * chunk, band + channel * chunk)
        let gains = gains + (lanes == 1 ? 0 : channel * chunk)
        for k in 0..<count {
            let taken = (1 - gains[k]) * band[k]
            listen[first + k] = taken
            output[first + k] = whole[k] - taken
        }
    }
}
