internal import Glibc

/// What was said in stored chats, as text or subtitles.
///
/// - Units: seconds since the beginning. The history knows when a line was said, not for how long: a line stands until the
///   next one, for as long as it takes to read it at most, and 1 s at least.
package struct ChatTranscript: Sendable, Hashable {
    package enum Format: String, Sendable, Hashable, CaseIterable {
        /// A line each, with the time it began.
        case text
        /// SubRip.
        case srt
        /// WebVTT, with speakers as voices.
        case vtt
    }

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
            let text = Self.plain(event.text ?? "")
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
    package func encoded(_ format: Format) -> String {
        var text = format == .vtt ? "WEBVTT\n\n" : ""
        let chats = Set(lines.map(\.chatID))
        for (place, line) in lines.enumerated() {
            switch format {
            case .text:
                if chats.count > 1, place == 0 || lines[place - 1].chatID != line.chatID {
                    text += "\(place == 0 ? "" : "\n")# chat \(Self.plain(line.chatID ?? "?"))\n"
                }
                text += "[\(Self.clock(line.begin, "."))] \(line.speaker): \(line.text)\n"
            case .srt:
                let span = "\(Self.clock(line.begin, ",")) --> \(Self.clock(line.end, ","))"
                text += "\(place + 1)\n\(span)\n\(line.speaker): \(line.text)\n\n"
            case .vtt:
                let span = "\(Self.clock(line.begin, ".")) --> \(Self.clock(line.end, "."))"
                text += "\(span)\n<v \(line.speaker)>\(Self.escaped(line.text))\n\n"
            }
        }
        return text
    }

    /// On one line, and without what would steer a terminal or turn the direction of writing. What joins letters and
    /// pictures (U+200C, U+200D) stays.
    private static func plain(_ text: String) -> String {
        var plain = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: plain += " "
            case .format where scalar.value != 0x200C && scalar.value != 0x200D: break
            default: plain.unicodeScalars.append(scalar)
            }
        }
        return plain.split(separator: " ").joined(separator: " ")
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
    }

    /// `01:02:03.045`; hours grow beyond two digits.
    private static func clock(_ seconds: Double, _ point: String) -> String {
        let all = Int((max(0, seconds) * 1000).rounded())
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return [all / 3_600_000, all / 60_000 % 60, all / 1000 % 60].map { padded($0, 2) }.joined(separator: ":")
            + point + padded(all % 1000, 3)
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
