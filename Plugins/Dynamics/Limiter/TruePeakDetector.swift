internal import SyrinxDSP

/// The highest point of the waveform between one frame and the next, for one channel: samples and what lies between them.
///
/// Three points between samples by a windowed sinc (4 times oversampled, 128 taps a point), and through each local extreme
/// of these a parabola. A full-scale tone below 0.48 of the rate is read to −0.1 dB, wherever its samples lie.
///
/// - Latency: ``delay`` frames.
/// - Source: ITU-R BS.1770-5, Annex 2, with a longer filter than the 12 taps given there; the parabola
///   through three points: J. O. Smith, "Spectral Audio Signal Processing", quadratic interpolation of peaks. The window:
///   J. F. Kaiser, IEEE ISCAS 1974.
struct TruePeakDetector: ~Copyable {
    static var taps: Int { 128 }
    /// Kaiser's β: ripple of 0.02 dB, flat to 0.487 of the rate.
    static var beta: Double { 5.0 }
    /// How much later a frame's peak is known than the frame.
    static var delay: Int { 64 }
    /// Frames of one call, at most.
    static var chunk: Int { 64 }
    private static var lanes: Int { 8 }

    /// Peaks of the last call: entry k for the frame ``delay`` before frame k.
    let peaks: UnsafeMutablePointer<Float>
    /// No point between samples lies higher than this times the largest sample around.
    private let bound: Float
    /// The samples of the last `taps` frames, then those of the chunk.
    private let samples: UnsafeMutablePointer<Float>
    /// Filters folded at their middle, `taps`/2 each: the half-way point, and sum and difference of the two beside it.
    private let half: UnsafeMutablePointer<Float>
    private let even: UnsafeMutablePointer<Float>
    private let odd: UnsafeMutablePointer<Float>
    /// Points at 1/4, 1/2 and 3/4 behind a frame; entry 0 belongs to the frame before the first.
    private let points: UnsafeMutablePointer<Float>
    private static var row: Int { chunk + 2 * lanes }

    init() {
        let taps = Self.taps
        var first = [Double](repeating: 0, count: taps)
        var second = first
        for (filter, place) in [(0, 0.25), (1, 0.5)] {
            for tap in 0..<taps {
                let distance = Double(tap - (taps / 2 - 1)) - place
                let value = Self.kernel(distance)
                if filter == 0 { first[tap] = value } else { second[tap] = value }
            }
        }
        let (sumOfFirst, sumOfSecond) = (first.reduce(0, +), second.reduce(0, +))
        first = first.map { $0 / sumOfFirst }
        second = second.map { $0 / sumOfSecond }
        half = .allocate(capacity: taps / 2)
        even = .allocate(capacity: taps / 2)
        odd = .allocate(capacity: taps / 2)
        for tap in 0..<taps / 2 {
            let mirror = first[taps - 1 - tap]
            (half + tap).initialize(to: Float(second[tap]))
            (even + tap).initialize(to: Float((first[tap] + mirror) / 2))
            (odd + tap).initialize(to: Float((first[tap] - mirror) / 2))
        }
        let largest = max(first.reduce(0) { $0 + abs($1) }, second.reduce(0) { $0 + abs($1) })
        // The parabola adds an eighth of a bend of at most four times the largest point.
        bound = Float(largest * 1.5)
        samples = .allocate(capacity: taps + Self.row)
        samples.initialize(repeating: 0, count: taps + Self.row)
        points = .allocate(capacity: 3 * Self.row)
        points.initialize(repeating: 0, count: 3 * Self.row)
        peaks = .allocate(capacity: Self.row)
        peaks.initialize(repeating: 0, count: Self.row)
    }

    deinit {
        half.deallocate()
        even.deallocate()
        odd.deallocate()
        samples.deallocate()
        points.deallocate()
        peaks.deallocate()
    }

    /// Where the next `count` samples are to be written, before ``measure(_:above:)``.
    @_noLocks @_noAllocation
    func room() -> UnsafeMutablePointer<Float> { samples + Self.taps }

    /// Finds the peaks. Those that are not higher than `threshold` may be told as 0.
    ///
    /// - Parameter count: up to ``chunk``.
    @_noLocks @_noAllocation
    func measure(_ count: Int, above threshold: Float) {
        let (samples, peaks) = (samples, peaks)
        var largest: Float = 0
        for k in 0..<Self.taps + count {
            let magnitude = samples[k] < 0 ? -samples[k] : samples[k]
            largest = magnitude > largest ? magnitude : largest
        }
        if largest * bound <= threshold {
            for k in 0..<count { peaks[k] = 0 }
        } else {
            interpolate(count)
            findPeaks(count)
        }
        for k in 0..<Self.taps { samples[k] = samples[count + k] }
    }

    @_noLocks @_noAllocation
    func reset() { for k in 0..<Self.taps + Self.row { samples[k] = 0 } }

    /// The points behind the frames −1…count−1, eight frames at a time.
    @_noLocks @_noAllocation
    private func interpolate(_ count: Int) {
        let (half, even, odd, row) = (half, even, odd, Self.row)
        let (first, second, third) = (points, points + row, points + 2 * row)
        let last = Self.taps - 1
        var k = 0
        while k < count + 1 {
            // The window of frame k − 1 begins `taps`/2 before it; it is `taps`/2 late itself.
            let window = UnsafeRawPointer(samples + k)
            var (middle, sum, difference) = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
            for tap in 0..<Self.taps / 2 {
                let a = window.loadUnaligned(fromByteOffset: tap &* 4, as: SIMD8<Float>.self)
                let b = window.loadUnaligned(fromByteOffset: (last &- tap) &* 4, as: SIMD8<Float>.self)
                let both = a + b
                middle += both * half[tap]
                sum += both * even[tap]
                difference += (a - b) * odd[tap]
            }
            UnsafeMutableRawPointer(first + k).storeBytes(of: sum + difference, as: SIMD8<Float>.self)
            UnsafeMutableRawPointer(second + k).storeBytes(of: middle, as: SIMD8<Float>.self)
            UnsafeMutableRawPointer(third + k).storeBytes(of: sum - difference, as: SIMD8<Float>.self)
            k += Self.lanes
        }
    }

    /// The highest of each frame's four points, each with a parabola through its neighbours.
    @_noLocks @_noAllocation
    private func findPeaks(_ count: Int) {
        let (row, centre) = (Self.row, Self.taps / 2)
        var k = 0
        while k < count {
            func load(_ pointer: UnsafeMutablePointer<Float>, _ index: Int) -> SIMD8<Float> {
                UnsafeRawPointer(pointer + index).loadUnaligned(as: SIMD8<Float>.self)
            }
            let before = load(points + 2 * row, k)
            let sample = load(samples, centre + k)
            let first = load(points, k + 1)
            let second = load(points + row, k + 1)
            let third = load(points + 2 * row, k + 1)
            let after = load(samples, centre + k + 1)
            var peak = Self.extreme(before, sample, first)
            peak = Self.larger(peak, Self.extreme(sample, first, second))
            peak = Self.larger(peak, Self.extreme(first, second, third))
            peak = Self.larger(peak, Self.extreme(second, third, after))
            UnsafeMutableRawPointer(peaks + k).storeBytes(of: peak, as: SIMD8<Float>.self)
            k += Self.lanes
        }
    }

    /// The magnitude of a point, or of the parabola's top if the point is higher or lower than both neighbours.
    @_noLocks @_noAllocation
    private static func extreme(_ left: SIMD8<Float>, _ point: SIMD8<Float>, _ right: SIMD8<Float>) -> SIMD8<Float> {
        let (down, up) = (point - left, point - right)
        let bend = down + up
        let slope = down - up
        let size = bend.replacing(with: -bend, where: bend .< 0)
        // At an extreme the top lies within half a step, and the bend is not smaller than the slope.
        let tilt = slope.replacing(with: -slope, where: slope .< 0)
        let safe = bend.replacing(with: 1, where: size .<= 1e-20)
        let top = point + (slope * slope / (8 * safe)).replacing(with: 0, where: tilt .> size)
        let magnitude = top.replacing(with: -top, where: top .< 0)
        let own = point.replacing(with: -point, where: point .< 0)
        return larger(own, magnitude)
    }

    @_noLocks @_noAllocation
    private static func larger(_ one: SIMD8<Float>, _ other: SIMD8<Float>) -> SIMD8<Float> {
        one.replacing(with: other, where: other .> one)
    }

    /// A sinc under a Kaiser window.
    private static func kernel(_ distance: Double) -> Double {
        let edge = distance / Double(taps / 2)
        if abs(edge) >= 1 { return 0 }
        let window = bessel(beta * (1 - edge * edge).squareRoot()) / bessel(beta)
        return window * (distance == 0 ? 1 : sin(turns: distance / 2) / (Double.pi * distance))
    }

    /// The modified Bessel function of the first kind and order 0, by its power series.
    private static func bessel(_ x: Double) -> Double {
        var (term, sum, k) = (1.0, 1.0, 1.0)
        while term > sum * 1e-17 {
            term *= (x / (2 * k)) * (x / (2 * k))
            sum += term
            k += 1
        }
        return sum
    }
}
