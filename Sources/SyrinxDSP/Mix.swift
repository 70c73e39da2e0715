internal import CSampleKernels

/// Copies `input` to `output`: as many samples as `input` holds. The two are one memory, or do not overlap.
///
/// - Thread: any.
@inlinable
public func copy(_ input: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>) {
    guard let source = input.baseAddress, let result = output.baseAddress else { return }
    if source == UnsafePointer(result) { return }
    UnsafeMutableRawPointer(result).copyMemory(from: source, byteCount: 4 &* input.count)
}

/// Adds `input` to `output`, sample by sample. The two must not overlap. Thread: any.
@inlinable
public func add(_ input: UnsafeBufferPointer<Float>, to output: UnsafeMutableBufferPointer<Float>) {
    guard let source = input.baseAddress, let result = output.baseAddress else { return }
    if input.count >= manySamples { return addMany(source, result, input.count) }
    for k in 0..<input.count { result[k] += source[k] }
}

/// Adds `input` times `gain` to `output`. The two must not overlap. Thread: any.
@inlinable
public func add(
    _ input: UnsafeBufferPointer<Float>, times gain: Float, to output: UnsafeMutableBufferPointer<Float>
) {
    guard let source = input.baseAddress, let result = output.baseAddress else { return }
    if input.count >= manySamples { return addMany(source, times: gain, result, input.count) }
    for k in 0..<input.count { result[k] += source[k] * gain }
}

/// Writes `input` times `gain` to `output`. The two must not overlap. Thread: any.
@inlinable
public func multiply(
    _ input: UnsafeBufferPointer<Float>, times gain: Float, into output: UnsafeMutableBufferPointer<Float>
) {
    guard let source = input.baseAddress, let result = output.baseAddress else { return }
    if input.count >= manySamples { return multiplyMany(source, by: gain, into: result, count: input.count) }
    for k in 0..<input.count { result[k] = source[k] * gain }
}

/// Writes one·a + two·b to `output`, which must not overlap either. Thread: any.
@inlinable
public func mix(
    _ one: UnsafeBufferPointer<Float>, times a: Float, _ two: UnsafeBufferPointer<Float>, times b: Float,
    into output: UnsafeMutableBufferPointer<Float>
) {
    guard let first = one.baseAddress, let second = two.baseAddress, let result = output.baseAddress else { return }
    if output.count >= manySamples { return mixMany(first, a, second, b, result, output.count) }
    for k in 0..<output.count { result[k] = first[k] * a + second[k] * b }
}

/// So many that the machine's widest vectors are worth a call.
@inlinable
var manySamples: Int { 64 }

// All plain arithmetic of ours, which calls nothing.

@usableFromInline @_noLocks @_noAllocation
func addMany(_ source: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, _ count: Int) {
    _unsafePerformance { syrinx_add(source, result, count) }
}

@usableFromInline @_noLocks @_noAllocation
func addMany(
    _ source: UnsafePointer<Float>, times gain: Float, _ result: UnsafeMutablePointer<Float>, _ count: Int
) {
    _unsafePerformance { syrinx_add_scaled(source, gain, result, count) }
}

@usableFromInline @_noLocks @_noAllocation
func multiplyMany(
    _ source: UnsafePointer<Float>, by gain: Float, into result: UnsafeMutablePointer<Float>, count: Int
) {
    _unsafePerformance { syrinx_scale(source, gain, result, count) }
}

@usableFromInline @_noLocks @_noAllocation
func multiplyMany(
    _ source: UnsafePointer<Float>, gliding gain: LinearGlide, into result: UnsafeMutablePointer<Float>, count: Int
) {
    let (start, step, index) = (gain.start, gain.step, Int32(truncatingIfNeeded: gain.elapsed))
    _unsafePerformance { syrinx_scale_gliding(source, start, step, index, result, count) }
}

@usableFromInline @_noLocks @_noAllocation
func mixMany(
    _ first: UnsafePointer<Float>, _ a: Float, _ second: UnsafePointer<Float>, _ b: Float,
    _ result: UnsafeMutablePointer<Float>, _ count: Int
) {
    _unsafePerformance { syrinx_mix(first, a, second, b, result, count) }
}
