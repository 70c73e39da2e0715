internal import SyrinxDSP

/// A low-pass filter between samples: a windowed sinc, tabulated at many places between two samples.
///
/// - Shape: `phases` + 1 rows of `taps` coefficients, `taps` a multiple of 16. Row p, coefficient j weighs the sample at
///   distance j − (taps/2 − 1) − p/phases from the output's place. Every row sums to 1, so that a constant stays one.
/// - Thread: made on control (allocates, takes milliseconds); read by any.
/// - Source: J. O. Smith, "Digital Audio Resampling Home Page", CCRMA (windowed sinc, linear interpolation between
///   rows); J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", IEEE ISCAS 1974.
struct SincTable: ~Copyable {
    /// Rows between one sample and the next. Linear interpolation between them errs by (2πf/(rate · 512))²/8 of a tone
    /// at f: −112 dB at 20 kHz, −160 dB at 1 kHz.
    static var phases: Int { 512 }
    /// Kaiser's β for a stop band 110 dB down: 0.1102 · (110 − 8.7).
    static var beta: Double { 11.16 }

    let taps: Int
    /// ``phases``, as render multiplies by it.
    let phaseScale = Double(SincTable.phases)
    let rows: UnsafeMutablePointer<Float>

    /// - Parameters:
    ///   - inputRate: of the samples to be weighed, Hz.
    ///   - outputRate: of those to be made, Hz; where it is lower, the filter is so much lower and longer.
    ///
    /// 96 taps at the lower rate put the transition's middle at 0.4785 of it: flat to 0.442 (19.5 kHz at 44.1 kHz, 21.2 at
    /// 48), 110 dB down from 0.515. What folds lies above 0.485.
    init(inputRate: Int, outputRate: Int) {
        let narrowing = min(1, Double(outputRate) / Double(inputRate))
        taps = Self.length(from: inputRate, to: outputRate)
        let half = Double(taps / 2)
        let cutoff = 2 * 0.4785 * narrowing
        rows = UnsafeMutableRawPointer.allocate(byteCount: (Self.phases + 1) * taps * 4, alignment: 64)
            .bindMemory(to: Float.self, capacity: (Self.phases + 1) * taps)
        let scale = 1 / Self.bessel(Self.beta)
        var row = [Double](repeating: 0, count: taps)
        for phase in 0...Self.phases {
            var sum = 0.0
            for j in 0..<taps {
                let distance = Double(j - (taps / 2 - 1)) - Double(phase) / Double(Self.phases)
                let edge = distance / half
                let window = abs(edge) >= 1 ? 0 : Self.bessel(Self.beta * (1 - edge * edge).squareRoot()) * scale
                let x = distance * cutoff
                row[j] = window * (abs(x) < 1e-12 ? 1 : sin(turns: x / 2) / (Double.pi * x))
                sum += row[j]
            }
            for j in 0..<taps { rows[phase * taps + j] = Float(row[j] / sum) }
        }
    }

    /// How many input samples go into one of output.
    static func length(from inputRate: Int, to outputRate: Int) -> Int {
        let narrowing = min(1, Double(outputRate) / Double(inputRate))
        return (Int((96 / narrowing).rounded(.up)) + 15) / 16 * 16
    }

    deinit { UnsafeMutableRawPointer(rows).deallocate() }

    /// The modified Bessel function of the first kind and order 0, by its power series.
    private static func bessel(_ x: Double) -> Double {
        var term = 1.0
        var sum = 1.0
        var k = 1.0
        while term > sum * 1e-17 {
            term *= (x / (2 * k)) * (x / (2 * k))
            sum += term
            k += 1
        }
        return sum
    }
}
