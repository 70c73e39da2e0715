/// Copies `input` to `output`: as many samples as `input` holds. The two are one memory, or do not overlap.
///
/// - Thread: any.
@inlinable
public func copy(_ input: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>) {
    guard let source = input.baseAddress, let result = output.baseAddress else { return }
    if source == UnsafePointer(result) { return }
    for k in 0..<input.count { result[k] = source[k] }
}

/// Adds `input` to `output`, sample by sample. The two must not overlap. Thread: any.
@inlinable
public func add(_ input: UnsafeBufferPointer<Float>, to output: UnsafeMutableBufferPointer<Float>) {
    guard let source = input.baseAddress, let result = output.baseAddress else { return }
    for k in 0..<input.count { result[k] += source[k] }
}

/// Adds `input` times `gain` to `output`. The two must not overlap. Thread: any.
@inlinable
public func add(
    _ input: UnsafeBufferPointer<Float>, times gain: Float, to output: UnsafeMutableBufferPointer<Float>
) {
    guard let source = input.baseAddress, let result = output.baseAddress else { return }
    for k in 0..<input.count { result[k] += source[k] * gain }
}

/// Writes `input` times `gain` to `output`. The two must not overlap. Thread: any.
@inlinable
public func multiply(
    _ input: UnsafeBufferPointer<Float>, times gain: Float, into output: UnsafeMutableBufferPointer<Float>
) {
    guard let source = input.baseAddress, let result = output.baseAddress else { return }
    for k in 0..<input.count { result[k] = source[k] * gain }
}

/// Writes one·a + two·b to `output`, which must not overlap either. Thread: any.
@inlinable
public func mix(
    _ one: UnsafeBufferPointer<Float>, times a: Float, _ two: UnsafeBufferPointer<Float>, times b: Float,
    into output: UnsafeMutableBufferPointer<Float>
) {
    guard let first = one.baseAddress, let second = two.baseAddress, let result = output.baseAddress else { return }
    for k in 0..<output.count { result[k] = first[k] * a + second[k] * b }
}
