internal import SyrinxDSP

/// The highest point of a waveform, between its samples too: four times oversampled below 96 kHz, twice below 192 kHz.
///
/// What cannot rise above the highest point so far is not interpolated.
///
/// - Thread: the one that owns it.
/// - Source: ITU-R BS.1770-5, Annex 2; a sinc under a Hann window, 12 taps for each of four points.
struct TruePeakMeter: ~Copyable {
    /// Frames that wait at most.
    static var chunk: Int { 256 }
    private static var lanes: Int { 8 }

    /// The highest magnitude so far.
    private(set) var peak: Float = 0
    private let channels: Int
    private let taps: Int
    /// Points between two samples.
    private let phases: Int
    /// Phase by phase, the tap for the newest sample first.
    private let filters: UnsafeMutablePointer<Float>
    /// No point lies higher than this times the largest sample around.
    private let bound: Float
    /// For each channel the last `taps` samples, then those that came since they were looked at.
    private let samples: UnsafeMutablePointer<Float>
    private let stride: Int
    private var waiting = 0

    /// Thread: control.
    init(channels: Int, rate: Int) {
        let factor = rate < 96_000 ? 4 : rate < 192_000 ? 2 : 1
        self.channels = channels
        phases = factor - 1
        taps = 48 / factor
        stride = taps + Self.chunk + Self.lanes
        samples = .allocate(capacity: channels * stride)
        samples.initialize(repeating: 0, count: channels * stride)
        filters = .allocate(capacity: max(1, phases * taps))
        var largest = 1.0
        for phase in 0..<phases {
            var sum = 0.0
            for tap in 0..<taps {
                let place = phase + 1 + tap * factor
                let turns = Double(place - 24) / Double(2 * factor)
                let sinc = place == 24 ? 1 : sin(turns: turns) / (2 * Double.pi * turns)
                let value = sinc * 0.5 * (1 - cos(turns: Double(place) / 48))
                (filters + phase * taps + tap).initialize(to: Float(value))
                sum += abs(value)
            }
            largest = max(largest, sum)
        }
        bound = Float(largest * 1.000_1)
    }

    deinit {
        samples.deallocate()
        filters.deallocate()
    }

    /// Takes in samples of one channel, each finite; every channel gets as many before ``advance(by:)``.
    ///
    /// - Parameter count: at most ``chunk``.
    @_noLocks @_noAllocation
    mutating func add(_ channel: Int, _ new: UnsafePointer<Float>, count: Int) {
        if waiting + count > Self.chunk { look() }
        UnsafeMutableRawPointer(samples + channel * stride + taps + waiting).copyMemory(
            from: new, byteCount: 4 * count)
    }

    /// Goes on by the frames that every channel has got.
    @_noLocks @_noAllocation
    mutating func advance(by count: Int) { waiting += count }

    /// Brings ``peak`` up to date.
    @_noLocks @_noAllocation
    mutating func look() {
        let count = waiting
        waiting = 0
        for channel in 0..<channels {
            let first = samples + channel * stride
            let around = SyrinxDSP.peak(UnsafeBufferPointer(start: first, count: taps + count))
            if around > peak { peak = around }
            if around * bound > peak {
                for phase in 0..<phases { interpolate(first + taps, count, filters + phase * taps) }
            }
            UnsafeMutableRawPointer(first).copyMemory(from: first + count, byteCount: 4 * taps)
        }
    }

    @_noLocks @_noAllocation
    private mutating func interpolate(
        _ newest: UnsafeMutablePointer<Float>, _ count: Int, _ filter: UnsafeMutablePointer<Float>
    ) {
        var highest = SIMD8<Float>()
        var k = 0
        while k < count {
            let window = UnsafeRawPointer(newest + k)
            var sum = SIMD8<Float>()
            for tap in 0..<taps {
                sum += window.loadUnaligned(fromByteOffset: -4 * tap, as: SIMD8<Float>.self) * filter[tap]
            }
            let magnitude = sum.replacing(with: -sum, where: sum .< 0)
            // Lanes behind the last sample hold what was there before.
            let isNew = SIMD8<Int32>(0, 1, 2, 3, 4, 5, 6, 7) .< SIMD8(repeating: Int32(truncatingIfNeeded: count - k))
            highest.replace(with: magnitude, where: (magnitude .> highest) .& isNew)
            k += Self.lanes
        }
        peak = max(peak, highest.max())
    }

    /// Forgets what it heard.
    @_noLocks @_noAllocation
    mutating func reset() {
        samples.update(repeating: 0, count: channels * stride)
        waiting = 0
        peak = 0
    }
}
