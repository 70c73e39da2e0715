internal import SyrinxDSP

/// What tells speech from everything else in one frame, relative to what was heard before, so that neither level nor a steady
/// noise matters.
///
/// - Shape: ``count`` numbers, in the order of ``FusionWeights``.
/// - Units: levels and ratios in octaves of power (3.01 dB).
/// - Thread: made on control; used by render.
/// - Source: likelihood ratio in three bands: Sohn, Kim, Sung 1999 (see ``NoiseTracker``). Long-term spectral divergence: J.
///   Ramírez et al., "Efficient voice activity detection algorithms using long-term speech information", Speech
///   Communication 42 (2004). Periodicity: the peak of the autocorrelation, window divided out, as P. Boersma, "Accurate
///   short-term analysis of the fundamental frequency", Proc. IFA 17 (1993), here of the spectrum freed from noise.
///   Normalisation by running quantiles of the level: after V. Stahl, A. Fischer, R. Bippus, "Quantile based noise
///   estimation for spectral subtraction and Wiener filtering", ICASSP 2000.
final class SpeechFeatures: Sendable {
    static let count = 17
    /// Bands of even width on the mel scale, 94…7688 Hz; edges in bins of 31.25 Hz.
    static let edges = [3, 6, 10, 15, 20, 26, 33, 41, 50, 60, 72, 85, 100, 117, 137, 159, 184, 213, 246]
    static let bands = 18
    /// Frames that the long-term envelope looks back.
    private static let envelope = 6

    /// The features of the last frame.
    nonisolated(unsafe) let values = zeroed(count)
    private nonisolated(unsafe) let edge: UnsafeMutablePointer<Int>
    /// The tracker's planes.
    private nonisolated(unsafe) let power: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let noise: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let clean: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let posterior: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let prior: UnsafeMutablePointer<Float>
    /// Keeps them.
    private let tracker: NoiseTracker
    private nonisolated(unsafe) let fft = RealFFT(size: 512)
    /// The window's own autocorrelation, upside down.
    private nonisolated(unsafe) let correction = zeroed(200)
    private nonisolated(unsafe) let scratch = zeroed(264)
    private nonisolated(unsafe) let zeros = zeroed(264)
    private nonisolated(unsafe) let correlation = zeroed(512)
    /// Band powers and levels of this frame, the running median of each band, powers and levels of frames before.
    private nonisolated(unsafe) let powers = zeroed(bands)
    private nonisolated(unsafe) let levels = zeroed(bands)
    private nonisolated(unsafe) let medians = zeroed(bands)
    private nonisolated(unsafe) let powersBefore = zeroed(envelope * bands)
    private nonisolated(unsafe) let levelsBefore = zeroed(3 * bands)
    private nonisolated(unsafe) var smooth: Float = 0
    private nonisolated(unsafe) var floor: Float = 0
    private nonisolated(unsafe) var nextFloor: Float = 0
    private nonisolated(unsafe) var peak: Float = 0
    private nonisolated(unsafe) var low: Float = 0
    private nonisolated(unsafe) var high: Float = 0

    /// - Parameters:
    ///   - tracker: whose last frame ``update(age:)`` looks at; 257 bins of a transform of 512 samples at 16 kHz.
    ///   - window: the 512 weights of a frame.
    init(_ tracker: NoiseTracker, window: [Float]) {
        self.tracker = tracker
        (power, noise, clean) = (tracker.power, tracker.noise, tracker.clean)
        (posterior, prior) = (tracker.posterior, tracker.prior)
        edge = .allocate(capacity: Self.edges.count)
        for (index, bin) in Self.edges.enumerated() { (edge + index).initialize(to: bin) }
        var whole = 0.0
        for lag in 0..<200 {
            var sum = 0.0
            for n in 0..<window.count - lag { sum += Double(window[n]) * Double(window[n + lag]) }
            if lag == 0 { whole = sum }
            correction[lag] = Float(whole / sum)
        }
    }

    deinit {
        for plane in [
            values, correction, scratch, zeros, correlation, powers, levels, medians, powersBefore, levelsBefore,
        ] { UnsafeMutableRawPointer(plane).deallocate() }
        edge.deallocate()
    }

    /// Sets out from the tracker's first frame: from its noise, in fact.
    @_noLocks @_noAllocation
    private func begin() {
        var total: Float = 0
        for band in 0..<Self.bands {
            let power = sum(noise, edge[band], edge[band &+ 1])
            for frame in 0..<Self.envelope { powersBefore[frame &* Self.bands &+ band] = power }
            let level = octaves(power)
            for frame in 0..<3 { levelsBefore[frame &* Self.bands &+ band] = level }
            medians[band] = level
            if band > 0 { total += power }
        }
        let level = octaves(total)
        (smooth, floor, nextFloor, peak) = (level, level, level, level)
        low = level - 1
        high = level + 1
    }

    /// Reckons the features of the tracker's frame. `age` counts frames since the first, which begins anew.
    @_noLocks @_noAllocation
    func update(age: Int) {
        if age == 0 { begin() }
        let (bands, powers, levels, values) = (Self.bands, powers, levels, values)
        for band in 0..<bands {
            powers[band] = sum(power, edge[band], edge[band &+ 1])
            levels[band] = octaves(powers[band])
        }
        likelihoods()
        divergence()
        values[7] = periodicity()
        let level = octaves(sum(powers, 1, bands))
        follow(level, age: age)
        values[8] = peak - level
        values[9] = level - low
        values[10] = level - high
        values[11] = peak - floor
        deviations(age: age)
        var change: Float = 0
        for band in 0..<bands {
            let step = levels[band] - levelsBefore[2 &* bands &+ band]
            change += step < 0 ? -step : step
        }
        values[15] = change / Float(bands)
        for k in 0..<2 &* bands { levelsBefore[3 &* bands &- 1 &- k] = levelsBefore[2 &* bands &- 1 &- k] }
        for band in 0..<bands { levelsBefore[band] = levels[band] }
    }

    /// Features 0…5: likelihood ratio and SNR in three bands; 16: how peaked the clean spectrum is.
    @_noLocks @_noAllocation
    private func likelihoods() {
        var ratio: (Float, Float, Float) = (0, 0, 0)
        var above: (Float, Float, Float) = (0, 0, 0)
        var (mean, meanLevel): (Float, Float) = (0, 0)
        let (posterior, prior) = (posterior, prior)
        for band in 0..<Self.bands {
            let (first, end) = (edge[band], edge[band &+ 1])
            // Σ ln(1 + ξ) as the logarithm of products, each of few factors, so that none overflows.
            var (likelihood, logarithms, product): (Float, Float, Float) = (0, 0, 1)
            for k in first..<end {
                let expected = 1 + prior[k]
                likelihood += posterior[k] * prior[k] / expected
                product *= expected
                if product > 1e24 {
                    logarithms += octaves(product)
                    product = 1
                }
            }
            logarithms += octaves(product)
            likelihood = (likelihood - logarithms * 0.693_147_2) / Float(end &- first)
            let snr = max(levels[band] - octaves(sum(noise, first, end)), -2)
            let voice = sum(clean, first, end)
            mean += voice
            meanLevel += octaves(voice + 1e-9)
            if band < 5 {
                ratio.0 += likelihood
                above.0 += snr
            } else if band < 10 {
                ratio.1 += likelihood
                above.1 += snr
            } else {
                ratio.2 += likelihood
                above.2 += snr
            }
        }
        values[0] = compressed(ratio.0 / 5)
        values[1] = compressed(ratio.1 / 5)
        values[2] = compressed(ratio.2 / 8)
        values[3] = above.0 / 5
        values[4] = above.1 / 5
        values[5] = above.2 / 8
        values[16] = octaves(mean / Float(Self.bands) + 1e-9) - meanLevel / Float(Self.bands)
    }

    /// Feature 6.
    @_noLocks @_noAllocation
    private func divergence() {
        let (bands, before) = (Self.bands, powersBefore)
        for k in 0..<(Self.envelope &- 1) &* bands {
            before[Self.envelope &* bands &- 1 &- k] = before[(Self.envelope &- 1) &* bands &- 1 &- k]
        }
        var total: Float = 0
        for band in 0..<bands {
            before[band] = powers[band]
            var most = powers[band]
            for frame in 1..<Self.envelope { most = max(most, before[frame &* bands &+ band]) }
            total += most / sum(noise, edge[band], edge[band &+ 1])
        }
        values[6] = octaves(total / Float(bands))
    }

    /// The highest peak of the autocorrelation between 80 and 400 Hz; 1 for a pure period.
    @_noLocks @_noAllocation
    private func periodicity() -> Float {
        let (scratch, clean, correlation, correction) = (scratch, clean, correlation, correction)
        for k in 3..<128 { scratch[k] = clean[k] }
        fft.inverse(real: scratch, imaginary: zeros, into: correlation)
        var highest = correlation[40] * correction[40]
        for lag in 41..<200 { highest = max(highest, correlation[lag] * correction[lag]) }
        return highest / (correlation[0] + 1e-9)
    }

    /// Moves the running floor, peak and quantiles of the level.
    @_noLocks @_noAllocation
    private func follow(_ level: Float, age: Int) {
        smooth += 0.4 * (level - smooth)
        floor = min(floor, smooth)
        nextFloor = min(nextFloor, smooth)
        if age % 300 == 299 {
            floor = nextFloor
            nextFloor = smooth
        }
        peak = max(peak - 0.003, smooth)
        let step = quantileStep(age: age)
        low = moved(low, towards: level, quantile: 0.2, step)
        high = moved(high, towards: level, quantile: 0.85, step)
    }

    /// Features 12…14: how far the bands stand above their running medians.
    @_noLocks @_noAllocation
    private func deviations(age: Int) {
        let step = quantileStep(age: age)
        var (up, middle, upper): (Float, Float, Float) = (0, 0, 0)
        for band in 0..<Self.bands {
            medians[band] = moved(medians[band], towards: levels[band], quantile: 0.5, step)
            let deviation = levels[band] - medians[band]
            up += max(deviation, 0)
            if band >= 10 { upper += deviation } else if band >= 5 { middle += deviation }
        }
        values[12] = up / Float(Self.bands)
        values[13] = middle / 5
        values[14] = upper / 8
    }

    @_noLocks @_noAllocation
    private func moved(_ value: Float, towards level: Float, quantile: Float, _ step: Float) -> Float {
        let distance = level - value
        let pace = min(1 + (distance < 0 ? -distance : distance), 4)
        return value + step * pace * (distance > 0 ? quantile : quantile - 1)
    }

    @_noLocks @_noAllocation
    private func compressed(_ ratio: Float) -> Float { ratio < 0 ? -octaves(1 - ratio) : octaves(1 + ratio) }
}

/// How far a quantile moves a frame: quick at first, steady after three seconds.
@_noLocks @_noAllocation
private func quantileStep(age: Int) -> Float {
    let rest = max(0, 1 - Float(age) / 300)
    return 0.03 + 0.25 * rest * rest
}

/// log2, in floats.
@_noLocks @_noAllocation
func octaves(_ value: Float) -> Float { Float(log2(Double(value))) }
