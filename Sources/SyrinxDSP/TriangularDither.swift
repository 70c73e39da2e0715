/// Noise with a triangular distribution between −1 and 1, a pure function of the sample's index: the same however a
/// stream is cut, and independent from sample to sample.
///
/// - Units: steps of the last place of the integer that is rounded to. Mean 0, variance 1/6.
/// - Source: S. Lipshitz, R. Wannamaker, J. Vanderkooy, "Quantization and Dither: A Theoretical Survey", JAES 40 (1992):
///   with this density mean and variance of the rounding error do not depend on the signal.
@frozen
public struct TriangularDither: BitwiseCopyable, Sendable {
    @usableFromInline let key: UInt32
    @usableFromInline let base: UInt32

    /// - Parameters:
    ///   - seed: streams with different seeds have different noise.
    ///   - index: of the sample at offset 0; frame · channels + channel.
    @inlinable
    public init(seed: UInt32, index: Int) {
        let index = UInt64(bitPattern: Int64(index))
        base = UInt32(truncatingIfNeeded: index)
        key = Self.mix(seed ^ Self.mix(UInt32(truncatingIfNeeded: index >> 32) &+ 0x9E37_79B9))
    }

    /// The noise of the sample `offset` samples on; within one block of 2^32 samples.
    @inlinable
    public func value(_ offset: Int) -> Float {
        let bits = Self.mix((base &+ UInt32(truncatingIfNeeded: offset)) ^ key)
        // Two independent numbers of 16 bits; their difference is triangular.
        return Float(Int32(bits & 0xFFFF) &- Int32(bits >> 16)) * 0x1p-16
    }

    /// Spreads every bit of a word over all others: two rounds of multiply and shift, one-to-one.
    ///
    /// - Source: constants of C. Wellons, "Prospecting for Hash Functions" (2018), bias 0.17.
    @inlinable
    static func mix(_ word: UInt32) -> UInt32 {
        var x = word
        x ^= x >> 16
        x = x &* 0x7FEB_352D
        x ^= x >> 15
        x = x &* 0x846C_A68B
        x ^= x >> 16
        return x
    }
}
