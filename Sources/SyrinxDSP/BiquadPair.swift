/// The memory of a second-order section for two channels at a time.
///
/// Transposed direct form II in double precision: its rounding noise stays below a float's last bit at all frequencies,
/// and it bears coefficients that move. Two channels share each instruction; the chain from sample to sample is what
/// takes the time, not the arithmetic.
@frozen
public struct BiquadPair: BitwiseCopyable, Sendable {
    @usableFromInline var first = SIMD2<Double>()
    @usableFromInline var second = SIMD2<Double>()

    @inlinable
    public init() {}

    /// Filters `count` frames in place with coefficients that stand still. Thread: the one that owns it.
    @inlinable
    public mutating func process(
        _ frames: UnsafeMutablePointer<SIMD2<Double>>, count: Int, _ coefficients: BiquadCoefficients
    ) {
        let (b0, b1, b2) = (coefficients.b0, coefficients.b1, coefficients.b2)
        let (a1, a2) = (coefficients.a1, coefficients.a2)
        var (s1, s2) = (first, second)
        for k in 0..<count {
            let x = frames[k]
            let y = b0 * x + s1
            s1 = b1 * x - a1 * y + s2
            s2 = b2 * x - a2 * y
            frames[k] = y
        }
        (first, second) = (s1, s2)
    }

    /// Filters `count` frames in place with coefficients that move by `step` after each.
    @inlinable
    public mutating func process(
        _ frames: UnsafeMutablePointer<SIMD2<Double>>, count: Int, from start: BiquadCoefficients,
        step: BiquadCoefficients
    ) {
        var now = start
        var (s1, s2) = (first, second)
        for k in 0..<count {
            let x = frames[k]
            let y = now.b0 * x + s1
            s1 = now.b1 * x - now.a1 * y + s2
            s2 = now.b2 * x - now.a2 * y
            frames[k] = y
            now += step
        }
        (first, second) = (s1, s2)
    }
}

/// 0 in place of NaN and infinity, so that neither gets into a filter's memory. Thread: any.
@inlinable
public func finite(_ sample: Float) -> Float { sample.bitPattern & 0x7F80_0000 == 0x7F80_0000 ? 0 : sample }
