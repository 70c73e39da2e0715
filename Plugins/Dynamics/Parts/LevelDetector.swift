internal import SyrinxCore
internal import SyrinxDSP

/// How loud a stream is, frame by frame: magnitudes, or a running mean of the squares. What gain computers look at.
///
/// - Shape: a row of levels for every lane. One lane follows the loudest channel; or each channel has its own.
/// - Source: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design: A Tutorial and Analysis",
///   J. Audio Eng. Soc. 60 (6), 2012, section 2.3: peak and RMS detection.
struct LevelDetector: ~Copyable {
    /// How a level is made of samples.
    enum Kind { case peak, rms }

    /// Levels are magnitudes; else mean squares.
    let isPeak: Bool
    let lanes: Int
    /// Row after row, `room` values each: magnitudes (peak) or mean squares (RMS).
    let levels: UnsafeMutablePointer<Float>
    let room: Int
    private let channels: Int
    /// 1 less the factor of the running mean.
    private let share: Double
    private let sections: Int
    private let coefficients: UnsafeMutablePointer<BiquadCoefficients>
    /// Pair by pair, section by section.
    private let filters: UnsafeMutablePointer<BiquadPair>
    private let squares: UnsafeMutablePointer<Double>
    private let scratch: UnsafeMutablePointer<SIMD2<Double>>

    /// - Parameters:
    ///   - lanes: 1, or as many as channels.
    ///   - filter: sections that the stream goes through before it is measured.
    ///   - room: the most frames of one call.
    init(
        _ kind: Kind, channels: Int, lanes: Int, rate: Int, rmsMilliseconds: Double = 10,
        filter: [BiquadCoefficients] = [], room: Int
    ) {
        isPeak = kind == .peak
        self.channels = channels
        self.lanes = lanes
        self.room = room
        share = 1 - smoothingFactor(rmsMilliseconds, rate: Double(rate))
        sections = filter.count
        coefficients = .allocate(capacity: max(1, sections))
        for (index, section) in filter.enumerated() { (coefficients + index).initialize(to: section) }
        let pairs = (channels + 1) / 2
        filters = .allocate(capacity: max(1, pairs * sections))
        filters.initialize(repeating: BiquadPair(), count: max(1, pairs * sections))
        squares = .allocate(capacity: channels)
        squares.initialize(repeating: 0, count: channels)
        scratch = .allocate(capacity: room)
        scratch.initialize(repeating: .zero, count: room)
        levels = .allocate(capacity: room * lanes)
        levels.initialize(repeating: 0, count: room * lanes)
    }

    deinit {
        coefficients.deallocate()
        filters.deallocate()
        squares.deallocate()
        scratch.deallocate()
        levels.deallocate()
    }

    /// A level in dB relative to full scale: 20·log10 of a magnitude, 10·log10 of a mean square.
    @_noLocks @_noAllocation
    func decibels(_ level: Float) -> Double {
        log2(Double(level)) * (isPeak ? 6.020_599_913_279_624 : 3.010_299_956_639_812)
    }

    /// The level that stands at so many dB.
    @_noLocks @_noAllocation
    func level(decibels: Double) -> Float {
        Float(exp2(decibels * (isPeak ? 0.166_096_404_744_368_13 : 0.332_192_809_488_736_26)))
    }

    /// Measures `count` frames of `port` from frame `first` of its block on.
    @_noLocks @_noAllocation
    func read(_ port: InputPort, from first: Int, _ count: Int) {
        if lanes == 1 { for k in 0..<count { levels[k] = 0 } }
        if sections == 0, isPeak {
            for channel in 0..<channels { readPeak(port[channel], channel, from: first, count) }
            return
        }
        let scratch = scratch
        for pair in 0..<(channels + 1) / 2 {
            let left = pair * 2
            let right = min(left + 1, channels - 1)
            let (a, b) = (port[left], port[right])
            for k in 0..<count {
                scratch[k] = SIMD2(Double(finite(a[first + k])), Double(finite(b[first + k])))
            }
            for section in 0..<sections {
                filters[pair * sections + section].process(scratch, count: count, coefficients[section])
            }
            measure(left, count, isRight: false)
            if right != left { measure(right, count, isRight: true) }
        }
    }

    @_noLocks @_noAllocation
    func reset() {
        for index in 0..<(channels + 1) / 2 * sections { filters[index] = BiquadPair() }
        for channel in 0..<channels { squares[channel] = 0 }
    }

    @_noLocks @_noAllocation
    private func readPeak(_ samples: UnsafeBufferPointer<Float>, _ channel: Int, from first: Int, _ count: Int) {
        let row = lanes == 1 ? levels : levels + channel * room
        let isLinked = lanes == 1
        for k in 0..<count {
            let sample = finite(samples[first + k])
            let magnitude = sample < 0 ? -sample : sample
            row[k] = isLinked && row[k] > magnitude ? row[k] : magnitude
        }
    }

    /// Takes one half of the filtered pair.
    @_noLocks @_noAllocation
    private func measure(_ channel: Int, _ count: Int, isRight: Bool) {
        let row = lanes == 1 ? levels : levels + channel * room
        let (isLinked, isPeak, scratch, share) = (lanes == 1, isPeak, scratch, share)
        var square = squares[channel]
        for k in 0..<count {
            let sample = isRight ? scratch[k].y : scratch[k].x
            var level: Float
            if isPeak {
                level = Float(sample < 0 ? -sample : sample)
            } else {
                square += (sample * sample - square) * share
                level = Float(square)
            }
            if isLinked, row[k] > level { level = row[k] }
            row[k] = level
        }
        squares[channel] = square
    }
}

/// Draws each lane's values towards the largest of all, so that channels move together.
///
/// - Parameters:
///   - rows: `lanes` rows, each `room` long.
///   - share: 0: each for itself; 1: all have the largest.
/// - Thread: render.
@_noLocks @_noAllocation
func linkLanes(_ rows: UnsafeMutablePointer<Double>, lanes: Int, room: Int, count: Int, share: Double) {
    if lanes == 1 || share == 0 { return }
    for k in 0..<count {
        var largest = rows[k]
        for lane in 1..<lanes { largest = max(largest, rows[lane * room + k]) }
        for lane in 0..<lanes {
            let own = rows[lane * room + k]
            rows[lane * room + k] = own + (largest - own) * share
        }
    }
}

/// Draws each lane's values towards the smallest of all; else as ``linkLanes(_:lanes:room:count:share:)``.
@_noLocks @_noAllocation
func linkLanesDown(_ rows: UnsafeMutablePointer<Double>, lanes: Int, room: Int, count: Int, share: Double) {
    if lanes == 1 || share == 0 { return }
    for k in 0..<count {
        var smallest = rows[k]
        for lane in 1..<lanes { smallest = min(smallest, rows[lane * room + k]) }
        for lane in 0..<lanes {
            let own = rows[lane * room + k]
            rows[lane * room + k] = own + (smallest - own) * share
        }
    }
}
