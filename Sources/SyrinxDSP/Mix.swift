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
