internal import SyrinxDSP

/// The magnitudes of a windowed frame's spectrum: 256 samples in, 129 magnitudes out.
///
/// Works in three parts, ``begin(_:)``, ``turn()`` and ``finish(into:)``, so that the work can be spread.
///
/// - Shape: bin k stands for k/256 of the sample rate; nothing is normalised.
/// - Thread: made on control; the parts on render.
/// - Source: a real transform as a complex one of half the length (H. V. Sorensen et al., "Real-valued fast Fourier
///   transform algorithms", IEEE Trans. ASSP 35, 1987), and that in four steps over rows and columns (D. H. Bailey, "FFTs in
///   external or hierarchical memory", 1990): 8 × 16, so that each step has whole rows to work on.
struct FrameSpectrum: ~Copyable {
    static let length = 256
    static let bins = 129
    /// ``bins``, and what fills the last vector up; those are 0.
    static let paddedBins = 136

    /// One allocation: window, twiddles and scratch, see the offsets.
    private let memory: UnsafeMutablePointer<Float>
    /// Where the spectrum's value k lies after the last step.
    private let places: UnsafeMutablePointer<Int32>

    // Offsets within `memory`, in floats.
    @inline(__always) private static var window: Int { 0 }
    /// Cosine and sine of −m/16 turns, m = 0 ..< 8.
    @inline(__always) private static var sixteenths: Int { 256 }
    /// cos and sin that row r of the first step is turned by: 128 of each.
    @inline(__always) private static var turns: Int { 288 }
    /// cos and sin of −k/256 turns, k = 0 ... 64: 72 of each.
    @inline(__always) private static var halves: Int { 544 }
    @inline(__always) private static var first: Int { 704 }
    @inline(__always) private static var second: Int { 960 }
    private static let size = 1216

    /// - Parameter window: 256 weights.
    init(window: [Float]) {
        precondition(window.count == Self.length)
        memory = UnsafeMutableRawPointer.allocate(byteCount: Self.size * 4, alignment: 64)
            .bindMemory(to: Float.self, capacity: Self.size)
        memory.initialize(repeating: 0, count: Self.size)
        for k in 0..<256 { memory[Self.window + k] = window[k] }
        for m in 0..<8 {
            memory[Self.sixteenths + m] = Float(cos(turns: Double(m) / 16))
            memory[Self.sixteenths + 8 + m] = Float(-sin(turns: Double(m) / 16))
        }
        for row in 0..<8 {
            for column in 0..<16 {
                let turn = Double(column * Self.reversed(row, bits: 3)) / 128
                memory[Self.turns + row * 16 + column] = Float(cos(turns: turn))
                memory[Self.turns + 128 + row * 16 + column] = Float(-sin(turns: turn))
            }
        }
        for k in 0...64 {
            memory[Self.halves + k] = Float(cos(turns: Double(k) / 256))
            memory[Self.halves + 72 + k] = Float(-sin(turns: Double(k) / 256))
        }
        places = .allocate(capacity: 128)
        for k in 0..<128 { (places + k).initialize(to: Int32(Self.reversed(k >> 3, bits: 4) * 8 + (k & 7))) }
    }

    deinit {
        UnsafeMutableRawPointer(memory).deallocate()
        places.deallocate()
    }

    /// `value` with its lowest bits in the opposite order.
    private static func reversed(_ value: Int, bits: Int) -> Int {
        (0..<bits).reduce(0) { $0 | (value >> $1 & 1) << (bits - 1 - $1) }
    }

    /// Takes 256 samples: weighs them and transforms columns of eight.
    ///
    /// - Thread: render.
    @_noLocks @_noAllocation
    func begin(_ samples: UnsafePointer<Float>) {
        let memory = memory
        let real = memory + Self.first
        let imaginary = real + 128
        var n = 0
        while n < 128 {
            real[n] = samples[2 &* n] * memory[2 &* n]
            imaginary[n] = samples[2 &* n &+ 1] * memory[2 &* n &+ 1]
            n &+= 1
        }
        transform(real, imaginary, rows: 8, columns: 2, memory + Self.sixteenths)
    }

    /// Turns what there is over and transforms what were rows of sixteen.
    ///
    /// - Thread: render.
    @_noLocks @_noAllocation
    func turn() {
        let memory = memory
        let real = memory + Self.first
        let imaginary = real + 128
        let (cosines, sines) = (memory + Self.turns, memory + (Self.turns &+ 128))
        let turned = memory + Self.second
        let turnedImaginary = turned + 128
        var row = 0
        while row < 8 {
            // Row r holds the output that stands at r's bits in reverse.
            let output = (row & 1) << 2 | row & 2 | row >> 2
            var column = 0
            while column < 16 {
                let k = row &* 16 &+ column
                let to = column &* 8 &+ output
                turned[to] = real[k] * cosines[k] - imaginary[k] * sines[k]
                turnedImaginary[to] = real[k] * sines[k] + imaginary[k] * cosines[k]
                column &+= 1
            }
            row &+= 1
        }
        transform(turned, turnedImaginary, rows: 16, columns: 1, memory + Self.sixteenths)
    }

    /// Parts the two interleaved halves, and writes ``paddedBins`` magnitudes.
    ///
    /// - Thread: render.
    @_noLocks @_noAllocation
    func finish(into magnitudes: UnsafeMutablePointer<Float>) {
        let memory = memory
        let places = places
        let real = memory + Self.second
        let imaginary = real + 128
        let (cosines, sines) = (memory + Self.halves, memory + (Self.halves &+ 72))
        let (zero, middle) = (Int(places[0]), Int(places[64]))
        let (sum, difference) = (real[zero] + imaginary[zero], real[zero] - imaginary[zero])
        magnitudes[0] = sum * sum
        magnitudes[128] = difference * difference
        magnitudes[64] = real[middle] * real[middle] + imaginary[middle] * imaginary[middle]
        var k = 1
        while k < 64 {
            let (a, b) = (Int(places[k]), Int(places[128 &- k]))
            // Twice the spectra of the even and of the odd samples.
            let (evenReal, evenImaginary) = (real[a] + real[b], imaginary[a] - imaginary[b])
            let (oddReal, oddImaginary) = (imaginary[a] + imaginary[b], real[b] - real[a])
            let x = oddReal * cosines[k] - oddImaginary * sines[k]
            let y = oddReal * sines[k] + oddImaginary * cosines[k]
            let (upReal, upImaginary) = (evenReal + x, evenImaginary + y)
            let (downReal, downImaginary) = (evenReal - x, evenImaginary - y)
            magnitudes[k] = 0.25 * (upReal * upReal + upImaginary * upImaginary)
            magnitudes[128 &- k] = 0.25 * (downReal * downReal + downImaginary * downImaginary)
            k &+= 1
        }
        k = Self.bins
        while k < Self.paddedBins {
            magnitudes[k] = 0
            k &+= 1
        }
        k = 0
        let raw = UnsafeMutableRawPointer(magnitudes)
        while k < Self.paddedBins {
            let power = raw.load(fromByteOffset: 4 &* k, as: SIMD8<Float>.self)
            raw.storeBytes(of: squareRoot(power), toByteOffset: 4 &* k, as: SIMD8<Float>.self)
            k &+= 8
        }
    }
}

/// Transforms columns of `rows` complex values each, eight columns to a vector, in place: output k comes to stand in the row
/// that is k with its bits in reverse.
///
/// - Parameter table: cosine and sine of −m/16 turns, 8 of each.
@_noLocks @_noAllocation
private func transform(
    _ real: UnsafeMutablePointer<Float>, _ imaginary: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
    _ table: UnsafePointer<Float>
) {
    let (re, im) = (UnsafeMutableRawPointer(real), UnsafeMutableRawPointer(imaginary))
    let pitch = 32 &* columns
    var length = rows
    while length >= 2 {
        let half = length >> 1
        var base = 0
        while base < rows {
            var j = 0
            while j < half {
                let turn = j &* (16 / length)
                let (cosine, sine) = (table[turn], table[8 &+ turn])
                var column = 0
                while column < columns {
                    let upper = (base &+ j) &* pitch &+ 32 &* column
                    let lower = upper &+ half &* pitch
                    let (a, b) = (
                        re.load(fromByteOffset: upper, as: SIMD8<Float>.self),
                        im.load(fromByteOffset: upper, as: SIMD8<Float>.self)
                    )
                    let (c, d) = (
                        re.load(fromByteOffset: lower, as: SIMD8<Float>.self),
                        im.load(fromByteOffset: lower, as: SIMD8<Float>.self)
                    )
                    re.storeBytes(of: a + c, toByteOffset: upper, as: SIMD8<Float>.self)
                    im.storeBytes(of: b + d, toByteOffset: upper, as: SIMD8<Float>.self)
                    let (x, y) = (a - c, b - d)
                    re.storeBytes(of: x * cosine - y * sine, toByteOffset: lower, as: SIMD8<Float>.self)
                    im.storeBytes(of: x * sine + y * cosine, toByteOffset: lower, as: SIMD8<Float>.self)
                    column &+= 1
                }
                j &+= 1
            }
            base &+= length
        }
        length = half
    }
}
