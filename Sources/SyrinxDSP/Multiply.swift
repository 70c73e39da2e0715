/// Multiplies `input` by a gain, sample by sample: out[k] = in[k] · gain(k).
///
/// - Shape: as many samples as `input` holds; `output` may be the same memory as `input`, or must not overlap it.
/// - Thread: any. Does not move the glide on: every channel starts from the same gain.
@inlinable
public func multiply(
    _ input: UnsafeBufferPointer<Float>, by gain: LinearGlide, into output: UnsafeMutableBufferPointer<Float>
) {
    let gliding = gain.isSteady ? 0 : min(gain.remaining, input.count)
    guard let source = input.baseAddress, let result = output.baseAddress else { return }
    if source == UnsafePointer(result) {
        multiplyInPlace(result, count: input.count, gliding: gliding, by: gain)
    } else {
        multiplyApart(source, result, count: input.count, gliding: gliding, by: gain)
    }
}

/// One pointer only: a loop over two that may be the same memory would not be vectorised.
@inlinable
func multiplyInPlace(_ samples: UnsafeMutablePointer<Float>, count: Int, gliding: Int, by gain: LinearGlide) {
    if gliding >= manySamples {
        multiplyMany(samples, gliding: gain, into: samples, count: gliding)
    } else {
        for k in 0..<gliding { samples[k] *= gain.gliding(k) }
    }
    let steady = gain.target
    if steady == 1 { return }
    if count &- gliding >= manySamples {
        multiplyMany(samples + gliding, by: steady, into: samples + gliding, count: count &- gliding)
    } else {
        for k in gliding..<count { samples[k] *= steady }
    }
}

@inlinable
func multiplyApart(
    _ source: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>, count: Int, gliding: Int,
    by gain: LinearGlide
) {
    if gliding >= manySamples {
        multiplyMany(source, gliding: gain, into: result, count: gliding)
    } else {
        for k in 0..<gliding { result[k] = source[k] * gain.gliding(k) }
    }
    let steady = gain.target
    if count &- gliding >= manySamples {
        multiplyMany(source + gliding, by: steady, into: result + gliding, count: count &- gliding)
    } else {
        for k in gliding..<count { result[k] = source[k] * steady }
    }
}
