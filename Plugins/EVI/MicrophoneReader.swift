internal import SyrinxRealtime

/// Takes what the microphone said out of the renderer's ring, as EVI wants it: 16 bits, at the rate that is sent.
///
/// - Thread: the session runner's; all members.
struct MicrophoneReader: ~Copyable {
    private let renderer: EVIRenderer
    private var changer: RateChanger
    private var converted: [Float] = []

    init(_ renderer: EVIRenderer, from rate: Int, to sendRate: Int) {
        self.renderer = renderer
        changer = RateChanger(from: rate, to: sendRate)
    }

    /// Everything that has come since the last call.
    mutating func take() -> [Int16] {
        let ring = renderer.microphone
        // What comes meanwhile is for the next call.
        var left = ring.readableCount
        if left == 0 { return [] }
        if changer.isPlain {
            return [Int16](unsafeUninitializedCapacity: left) { samples, filled in
                guard let first = samples.baseAddress else { return }
                while filled < left {
                    let run = ring.readableRun()
                    let count = min(run.count, left - filled)
                    quantize(UnsafeBufferPointer(rebasing: run[..<count]), into: first + filled)
                    ring.didRead(count)
                    filled += count
                }
            }
        }
        converted.removeAll(keepingCapacity: true)
        while left > 0 {
            let run = ring.readableRun()
            let count = min(run.count, left)
            changer.add(UnsafeBufferPointer(rebasing: run[..<count]), into: &converted)
            ring.didRead(count)
            left -= count
        }
        return quantized()
    }

    /// What the changer still holds: the input has ended.
    mutating func finish() -> [Int16] {
        converted.removeAll(keepingCapacity: true)
        changer.finish(into: &converted)
        return quantized()
    }

    private func quantized() -> [Int16] {
        converted.withUnsafeBufferPointer { converted in
            [Int16](unsafeUninitializedCapacity: converted.count) { samples, filled in
                if let first = samples.baseAddress { quantize(converted, into: first) }
                filled = converted.count
            }
        }
    }
}

/// Floats as 16 bits: full scale is 32 768, halves go away from zero, beyond full scale it clips, NaN is silence.
///
/// Eight at once, without branches and without the C library's `roundf`.
///
/// - Shape: `result` has room for as many; the two do not overlap.
func quantize(_ values: UnsafeBufferPointer<Float>, into result: UnsafeMutablePointer<Int16>) {
    guard let source = values.baseAddress else { return }
    let (from, to) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(result))
    var k = 0
    while k &+ 8 <= values.count {
        to.storeBytes(
            of: quantized(from.loadUnaligned(fromByteOffset: 4 &* k, as: SIMD8<Float>.self)), toByteOffset: 2 &* k,
            as: SIMD8<Int16>.self)
        k &+= 8
    }
    while k < values.count {
        result[k] = quantized(SIMD8(repeating: source[k]))[0]
        k &+= 1
    }
}

@inline(__always)
private func quantized(_ values: SIMD8<Float>) -> SIMD8<Int16> {
    // Adding 1.5·2^23 rounds a float below 2^22 to the nearest whole number, ties to even, and leaves it in the low bits.
    let shifter = SIMD8<Float>(repeating: 12_582_912)
    let zero = SIMD8<Float>(repeating: 0)
    var value = values * 32_768
    value.replace(with: zero, where: value .!= value)
    value.replace(with: SIMD8(repeating: -32_768), where: value .< -32_768)
    value.replace(with: SIMD8(repeating: 32_767), where: value .> 32_767)
    var whole = (value + shifter) - shifter
    // Exact. A tie that went towards zero goes the other way.
    let rest = value - whole
    let up = zero.replacing(with: 1, where: (rest .== 0.5) .& (value .> 0))
    let down = zero.replacing(with: 1, where: (rest .== -0.5) .& (value .< 0))
    whole += up - down
    return SIMD8<Int16>(truncatingIfNeeded: unsafeBitCast(whole + shifter, to: SIMD8<Int32>.self))
}
