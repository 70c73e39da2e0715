/// The logarithm of `x` to base 2, without libm, so that it may run on the render thread.
///
/// - Returns: error below 4e-16 + 2e-16·|log2 x| for normal x; exact for powers of two. −∞ for 0 and denormals, NaN for
///   x < 0 and NaN, ∞ for ∞.
/// - Thread: any.
/// - Source: ln m = 2·artanh((m−1)/(m+1)), its series up to the 23rd power for m in √½…√2; the next term is below
///   0.1716²⁵·2/25 ≈ 6e-21.
@inlinable
public func log2(_ x: Double) -> Double {
    if !(x > 0) { return x == 0 ? -.infinity : .nan }
    if x == .infinity { return x }
    let bits = x.bitPattern
    if bits >> 52 == 0 { return -.infinity }
    var exponent = Double(Int64(bits >> 52) - 1023)
    var m = Double(bitPattern: (bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000)
    if m > 1.414_213_562_373_095_1 {
        m *= 0.5
        exponent += 1
    }
    let z = (m - 1) / (m + 1)
    let s = z * z
    var sum = 1.0 / 23
    sum = sum * s + 1.0 / 21
    sum = sum * s + 1.0 / 19
    sum = sum * s + 1.0 / 17
    sum = sum * s + 1.0 / 15
    sum = sum * s + 1.0 / 13
    sum = sum * s + 1.0 / 11
    sum = sum * s + 1.0 / 9
    sum = sum * s + 1.0 / 7
    sum = sum * s + 1.0 / 5
    sum = sum * s + 1.0 / 3
    return exponent + (z * 2.885_390_081_777_926_8 + z * s * sum * 2.885_390_081_777_926_8)
}

/// A linear factor as a level in decibels: 20·log10(factor). −∞ for 0; the sign is left out of account. Thread: any.
@inlinable
public func linearToDecibels(_ factor: Double) -> Double {
    log2(factor < 0 ? -factor : factor) * 6.020_599_913_279_624
}

/// A power (a mean square) as a level in decibels: 10·log10(power). −∞ for 0. Thread: any.
@inlinable
public func powerToDecibels(_ power: Double) -> Double { log2(power) * 3.010_299_956_639_812 }
