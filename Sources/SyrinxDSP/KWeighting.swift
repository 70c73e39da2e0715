internal import Glibc

/// The weighting filter K for two channels at a time, a high shelf and a high-pass, in double precision.
///
/// - Thread: the one that owns it.
/// - Source: ITU-R BS.1770-5, Annex 1, tables 1 and 2, for any rate: the analogue filters behind the tables, turned digital by
///   the bilinear transform (B. De Man, "Evaluation of Implementations of the EBU R128 Loudness Measurement", AES 145, 2018).
public struct KWeighting: BitwiseCopyable {
    @usableFromInline
    let shelf: BiquadCoefficients
    /// Its b is 1, −2, 1.
    @usableFromInline
    let highpass: BiquadCoefficients
    @usableFromInline
    var shelfFirst = SIMD2<Double>()
    @usableFromInline
    var shelfSecond = SIMD2<Double>()
    @usableFromInline
    var highpassFirst = SIMD2<Double>()
    @usableFromInline
    var highpassSecond = SIMD2<Double>()

    /// Thread: control.
    public init(rate: Int) {
        func warped(_ hertz: Double) -> Double { tan(.pi * min(hertz / Double(rate), 0.4999)) }
        let k = warped(1681.974_450_955_533)
        let q = 0.707_175_236_955_419_6
        let high = pow(10, 3.999_843_853_973_347 / 20)
        let middle = pow(high, 0.499_666_774_154_541_6)
        let a0 = 1 + k / q + k * k
        shelf = BiquadCoefficients(
            b0: (high + middle * k / q + k * k) / a0, b1: 2 * (k * k - high) / a0,
            b2: (high - middle * k / q + k * k) / a0, a1: 2 * (k * k - 1) / a0, a2: (1 - k / q + k * k) / a0)
        let low = warped(38.135_470_876_024_44)
        let lowQ = 0.500_327_037_323_877_3
        let scale = 1 + low / lowQ + low * low
        highpass = BiquadCoefficients(
            b0: 1, b1: -2, b2: 1, a1: 2 * (low * low - 1) / scale, a2: (1 - low / lowQ + low * low) / scale)
    }

    /// Filters frames, each finite, and adds the squares of what comes out to `sum`, one after the other.
    @inlinable
    @_noLocks @_noAllocation
    public mutating func addSquares(_ frames: UnsafePointer<SIMD2<Double>>, count: Int, to sum: inout SIMD2<Double>) {
        let (b0, b1, b2, a1, a2) = (shelf.b0, shelf.b1, shelf.b2, shelf.a1, shelf.a2)
        let (c1, c2) = (highpass.a1, highpass.a2)
        var (s1, s2, t1, t2) = (shelfFirst, shelfSecond, highpassFirst, highpassSecond)
        var total = sum
        for k in 0..<count {
            let x = frames[k]
            let y = b0 * x + s1
            s1 = b1 * x - a1 * y + s2
            s2 = b2 * x - a2 * y
            let z = y + t1
            t1 = t2 - (y + y) - c1 * z
            t2 = y - c2 * z
            total += z * z
        }
        (shelfFirst, shelfSecond, highpassFirst, highpassSecond) = (s1, s2, t1, t2)
        sum = total
    }

    /// Forgets what it heard.
    @inlinable
    @_noLocks @_noAllocation
    public mutating func reset() {
        (shelfFirst, shelfSecond) = (SIMD2(), SIMD2())
        (highpassFirst, highpassSecond) = (SIMD2(), SIMD2())
    }
}
