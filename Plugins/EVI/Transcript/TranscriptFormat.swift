internal import SyrinxCore

/// How a transcript is written.
enum TranscriptFormat: String, Sendable, CaseIterable {
    /// A line each, with the time it began.
    case text
    /// SubRip.
    case srt
    /// WebVTT, with speakers as voices.
    case vtt

    /// The format that a file's name asks for.
    init?(path: String) {
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
    var head: String { self == .vtt ? "WEBVTT\n\n" : "" }

    /// A cue as it stands in the file.
    ///
    /// - Parameter number: counts from 1.
    func encoded(_ cue: TranscriptCue, number: Int, speaker: String) -> String {
        let text = Self.oneLine(cue.text)
        let mark =
            switch cue.state {
            case .whole: ""
            case .interrupted: " [interrupted]"
            case .unheard: " [not heard]"
            }
        // A cue that ends where it begins would not be shown.
        let end = max(cue.end, cue.begin + 0.001)
        switch self {
        case .text: return "[\(Self.clock(cue.begin, "."))] \(speaker): \(text)\(mark)\n"
        case .srt:
            let span = "\(Self.clock(cue.begin, ",")) --> \(Self.clock(end, ","))"
            return "\(number)\n\(span)\n\(speaker): \(text)\(mark)\n\n"
        case .vtt:
            let words = Self.escaped(text + mark)
            let span = "\(Self.clock(cue.begin, ".")) --> \(Self.clock(end, "."))"
            return "\(span)\n<v \(Self.escaped(speaker))>\(words)\n\n"
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

    /// Line breaks end a cue, so they become spaces.
    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
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
