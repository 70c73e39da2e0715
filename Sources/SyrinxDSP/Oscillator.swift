/// A phase that never drifts: an unsigned 64-bit fraction of a turn, stepped by whole units.
///
/// Steps add up exactly, so that the phase of frame n is the same however time was cut, and after hours too.
@frozen
public struct Phase: BitwiseCopyable, Sendable {
    /// Units of 2^−64 turn.
    public var units: UInt64

    @inlinable
    public init(units: UInt64 = 0) { self.units = units }

    /// −0.5…0.5.
    @inlinable
    public var turns: Double { Double(Int64(bitPattern: units)) * 0x1p-64 }

    /// 0…1.
    @inlinable
    public var fraction: Double { Double(units >> 11) * 0x1p-53 }

    /// The step a frame for a frequency, to the nearest 2^−53 of itself. 0…half a turn; what lies beyond is held there.
    @inlinable
    public static func step(_ frequency: Double, rate: Int) -> UInt64 {
        let turns = min(max(frequency / Double(rate), 0), 0.5)
        return UInt64(turns * 0x1p63) &* 2
    }

    @inlinable
    public static func + (phase: Phase, units: UInt64) -> Phase { Phase(units: phase.units &+ units) }
}

/// One sample of a square wave between −1 and 1, its edges smoothed over two samples against aliases.
///
/// - Units: `fraction` of a turn, 0…1, high in the first half; `step` in turns a frame, below 0.5.
/// - Source: V. Välimäki, A. Huovilainen, "Antialiasing Oscillators in Subtractive Synthesis", IEEE Signal Processing
///   Magazine 24(2), 2007 (polynomial band-limited step).
/// - Thread: any.
@inlinable
public func squareWave(_ fraction: Double, step: Double) -> Double {
    let falling = fraction < 0.5 ? fraction + 0.5 : fraction - 0.5
    return (fraction < 0.5 ? 1 : -1) + stepResidue(fraction, step) - stepResidue(falling, step)
}

/// What a band-limited step from −1 to 1 at phase 0 differs by from a plain one.
@inlinable
func stepResidue(_ fraction: Double, _ step: Double) -> Double {
    if fraction < step {
        let t = fraction / step - 1
        return -t * t
    }
    if fraction > 1 - step {
        let t = (fraction - 1) / step + 1
        return t * t
    }
    return 0
}
