/// 2 to the power of each lane.
///
/// - Units: dimensionless; beyond −126…126 the result stays at the range's end.
/// - Returns: relative error below 3e-7: a Taylor polynomial of degree 7 in x·ln 2 over ±0.5, whose next term is 5e-9,
///   and rounding.
/// - Thread: any.
@inline(__always) @_noLocks @_noAllocation
func exp2(_ x: SIMD8<Float>) -> SIMD8<Float> {
    var bounded = x.replacing(with: SIMD8(repeating: 126), where: x .> 126)
    bounded.replace(with: SIMD8(repeating: -126), where: bounded .< -126)
    // Adding 1.5·2^23 rounds to the nearest whole number, which then stands in the low bits.
    let shifter = SIMD8<Float>(repeating: 12_582_912)
    let shifted = bounded + shifter
    let t = (bounded - (shifted - shifter)) * 0.693_147_18
    var sum = t * (1 / 5040) + 1 / 720
    sum = sum * t + 1 / 120
    sum = sum * t + 1 / 24
    sum = sum * t + 1 / 6
    sum = sum * t + 0.5
    sum = sum * t + 1
    sum = sum * t + 1
    let whole = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- SIMD8(repeating: 0x4B40_0000 - 127)
    return sum * unsafeBitCast(whole &<< SIMD8(repeating: 23), to: SIMD8<Float>.self)
}

/// 1/(1 + e^−x) of each lane; absolute error below 2e-7. Thread: any.
@inline(__always) @_noLocks @_noAllocation
func sigmoid(_ x: SIMD8<Float>) -> SIMD8<Float> {
    SIMD8(repeating: 1) / (exp2(x * -1.442_695_04) + 1)
}

/// The hyperbolic tangent of each lane; absolute error below 4e-7. Thread: any.
@inline(__always) @_noLocks @_noAllocation
func tanh(_ x: SIMD8<Float>) -> SIMD8<Float> {
    SIMD8(repeating: 2) / (exp2(x * -2.885_390_08) + 1) - 1
}

/// The square root of each lane, none of which is negative; relative error below 3e-7, exact at 0.
///
/// - Thread: any.
/// - Source: the reciprocal root by Newton's method from a first guess in the exponent's bits; C. Lomont, "Fast inverse
///   square root", 2003. Three steps take its 3.5 % to rounding.
@inline(__always) @_noLocks @_noAllocation
func squareRoot(_ x: SIMD8<Float>) -> SIMD8<Float> {
    let bits = unsafeBitCast(x, to: SIMD8<Int32>.self)
    let guess = SIMD8<Int32>(repeating: 0x5F37_59DF) &- (bits &>> SIMD8(repeating: 1))
    var y = unsafeBitCast(guess, to: SIMD8<Float>.self)
    let half = x * 0.5
    y *= 1.5 - half * y * y
    y *= 1.5 - half * y * y
    y *= 1.5 - half * y * y
    return x * y
}
