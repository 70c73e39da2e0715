internal import SyrinxEVI

extension Conversation {
    /// One turn of EVI: what is left of it.
    struct Turn: Sendable {
        var steps: [Scenario.Step]
        /// What the user said before it.
        var heard = ""
        var isSpoken = false
        /// The user's own sound.
        var sound: Speech?
        var decibels: Double?
        /// It answers the user.
        var isReply = false
        /// It says what the client asked for, word by word.
        var isFromText = false
        var hasSpoken = false

        init(steps: [Scenario.Step]) { self.steps = steps }
    }

    /// What is said in one breath.
    struct Words: Sendable {
        var id: String
        var text: String
        var scores: Scores
    }

    /// Speech on its way out, piece by piece.
    struct Segment: Sendable {
        var id: String
        var speech: Speech
        var position = 0
        var index = 0
    }

    struct PendingCall: Sendable {
        var id: String
        var name: String
        var until: Moment
    }
}

extension Scenario {
    /// Whether the user's own words may be wanted back.
    var parrots: Bool {
        chats.contains { chat in
            (chat.onOpen + chat.turns.flatMap(\.steps) + chat.at.flatMap(\.steps)).contains(.parrot)
        }
    }
}
