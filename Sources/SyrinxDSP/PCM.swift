internal import CSampleKernels

/// How samples lie in memory or in a file without compression.
///
/// - Units: full scale of an n-bit integer is 2^(n−1); ±1.0 in floating point.
public enum PCMEncoding: Sendable, Hashable, CaseIterable {
    case u8, s8, s16, s24, s32, f32, f64

    /// Bytes of one sample.
    public var width: Int {
        switch self {
        case .u8, .s8: 1
        case .s16: 2
        case .s24: 3
        case .s32, .f32: 4
        case .f64: 8
        }
    }

    /// Bits of an integer encoding; nil for floating point.
    public var integerBits: Int? {
        switch self {
        case .u8, .s8: 8
        case .s16: 16
        case .s24: 24
        case .s32: 32
        case .f32, .f64: nil
        }
    }
}

/// How interleaved samples lie in memory, bit by bit.
public struct PCMLayout: Sendable, Hashable {
    /// Bytes of one sample.
    public let width: Int
    /// nil: floating point.
    let bits: Int?
    /// Bits below the number's own.
    let shift: Int
    let isUnsigned: Bool
    let isSwapped: Bool

    /// Samples that lie as their encoding says.
    ///
    /// - Parameter swapped: in the other byte order than this machine's (little-endian).
    public init(_ encoding: PCMEncoding, swapped: Bool = false) {
        (width, bits, shift) = (encoding.width, encoding.integerBits, 0)
        (isUnsigned, isSwapped) = (encoding == .u8, swapped)
    }

    /// Whole numbers of `bits` bits in the top, or the bottom, of words of `width` bytes, 2 or 4.
    public init(bits: Int, inWordsOf width: Int, atTop: Bool) {
        (self.width, self.bits, shift) = (width, bits, atTop ? 8 * width - bits : 0)
        (isUnsigned, isSwapped) = (false, false)
    }

    fileprivate var kernelLayout: syrinx_layout {
        syrinx_layout(
            width: Int32(width), bits: Int32(bits ?? 0), shift: Int32(shift), is_unsigned: isUnsigned,
            is_swapped: isSwapped)
    }
}

/// What was seen among samples on their way out.
public struct PCMTally: Sendable, Hashable {
    /// The largest magnitude; infinite where a sample is, NaN left out.
    public var peak: Float = 0
    /// Samples that had to be kept within the range of their integers, infinities among them.
    public var clipped = 0
    /// Samples that are not a number.
    public var notNumbers = 0

    public init() {}

    /// That of both together.
    public static func + (one: Self, other: Self) -> Self {
        var sum = one
        sum.peak = max(one.peak, other.peak)
        sum.clipped += other.clipped
        sum.notNumbers += other.notNumbers
        return sum
    }
}

/// Which loops are used: for the machine's wide vectors, or for those that every machine has. The samples are the same.
package enum PCMVectors: Sendable, CaseIterable {
    case portable, wide

    /// The widest that this machine has. Asked anew each time: what is made on first use would lock on the render thread.
    package static var widest: PCMVectors { syrinx_samples_have_wide_vectors() ? .wide : .portable }
}

/// Reads interleaved samples as planes of floats, in one pass: x / 2^(n−1) for n-bit integers, exact up to 24 bits, else
/// to the nearest.
///
/// - Shape: `bytes` holds `count` frames of `channels` samples, of any alignment; channel c of frame k goes to
///   `planes[c][k]`. The two must not overlap.
/// - Thread: any. Plain arithmetic: may render.
public func decodePCM(
    _ bytes: UnsafeRawPointer, as layout: PCMLayout, channels: Int, count: Int,
    into planes: UnsafePointer<UnsafeMutablePointer<Float>?>
) {
    decodePCM(bytes, as: layout, channels: channels, count: count, into: planes, by: .widest)
}

package func decodePCM(
    _ bytes: UnsafeRawPointer, as layout: PCMLayout, channels: Int, count: Int,
    into planes: UnsafePointer<UnsafeMutablePointer<Float>?>, by vectors: PCMVectors
) {
    var layout = layout.kernelLayout
    syrinx_decode(bytes, &layout, channels, count, planes, vectors == .wide)
}

/// Writes planes of floats as interleaved samples, and counts what it sees, in one pass.
///
/// Integers of n bits are the nearest of x · 2^(n−1), even on a tie, kept within the range; NaN becomes 0. What came from n
/// bits by ``decodePCM(_:as:channels:count:into:)`` goes back to the same n bits. Floating point keeps every bit.
///
/// - Shape: `planes[c][k]` is channel c of frame k; `bytes` takes `count` frames of `channels` samples, and may have any
///   alignment. The two must not overlap.
/// - Parameters:
///   - dither: triangular noise of ±1 unit of the last place, added to integers before rounding, or nil.
///   - tally: counted up.
/// - Thread: any. Plain arithmetic: may render.
public func encodePCM(
    _ planes: UnsafePointer<UnsafePointer<Float>?>, channels: Int, count: Int, as layout: PCMLayout,
    dither: TriangularDither? = nil, into bytes: UnsafeMutableRawPointer, tally: inout PCMTally
) {
    encodePCM(
        planes, channels: channels, count: count, as: layout, dither: dither, into: bytes, tally: &tally, by: .widest)
}

package func encodePCM(
    _ planes: UnsafePointer<UnsafePointer<Float>?>, channels: Int, count: Int, as layout: PCMLayout,
    dither: TriangularDither? = nil, into bytes: UnsafeMutableRawPointer, tally: inout PCMTally, by vectors: PCMVectors
) {
    var layout = layout.kernelLayout
    var seen = syrinx_tally(
        peak: Int32(bitPattern: tally.peak.bitPattern), clipped: tally.clipped, not_numbers: tally.notNumbers)
    if let dither {
        var noise = syrinx_dither(key: dither.key, base: dither.base)
        syrinx_encode(planes, channels, count, &layout, &noise, bytes, &seen, vectors == .wide)
    } else {
        syrinx_encode(planes, channels, count, &layout, nil, bytes, &seen, vectors == .wide)
    }
    tally.peak = Float(bitPattern: UInt32(bitPattern: seen.peak))
    (tally.clipped, tally.notNumbers) = (seen.clipped, seen.not_numbers)
}

/// Where each channel's samples lie, for ``decodePCM(_:as:channels:count:into:)`` and its inverse.
public struct PlaneTable: ~Copyable, @unchecked Sendable {
    // SAFETY: plain memory of whoever owns the table, and of one thread at a time.
    /// Set before each call.
    public let planes: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>
    private let channels: Int

    /// Thread: control.
    public init(channels: Int) {
        self.channels = channels
        planes = .allocate(capacity: channels)
        planes.initialize(repeating: nil, count: channels)
    }

    deinit { planes.deallocate() }

    /// The same table, to be read from.
    @inlinable
    public var sources: UnsafePointer<UnsafePointer<Float>?> {
        UnsafeRawPointer(planes).assumingMemoryBound(to: UnsafePointer<Float>?.self)
    }

    /// Lets it show channels that lie one after the other.
    public func set(_ first: UnsafeMutablePointer<Float>, stride: Int) {
        for channel in 0..<channels { planes[channel] = first + channel * stride }
    }
}
