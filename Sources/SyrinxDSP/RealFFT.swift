/// The discrete Fourier transform of real samples, and its inverse: X[k] = Σ x[n]·exp(−2πi·k·n/size).
///
/// A complex transform of half the size over even and odd samples, in Stockham's order, four points at a time, and a last
/// step that takes the two apart. Real and imaginary parts lie in planes.
///
/// - Shape: `size` samples ⇄ `size`/2 + 1 bins, from 0 to half the rate; bins 0 and `size`/2 are real.
/// - Units: not scaled forward; `inverse` divides by `size`, so that it undoes `forward`.
/// - Returns: relative error about 1e-7·log2(size) of the spectrum's RMS.
/// - Thread: made on control (allocates, computes its tables); used by one thread at a time, which may render.
/// - Source: W. T. Cochran et al., "What is the fast Fourier transform?", Proc. IEEE 55 (1967), section on Stockham's
///   algorithm; J. W. Cooley, P. A. W. Lewis, P. D. Welch, "The fast Fourier transform algorithm: programming
///   considerations in the calculation of sine, cosine and Laplace transforms", J. Sound Vib. 12 (1970), for real input.
public struct RealFFT: ~Copyable {
    /// Samples of a transform: a power of two, 32…65 536.
    public let size: Int
    /// Points of the complex transform.
    private let half: Int
    /// Stage by stage six planes of twiddles: real and imaginary parts of w, w², w³, w = exp(−2πi·p/n).
    private let twiddles: UnsafeMutablePointer<Float>
    /// exp(−2πi·k/size) for k < half: real parts, then imaginary parts.
    private let turns: UnsafeMutablePointer<Float>
    /// Two complex vectors in planes, each plane one longer than `half`, rounded up to whole lines.
    private let work: UnsafeMutablePointer<Float>
    private let plane: Int

    public init(size: Int) {
        precondition(size >= 32 && size <= 65_536 && size & (size - 1) == 0)
        self.size = size
        half = size / 2
        plane = half + 16
        func memory(_ count: Int) -> UnsafeMutablePointer<Float> {
            let floats = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
                .bindMemory(to: Float.self, capacity: count)
            floats.initialize(repeating: 0, count: count)
            return floats
        }
        work = memory(4 * plane)
        turns = memory(2 * half)
        for k in 0..<half {
            let part = Double(k) / Double(size)
            turns[k] = Float(cos(turns: part))
            turns[half + k] = -Float(sin(turns: part))
        }
        twiddles = memory(2 * half + 16)
        var place = 0
        var length = half
        while length >= 4 {
            let m = length / 4
            for p in 0..<m {
                for power in 1...3 {
                    let part = Double(p * power) / Double(length)
                    twiddles[place + (2 * power - 2) * m + p] = Float(cos(turns: part))
                    twiddles[place + (2 * power - 1) * m + p] = -Float(sin(turns: part))
                }
            }
            place += 6 * m
            length /= 4
        }
    }

    deinit {
        UnsafeMutableRawPointer(twiddles).deallocate()
        UnsafeMutableRawPointer(turns).deallocate()
        UnsafeMutableRawPointer(work).deallocate()
    }

    /// Transforms `size` samples into `size`/2 + 1 bins. Thread: render.
    @_noLocks @_noAllocation
    public func forward(
        _ samples: UnsafePointer<Float>, real: UnsafeMutablePointer<Float>, imaginary: UnsafeMutablePointer<Float>
    ) {
        var j = 0
        while j < half {
            let pairs = load8(samples + 2 &* j)
            store4(pairs.evenHalf, work + j)
            store4(pairs.oddHalf, work + (plane &+ j))
            j &+= 4
        }
        let ends = transform(work, work + plane, work + 2 &* plane, work + 3 &* plane)
        let re = ends ? work + 2 &* plane : work
        let im = ends ? work + 3 &* plane : work + plane
        re[half] = re[0]
        im[half] = im[0]
        let (cosines, sines) = (turns, turns + half)
        let scale = SIMD4<Float>(repeating: 0.5)
        var k = 0
        while k < half {
            // X[k] = (Z[k] + Z*[h−k])/2 − i·w·(Z[k] − Z*[h−k])/2
            let (zr, zi) = (load4(re + k), load4(im + k))
            let (yr, yi) = (reversed(load4(re + (half &- k &- 3))), reversed(load4(im + (half &- k &- 3))))
            let (wr, wi) = (load4(cosines + k), load4(sines + k))
            let (sr, si) = (zr + yr, zi - yi)
            let (dr, di) = (zr - yr, zi + yi)
            store4((sr + (wr * di + wi * dr)) * scale, real + k)
            store4((si - (wr * dr - wi * di)) * scale, imaginary + k)
            k &+= 4
        }
        real[half] = re[0] - im[0]
        imaginary[half] = 0
        imaginary[0] = 0
    }

    /// Transforms `size`/2 + 1 bins back into `size` samples. Thread: render.
    ///
    /// The imaginary parts of bins 0 and `size`/2 are taken as 0.
    @_noLocks @_noAllocation
    public func inverse(
        real: UnsafePointer<Float>, imaginary: UnsafePointer<Float>, into samples: UnsafeMutablePointer<Float>
    ) {
        let (cosines, sines) = (turns, turns + half)
        let (re, im) = (work, work + plane)
        let scale = SIMD4<Float>(repeating: 1 / Float(size))
        var k = 0
        while k < half {
            // Z[k] = (X[k] + X*[h−k]) + i·w*·(X[k] − X*[h−k]), over size
            let (xr, xi) = (load4(real + k), load4(imaginary + k))
            let (yr, yi) = (
                reversed(load4(real + (half &- k &- 3))), reversed(load4(imaginary + (half &- k &- 3)))
            )
            let (wr, wi) = (load4(cosines + k), load4(sines + k))
            let (sr, si) = (xr + yr, xi - yi)
            let (dr, di) = (xr - yr, xi + yi)
            store4((sr - (wr * di - wi * dr)) * scale, re + k)
            store4((si + (wr * dr + wi * di)) * scale, im + k)
            k &+= 4
        }
        re[0] = (real[0] + real[half]) * scale[0]
        im[0] = (real[0] - real[half]) * scale[0]
        // A transform with real and imaginary parts exchanged runs backwards.
        let ends = transform(im, re, work + 3 &* plane, work + 2 &* plane)
        let even = ends ? work + 2 &* plane : re
        let odd = ends ? work + 3 &* plane : im
        var j = 0
        while j < half {
            store8(interleaved(load4(even + j), load4(odd + j)), samples + 2 &* j)
            j &+= 4
        }
    }

    /// The complex transform, to and fro between two vectors.
    ///
    /// - Returns: true if the result lies in the second.
    @_noLocks @_noAllocation
    private func transform(
        _ re: UnsafeMutablePointer<Float>, _ im: UnsafeMutablePointer<Float>,
        _ otherRe: UnsafeMutablePointer<Float>, _ otherIm: UnsafeMutablePointer<Float>
    ) -> Bool {
        var (xr, xi, yr, yi) = (re, im, otherRe, otherIm)
        var table = UnsafePointer(twiddles)
        firstStage(xr, xi, yr, yi, half, table)
        table += 6 &* (half / 4)
        (xr, xi, yr, yi) = (yr, yi, xr, xi)
        var swapped = true
        var length = half / 4
        var stride = 4
        while length >= 4 {
            stage(xr, xi, yr, yi, length, stride, table)
            table += 6 &* (length / 4)
            (xr, xi, yr, yi) = (yr, yi, xr, xi)
            swapped = !swapped
            length /= 4
            stride &*= 4
        }
        if length == 2 {
            lastPairs(xr, xi, yr, yi, stride)
            swapped = !swapped
        }
        return swapped
    }
}

/// Four points at a time, neighbours side by side: the first stage, whose results interleave.
@_noLocks @_noAllocation
private func firstStage(
    _ xr: UnsafeMutablePointer<Float>, _ xi: UnsafeMutablePointer<Float>, _ yr: UnsafeMutablePointer<Float>,
    _ yi: UnsafeMutablePointer<Float>, _ length: Int, _ table: UnsafePointer<Float>
) {
    let m = length / 4
    var p = 0
    while p < m {
        let w = table + p
        let (ar, ai) = (load4(xr + p), load4(xi + p))
        let (br, bi) = (load4(xr + (m &+ p)), load4(xi + (m &+ p)))
        let (cr, ci) = (load4(xr + (2 &* m &+ p)), load4(xi + (2 &* m &+ p)))
        let (dr, di) = (load4(xr + (3 &* m &+ p)), load4(xi + (3 &* m &+ p)))
        let (sr, si, tr, ti) = (ar + cr, ai + ci, ar - cr, ai - ci)
        let (ur, ui, vr, vi) = (br + dr, bi + di, br - dr, bi - di)
        let (r0, i0) = (sr + ur, si + ui)
        // a − c ∓ i·(b − d)
        let (er, ei, fr, fi) = (tr + vi, ti - vr, tr - vi, ti + vr)
        let (gr, gi) = (sr - ur, si - ui)
        let (w1r, w1i) = (load4(w), load4(w + m))
        let (w2r, w2i) = (load4(w + 2 &* m), load4(w + 3 &* m))
        let (w3r, w3i) = (load4(w + 4 &* m), load4(w + 5 &* m))
        let (r1, i1) = (er * w1r - ei * w1i, er * w1i + ei * w1r)
        let (r2, i2) = (gr * w2r - gi * w2i, gr * w2i + gi * w2r)
        let (r3, i3) = (fr * w3r - fi * w3i, fr * w3i + fi * w3r)
        storeInterleaved(r0, r1, r2, r3, yr + 4 &* p)
        storeInterleaved(i0, i1, i2, i3, yi + 4 &* p)
        p &+= 4
    }
}

/// A later stage: `stride` transforms side by side, a multiple of 4.
@_noLocks @_noAllocation
private func stage(
    _ xr: UnsafeMutablePointer<Float>, _ xi: UnsafeMutablePointer<Float>, _ yr: UnsafeMutablePointer<Float>,
    _ yi: UnsafeMutablePointer<Float>, _ length: Int, _ stride: Int, _ table: UnsafePointer<Float>
) {
    let m = length / 4
    let far = stride &* m
    for p in 0..<m {
        let (w1r, w1i) = (SIMD4(repeating: table[p]), SIMD4(repeating: table[m &+ p]))
        let (w2r, w2i) = (SIMD4(repeating: table[2 &* m &+ p]), SIMD4(repeating: table[3 &* m &+ p]))
        let (w3r, w3i) = (SIMD4(repeating: table[4 &* m &+ p]), SIMD4(repeating: table[5 &* m &+ p]))
        let (pr, pi) = (xr + stride &* p, xi + stride &* p)
        let (qr, qi) = (yr + 4 &* stride &* p, yi + 4 &* stride &* p)
        var q = 0
        while q < stride {
            let (ar, ai) = (load4(pr + q), load4(pi + q))
            let (br, bi) = (load4(pr + (far &+ q)), load4(pi + (far &+ q)))
            let (cr, ci) = (load4(pr + (2 &* far &+ q)), load4(pi + (2 &* far &+ q)))
            let (dr, di) = (load4(pr + (3 &* far &+ q)), load4(pi + (3 &* far &+ q)))
            let (sr, si, tr, ti) = (ar + cr, ai + ci, ar - cr, ai - ci)
            let (ur, ui, vr, vi) = (br + dr, bi + di, br - dr, bi - di)
            let (er, ei, fr, fi) = (tr + vi, ti - vr, tr - vi, ti + vr)
            let (gr, gi) = (sr - ur, si - ui)
            store4(sr + ur, qr + q)
            store4(si + ui, qi + q)
            store4(er * w1r - ei * w1i, qr + (stride &+ q))
            store4(er * w1i + ei * w1r, qi + (stride &+ q))
            store4(gr * w2r - gi * w2i, qr + (2 &* stride &+ q))
            store4(gr * w2i + gi * w2r, qi + (2 &* stride &+ q))
            store4(fr * w3r - fi * w3i, qr + (3 &* stride &+ q))
            store4(fr * w3i + fi * w3r, qi + (3 &* stride &+ q))
            q &+= 4
        }
    }
}

/// The last stage of a length that is no power of four.
@_noLocks @_noAllocation
private func lastPairs(
    _ xr: UnsafeMutablePointer<Float>, _ xi: UnsafeMutablePointer<Float>, _ yr: UnsafeMutablePointer<Float>,
    _ yi: UnsafeMutablePointer<Float>, _ stride: Int
) {
    var q = 0
    while q < stride {
        let (ar, ai) = (load4(xr + q), load4(xi + q))
        let (br, bi) = (load4(xr + (stride &+ q)), load4(xi + (stride &+ q)))
        store4(ar + br, yr + q)
        store4(ai + bi, yi + q)
        store4(ar - br, yr + (stride &+ q))
        store4(ai - bi, yi + (stride &+ q))
        q &+= 4
    }
}

@inline(__always) @_noLocks @_noAllocation
private func load4(_ samples: UnsafePointer<Float>) -> SIMD4<Float> {
    UnsafeRawPointer(samples).loadUnaligned(as: SIMD4<Float>.self)
}

@inline(__always) @_noLocks @_noAllocation
private func load8(_ samples: UnsafePointer<Float>) -> SIMD8<Float> {
    UnsafeRawPointer(samples).loadUnaligned(as: SIMD8<Float>.self)
}

@inline(__always) @_noLocks @_noAllocation
private func store4(_ value: SIMD4<Float>, _ samples: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(samples).storeBytes(of: value, as: SIMD4<Float>.self)
}

@inline(__always) @_noLocks @_noAllocation
private func store8(_ value: SIMD8<Float>, _ samples: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(samples).storeBytes(of: value, as: SIMD8<Float>.self)
}

@inline(__always) @_noLocks @_noAllocation
private func reversed(_ value: SIMD4<Float>) -> SIMD4<Float> { SIMD4(value.w, value.z, value.y, value.x) }

/// a0 b0 a1 b1 …
@inline(__always) @_noLocks @_noAllocation
private func interleaved(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD8<Float> {
    SIMD8(a.x, b.x, a.y, b.y, a.z, b.z, a.w, b.w)
}

/// Writes a0 b0 c0 d0 a1 b1 c1 d1 …
@inline(__always) @_noLocks @_noAllocation
private func storeInterleaved(
    _ a: SIMD4<Float>, _ b: SIMD4<Float>, _ c: SIMD4<Float>, _ d: SIMD4<Float>, _ samples: UnsafeMutablePointer<Float>
) {
    let (ac, bd) = (interleaved(a, c), interleaved(b, d))
    store8(interleaved(ac.lowHalf, bd.lowHalf), samples)
    store8(interleaved(ac.highHalf, bd.highHalf), samples + 8)
}
