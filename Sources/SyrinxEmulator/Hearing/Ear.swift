internal import SyrinxEVI

/// The user's audio as it comes over the wire, made into samples of one channel, and the turns in it.
struct Ear: Sendable {
    /// What of the audio cannot be used.
    enum Fault: Error, Sendable, Hashable {
        /// E0200: no `audio` in the settings, and no WAV header either.
        case undecodable(String)
    }

    /// More of a turn than this is not kept for saying it back.
    private static let keptSeconds = 60
    private static let headerLimit = 4_096

    private var settings: TurnDetector.Settings
    private let keepsTurns: Bool
    private(set) var format: SessionSettings.AudioFormat?
    /// True: the format came in the session settings, not in a header.
    private var isAnnounced = false
    private var header: [UInt8] = []
    private var carry: [UInt8] = []
    private var detector: TurnDetector?
    /// Milliseconds of the formats before this one.
    private var earlierMilliseconds = 0
    /// The turn's samples, or the last ones before it begins.
    private var kept: [Int16] = []
    /// The samples of the turn that ended last.
    private(set) var lastTurn: [Int16] = []

    init(settings: TurnDetector.Settings, keepsTurns: Bool) {
        self.settings = settings
        self.keepsTurns = keepsTurns
    }

    var rate: Int { format?.sampleRate ?? 0 }

    /// Milliseconds of audio heard in this chat.
    var milliseconds: Int { earlierMilliseconds + (detector?.milliseconds ?? 0) }

    /// The turn that goes on.
    var utterance: TurnDetector.Utterance? { detector?.utterance.map(placed) }

    /// What comes from now on is of this format.
    mutating func announce(_ new: SessionSettings.AudioFormat) {
        guard !isAnnounced || new != format else { return }
        isAnnounced = true
        begin(new)
    }

    private mutating func begin(_ new: SessionSettings.AudioFormat) {
        earlierMilliseconds = milliseconds
        format = new
        detector = TurnDetector(rate: new.sampleRate, settings: settings)
        carry = []
        kept = []
    }

    /// Takes bytes off the wire.
    ///
    /// - Returns: their samples, mixed to one channel, to be given to ``listen(to:)`` in pieces of ``pieceLength``.
    mutating func receive(_ bytes: [UInt8]) throws(Fault) -> [Int16] {
        var bytes = bytes
        if format == nil {
            header += bytes
            let whole = header
            header = []
            guard let (found, start) = try Self.container(whole) else {
                header = whole
                return []
            }
            begin(found)
            bytes = Array(whole[start...])
        }
        return format.map { decode(bytes, channels: $0.channels) } ?? []
    }

    /// 10 ms: within so little, no two turns end.
    var pieceLength: Int { max(1, rate / 100) }

    /// Looks for turns in what comes next.
    mutating func listen(to samples: ArraySlice<Int16>) -> [TurnDetector.Event] {
        let events = detector?.hear(samples) ?? []
        if keepsTurns { keep(samples, events) }
        return events.map(placed)
    }

    private mutating func keep(_ samples: ArraySlice<Int16>, _ events: [TurnDetector.Event]) {
        kept += samples
        for event in events {
            guard case .ended(let turn) = event else { continue }
            // The silence by which the end was known is not said back.
            let silence = ((detector?.milliseconds ?? 0) - turn.end) * rate / 1_000
            lastTurn = Array(kept.dropLast(max(0, silence - rate / 10)))
            kept = []
        }
        if detector?.utterance != nil {
            // Of a very long turn the beginning is kept.
            if kept.count > Self.keptSeconds * rate { kept.removeLast(samples.count) }
            return
        }
        let padding = (settings.prefixPaddingMilliseconds + 100) * rate / 1_000
        if kept.count > padding { kept.removeFirst(kept.count - padding) }
    }

    private mutating func decode(_ bytes: [UInt8], channels: Int) -> [Int16] {
        let all = carry.isEmpty ? bytes : carry + bytes
        let frame = 2 * channels
        let count = all.count / frame
        carry = Array(all[(count * frame)...])
        return all.withUnsafeBytes { all in
            [Int16](unsafeUninitializedCapacity: count) { samples, filled in
                for index in 0..<count {
                    var sum = 0
                    for channel in 0..<channels {
                        let word = all.loadUnaligned(fromByteOffset: index * frame + 2 * channel, as: Int16.self)
                        sum += Int(Int16(littleEndian: word))
                    }
                    samples[index] = Int16(sum / channels)
                }
                filled = count
            }
        }
    }

    /// The format in a WAV header and where its samples begin; nil while it is not whole.
    private static func container(_ bytes: [UInt8]) throws(Fault) -> (SessionSettings.AudioFormat, Int)? {
        func tag(_ place: Int) -> String { String(decoding: bytes[place..<place + 4], as: UTF8.self) }
        func number(_ place: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
        }
        guard bytes.count >= 12 else { return nil }
        guard tag(0) == "RIFF", tag(8) == "WAVE" else {
            throw .undecodable(
                "audio came without session_settings.audio and is no WAV; this server decodes linear16 and WAV only")
        }
        var found: SessionSettings.AudioFormat?
        var place = 12
        while place + 8 <= bytes.count {
            let size = number(place + 4, 4)
            if tag(place) == "data" {
                guard let found else { throw .undecodable("the WAV header has data before fmt") }
                return (found, place + 8)
            }
            if tag(place) == "fmt " {
                guard place + 24 <= bytes.count else { break }
                let (kind, channels, rate, bits) = (
                    number(place + 8, 2), number(place + 10, 2), number(place + 12, 4), number(place + 22, 2)
                )
                guard kind == 1, bits == 16, (1...2).contains(channels), Conversation.rates.contains(rate) else {
                    throw .undecodable("the WAV header tells of something other than PCM of 16 bits, 1 or 2 channels")
                }
                found = SessionSettings.AudioFormat(sampleRate: rate, channels: channels)
            }
            place += 8 + size + size & 1
        }
        guard bytes.count < headerLimit else { throw .undecodable("the WAV header has no data within 4096 bytes") }
        return nil
    }

    private func placed(_ turn: TurnDetector.Utterance) -> TurnDetector.Utterance {
        var turn = turn
        turn.begin += earlierMilliseconds
        turn.end += earlierMilliseconds
        return turn
    }

    private func placed(_ event: TurnDetector.Event) -> TurnDetector.Event {
        switch event {
        case .began(let turn): .began(placed(turn))
        case .goesOn(let turn): .goesOn(placed(turn))
        case .ended(let turn): .ended(placed(turn))
        }
    }
}
