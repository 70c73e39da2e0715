internal import Glibc

/// The first samples of a convolution, as many as `samples` has: overlap-add by fast Fourier transforms.
///
/// - Source: T. G. Stockham, "High-speed convolution and correlation", AFIPS 1966.
public func convolve(_ samples: [Float], _ response: [Float]) -> [Float] {
    if samples.isEmpty || response.isEmpty { return [Float](repeating: 0, count: samples.count) }
    var size = 1_024
    while size < 2 * response.count { size *= 2 }
    let transform = ComplexTransform(size)
    let piece = size - response.count + 1
    var shape = [SIMD2<Double>](repeating: .zero, count: size)
    for (k, value) in response.enumerated() { shape[k].x = Double(value) }
    transform.forward(&shape)
    var result = [Double](repeating: 0, count: samples.count + size)
    for start in stride(from: 0, to: samples.count, by: piece) {
        var block = [SIMD2<Double>](repeating: .zero, count: size)
        for k in 0..<min(piece, samples.count - start) { block[k].x = Double(samples[start + k]) }
        transform.forward(&block)
        for k in 0..<size {
            let (a, b) = (block[k], shape[k])
            // Conjugated, so that the forward transform goes back.
            block[k] = SIMD2(a.x * b.x - a.y * b.y, -(a.x * b.y + a.y * b.x))
        }
        transform.forward(&block)
        for k in 0..<size { result[start + k] += block[k].x / Double(size) }
    }
    return samples.indices.map { Float(result[$0]) }
}

/// A fast Fourier transform in place, radix 2.
struct ComplexTransform {
    private let size: Int
    private let turns: [SIMD2<Double>]

    /// - Precondition: `size` is a power of two.
    init(_ size: Int) {
        self.size = size
        turns = (0..<size / 2).map {
            let angle = -2 * Double.pi * Double($0) / Double(size)
            return SIMD2(cos(angle), sin(angle))
        }
    }

    func forward(_ values: inout [SIMD2<Double>]) {
        var j = 0
        for i in 1..<size {
            var bit = size >> 1
            while j & bit != 0 {
                j ^= bit
                bit >>= 1
            }
            j |= bit
            if i < j { values.swapAt(i, j) }
        }
        values.withUnsafeMutableBufferPointer { values in
            turns.withUnsafeBufferPointer { turns in
                var length = 2
                while length <= size {
                    let (half, stride) = (length / 2, size / length)
                    var start = 0
                    while start < size {
                        for k in 0..<half {
                            let (w, a, b) = (turns[k * stride], values[start + k], values[start + k + half])
                            let turned = SIMD2(b.x * w.x - b.y * w.y, b.x * w.y + b.y * w.x)
                            values[start + k] = a + turned
                            values[start + k + half] = a - turned
                        }
                        start += length
                    }
                    length *= 2
                }
            }
        }
    }
}
