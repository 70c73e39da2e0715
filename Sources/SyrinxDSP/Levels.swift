/// The largest magnitude among `samples`; 0 for none. NaN is passed over.
///
/// - Thread: any. The same for every way of cutting: a maximum does not mind the order.
@inlinable
public func peak(_ samples: UnsafeBufferPointer<Float>) -> Float {
    guard let source = samples.baseAddress else { return 0 }
    var lanes = SIMD16<Float>()
    var k = 0
    while k + 16 <= samples.count {
        let values = UnsafeRawPointer(source + k).loadUnaligned(as: SIMD16<Float>.self)
        let magnitudes = values.replacing(with: -values, where: values .< 0)
        lanes.replace(with: magnitudes, where: magnitudes .> lanes)
        k += 16
    }
    var largest: Float = 0
    for lane in 0..<16 { largest = lanes[lane] > largest ? lanes[lane] : largest }
    while k < samples.count {
        let magnitude = source[k] < 0 ? -source[k] : source[k]
        largest = magnitude > largest ? magnitude : largest
        k += 1
    }
    return largest
}

/// The sum of the squares of `samples`, in 16 partial sums of floats.
///
/// - Returns: relative error below count/16 · 6e-8.
/// - Thread: any. The last bits depend on where the samples are cut: give it pieces that lie on a grid of their own.
@inlinable
public func sumOfSquares(_ samples: UnsafeBufferPointer<Float>) -> Float {
    guard let source = samples.baseAddress else { return 0 }
    var lanes = SIMD16<Float>()
    var k = 0
    while k + 16 <= samples.count {
        let values = UnsafeRawPointer(source + k).loadUnaligned(as: SIMD16<Float>.self)
        lanes += values * values
        k += 16
    }
    var sum: Float = 0
    for lane in 0..<16 { sum += lanes[lane] }
    while k < samples.count {
        sum += source[k] * source[k]
        k += 1
    }
    return sum
}

/// `sum` plus the squares of `samples`, one after the other in double precision: the same however they are cut.
///
/// - Thread: any. About three times slower than ``sumOfSquares(_:)``.
@inlinable
public func addingSquares(_ samples: UnsafeBufferPointer<Float>, to sum: Double) -> Double {
    var sum = sum
    for sample in samples { sum += Double(sample) * Double(sample) }
    return sum
}
