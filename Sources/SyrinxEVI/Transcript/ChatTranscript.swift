internal import Glibc

/// What was said in stored chats, as text or subtitles.
///
/// - Units: seconds since the beginning. The history knows when a line was said, not for how long: a line stands until the
///   next one, for as long as it takes to read it at most, and 1 s at least.
package struct ChatTranscript: Sendable, Hashable {
    package struct Line: Sendable, Hashable {
        /// `User` or `EVI`.
        package let speaker: String
        package let text: String
        package let begin: Double
        package let end: Double
        package let chatID: String?
    }

    /// Reading takes so long for each character: 15 a second.
    private static let secondsPerCharacter = 1.0 / 15
    package let lines: [Line]

    /// - Parameters:
    ///   - events: of one chat, or of all of a group, in any order.
    ///   - start: when it began; nil is the time of the first event.
    package init(_ events: [ChatEvent], start: Timestamp? = nil) {
        let origin = start?.milliseconds ?? events.compactMap { $0.time?.milliseconds }.min() ?? 0
        let spoken = events.enumerated().compactMap { place, event -> (place: Int, line: Line)? in
            let text = TranscriptFormat.plain(event.text ?? "")
            guard let speaker = Self.speaker(of: event), !text.isEmpty else { return nil }
            // Bounds that keep whatever a server sends within what a clock shows: some eleven years.
            let offset = (event.time?.milliseconds ?? origin).subtractingReportingOverflow(origin)
            let begin = offset.overflow ? 0 : Double(min(max(offset.partialValue, 0), 359_999_999_000)) / 1000
            let line = Line(speaker: speaker, text: text, begin: begin, end: begin, chatID: event.chatID)
            return (place, line)
        }.sorted { ($0.line.begin, $0.place) < ($1.line.begin, $1.place) }.map(\.line)
        lines = spoken.indices.map { place in
            let line = spoken[place]
            let next = place + 1 < spoken.count ? spoken[place + 1].begin : .infinity
            let reading = max(1, Double(line.text.count) * Self.secondsPerCharacter)
            let end = line.begin + max(1, min(reading, next - line.begin))
            return Line(speaker: line.speaker, text: line.text, begin: line.begin, end: end, chatID: line.chatID)
        }
    }

    private static func speaker(of event: ChatEvent) -> String? {
        switch event.type {
        case "USER_MESSAGE": "User"
        case "AGENT_MESSAGE": "EVI"
        default: nil
        }
    }

    /// The whole, as it stands in a file. In text a line tells where another chat of a group begins.
    package func encoded(_ format: TranscriptFormat) -> String {
        var text = format.head
        let chats = Set(lines.map(\.chatID))
        for (place, line) in lines.enumerated() {
            if format == .text, chats.count > 1, place == 0 || lines[place - 1].chatID != line.chatID {
                text += "\(place == 0 ? "" : "\n")# chat \(TranscriptFormat.plain(line.chatID ?? "?"))\n"
            }
            text += format.cue(line.text, by: line.speaker, from: line.begin, to: line.end, number: place + 1)
        }
        return text
    }
}

extension Timestamp {
    /// `2025-12-06 10:26:52Z`; a question mark for what has no year of four digits.
    package var text: String {
        var seconds = time_t(milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0))
        var parts = tm()
        guard gmtime_r(&seconds, &parts) != nil, (0...8_099).contains(parts.tm_year) else { return "?" }
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        let day = "\(1900 + parts.tm_year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        return "\(day) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}
