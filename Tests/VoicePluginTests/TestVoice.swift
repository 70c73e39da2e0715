import SyrinxDSP
import SyrinxTestKit

/// Something that a detector takes for a voice: the harmonics of a gliding fundamental under two formants, four syllables a
/// second.
enum TestVoice {
    /// - Parameter level: RMS, linear.
    static func make(rate: Int, seconds: Double, level: Float = 0.1) -> [Float] {
        let frames = Int(seconds * Double(rate))
        var samples = [Float](repeating: 0, count: frames)
        var phase = 0.0
        for k in 0..<frames {
            let time = Double(k) / Double(rate)
            let pitch = 120 + 25 * sin(turns: 0.7 * time)
            phase += pitch / Double(rate)
            var sum = 0.0
            for harmonic in 1...25 {
                let frequency = pitch * Double(harmonic)
                let formants =
                    weight(frequency, 500 + 200 * sin(turns: 2 * time), 120) + 0.5 * weight(frequency, 1_600, 200)
                sum += sin(turns: phase * Double(harmonic)) * (formants + 0.02)
            }
            let syllable = sin(turns: 2 * time - 0.25)
            samples[k] = Float(sum * (0.05 + max(0, 0.5 + 0.5 * syllable)))
        }
        let mean = samples.reduce(0) { $0 + $1 * $1 } / Float(max(1, frames))
        let gain = level / mean.squareRoot()
        return samples.map { $0 * gain }
    }

    private static func weight(_ frequency: Double, _ centre: Double, _ width: Double) -> Double {
        let distance = (frequency - centre) / width
        return 1 / (1 + distance * distance)
    }

    /// Noise of the given RMS.
    static func noise(rate: Int, seconds: Double, level: Float, seed: UInt64 = 5) -> [Float] {
        TestSignal.noise(seed: seed, frames: Int(seconds * Double(rate))).map { $0 * level * 1.732 }
    }

    /// Three seconds of noise, two of voice above it, two of noise.
    static func scene(rate: Int, noise level: Float = 0.01) -> [Float] {
        var scene = noise(rate: rate, seconds: 7, level: level)
        for (k, sample) in make(rate: rate, seconds: 2).enumerated() { scene[3 * rate + k] += sample }
        return scene
    }
}
