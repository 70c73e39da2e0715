package import SyrinxCore

/// Scores of how something was said, by the names on the wire: `Joy`, `Surprise (positive)`.
package struct Scores: Sendable, Hashable {
    package var members: [Value.Member]

    package init(_ members: [Value.Member] = []) { self.members = members }

    package var isEmpty: Bool { members.isEmpty }

    /// The score of a name; nil if it did not come.
    package subscript(name: String) -> Double? { members.last { $0.name == name }?.value.double }

    /// The `count` highest, highest first.
    package func highest(_ count: Int) -> [(name: String, score: Double)] {
        let all = members.compactMap { member in member.value.double.map { (name: member.name, score: $0) } }
        return Array(all.sorted { $0.score > $1.score }.prefix(count))
    }

    /// The 48 names.
    ///
    /// - Source: protocol 3.5.
    package static let names = [
        "Admiration", "Adoration", "Aesthetic Appreciation", "Amusement", "Anger", "Anxiety", "Awe", "Awkwardness",
        "Boredom", "Calmness", "Concentration", "Confusion", "Contemplation", "Contempt", "Contentment", "Craving",
        "Desire", "Determination", "Disappointment", "Disgust", "Distress", "Doubt", "Ecstasy", "Embarrassment",
        "Empathic Pain", "Entrancement", "Envy", "Excitement", "Fear", "Guilt", "Horror", "Interest", "Joy", "Love",
        "Nostalgia", "Pain", "Pride", "Realization", "Relief", "Romance", "Sadness", "Satisfaction", "Shame",
        "Surprise (negative)", "Surprise (positive)", "Sympathy", "Tiredness", "Triumph",
    ]
}

/// `models`: what was found beside the words.
package struct Inference: Sendable, Hashable {
    package var prosody: Scores?

    package init(prosody: Scores? = nil) { self.prosody = prosody }

    /// Reads the member `models`; a missing one leaves a note and counts as empty.
    init(in object: inout WireObject) {
        guard let models = object.object("models") else {
            object.note("models", expected: "an object")
            return
        }
        guard case .object(let members)? = models.object("prosody")?["scores"] else { return }
        prosody = Scores(members.filter { $0.value.double != nil })
    }

    var value: Value {
        var list = MemberList()
        if let prosody { list.add("prosody", .object([.init("scores", .object(prosody.members))])) }
        return list.value
    }
}
