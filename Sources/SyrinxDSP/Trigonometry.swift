/// The sine of a part of a turn: sin(2π·turns), without libm, so that it may run on the render thread.
///
/// - Units: `turns`, 1 for a full circle; magnitudes up to 2^50.
/// - Returns: absolute error below 4e-16 for |turns| ≤ 1: Taylor polynomial of degree 21 in ±π/2 (the next term is
///   (π/2)²³/23! ≈ 1.3e-18; what is left is rounding). Reduction to one turn is exact.
/// - Thread: any.
@inlinable
public func sin(turns: Double) -> Double {
    // Adding 1.5·2^52 rounds to the nearest whole number without a call.
    let shifter = 6_755_399_441_055_744.0
    var t = turns - ((turns + shifter) - shifter)
    t = t > 0.25 ? 0.5 - t : t
    t = t < -0.25 ? -0.5 - t : t
    let x = t * 6.283_185_307_179_586
    let s = x * x
    var sum = 1.0 / 51_090_942_171_709_440_000
    sum = sum * s - 1.0 / 121_645_100_408_832_000
    sum = sum * s + 1.0 / 355_687_428_096_000
    sum = sum * s - 1.0 / 1_307_674_368_000
    sum = sum * s + 1.0 / 6_227_020_800
    sum = sum * s - 1.0 / 39_916_800
    sum = sum * s + 1.0 / 362_880
    sum = sum * s - 1.0 / 5_040
    sum = sum * s + 1.0 / 120
    sum = sum * s - 1.0 / 6
    return x + x * s * sum
}

/// The cosine of a part of a turn: cos(2π·turns). Error and thread as ``sin(turns:)``.
@inlinable
public func cos(turns: Double) -> Double {
    let shifter = 6_755_399_441_055_744.0
    let t = turns - ((turns + shifter) - shifter)
    return sin(turns: 0.25 - (t < 0 ? -t : t))
}

/// The tangent of a part of a turn: tan(2π·turns).
///
/// - Returns: relative error below 2e-15 for |turns| ≤ 0.2499; grows towards the pole at a quarter turn.
/// - Thread: any.
@inlinable
public func tan(turns: Double) -> Double { sin(turns: turns) / cos(turns: turns) }
