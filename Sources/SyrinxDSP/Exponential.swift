/// 2 to the power of `x`, without libm, so that it may run on the render thread.
///
/// - Units: `x` dimensionless, −1022…1023; beyond that the result stays at the range's end.
/// - Returns: relative error below 1e-14: a Taylor polynomial of degree 13 in x·ln 2 over ±0.5 (the next term is
///   (0.3466¹⁴)/14! ≈ 4e-18; what is left is rounding), scaled by an exact power of two.
/// - Thread: any.
@inlinable
public func exp2(_ x: Double) -> Double {
    let bounded = min(max(x, -1022), 1023)
    // Adding 1.5·2^52 rounds to the nearest whole number without a call.
    let shifter = 6_755_399_441_055_744.0
    let whole = (bounded + shifter) - shifter
    let t = (bounded - whole) * 0.693_147_180_559_945_3
    var sum = 1.0 / 6_227_020_800
    sum = sum * t + 1.0 / 479_001_600
    sum = sum * t + 1.0 / 39_916_800
    sum = sum * t + 1.0 / 3_628_800
    sum = sum * t + 1.0 / 362_880
    sum = sum * t + 1.0 / 40_320
    sum = sum * t + 1.0 / 5_040
    sum = sum * t + 1.0 / 720
    sum = sum * t + 1.0 / 120
    sum = sum * t + 1.0 / 24
    sum = sum * t + 1.0 / 6
    sum = sum * t + 0.5
    sum = sum * t + 1
    sum = sum * t + 1
    return sum * Double(bitPattern: UInt64(Int64(whole) + 1023) << 52)
}

/// A level in decibels as a linear factor: 10^(dB/20). Exactly 1 for 0 dB. Thread: any.
@inlinable
public func decibelsToLinear(_ decibels: Double) -> Float {
    Float(exp2(decibels * 0.166_096_404_744_368_13))
}
