internal import Glibc
internal import SyrinxCore

/// Brings an impulse response to another rate: band-limited interpolation with a Kaiser window, in double precision.
///
/// The taps are scaled by the ratio of the rates, so that the response's gain stays what it was. Tap 0 stays at 0; what the
/// filter rings before it is cut off.
///
/// - Thread: control. Calls libm and allocates.
/// - Source: J. O. Smith, "Digital Audio Resampling Home Page", 2002; J. F. Kaiser, "Nonrecursive digital filter design
///   using the I0-sinh window function", 1974: attenuation 120 dB, pass-band to 0.9 of the lower Nyquist frequency.
struct ResponseRate {
    private let (up, down): (Int, Int)
    /// Taps on either side of the middle, in input samples.
    private let reach: Int
    /// Phase by phase.
    private let table: [Double]

    /// Values of the largest table; ratios of usual rates need a tenth.
    private static let largestTable = 1 << 23

    /// - Throws: a fault naming both rates if their ratio needs a table that is too large.
    init(of path: String, from: Int, to: Int) throws(PipelineError) {
        var (a, b) = (from, to)
        while b != 0 { (a, b) = (b, a % b) }
        (up, down) = (to / a, from / a)
        let narrow = min(1, Double(to) / Double(from))
        let attenuation = 120.0
        let beta = 0.1102 * (attenuation - 8.7)
        // Transition of 0.1 of the lower Nyquist frequency, centred below it.
        let width = 0.1 * narrow * Double.pi
        reach = Int(((attenuation - 7.95) / (2.285 * width) / 2).rounded(.up))
        let count = up.multipliedReportingOverflow(by: 2 * reach)
        if count.overflow || count.partialValue > Self.largestTable {
            throw PipelineError(
                .missingInput, at: path,
                "it has \(from) Hz and the stream \(to) Hz, a ratio that no table holds; bring the file to \(to) Hz first"
            )
        }
        let cutoff = 0.95 * narrow
        var table = [Double](repeating: 0, count: count.partialValue)
        let scale = Double(from) / Double(to) * cutoff
        for phase in 0..<up {
            for k in 0..<2 * reach {
                // Distance of input sample k from the output's instant.
                let t = Double(k - reach + 1) - Double(phase) / Double(up)
                let edge = t / Double(reach)
                if abs(edge) >= 1 { continue }
                let x = Double.pi * cutoff * t
                let sinc = abs(x) < 1e-12 ? 1 : sin(x) / x
                table[phase * 2 * reach + k] =
                    scale * sinc * Self.bessel(beta * (1 - edge * edge).squareRoot()) / Self.bessel(beta)
            }
        }
        self.table = table
    }

    /// The modified Bessel function of order 0, by its power series.
    private static func bessel(_ x: Double) -> Double {
        var (sum, term, k) = (1.0, 1.0, 1.0)
        while term > sum * 1e-17 {
            term *= (x / (2 * k)) * (x / (2 * k))
            sum += term
            k += 1
        }
        return sum
    }

    /// How many frames come out for so many.
    func frames(_ count: Int) -> Int { (count * up + down - 1) / down }

    func convert(_ samples: [Float]) -> [Float] {
        let padded =
            [Double](repeating: 0, count: reach) + samples.map(Double.init) + [Double](repeating: 0, count: 2 * reach)
        return (0..<frames(samples.count)).map { n in
            let (at, phase) = (n * down / up, n * down % up)
            var sum = 0.0
            // Sample at − reach + 1 lies at index at + 1 of `padded`.
            for k in 0..<2 * reach where at + 1 + k < padded.count {
                sum += table[phase * 2 * reach + k] * padded[at + 1 + k]
            }
            return Float(sum)
        }
    }
}
