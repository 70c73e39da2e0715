internal import SyrinxDSP

/// The gain that leaves of a bin what the voice made: the optimally modified log-spectral amplitude.
///
/// G = G₁^p · Gmin^(1−p): G₁ estimates the logarithm of the voice's amplitude if there is one, p is how likely that is.
///
/// - Thread: made on control (tables); used by render.
/// - Source: Y. Ephraim, D. Malah, "Speech enhancement using a minimum mean-square error log-spectral amplitude
///   estimator", IEEE Trans. ASSP 33 (1985); I. Cohen, B. Berdugo, "Speech enhancement for non-stationary noise
///   environments", Signal Processing 81 (2001), the gain. E₁: M. Abramowitz, I. Stegun, 5.1.11 and 5.1.22.
struct SpectralGain: ~Copyable {
    /// Octaves of v that the table holds, from 2^−20 on, in steps of a sixteenth octave of its mantissa.
    private static let octaveCount = 26
    private let table: UnsafeMutablePointer<Float>

    init() {
        let steps = Self.octaveCount * 16
        table = zeroed(steps + 1)
        for step in 0...steps {
            let v = exp2(Double(step / 16 - 20)) * (1 + Double(step % 16) / 16)
            table[step] = Float(exp2(0.5 * Self.exponentialIntegral(v) * 1.442_695_040_888_963_4))
        }
    }

    deinit { UnsafeMutableRawPointer(table).deallocate() }

    /// exp(½·E₁(v)), v ≥ 0.
    ///
    /// - Returns: relative error below 0.1 % for v ≥ 2^−20.
    @_noLocks @_noAllocation
    func logarithmicFactor(_ v: Float) -> Float {
        let bits = Int(max(v, 9.6e-7).bitPattern)
        // The exponent counts whole octaves, the upper bits of the mantissa their parts.
        let place = bits >> 19 &- (127 &- 20) &* 16
        if place < 0 { return table[0] }
        if place >= Self.octaveCount &* 16 { return 1 }
        let part = Float(bits & 0x7FFFF) * (1 / 524_288)
        return table[place] + (table[place &+ 1] - table[place]) * part
    }

    /// Writes the gain of each bin, and the voice's power, from which the next frame's a priori SNR follows.
    ///
    /// - Parameter least: the lowest gain, linear.
    @_noLocks @_noAllocation
    func compute(
        bins: Int, posterior: UnsafePointer<Float>, prior: UnsafePointer<Float>, presence: UnsafePointer<Float>,
        power: UnsafePointer<Float>, clean: UnsafeMutablePointer<Float>, least: Float,
        into gains: UnsafeMutablePointer<Float>
    ) {
        let floor = log2(Double(least))
        for k in 0..<bins {
            let expected = prior[k]
            let wiener = expected / (1 + expected)
            let v = posterior[k] * wiener
            let voiced = min(wiener * logarithmicFactor(v), 1)
            clean[k] = voiced * voiced * power[k]
            // Absence a priori from what the noise tracker sees.
            let absence = min(max(1 - presence[k], 0.05), 0.95)
            let odds = Double(absence / (1 - absence) * (1 + expected)) * exp2(Double(v) * -1.442_695_040_888_963_4)
            let probability = 1 / (1 + odds)
            let gain = exp2(probability * log2(Double(max(voiced, 1e-6))) + (1 - probability) * floor)
            gains[k] = max(Float(gain), least)
        }
    }

    /// E₁(v) = ∫ exp(−t)/t dt from v to infinity.
    private static func exponentialIntegral(_ v: Double) -> Double {
        let decay = exp2(-v * 1.442_695_040_888_963_4)
        if v > 1 {
            // Continued fraction, from its far end.
            var tail = 0.0
            for n in stride(from: 60.0, to: 0, by: -1) { tail = n / (1 + n / (v + tail)) }
            return decay / (v + tail)
        }
        var (sum, term) = (-0.577_215_664_901_532_9 - log2(v) * 0.693_147_180_559_945_3, -1.0)
        for n in 1...30 {
            term *= -v / Double(n)
            sum += term / Double(n)
        }
        return sum
    }
}
