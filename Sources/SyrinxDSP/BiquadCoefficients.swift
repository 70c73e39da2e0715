/// Coefficients of a second-order section, normalised so that a0 = 1.
///
/// - Shape: five scalars for one channel; y[n] = b0·x[n] + b1·x[n−1] + b2·x[n−2] − a1·y[n−1] − a2·y[n−2].
@frozen
public struct BiquadCoefficients: BitwiseCopyable, Sendable, Equatable {
    public var b0: Double
    public var b1: Double
    public var b2: Double
    public var a1: Double
    public var a2: Double

    @inlinable
    public init(b0: Double = 1, b1: Double = 0, b2: Double = 0, a1: Double = 0, a2: Double = 0) {
        self.b0 = b0
        self.b1 = b1
        self.b2 = b2
        self.a1 = a1
        self.a2 = a2
    }

    /// What to add `count` times to come from here to `other`. Every section on the way between two stable ones is stable.
    @inlinable
    public func step(to other: Self, over count: Double) -> Self {
        Self(
            b0: (other.b0 - b0) / count, b1: (other.b1 - b1) / count, b2: (other.b2 - b2) / count,
            a1: (other.a1 - a1) / count, a2: (other.a2 - a2) / count)
    }

    @inlinable
    public static func += (one: inout Self, other: Self) {
        one.b0 += other.b0
        one.b1 += other.b1
        one.b2 += other.b2
        one.a1 += other.a1
        one.a2 += other.a2
    }
}

/// The responses of the Audio EQ Cookbook.
public enum BiquadShape: String, Sendable, CaseIterable {
    case lowpass, highpass, bandpass, bandpassSkirt, notch, allpass, peak, lowShelf, highShelf
}

extension BiquadCoefficients {
    /// A section of the cookbook. No libm: may be computed on the render thread while a parameter glides.
    ///
    /// - Parameters:
    ///   - turns: the frequency as a part of the rate, 0…0.5; held within 1e-7…0.4999.
    ///   - inverseQ: 1/Q.
    ///   - decibels: of peak and shelves.
    /// - Returns: coefficients within 1e-12 of the closed form, relative to the largest.
    /// - Thread: any.
    /// - Source: R. Bristow-Johnson, "Audio EQ Cookbook". 1 − cos is taken as 2·sin², which keeps its digits where the
    ///   frequency is low.
    @inlinable
    public init(_ shape: BiquadShape, turns frequency: Double, inverseQ: Double, decibels: Double = 0) {
        let turns = min(max(frequency, 1e-7), 0.4999)
        let half = sin(turns: turns * 0.5)
        let oneMinusCosine = 2 * half * half
        let cosine = cos(turns: turns)
        let alpha = sin(turns: turns) * 0.5 * inverseQ
        switch shape {
        case .lowpass:
            let b = oneMinusCosine * 0.5
            self.init(b: (b, oneMinusCosine, b), a: (1 + alpha, -2 * cosine, 1 - alpha))
        case .highpass:
            let b = (1 + cosine) * 0.5
            self.init(b: (b, -2 * b, b), a: (1 + alpha, -2 * cosine, 1 - alpha))
        case .bandpass:
            self.init(b: (alpha, 0, -alpha), a: (1 + alpha, -2 * cosine, 1 - alpha))
        case .bandpassSkirt:
            let b = sin(turns: turns) * 0.5
            self.init(b: (b, 0, -b), a: (1 + alpha, -2 * cosine, 1 - alpha))
        case .notch:
            self.init(b: (1, -2 * cosine, 1), a: (1 + alpha, -2 * cosine, 1 - alpha))
        case .allpass:
            self.init(b: (1 - alpha, -2 * cosine, 1 + alpha), a: (1 + alpha, -2 * cosine, 1 - alpha))
        case .peak:
            let gain = exp2(decibels * Self.octavesPerDecibelOf40)
            self.init(
                b: (1 + alpha * gain, -2 * cosine, 1 - alpha * gain),
                a: (1 + alpha / gain, -2 * cosine, 1 - alpha / gain))
        case .lowShelf, .highShelf:
            let gain = exp2(decibels * Self.octavesPerDecibelOf40)
            let slope = 2 * exp2(decibels * Self.octavesPerDecibelOf40 * 0.5) * alpha
            // The high shelf is the low one with the sign of the cosine, and of b1 and a1, turned round.
            let sign: Double = shape == .lowShelf ? 1 : -1
            let c = sign * cosine
            let (plus, minus) = (gain + 1, gain - 1)
            self.init(
                b: (
                    gain * (plus - minus * c + slope), sign * 2 * gain * (minus - plus * c),
                    gain * (plus - minus * c - slope)
                ),
                a: (plus + minus * c + slope, -sign * 2 * (minus + plus * c), plus + minus * c - slope))
        }
    }

    /// A first-order low-pass or high-pass, bilinear transform: −3 dB at the frequency.
    @inlinable
    public init(firstOrderHighpass isHighpass: Bool, turns frequency: Double) {
        let turns = min(max(frequency, 1e-7), 0.4999)
        let k = tan(turns: turns * 0.5)
        let scale = 1 / (1 + k)
        if isHighpass {
            self.init(b0: scale, b1: -scale, a1: (k - 1) * scale)
        } else {
            self.init(b0: k * scale, b1: k * scale, a1: (k - 1) * scale)
        }
    }

    @inlinable
    init(b: (Double, Double, Double), a: (Double, Double, Double)) {
        let scale = 1 / a.0
        self.init(b0: b.0 * scale, b1: b.1 * scale, b2: b.2 * scale, a1: a.1 * scale, a2: a.2 * scale)
    }

    /// log2(10)/40: the cookbook's A is 10^(dB/40).
    @inlinable
    static var octavesPerDecibelOf40: Double { 0.083_048_202_372_184_06 }

    /// 1/Q of a bandwidth between −3 dB points (half gain for a peak), in octaves, at the frequency. Thread: any.
    @inlinable
    public static func inverseQ(octaves: Double, turns frequency: Double) -> Double {
        // 2·sinh(ln2/2 · octaves · w0/sin w0)
        let turns = min(max(frequency, 1e-7), 0.4999)
        let power = octaves * 0.5 * 6.283_185_307_179_586 * turns / sin(turns: turns)
        return exp2(power) - exp2(-power)
    }

    /// 1/Q of a shelf whose slope is `slope` times the steepest without overshoot. Thread: any.
    @inlinable
    public static func inverseQ(slope: Double, decibels: Double) -> Double {
        let gain = exp2(decibels * octavesPerDecibelOf40)
        let square = (gain + 1 / gain) * (1 / slope - 1) + 2
        return square > 0 ? exp2(0.5 * log2(square)) : 0
    }
}
