internal import Glibc

/// Something like speech, the same for the same seed: voiced syllables of moving pitch and formants, hissed consonants,
/// pauses between words and longer ones between sentences.
///
/// - Source: the source-filter model: D. H. Klatt, "Software for a cascade/parallel formant synthesizer", JASA 67, 1980.
public struct TestVoice {
    private let rate: Double
    private var random: SeededRandom
    private var samples: [Float] = []
    private var phase = 0.0
    private let pitch: Double
    /// Two of a formant's samples each.
    private var memory = [SIMD2<Double>](repeating: .zero, count: 3)

    /// - Parameters:
    ///   - level: RMS of where it speaks, about, in dBFS.
    ///   - pause: how much longer than usual the pauses between sentences are, in seconds.
    /// - Returns: exactly `seconds` of it, mono.
    public static func speech(
        seed: UInt64, rate: Int, seconds: Double, level: Double = -23, pause: Double = 0
    ) -> [Float] {
        var voice = TestVoice(rate: Double(rate), seed: seed)
        let frames = Int(seconds * Double(rate))
        while voice.samples.count < frames { voice.sentence(pause: pause) }
        highPass(&voice.samples, hertz: 120, rate: voice.rate)
        let loud = voice.samples.filter { abs($0) > 1e-4 }
        let power = loud.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(loud.count, 1))
        let factor = Float(pow(10, level / 20) / max(power, 1e-12).squareRoot())
        return voice.samples.prefix(frames).map { $0 * factor }
    }

    private init(rate: Double, seed: UInt64) {
        self.rate = rate
        random = SeededRandom(seed: seed)
        pitch = Double.random(in: 90...230, using: &random)
    }

    private static let vowels: [SIMD3<Double>] = [
        SIMD3(730, 1090, 2440), SIMD3(530, 1840, 2480), SIMD3(270, 2290, 3010), SIMD3(570, 840, 2410),
        SIMD3(300, 870, 2240), SIMD3(490, 1350, 1690), SIMD3(660, 1720, 2410),
    ]

    private mutating func number(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &random) }

    private mutating func sentence(pause: Double) {
        for word in 0..<Int.random(in: 3...7, using: &random) {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                if number(0...1) < 0.7 { consonant(seconds: number(0.03...0.09)) }
                vowel(seconds: number(0.07...0.2), height: 1.15 - 0.05 * Double(word))
            }
            silence(seconds: number(0.02...0.08))
        }
        silence(seconds: number(0.2...0.5) + pause)
    }

    private mutating func silence(seconds: Double) {
        samples += [Float](repeating: 0, count: Int(seconds * rate))
    }

    private mutating func consonant(seconds: Double) {
        let count = Int(seconds * rate)
        let loudness = number(0.02...0.12)
        var last = 0.0
        for k in 0..<count {
            let white = number(-1...1)
            samples.append(Float(loudness * (white - 0.7 * last) * sin(.pi * Double(k) / Double(count))))
            last = white
        }
    }

    private mutating func vowel(seconds: Double, height: Double) {
        let count = Int(seconds * rate)
        let from = Self.vowels[Int.random(in: 0..<Self.vowels.count, using: &random)]
        let to = Self.vowels[Int.random(in: 0..<Self.vowels.count, using: &random)]
        let bend = number(0.9...1.15)
        for k in 0..<count {
            let part = Double(k) / Double(count)
            let hertz = from + (to - from) * part
            phase += pitch * height * (1 + (bend - 1) * part) / rate
            if phase >= 1 { phase -= 1 }
            // A glottal pulse opens slowly and closes fast; some breath goes with it.
            let pulse = (phase < 0.6 ? sin(.pi * phase / 0.6) : 0) - 0.38 + 0.03 * number(-1...1)
            var sum = 0.0
            for (index, gain) in [1.0, 0.6, 0.35].enumerated() {
                let radius = exp(-.pi * (60 + 30 * Double(index)) / rate)
                let angle = 2 * .pi * min(hertz[index], 0.45 * rate) / rate
                let value =
                    (1 - radius) * 2 * pulse + 2 * radius * cos(angle) * memory[index].x
                    - radius * radius * memory[index].y
                memory[index] = SIMD2(value, memory[index].x)
                sum += gain * value
            }
            samples.append(Float(sum * sin(.pi * part).squareRoot()))
        }
    }
}

/// Takes away what neither heads nor loudspeakers radiate: two first-order high-passes.
func highPass(_ samples: inout [Float], hertz: Double, rate: Double) {
    let pole = Float(exp(-2 * .pi * hertz / rate))
    for _ in 0..<2 {
        var (last, out) = (Float(0), Float(0))
        for k in samples.indices {
            out = pole * (out + samples[k] - last)
            last = samples[k]
            samples[k] = out
        }
    }
}
