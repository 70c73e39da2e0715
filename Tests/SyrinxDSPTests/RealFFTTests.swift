import SyrinxDSP
import SyrinxTestKit
import Testing

@Suite("real FFT")
struct RealFFTTests {
    private func spectrum(_ fft: borrowing RealFFT, _ samples: [Float]) -> (real: [Float], imaginary: [Float]) {
        var real = [Float](repeating: .nan, count: fft.size / 2 + 1)
        var imaginary = real
        fft.forward(samples, real: &real, imaginary: &imaginary)
        return (real, imaginary)
    }

    /// The definition, in double precision.
    private func direct(_ samples: [Float], _ bin: Int) -> (real: Double, imaginary: Double) {
        var sum = (real: 0.0, imaginary: 0.0)
        for (n, sample) in samples.enumerated() {
            let part = Double((n * bin) % samples.count) / Double(samples.count)
            sum.real += Double(sample) * cos(turns: part)
            sum.imaginary -= Double(sample) * sin(turns: part)
        }
        return sum
    }

    @Test("equals the definition", arguments: [32, 64, 128, 256, 512, 1024, 2048, 4096])
    func definition(size: Int) {
        let fft = RealFFT(size: size)
        let samples = TestSignal.noise(seed: 7, frames: size)
        let (real, imaginary) = spectrum(fft, samples)
        // Rounding of log2(size) stages, against a spectrum of RMS √(size/3).
        let bound = 4e-7 * Double(size).squareRoot() * 12
        var largest = 0.0
        for bin in stride(from: 0, through: size / 2, by: size > 512 ? 7 : 1) {
            let expected = direct(samples, bin)
            largest = max(largest, abs(Double(real[bin]) - expected.real))
            largest = max(largest, abs(Double(imaginary[bin]) - expected.imaginary))
        }
        #expect(largest < bound)
        #expect(abs(Double(real[size / 2]) - direct(samples, size / 2).real) < bound)
        #expect(imaginary[0] == 0 && imaginary[size / 2] == 0)
    }

    @Test("the inverse gives the samples back", arguments: [32, 64, 512, 1024, 4096])
    func inverse(size: Int) {
        let fft = RealFFT(size: size)
        let samples = TestSignal.noise(seed: 3, frames: size)
        let (real, imaginary) = spectrum(fft, samples)
        var again = [Float](repeating: .nan, count: size)
        fft.inverse(real: real, imaginary: imaginary, into: &again)
        let worst = zip(samples, again).map { abs($0 - $1) }.max() ?? .nan
        #expect(worst < 2e-6)
    }

    @Test("a tone in the middle of a bin has half its amplitude times the size there, and nothing elsewhere")
    func tone() {
        let size = 256
        let fft = RealFFT(size: size)
        let samples = (0..<size).map { Float(cos(turns: Double($0 * 19 % size) / Double(size))) }
        let (real, imaginary) = spectrum(fft, samples)
        for bin in 0...size / 2 {
            #expect(abs(real[bin] - (bin == 19 ? 128 : 0)) < 1e-4)
            #expect(abs(imaginary[bin]) < 1e-4)
        }
    }

    @Test("stays off the heap")
    func heap() {
        let fft = RealFFT(size: 512)
        let samples = TestSignal.noise(seed: 1, frames: 512)
        var (real, imaginary) = ([Float](repeating: 0, count: 257), [Float](repeating: 0, count: 257))
        var again = samples
        samples.withUnsafeBufferPointer { input in
            real.withUnsafeMutableBufferPointer { re in
                imaginary.withUnsafeMutableBufferPointer { im in
                    again.withUnsafeMutableBufferPointer { out in
                        guard let x = input.baseAddress, let r = re.baseAddress, let i = im.baseAddress,
                            let o = out.baseAddress
                        else { return }
                        #expect(
                            heapCalls {
                                fft.forward(x, real: r, imaginary: i)
                                fft.inverse(real: r, imaginary: i, into: o)
                            } == 0)
                    }
                }
            }
        }
    }
}
