internal import Glibc

/// The times of `Retry-After`: seconds, or a date in the one form that is still sent (RFC 9110, section 5.6.7).
enum HTTPDate {
    /// Seconds from now. Nil for what cannot be read; never negative, at most a day.
    static func secondsUntil(_ text: String, now: Int = time(nil)) -> Double? {
        let day = 86_400.0
        if let seconds = Double(text), text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) { return min(seconds, day) }
        guard let date = seconds(of: text) else { return nil }
        return min(max(Double(date - now), 0), day)
    }

    /// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func seconds(of text: String) -> Int? {
        let words = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])),
            let day = Int(words[1]), (1...31).contains(day), let year = Int(words[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        // Years that begin in March end with the odd day, so that days before a month follow one line.
        let march = month >= 2 ? month - 2 : month + 10
        let years = month >= 2 ? year : year - 1
        let days = years * 365 + years / 4 - years / 100 + years / 400 + (march * 306 + 5) / 10 + day - 1 - 719_468
        return days * 86_400 + clock[0] * 3_600 + clock[1] * 60 + clock[2]
    }
}
