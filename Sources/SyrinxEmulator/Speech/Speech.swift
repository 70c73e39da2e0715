internal import Glibc

/// Sound of one channel.
struct Speech: Sendable, Hashable {
    var rate: Int
    var samples: [Int16]

    var milliseconds: Int { rate > 0 ? samples.count * 1_000 / rate : 0 }

    /// The same sound at another rate: each sample is a windowed sinc over the 32 nearest old ones.
    ///
    /// - Source: J. O. Smith, "Digital audio resampling"; Hann window, cut at the lower of the two Nyquist frequencies.
    func resampled(to newRate: Int) -> Speech {
        guard newRate != rate, rate > 0, !samples.isEmpty else { return Speech(rate: newRate, samples: samples) }
        let step = Double(rate) / Double(newRate)
        let cut = min(1, 1 / step)
        let half = Int((16 / cut).rounded(.up))
        // 512 phases: the error is below that of 16 bits for speech.
        let phases = 512
        var table = [Float](repeating: 0, count: (phases + 1) * 2 * half)
        for phase in 0...phases {
            var sum = 0.0
            var row = [Double](repeating: 0, count: 2 * half)
            for tap in 0..<2 * half {
                let x = Double(tap - half + 1) - Double(phase) / Double(phases)
                let sinc = x == 0 ? 1 : sin(.pi * cut * x) / (.pi * cut * x)
                let window = abs(x) < Double(half) ? 0.5 + 0.5 * cos(.pi * x / Double(half)) : 0
                row[tap] = sinc * window
                sum += row[tap]
            }
            for tap in 0..<2 * half { table[phase * 2 * half + tap] = Float(row[tap] / sum) }
        }
        let count = samples.count * newRate / rate
        let padded = [Int16](repeating: 0, count: half) + samples + [Int16](repeating: 0, count: half + 1)
        let result = [Int16](unsafeUninitializedCapacity: count) { out, filled in
            padded.withUnsafeBufferPointer { old in
                table.withUnsafeBufferPointer { table in
                    for index in 0..<count {
                        let place = Double(index) * step
                        let whole = Int(place)
                        let row = Int((place - Double(whole)) * Double(phases) + 0.5) * 2 * half
                        var sum: Float = 0
                        for tap in 0..<2 * half { sum += Float(old[whole + tap + 1]) * table[row + tap] }
                        out[index] = Int16(min(max(sum.rounded(), -32_768), 32_767))
                    }
                }
            }
            filled = count
        }
        return Speech(rate: newRate, samples: result)
    }
}

/// Cuts a text into what is spoken in one breath.
enum Sentences {
    /// Sentences of a text, none empty; one of more than 300 characters is cut between words, one of more than 600 anywhere.
    static func split(_ text: String) -> [String] {
        var sentences: [String] = []
        var sentence = ""
        var count = 0
        func finish() {
            let trimmed = sentence.trimmingBlanks
            if !trimmed.isEmpty { sentences.append(trimmed) }
            (sentence, count) = ("", 0)
        }
        var endsSentence = false
        for character in text.clipped(to: 20_000) {
            if count > 600 || character.isWhitespace && (endsSentence || count > 300) { finish() }
            sentence.append(character)
            count += 1
            endsSentence = ".!?…。！？".contains(character)
        }
        finish()
        return sentences
    }
}

extension String {
    /// The text, cut after so many scalars.
    func clipped(to limit: Int) -> String {
        unicodeScalars.index(unicodeScalars.startIndex, offsetBy: limit, limitedBy: unicodeScalars.endIndex).map {
            String(unicodeScalars[..<$0])
        } ?? self
    }

    var trimmingBlanks: String {
        let words = drop { $0.isWhitespace }
        return String(
            words[..<(words.lastIndex { !$0.isWhitespace }.map { words.index(after: $0) } ?? words.startIndex)])
    }
}
