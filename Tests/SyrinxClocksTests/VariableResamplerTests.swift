import SyrinxClocks
import SyrinxTestKit
import Testing

@Suite("variable resampler")
struct VariableResamplerTests {
    /// Resamples `input` at a constant step, fed in pieces.
    private func resample(_ input: [Float], from inputRate: Int, to outputRate: Int, step: Double, piece: Int)
        -> [Float]
    {
        var resampler = VariableResampler(channels: 1, inputRate: inputRate, outputRate: outputRate, history: 1024)
        var output: [Float] = []
        var fed = 0
        while fed < input.count {
            let frames = min(piece, input.count - fed)
            input.withUnsafeBufferPointer { resampler.append(0, $0.baseAddress! + fed, frames: frames) }
            resampler.finishAppend(frames)
            fed += frames
            var made = [Float](repeating: 0, count: resampler.readyFrames(step: step))
            let count = made.count
            made.withUnsafeMutableBufferPointer {
                guard let base = $0.baseAddress else { return }
                resampler.render(into: base, stride: count, frames: count, step: step)
            }
            output += made
        }
        return output
    }

    @Test(
        "a 1 kHz tone keeps its distortion and noise below −110 dB",
        arguments: [
            (48_000, 48_000, 1 + 500e-6), (48_000, 48_000, 1 - 500e-6), (44_100, 48_000, 1.0), (48_000, 44_100, 1.0),
        ])
    func tone(inputRate: Int, outputRate: Int, drift: Double) {
        let step = Double(inputRate) / Double(outputRate) * drift
        let input = TestSignal.sine(1000, rate: inputRate, frames: 20_000, amplitude: 0.9)
        let output = resample(input, from: inputRate, to: outputRate, step: step, piece: 257)
        let expected = TestSignal.sine(1000 * step, rate: inputRate, frames: output.count, amplitude: 0.9)
        // The beginning sees silence before the tone.
        let residue = Measure.residueDecibels(output.dropFirst(200), expected.dropFirst(200))
        #expect(residue - Measure.rmsDecibels(expected) < -110)
    }

    @Test("it sounds the same however its input comes in pieces", arguments: [1, 64, 1000])
    func pieces(piece: Int) {
        let input = TestSignal.noise(frames: 6000)
        let step = 1.0003
        #expect(
            resample(input, from: 48_000, to: 48_000, step: step, piece: piece)
                == resample(input, from: 48_000, to: 48_000, step: step, piece: 333))
    }

    @Test("what the lower rate cannot carry is taken away", arguments: [23_500.0, 25_000])
    func alias(frequency: Double) {
        let input = TestSignal.sine(frequency, rate: 96_000, frames: 30_000, amplitude: 1)
        let output = resample(input, from: 96_000, to: 44_100, step: 96_000 / 44_100, piece: 500)
        #expect(Measure.rmsDecibels(output.dropFirst(300)) < -100)
    }
}
