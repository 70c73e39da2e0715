internal import SyrinxCore

/// How numbers are put for a reader, without a locale.
enum Figures {
    /// `3.20`, with so many digits behind the point, correctly rounded; the typographic minus.
    static func fixed(_ number: Double, _ digits: Int) -> String {
        guard number.isFinite else { return number.isNaN ? "?" : number < 0 ? "−∞" : "∞" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (number.magnitude * scale).rounded()
        guard scaled < 1e15 else { return number.description }
        var text = String(Int(scaled))
        if digits > 0 {
            text = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
            text.insert(".", at: text.index(text.endIndex, offsetBy: -digits))
        }
        return (number < 0 && scaled > 0 ? "−" : "") + text
    }

    /// Three or so significant digits: `0.123`, `12.3`, `1234`.
    static func short(_ number: Double) -> String {
        let size = number.magnitude
        return fixed(number, size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
    }

    /// `1:02:03.4`, `2:03.4`, `0.123 s`.
    static func time(_ seconds: Double) -> String {
        if seconds < 60 { return fixed(seconds, 3) + " s" }
        return clock(seconds, 1)
    }

    /// `2:03`, with digits behind the point if wanted.
    static func clock(_ seconds: Double, _ digits: Int = 0) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "?" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let total = Int((max(0, seconds) * scale).rounded()) / Int(scale)
        let rest = max(0, (max(0, seconds) * scale).rounded() / scale - Double(total - total % 60))
        let padded = (rest < 10 && digits > 0 || digits == 0 && total % 60 < 10 ? "0" : "") + fixed(rest, digits)
        let (hours, minutes) = (total / 3600, total / 60 % 60)
        if hours == 0 { return "\(minutes):\(padded)" }
        return "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(padded)"
    }

    /// `48 kHz`, `44.1 kHz`, `400 Hz`.
    static func rate(_ rate: Int) -> String {
        if rate < 1000 || rate % 10 != 0 { return "\(rate) Hz" }
        var text = fixed(Double(rate) / 1000, 2)
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text + " kHz"
    }

    /// `512 B`, `16 KiB`, `3.2 MiB`.
    static func bytes(_ count: Int) -> String {
        if count < 1024 { return "\(count) B" }
        if count < 1 << 20 { return "\(fixed(Double(count) / 1024, count < 10 << 10 ? 1 : 0)) KiB" }
        return "\(fixed(Double(count) / 1_048_576, 1)) MiB"
    }

    /// `1 channel`, `3 channels`.
    static func count(_ count: Int, _ thing: String) -> String { "\(count) \(thing)\(count == 1 ? "" : "s")" }

    /// A value in a line of text: strings without quotes.
    static func value(_ value: Value) -> String {
        switch value {
        case .string(let text): Shown.plain(text, limit: 120)
        case .number(let number): short(number)
        case .null: "?"
        default: value.json()
        }
    }
}
