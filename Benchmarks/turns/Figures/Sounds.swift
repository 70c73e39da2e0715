internal import Glibc
internal import SyrinxTestKit

/// What a microphone hears that is no turn: synthetic, the same for the same seed.
enum Sound: String, CaseIterable {
    case mhm, cough, keys

    /// Frames of one event: a murmur, a cough, a burst of typing.
    func make(rate: Double, _ random: inout SeededRandom) -> [Float] {
        switch self {
        case .mhm: Self.murmur(rate, &random)
        case .cough: Self.cough(rate, &random)
        case .keys: Self.typing(rate, &random)
        }
    }

    /// Two nasal syllables with a breath between, the second rising: harmonics under one low formant.
    private static func murmur(_ rate: Double, _ random: inout SeededRandom) -> [Float] {
        let pitch = Double.random(in: 95...220, using: &random)
        let level = Double.random(in: 0.02...0.08, using: &random)
        func syllable(_ seconds: Double, from: Double, to: Double) -> [Float] {
            let count = Int(seconds * rate)
            var phase = 0.0
            return (0..<count).map { k in
                let part = Double(k) / Double(count)
                let hertz = pitch * (from + (to - from) * part)
                phase += hertz / rate
                var sum = 0.0
                for harmonic in 1...14 {
                    let distance = (hertz * Double(harmonic) - 260) / 110
                    sum += sin(2 * .pi * phase * Double(harmonic)) * (1 / (1 + distance * distance) + 0.03)
                }
                return Float(level * sum * sin(.pi * part).squareRoot())
            }
        }
        let breath = (0..<Int(Double.random(in: 0.03...0.07, using: &random) * rate)).map { _ in
            Float.random(in: -0.1...0.1, using: &random) * Float(level)
        }
        let first = syllable(Double.random(in: 0.11...0.18, using: &random), from: 1, to: 0.92)
        return first + breath + syllable(Double.random(in: 0.15...0.26, using: &random), from: 0.95, to: 1.3)
    }

    /// A burst that opens within 5 ms and falls, once or twice; the second half of it a little hollow.
    private static func cough(_ rate: Double, _ random: inout SeededRandom) -> [Float] {
        var samples: [Float] = []
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let level = Double.random(in: 0.1...0.4, using: &random)
            let decay = Double.random(in: 0.04...0.08, using: &random)
            let (hollow, width) = (Double.random(in: 500...900, using: &random), 250.0)
            let radius = exp(-.pi * width / rate)
            let turn = 2 * radius * cos(2 * .pi * hollow / rate)
            var memory = (0.0, 0.0)
            for k in 0..<Int(0.25 * rate) {
                let time = Double(k) / rate
                let white = Double.random(in: -1...1, using: &random)
                let rung = (1 - radius) * white + turn * memory.0 - radius * radius * memory.1
                memory = (rung, memory.0)
                let shape = min(1, time / 0.005) * exp(-time / decay)
                samples.append(Float(level * shape * (0.4 * white + 4 * rung)))
            }
            samples += [Float](repeating: 0, count: Int(Double.random(in: 0.08...0.2, using: &random) * rate))
        }
        return samples
    }

    /// Four to nine keys, down and up: clicks of some ms with a ring of 2 to 4.5 kHz and a thud.
    private static func typing(_ rate: Double, _ random: inout SeededRandom) -> [Float] {
        var samples = [Float](repeating: 0, count: Int(2.5 * rate))
        func click(at seconds: Double, level: Double) {
            let ring = Double.random(in: 2_000...4_500, using: &random)
            let first = Int(seconds * rate)
            for k in 0..<Int(0.03 * rate) where first + k < samples.count {
                let time = Double(k) / rate
                let white = Double.random(in: -1...1, using: &random)
                let high = (0.6 * white + sin(2 * .pi * ring * time)) * exp(-time / 0.003)
                let thud = 0.5 * sin(2 * .pi * 180 * time) * exp(-time / 0.008)
                samples[first + k] += Float(level * (high + thud))
            }
        }
        var time = 0.0
        for _ in 0..<Int.random(in: 4...9, using: &random) {
            let level = Double.random(in: 0.02...0.08, using: &random)
            click(at: time, level: level)
            click(at: time + Double.random(in: 0.07...0.12, using: &random), level: 0.4 * level)
            time += Double.random(in: 0.12...0.28, using: &random)
        }
        return Array(samples.prefix(Int((time + 0.15) * rate)))
    }
}
