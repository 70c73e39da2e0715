internal import SyrinxCore
internal import SyrinxDSP

/// Loudness and true peak by EBU R128: K-weighted squares, gathered in hops of 100 ms.
///
/// Six channels are L R C LFE Ls Rs, five L R C Ls Rs, four L R Ls Rs; further ones do not count.
///
/// - Thread: made on control; everything else belongs to the render thread.
struct LoudnessMeter: ~Copyable {
    private let channels: Int
    private let pairs: Int
    /// For each pair of channels: the filter, what each counts for, and the squares of the hop under way.
    private let filters: UnsafeMutablePointer<KWeighting>
    private let weights: UnsafeMutablePointer<SIMD2<Double>>
    private let sums: UnsafeMutablePointer<SIMD2<Double>>
    private var hopFrames = 0
    private var blocks = LoudnessBlocks()
    private var truePeak: TruePeakMeter
    private let measuresPeaks: Bool

    /// - Throws: `.invalidGraph` for more than 64 channels, or a rate that no filter can be made for.
    init(_ format: StreamFormat, truePeak: Bool, dualMono: Bool, at place: String) throws(PipelineError) {
        guard (1...64).contains(format.channels), (16...2_822_400).contains(format.rate) else {
            throw PipelineError(
                .invalidGraph, at: place,
                "found \(format.channels) channels at \(format.rate) Hz, expected 1…64 channels and 16 Hz…2.8 MHz")
        }
        channels = format.channels
        pairs = (channels + 1) / 2
        measuresPeaks = truePeak
        self.truePeak = TruePeakMeter(channels: truePeak ? channels : 0, rate: format.rate)
        filters = .allocate(capacity: pairs)
        filters.initialize(repeating: KWeighting(rate: format.rate), count: pairs)
        sums = .allocate(capacity: pairs)
        sums.initialize(repeating: SIMD2(), count: pairs)
        weights = .allocate(capacity: pairs)
        for pair in 0..<pairs {
            func weight(_ channel: Int) -> Double {
                channel < format.channels ? Self.weight(of: channel, among: format.channels, dualMono) : 0
            }
            (weights + pair).initialize(to: SIMD2(weight(2 * pair), weight(2 * pair + 1)))
        }
    }

    deinit {
        filters.deallocate()
        sums.deallocate()
        weights.deallocate()
    }

    /// ITU-R BS.1770-5, Annex 1, table 3.
    private static func weight(of channel: Int, among channels: Int, _ dualMono: Bool) -> Double {
        let surround = 1.41
        return switch channels {
        case 1: dualMono ? 2 : 1
        case 4: [1, 1, surround, surround][channel]
        case 5: [1, 1, 1, surround, surround][channel]
        default: channel < 6 ? [1, 1, 1, 0, surround, surround][channel] : 0
        }
    }

    /// Takes in frames of a pair of channels, each sample finite; every pair gets as many before ``advance(by:)``.
    ///
    /// - Parameters:
    ///   - frames: both channels; where there is only one, twice that.
    ///   - count: at most ``TruePeakMeter/chunk``.
    @_noLocks @_noAllocation
    mutating func add(
        _ pair: Int, _ frames: UnsafePointer<SIMD2<Double>>, _ left: UnsafePointer<Float>,
        _ right: UnsafePointer<Float>, count: Int
    ) {
        // By pointer: Swift 6.3 with the thread sanitizer does not compile elements by index here.
        (filters + pair).pointee.addSquares(frames, count: count, to: &(sums + pair).pointee)
        if measuresPeaks {
            truePeak.add(2 * pair, left, count: count)
            if 2 * pair + 1 < channels { truePeak.add(2 * pair + 1, right, count: count) }
        }
    }

    /// Goes on by the frames that every pair has got.
    @_noLocks @_noAllocation
    mutating func advance(by count: Int) {
        hopFrames += count
        if measuresPeaks { truePeak.advance(by: count) }
    }

    /// Ends a hop of 100 ms.
    @_noLocks @_noAllocation
    mutating func endHop() {
        var sum = 0.0
        for pair in 0..<pairs {
            let weighted = sums[pair] * weights[pair]
            sum += weighted.x + weighted.y
            sums[pair] = SIMD2()
        }
        blocks.add(sum: sum, frames: hopFrames)
        hopFrames = 0
    }

    /// Momentary and short-term loudness, and if `all` what has come together since the start.
    @_noLocks @_noAllocation
    mutating func read(_ figures: inout LoudnessFigures, all: Bool) {
        blocks.read(&figures, all: all)
        guard all, measuresPeaks else { return }
        truePeak.look()
        figures.truePeak = Double(truePeak.peak)
    }

    /// Forgets everything heard so far.
    @_noLocks @_noAllocation
    mutating func reset() {
        for pair in 0..<pairs {
            (filters + pair).pointee.reset()
            sums[pair] = SIMD2()
        }
        hopFrames = 0
        blocks.reset()
        truePeak.reset()
    }
}

/// What ``LoudnessMeter`` reads. LUFS and LU, −∞ for silence; a linear peak.
struct LoudnessFigures: BitwiseCopyable {
    var momentary = -Double.infinity
    var shortTerm = -Double.infinity
    var integrated = -Double.infinity
    var range = 0.0
    var truePeak = 0.0
}
