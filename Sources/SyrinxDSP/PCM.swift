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

/// Reads encoded samples as floats: x / 2^(n−1) for n-bit integers, exact up to 24 bits, else to the nearest.
///
/// - Shape: `bytes` holds `count` samples, of any alignment; `swapped` says that they lie in the other byte order than
///   this machine's (little-endian). The two must not overlap.
/// - Thread: any.
public func decodePCM(
    _ bytes: UnsafeRawPointer, as encoding: PCMEncoding, swapped: Bool, count: Int,
    into samples: UnsafeMutablePointer<Float>
) {
    switch encoding {
    case .u8:
        let source = bytes.assumingMemoryBound(to: UInt8.self)
        for k in 0..<count { samples[k] = Float(Int32(source[k]) &- 128) * 0x1p-7 }
    case .s8:
        let source = bytes.assumingMemoryBound(to: Int8.self)
        for k in 0..<count { samples[k] = Float(Int32(source[k])) * 0x1p-7 }
    case .s16:
        if swapped {
            for k in 0..<count {
                let word = bytes.loadUnaligned(fromByteOffset: 2 &* k, as: UInt16.self)
                samples[k] = Float(Int32(Int16(bitPattern: word << 8 | word >> 8))) * 0x1p-15
            }
        } else {
            for k in 0..<count {
                samples[k] = Float(Int32(bytes.loadUnaligned(fromByteOffset: 2 &* k, as: Int16.self))) * 0x1p-15
            }
        }
    case .s24:
        let source = bytes.assumingMemoryBound(to: UInt8.self)
        let (low, high) = swapped ? (2, 0) : (0, 2)
        for k in 0..<count {
            let at = source + 3 &* k
            let word = UInt32(at[low]) << 8 | UInt32(at[1]) << 16 | UInt32(at[high]) << 24
            samples[k] = Float(Int32(bitPattern: word)) * 0x1p-31
        }
    case .s32:
        for k in 0..<count {
            let word = bytes.loadUnaligned(fromByteOffset: 4 &* k, as: Int32.self)
            samples[k] = Float(swapped ? word.byteSwapped : word) * 0x1p-31
        }
    case .f32:
        if swapped {
            for k in 0..<count {
                let word = bytes.loadUnaligned(fromByteOffset: 4 &* k, as: UInt32.self)
                samples[k] = Float(bitPattern: word.byteSwapped)
            }
        } else {
            UnsafeMutableRawPointer(samples).copyMemory(from: bytes, byteCount: 4 * count)
        }
    case .f64:
        for k in 0..<count {
            let word = bytes.loadUnaligned(fromByteOffset: 8 &* k, as: UInt64.self)
            samples[k] = Float(Double(bitPattern: swapped ? word.byteSwapped : word))
        }
    }
}

/// Rounds floats to n-bit integers: the nearest of x · 2^(n−1), even on a tie, kept within the range; NaN becomes 0.
///
/// The inverse of ``decodePCM(_:as:swapped:count:into:)``: what came from n bits goes back to the same n bits.
///
/// - Parameters:
///   - bits: 2…32; the result lies in the low bits of each integer.
///   - dither: triangular noise of ±1 unit of the last place added before rounding, or nil.
/// - Returns: how many samples had to be kept within the range (infinities among them).
/// - Thread: any.
public func quantize(
    _ samples: UnsafePointer<Float>, bits: Int, dither: TriangularDither? = nil, count: Int,
    into result: UnsafeMutablePointer<Int32>
) -> Int {
    if bits > 22 { return quantizeFine(samples, bits: bits, dither: dither, count: count, into: result) }
    // Adding 1.5·2^23 rounds a float below 2^22 to the nearest whole number, ties to even, and leaves it in the low bits.
    let shifter: Float = 12_582_912
    let shifterBits: Int32 = 0x4B40_0000
    let scale = Float(1 << (bits - 1))
    let (low, high) = (-scale, scale - 1)
    // What rounds beyond the range: half a step above `high` ties to even, which is `scale`; below `low` it is `low`.
    let (tooLow, tooHigh) = (low - 0.5, high + 0.5)
    var clipped: Int32 = 0
    if let dither {
        for k in 0..<count {
            let value = samples[k] * scale + dither.value(k)
            clipped &+= (value < tooLow ? 1 : 0) &+ (value >= tooHigh ? 1 : 0)
            let number = value == value ? value : 0
            let bounded = number < low ? low : (number > high ? high : number)
            result[k] = Int32(bitPattern: (bounded + shifter).bitPattern) &- shifterBits
        }
    } else {
        for k in 0..<count {
            let value = samples[k] * scale
            clipped &+= (value < tooLow ? 1 : 0) &+ (value >= tooHigh ? 1 : 0)
            let number = value == value ? value : 0
            let bounded = number < low ? low : (number > high ? high : number)
            result[k] = Int32(bitPattern: (bounded + shifter).bitPattern) &- shifterBits
        }
    }
    return Int(clipped)
}

/// As ``quantize(_:bits:dither:count:into:)``, for more bits than a float's own: in double precision.
private func quantizeFine(
    _ samples: UnsafePointer<Float>, bits: Int, dither: TriangularDither?, count: Int,
    into result: UnsafeMutablePointer<Int32>
) -> Int {
    let shifter = 6_755_399_441_055_744.0  // 1.5·2^52
    let scale = Double(1 << (bits - 1))
    let (low, high) = (-scale, scale - 1)
    let (tooLow, tooHigh) = (low - 0.5, high + 0.5)
    var clipped = 0
    for k in 0..<count {
        var value = Double(samples[k]) * scale
        if let dither { value += Double(dither.value(k)) }
        clipped &+= (value < tooLow ? 1 : 0) &+ (value >= tooHigh ? 1 : 0)
        let number = value == value ? value : 0
        let bounded = number < low ? low : (number > high ? high : number)
        result[k] = Int32(truncatingIfNeeded: Int64(bitPattern: (bounded + shifter).bitPattern))
    }
    return clipped
}

/// Writes whole numbers as n-bit samples.
///
/// - Shape: `bytes` takes `count` samples of `encoding`, an integer one; `swapped` asks for the other byte order than
///   this machine's. The two must not overlap.
/// - Thread: any.
public func encodePCM(
    _ integers: UnsafePointer<Int32>, as encoding: PCMEncoding, swapped: Bool, count: Int,
    into bytes: UnsafeMutableRawPointer
) {
    switch encoding {
    case .u8:
        let result = bytes.assumingMemoryBound(to: UInt8.self)
        for k in 0..<count { result[k] = UInt8(truncatingIfNeeded: integers[k] &+ 128) }
    case .s8:
        let result = bytes.assumingMemoryBound(to: Int8.self)
        for k in 0..<count { result[k] = Int8(truncatingIfNeeded: integers[k]) }
    case .s16:
        let result = bytes.assumingMemoryBound(to: Int16.self)
        if swapped {
            for k in 0..<count { result[k] = Int16(truncatingIfNeeded: integers[k]).byteSwapped }
        } else {
            for k in 0..<count { result[k] = Int16(truncatingIfNeeded: integers[k]) }
        }
    case .s24:
        let result = bytes.assumingMemoryBound(to: UInt8.self)
        let (low, high) = swapped ? (2, 0) : (0, 2)
        for k in 0..<count {
            let word = UInt32(bitPattern: integers[k])
            let at = result + 3 &* k
            at[low] = UInt8(truncatingIfNeeded: word)
            at[1] = UInt8(truncatingIfNeeded: word >> 8)
            at[high] = UInt8(truncatingIfNeeded: word >> 16)
        }
    case .s32:
        let result = bytes.assumingMemoryBound(to: Int32.self)
        for k in 0..<count { result[k] = swapped ? integers[k].byteSwapped : integers[k] }
    case .f32, .f64: preconditionFailure("floating point is not written by way of integers")
    }
}

/// Writes floats as floating-point samples, bit by bit the same value.
///
/// - Shape: `bytes` takes `count` samples of `encoding`, `.f32` or `.f64`. The two must not overlap.
/// - Thread: any.
public func encodeFloats(
    _ samples: UnsafePointer<Float>, as encoding: PCMEncoding, swapped: Bool, count: Int,
    into bytes: UnsafeMutableRawPointer
) {
    if encoding == .f64 {
        let result = bytes.assumingMemoryBound(to: UInt64.self)
        for k in 0..<count {
            let word = Double(samples[k]).bitPattern
            result[k] = swapped ? word.byteSwapped : word
        }
    } else if swapped {
        let result = bytes.assumingMemoryBound(to: UInt32.self)
        for k in 0..<count { result[k] = samples[k].bitPattern.byteSwapped }
    } else {
        bytes.copyMemory(from: samples, byteCount: 4 * count)
    }
}

/// The largest magnitude among samples, and how many are not a number.
///
/// - Returns: `peak` leaves NaN out, and is infinite where a sample is.
/// - Thread: any.
public func inspect(_ samples: UnsafePointer<Float>, count: Int) -> (peak: Float, notNumbers: Int) {
    // Magnitudes of floats are ordered as their bits are, and NaN lies above infinity.
    let words = UnsafeRawPointer(samples).assumingMemoryBound(to: Int32.self)
    var highest: Int32 = 0
    for k in 0..<count {
        let magnitude = words[k] & 0x7FFF_FFFF
        highest = magnitude > highest ? magnitude : highest
    }
    if highest <= 0x7F80_0000 { return (Float(bitPattern: UInt32(bitPattern: highest)), 0) }
    var notNumbers = 0
    highest = 0
    for k in 0..<count {
        let magnitude = words[k] & 0x7FFF_FFFF
        if magnitude > 0x7F80_0000 { notNumbers += 1 } else { highest = max(highest, magnitude) }
    }
    return (Float(bitPattern: UInt32(bitPattern: highest)), notNumbers)
}
