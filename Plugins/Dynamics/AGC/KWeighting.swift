internal import SyrinxDSP

/// The two filters before loudness is measured: a shelf for the head, and a high-pass.
///
/// - Source: ITU-R BS.1770-5, Annex 1, whose coefficients are for 48 kHz; as analogue prototypes, and so for any rate, in
///   B. De Man, "Evaluation of Implementations of the EBU R128 Loudness Measurement", AES Convention 145, 2018.
enum KWeighting {
    /// Thread: control.
    static func shelf(rate: Int) -> BiquadCoefficients {
        let k = tan(turns: min(1_681.974_450_955_533 / Double(rate), 0.49) / 2)
        let q = 0.707_175_236_955_419_6
        let high = exp2(3.999_843_853_973_347 / 20 * 3.321_928_094_887_362)
        let band = exp2(0.499_666_774_154_541_6 * 3.999_843_853_973_347 / 20 * 3.321_928_094_887_362)
        let scale = 1 / (1 + k / q + k * k)
        return BiquadCoefficients(
            b0: (high + band * k / q + k * k) * scale, b1: 2 * (k * k - high) * scale,
            b2: (high - band * k / q + k * k) * scale, a1: 2 * (k * k - 1) * scale, a2: (1 - k / q + k * k) * scale)
    }

    /// Thread: control.
    static func highpass(rate: Int) -> BiquadCoefficients {
        let k = tan(turns: min(38.135_470_876_024_44 / Double(rate), 0.49) / 2)
        let q = 0.500_327_037_323_877_3
        let scale = 1 / (1 + k / q + k * k)
        return BiquadCoefficients(
            b0: 1, b1: -2, b2: 1, a1: 2 * (k * k - 1) * scale, a2: (1 - k / q + k * k) * scale)
    }

    /// How much a channel's power counts: L R C LFE Ls Rs, or L R C Ls Rs; what has no place counts once.
    static func weight(_ channel: Int, of channels: Int) -> Double {
        switch channels {
        case 5: channel >= 3 ? 1.41 : 1
        case 6: channel == 3 ? 0 : channel >= 4 ? 1.41 : 1
        default: 1
        }
    }
}

/// The level of speech as it goes on: which pieces count, and their mean.
struct SpeechLevel: BitwiseCopyable {
    /// Mean power of what counted; 0: nothing yet.
    private(set) var power = 0.0
    /// Pieces that counted, and those above the gate since that did not.
    private var counted = 0
    private var passedOver = 0

    @_noLocks @_noAllocation
    init() {}

    /// In LUFS; −∞ if nothing counted yet.
    @_noLocks @_noAllocation
    func loudness() -> Double { powerToDecibels(power) - 0.691 }

    /// Hears a piece's power.
    ///
    /// - Parameters:
    ///   - gate: power of the softest piece that can be speech.
    ///   - memory: how many pieces the mean spans.
    /// - Returns: whether it counts.
    @_noLocks @_noAllocation
    mutating func hear(_ piece: Double, gate: Double, memory: Double) -> Bool {
        if piece <= gate { return false }
        if counted > 0, piece < power * 0.1 {
            passedOver += 1
            if passedOver < 30 { return false }
            counted = 0
        }
        passedOver = 0
        counted += 1
        power += (piece - power) * max(1 / Double(counted), 1 / memory)
        return true
    }
}
