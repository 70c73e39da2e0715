internal import Glibc

/// Finds where somebody speaks in a stream of sound, by its energy: the user's turn begins with a little speech and ends
/// with a given length of silence.
///
/// Sound counts as speech where 10 ms of it are louder than a fixed level and stand out of the noise, whose level is
/// followed: down at once, up by 1.5 dB a second. What it says depends on the samples only, never on how they were cut or
/// when they came.
struct TurnDetector: Sendable {
    struct Settings: Sendable, Hashable {
        var endOfTurnSilenceMilliseconds = 800
        /// 0…1: how loud speech must be, −65…−35 dBFS.
        var threshold = 0.5
        var prefixPaddingMilliseconds = 300
    }

    /// One turn of the user. Milliseconds count from the beginning of the stream.
    struct Utterance: Sendable, Hashable {
        var begin: Int
        var end: Int
        /// The mean power of its speech.
        var decibels: Double

        var milliseconds: Int { end - begin }
    }

    enum Event: Sendable, Hashable {
        case began(Utterance)
        /// Some more of it was heard.
        case goesOn(Utterance)
        case ended(Utterance)
    }

    /// So much of the last eight pieces must be speech for a turn to begin: a click is none.
    private static let beginPieces = 5
    private static let outstanding = 10.0
    private static let floorRise = 0.015

    private let rate: Int
    private let pieceLength: Int
    private let settings: Settings
    private let leastDecibels: Double

    /// Samples seen, and the power of those in the piece that is not whole yet.
    private(set) var sampleCount = 0
    private var power = 0.0
    private var filled = 0
    private var floor = -70.0
    /// Bit k: the piece k before the last one was speech.
    private var recent: UInt8 = 0
    private var current: (begin: Int, end: Int, power: Double, pieces: Int)?

    init(rate: Int, settings: Settings) {
        self.rate = rate
        self.settings = settings
        pieceLength = max(1, rate / 100)
        leastDecibels = -65 + 30 * min(max(settings.threshold, 0), 1)
    }

    /// How much was heard.
    var milliseconds: Int { sampleCount * 1_000 / rate }

    /// The turn that has begun and not ended.
    var utterance: Utterance? { current.map(utterance) }

    mutating func hear(_ samples: ArraySlice<Int16>) -> [Event] {
        var events: [Event] = []
        var place = samples.startIndex
        while place < samples.endIndex {
            let end = min(samples.endIndex, place + pieceLength - filled)
            var sum: Int64 = 0
            for sample in samples[place..<end] { sum += Int64(sample) * Int64(sample) }
            power += Double(sum)
            filled += end - place
            sampleCount += end - place
            place = end
            if filled == pieceLength { finishPiece(&events) }
        }
        return events
    }

    private mutating func finishPiece(_ events: inout [Event]) {
        let mean = power / Double(pieceLength) / (32_768 * 32_768)
        (power, filled) = (0, 0)
        let decibels = mean > 0 ? 10 * log10(mean) : -120
        let isSpeech = decibels > max(leastDecibels, floor + Self.outstanding)
        floor = decibels < floor ? max(decibels, -90) : floor + Self.floorRise
        recent = recent << 1 | (isSpeech ? 1 : 0)
        let now = milliseconds
        guard var turn = current else {
            guard recent.nonzeroBitCount >= Self.beginPieces else { return }
            let begin = max(0, now - 10 * (8 - recent.leadingZeroBitCount))
            let turn = (begin: begin, end: now, power: mean, pieces: 1)
            current = turn
            events.append(.began(utterance(turn)))
            return
        }
        // Two in a row: a click does not put off the end.
        if recent & 3 == 3 {
            turn.end = now
            turn.power += mean
            turn.pieces += 1
            current = turn
            events.append(.goesOn(utterance(turn)))
        } else if now - turn.end >= settings.endOfTurnSilenceMilliseconds {
            current = nil
            events.append(.ended(utterance(turn)))
        }
    }

    private func utterance(_ turn: (begin: Int, end: Int, power: Double, pieces: Int)) -> Utterance {
        Utterance(begin: turn.begin, end: turn.end, decibels: 10 * log10(max(turn.power / Double(turn.pieces), 1e-12)))
    }
}
