internal import Glibc

/// Speaks where no synthesiser is installed: not words, but sound with the rhythm, pitch and spectrum of a voice, so that
/// whoever listens for speech finds some.
///
/// Each group of vowels in the text becomes a syllable: a train of glottal pulses through three resonators at the formants
/// of that vowel; consonants become short noise, and what ends a word a gap. The same text gives the same samples.
///
/// - Source: D. Klatt, "Software for a cascade/parallel formant synthesizer" (1980), reduced; formants after Peterson and
///   Barney (1952).
struct FormantVoice: Sendable {
    static let rate = 24_000
    /// Hz of the voice's middle pitch, by the voice's name.
    private let pitch: Double
    private let size: Double

    init(voice: String) {
        var random = SeededRandom(seed: 0, voice)
        let isHigh = random.next() & 1 == 0
        pitch = isHigh ? 170 + 60 * random.fraction() : 95 + 40 * random.fraction()
        size = isHigh ? 1.15 : 1
    }

    func speak(_ text: String) -> Speech {
        var sound = Synthesis(rate: Double(Self.rate), seed: SeededRandom(seed: 1, text))
        let letters = Array(text.lowercased().unicodeScalars.prefix(4_000))
        let isQuestion = text.contains("?")
        for (index, letter) in letters.enumerated() {
            // The melody falls along the sentence; a question's rises at its end.
            let place = Double(index) / Double(max(letters.count, 1))
            let slope = isQuestion && place > 0.7 ? 0.75 + 0.5 * (place - 0.5) : 1.1 - 0.25 * place
            if let vowel = Self.formants[letter] {
                // Two vowels in a row are one longer syllable.
                let isFirst = index == 0 || Self.formants[letters[index - 1]] == nil
                sound.vowel(
                    vowel.map { $0 * size }, pitch: pitch * slope, seconds: isFirst ? 0.11 : 0.06, fadesIn: isFirst)
            } else if letter.properties.isAlphabetic {
                sound.noise(seconds: "sfzcx".unicodeScalars.contains(letter) ? 0.06 : 0.03)
            } else if letter.properties.numericType != nil {
                sound.vowel(Self.formants["a"]!.map { $0 * size }, pitch: pitch * slope, seconds: 0.16, fadesIn: true)
            } else {
                sound.silence(seconds: ".,;:!?".unicodeScalars.contains(letter) ? 0.12 : 0.04)
            }
        }
        sound.silence(seconds: 0.05)
        return Speech(rate: Self.rate, samples: sound.samples)
    }

    /// Hz of the first three formants.
    private static let formants: [Unicode.Scalar: [Double]] = [
        "a": [730, 1090, 2440], "e": [530, 1840, 2480], "i": [270, 2290, 3010], "o": [570, 840, 2410],
        "u": [300, 870, 2240], "y": [390, 1990, 2550], "ä": [660, 1720, 2410], "ö": [490, 1350, 1690],
        "ü": [300, 1700, 2200],
    ]
}

/// The sound as it grows.
private struct Synthesis {
    private let rate: Double
    private var random: SeededRandom
    private(set) var samples: [Int16] = []
    private var phase = 0.0

    init(rate: Double, seed: SeededRandom) {
        self.rate = rate
        random = seed
    }

    mutating func silence(seconds: Double) {
        samples += [Int16](repeating: 0, count: Int(seconds * rate))
    }

    mutating func noise(seconds: Double) {
        let count = Int(seconds * rate)
        var last = 0.0
        for index in 0..<count {
            let white = 2 * random.fraction() - 1
            let high = white - last  // a consonant's noise lies high
            last = white
            append(0.06 * high * envelope(index, count))
        }
    }

    mutating func vowel(_ formants: [Double], pitch: Double, seconds: Double, fadesIn: Bool) {
        let count = Int(seconds * rate)
        var resonators = zip(formants, [80.0, 100, 140]).map { Resonator(hertz: $0, width: $1, rate: rate) }
        let vibrato = 0.02 * pitch
        for index in 0..<count {
            let now = pitch + vibrato * sin(2 * .pi * 5 * Double(index) / rate)
            phase += now / rate
            if phase >= 1 { phase -= 1 }
            // A glottal pulse: it opens slowly and closes fast.
            let open = phase < 0.6 ? sin(.pi * phase / 0.6) : 0
            var sum = 0.0
            for (place, gain) in [1.0, 0.6, 0.3].enumerated() { sum += gain * resonators[place].next(open) }
            append(0.35 * sum * (fadesIn || index > count / 4 ? envelope(index, count) : 1))
        }
    }

    private func envelope(_ index: Int, _ count: Int) -> Double {
        let edge = max(1, Int(0.012 * rate))
        return min(1, Double(index + 1) / Double(edge), Double(count - index) / Double(edge))
    }

    private mutating func append(_ value: Double) {
        samples.append(Int16((min(max(value, -0.9), 0.9) * 32_767).rounded()))
    }
}

/// Two poles at a formant.
private struct Resonator {
    private let (a, b, c): (Double, Double, Double)
    private var (last, before) = (0.0, 0.0)

    init(hertz: Double, width: Double, rate: Double) {
        let radius = exp(-.pi * width / rate)
        c = -radius * radius
        b = 2 * radius * cos(2 * .pi * min(hertz, 0.45 * rate) / rate)
        // No gain at its peak beyond what the width asks for.
        a = (1 - radius) * 2 * sin(2 * .pi * hertz / rate)
    }

    mutating func next(_ input: Double) -> Double {
        let output = a * input + b * last + c * before
        (before, last) = (last, output)
        return output
    }
}
