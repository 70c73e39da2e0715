internal import Glibc

/// Figures of a stream, and of the difference between two, for tests with a tolerance.
public enum Measure {
    /// The root of the mean square, relative to 1. −∞ for silence and for no samples.
    ///
    /// - Units: dB; a full-scale sine has −3.01 dB.
    public static func rmsDecibels(_ samples: some Collection<Float>) -> Double {
        if samples.isEmpty { return -.infinity }
        let sum = samples.reduce(0.0) { $0 + Double($1) * Double($1) }
        return 10 * log10(sum / Double(samples.count))
    }

    /// The largest magnitude, relative to 1, in dB; NaN if there is one among the samples.
    public static func peakDecibels(_ samples: some Collection<Float>) -> Double {
        if samples.contains(where: \.isNaN) { return .nan }
        return 20 * log10(Double(samples.reduce(0) { max($0, abs($1)) }))
    }

    /// The RMS of what is left when `other` is taken from `samples`, relative to 1: a null test.
    ///
    /// - Units: dBFS; −∞ where both are equal. Streams of unequal length give +∞.
    public static func residueDecibels(_ samples: some Collection<Float>, _ other: some Collection<Float>) -> Double {
        if samples.count != other.count { return .infinity }
        if samples.isEmpty { return -.infinity }
        let sum = zip(samples, other).reduce(0.0) { sum, pair in
            let difference = Double(pair.0) - Double(pair.1)
            return sum + difference * difference
        }
        return 10 * log10(sum / Double(samples.count))
    }

    /// The largest difference between two streams of equal length; infinity where lengths differ or one is NaN alone.
    public static func largestDifference(_ samples: some Collection<Float>, _ other: some Collection<Float>) -> Float {
        if samples.count != other.count { return .infinity }
        return zip(samples, other).reduce(0) { largest, pair in
            if pair.0 == pair.1 || (pair.0.isNaN && pair.1.isNaN) { return largest }
            let difference = abs(pair.0 - pair.1)
            return difference.isNaN ? .infinity : max(largest, difference)
        }
    }

    /// Gain and phase of one frequency in a stream: its discrete Fourier transform there, 2/N times.
    ///
    /// - Returns: the amplitude of a sine of `frequency`, if the stream holds whole periods of it.
    public static func amplitude(_ samples: some Collection<Float>, at frequency: Double, rate: Int) -> Double {
        var (real, imaginary) = (0.0, 0.0)
        for (k, sample) in samples.enumerated() {
            let angle = 2 * .pi * frequency * Double(k) / Double(rate)
            real += Double(sample) * cos(angle)
            imaginary -= Double(sample) * sin(angle)
        }
        return 2 * (real * real + imaginary * imaginary).squareRoot() / Double(samples.count)
    }

    /// How much of a signal is the wanted one, whatever its gain: 10·log10(|a·s|² / |x − a·s|²) with the best a.
    ///
    /// - Units: dB; NaN where a stream is silent or lengths differ.
    /// - Source: J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey, "SDR – half-baked or well done?", ICASSP 2019.
    public static func scaleInvariantSDR(_ samples: some Collection<Float>, of wanted: some Collection<Float>) -> Double
    {
        if samples.count != wanted.count { return .nan }
        var (cross, power, total) = (0.0, 0.0, 0.0)
        for (x, s) in zip(samples, wanted) {
            cross += Double(x) * Double(s)
            power += Double(s) * Double(s)
            total += Double(x) * Double(x)
        }
        let kept = cross * cross / power
        return 10 * log10(kept / (total - kept))
    }
}
