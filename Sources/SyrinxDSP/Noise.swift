/// Random numbers by position: number n of a seed is the same whenever and in whatever order it is asked for.
///
/// - Source: G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014
///   (SplitMix64: a counter times an odd constant through a mixing function).
/// - Thread: any.
@frozen
public struct CounterNoise: BitwiseCopyable, Sendable {
    @usableFromInline let origin: UInt64

    /// A sequence of its own for every pair of seed and stream (a channel).
    @inlinable
    public init(seed: UInt64, stream: Int = 0) {
        origin = Self.mix(seed &+ Self.mix(UInt64(bitPattern: Int64(stream)) &+ 0x632B_E59B_D9B4_E019))
    }

    @inlinable
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 64 random bits.
    @inlinable
    public func bits(at index: Int) -> UInt64 {
        Self.mix(origin &+ UInt64(bitPattern: Int64(index)) &* 0x9E37_79B9_7F4A_7C15)
    }

    /// A number spread evenly over −1…1: white noise, mean 0, mean square 1/3.
    @inlinable
    public func uniform(at index: Int) -> Float {
        // 24 bits, centred: every value is exact in a float, and none is 1 or beyond.
        let whole = Int32(truncatingIfNeeded: bits(at: index) >> 40) &- 0x80_0000
        return (Float(whole) + 0.5) * 0x1p-23
    }
}

/// Turns white noise into pink: a power that falls by 3 dB an octave.
///
/// - Source: Paul Kellet's "refined" filter, musicdsp.org, 1999: −3 dB an octave within ±0.05 dB from 9 Hz at 44.1 kHz;
///   the corner goes with the rate. Its state is the caller's business: one filter a channel.
/// - Thread: the one that owns it.
@frozen
public struct PinkFilter: BitwiseCopyable, Sendable {
    @usableFromInline var a: Double = 0
    @usableFromInline var b: Double = 0
    @usableFromInline var c: Double = 0
    @usableFromInline var d: Double = 0
    @usableFromInline var e: Double = 0
    @usableFromInline var f: Double = 0
    @usableFromInline var last: Double = 0

    @inlinable
    public init() {}

    /// The next sample.
    @inlinable
    public mutating func next(_ white: Double) -> Double {
        a = 0.99886 * a + white * 0.0555179
        b = 0.99332 * b + white * 0.0750759
        c = 0.96900 * c + white * 0.1538520
        d = 0.86650 * d + white * 0.3104856
        e = 0.55000 * e + white * 0.5329522
        f = -0.7616 * f - white * 0.0168980
        let pink = a + b + c + d + e + f + last + white * 0.5362
        last = white * 0.115926
        return pink
    }

    /// How much stronger than white noise its output is: the root of the sum of squares of its impulse response.
    ///
    /// - Thread: control.
    public static let gain: Double = {
        var filter = PinkFilter()
        var sum = 0.0
        for k in 0..<32_768 {
            let response = filter.next(k == 0 ? 1 : 0)
            sum += response * response
        }
        return sum.squareRoot()
    }()
}
