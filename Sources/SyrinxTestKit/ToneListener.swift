internal import Glibc
internal import SyrinxDSP

/// Hears the two tones that a ``SimulatedDevice`` sends, and tells in windows of 25 ms how late and how clean they are.
///
/// In each window the tone is fitted by least squares, with an amplitude and a phase that may each move evenly; the rest
/// is distortion and noise. A notch filter as AES17 has it (Q 1.2 to 3) would leave out 300 Hz around the tone; this
/// leaves out some 80, so that a wavering pace counts, and a gap or a repeat of a single frame stands out: within a
/// window as noise, between two as a step of the delay.
public final class ToneListener {
    public struct Window: Sendable {
        /// Of its middle, seconds.
        public var time: Double
        /// Of the 1 kHz tone.
        public var amplitude: Double
        /// What is not the tone, relative to it, dB.
        public var noiseDecibels: Double
        /// How much later than stated it comes, ms; modulo 25 ms.
        public var delayErrorMilliseconds: Double
        /// The same by the phase of the 1 kHz tone, which is finer; modulo 1 ms.
        public var fineErrorMilliseconds: Double
    }

    public private(set) var windows: [Window] = []
    /// The largest step from one sample to the next on channel 0, and when it was; across an outage none is counted.
    public private(set) var largestStep: Float = 0
    public private(set) var largestStepTime = 0.0

    private let delay: Double
    private static let length = 0.025
    private var began: Double?
    private var tone = ToneFit()
    private var slow = ToneFit()
    private var previous: Float = 0
    private var last = 0.0

    /// - Parameter delay: what is expected, seconds.
    public init(delay: Double) { self.delay = delay }

    /// Takes in a frame of both tones, and when it is heard.
    public func hear(_ tone: Float, _ slow: Float, at time: Double) {
        let step = abs(tone - previous)
        if step > largestStep, time - last < 1e-3 { (largestStep, largestStepTime) = (step, time) }
        (previous, last) = (tone, time)
        if began == nil { began = time }
        if let start = began, time >= start + Self.length {
            finish(start)
            began = time - start < 2 * Self.length ? start + Self.length : time
        }
        let start = began ?? time
        let place = (time - start) / Self.length - 0.5
        self.tone.add(tone, turns: (time - delay) * SimulatedDevice.toneHertz, place: place)
        self.slow.add(slow, turns: (time - delay) * SimulatedDevice.slowHertz, place: place)
    }

    private func finish(_ start: Double) {
        let fine = tone.solve()
        let coarse = slow.solve()
        windows.append(
            Window(
                time: start + Self.length / 2, amplitude: fine.amplitude, noiseDecibels: fine.noiseDecibels,
                delayErrorMilliseconds: -coarse.turns / SimulatedDevice.slowHertz * 1000,
                fineErrorMilliseconds: -fine.turns / SimulatedDevice.toneHertz * 1000))
        tone = ToneFit()
        slow = ToneFit()
    }
}

/// Least squares of a sine whose amplitude and phase move evenly: y ≈ (a + c·place)·sin + (b + d·place)·cos.
private struct ToneFit {
    /// The upper triangle of the normal equations, row by row, and their right side.
    private var products = InlineArray<10, Double>(repeating: 0)
    private var right = InlineArray<4, Double>(repeating: 0)
    private var energy = 0.0
    private var count = 0

    mutating func add(_ sample: Float, turns: Double, place: Double) {
        let s = SyrinxDSP.sin(turns: turns)
        let c = SyrinxDSP.cos(turns: turns)
        let y = Double(sample)
        let (sp, cp) = (s * place, c * place)
        products[0] += s * s
        products[1] += s * c
        products[2] += s * sp
        products[3] += s * cp
        products[4] += c * c
        products[5] += c * sp
        products[6] += c * cp
        products[7] += sp * sp
        products[8] += sp * cp
        products[9] += cp * cp
        right[0] += s * y
        right[1] += c * y
        right[2] += sp * y
        right[3] += cp * y
        energy += y * y
        count += 1
    }

    /// Amplitude and phase in the window's middle, and what is left relative to the tone.
    func solve() -> (amplitude: Double, turns: Double, noiseDecibels: Double) {
        var matrix = [[Double]](repeating: [Double](repeating: 0, count: 5), count: 4)
        var next = 0
        for row in 0..<4 {
            for column in row..<4 {
                matrix[row][column] = products[next]
                matrix[column][row] = products[next]
                next += 1
            }
            matrix[row][4] = right[row]
        }
        // Gauss–Jordan; the matrix is positive and well conditioned.
        for pivot in 0..<4 {
            let scale = 1 / matrix[pivot][pivot]
            for column in pivot..<5 { matrix[pivot][column] *= scale }
            for row in 0..<4 where row != pivot {
                let factor = matrix[row][pivot]
                for column in pivot..<5 { matrix[row][column] -= factor * matrix[pivot][column] }
            }
        }
        let (a, b) = (matrix[0][4], matrix[1][4])
        let explained = (0..<4).reduce(0.0) { $0 + matrix[$1][4] * right[$1] }
        let rest = max(energy - explained, energy * 1e-16)
        let noise = explained > 1e-9 * Double(count) ? 10 * Glibc.log10(rest / explained) : 0
        return ((a * a + b * b).squareRoot(), Glibc.atan2(b, a) / (2 * Double.pi), noise)
    }
}
