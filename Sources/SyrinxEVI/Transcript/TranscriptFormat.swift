/// How what was said is written: a live transcript and a stored chat alike.
package enum TranscriptFormat: String, Sendable, Hashable, CaseIterable {
    /// A line each, with the time it began.
    case text
    /// SubRip.
    case srt
    /// WebVTT, with speakers as voices.
    case vtt

    /// The format that a file's name asks for.
    package init?(path: String) {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        switch name[name.index(after: dot)...].lowercased() {
        case "txt", "text", "log": self = .text
        case "srt": self = .srt
        case "vtt": self = .vtt
        default: return nil
        }
    }

    /// What stands before the first cue.
    package var head: String { self == .vtt ? "WEBVTT\n\n" : "" }

    /// A cue as it stands in the file, on one line.
    ///
    /// - Parameters:
    ///   - begin, end: seconds since the file's beginning. A cue that ends where it begins would not be shown, so it ends a
    ///     millisecond later.
    ///   - number: counts from 1.
    package func cue(_ text: String, by speaker: String, from begin: Double, to end: Double, number: Int) -> String {
        let text = Self.plain(text)
        let speaker = Self.plain(speaker)
        let end = max(end, begin + 0.001)
        switch self {
        case .text: return "[\(Self.clock(begin, "."))] \(speaker): \(text)\n"
        case .srt:
            return "\(number)\n\(Self.clock(begin, ",")) --> \(Self.clock(end, ","))\n\(speaker): \(text)\n\n"
        case .vtt:
            let span = "\(Self.clock(begin, ".")) --> \(Self.clock(end, "."))"
            return "\(span)\n<v \(Self.escaped(speaker))>\(Self.escaped(text))\n\n"
        }
    }

    /// On one line, and without what would steer a terminal or turn the direction of writing. What joins letters and
    /// pictures (U+200C, U+200D) stays.
    package static func plain(_ text: String) -> String {
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
}
