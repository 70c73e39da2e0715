internal import SyrinxCore
internal import SyrinxEVI

/// Invents the 48 scores: the same seed, words and loudness give the same numbers. They mean nothing.
///
/// A few follow what can be measured, so that whatever is driven by them moves: loud speech raises Excitement and lowers
/// Calmness, a question raises Interest, an exclamation Joy.
enum EmotionModel {
    static func scores(seed: UInt64, words: String, decibels: Double? = nil) -> Scores {
        var random = SeededRandom(seed: seed, words)
        // Speech lies between about −45 and −10 dBFS.
        let loudness = decibels.map { min(max(($0 + 45) / 35, 0), 1) } ?? 0.5
        return Scores(
            Scores.names.map { name in
                let chance = random.fraction()
                var score = 0.3 * chance * chance
                switch name {
                case "Excitement": score += 0.5 * loudness
                case "Calmness": score += 0.5 * (1 - loudness)
                case "Interest": score += words.contains("?") ? 0.5 : 0.2
                case "Joy": score += words.contains("!") ? 0.5 : 0.1
                default: break
                }
                return Value.Member(name, .number((min(score, 1) * 1e6).rounded() / 1e6))
            })
    }

    /// Scores that a scenario gives, the others low.
    static func scores(seed: UInt64, words: String, given: [String: Double]) -> Scores {
        let base = scores(seed: seed, words: words)
        return Scores(
            base.members.map { member in
                given[member.name].map { Value.Member(member.name, .number($0)) }
                    ?? Value.Member(member.name, .number((member.value.double ?? 0) * 0.2))
            })
    }
}
