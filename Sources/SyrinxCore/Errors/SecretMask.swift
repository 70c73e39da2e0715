/// Replaces secret values by `••••` wherever they occur in text that leaves the program.
///
/// A value is found as it is, percent-encoded (a query string) and JSON-escaped, also with both or only some characters
/// escaped. Every value that is not empty is masked, however short: a text with too much masked is a nuisance, a
/// secret in a log is a leak. Where values overlap, all of both is masked.
///
/// - Thread: any; a value.
public struct SecretMask: Sendable {
    public static let mark = "••••"

    private var secrets: [[Unicode.Scalar]] = []

    public init() {}

    /// True: there is nothing to mask.
    public var isEmpty: Bool { secrets.isEmpty }

    /// Masks `value` from now on.
    public mutating func insert(_ value: String) {
        let scalars = Array(value.unicodeScalars)
        if !scalars.isEmpty, !secrets.contains(scalars) { secrets.append(scalars) }
    }

    /// The text without secrets.
    public func mask(_ text: String) -> String {
        if secrets.isEmpty { return text }
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var hiddenEnd = 0
        for start in bytes.indices {
            var end = start
            for secret in secrets { end = max(end, Self.end(of: secret, in: bytes, from: start) ?? start) }
            if end > start {
                if start > hiddenEnd || hiddenEnd == 0 { result += Self.mark.utf8 }
                hiddenEnd = max(hiddenEnd, end)
            } else if start >= hiddenEnd {
                result.append(bytes[start])
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Masks every string of a value, names of members included.
    public func mask(_ value: Value) -> Value {
        if secrets.isEmpty { return value }
        return switch value {
        case .string(let text): .string(mask(text))
        case .list(let values): .list(values.map(mask))
        case .object(let members): .object(members.map { Value.Member(mask($0.name), mask($0.value)) })
        case .integer, .number: secrets.contains(Array(value.json().unicodeScalars)) ? .string(Self.mark) : value
        case .null, .boolean: value
        }
    }

    /// Where a secret that begins at `start` ends, in the longest of its written forms.
    private static func end(of secret: [Unicode.Scalar], in bytes: [UInt8], from start: Int) -> Int? {
        let first = bytes[start]
        if first != UTF8.encode(secret[0])!.first, !"%\\+".utf8.contains(first) { return nil }
        var places = [start]
        for scalar in secret {
            var next: [Int] = []
            for place in places {
                for end in ends(of: scalar, in: bytes, at: place) where !next.contains(end) { next.append(end) }
            }
            if next.isEmpty { return nil }
            places = next
        }
        return places.max()
    }

    /// Where one character may end: it is written as it is, as `%XX`, `+`, `\n`, or `\uXXXX`.
    private static func ends(of scalar: Unicode.Scalar, in bytes: [UInt8], at start: Int) -> [Int] {
        guard start < bytes.count else { return [] }
        var ends: [Int] = []
        let units = UTF8.encode(scalar)!
        if bytes[start...].starts(with: units) { ends.append(start + units.count) }
        switch bytes[start] {
        case UInt8(ascii: "%"):
            var place = start
            for unit in units {
                guard place < bytes.count, bytes[place] == UInt8(ascii: "%"),
                    hex(bytes, place + 1, digits: 2) == UInt32(unit)
                else {
                    return ends
                }
                place += 3
            }
            ends.append(place)
        case UInt8(ascii: "+") where scalar == " ": ends.append(start + 1)
        case UInt8(ascii: "\\") where start + 1 < bytes.count:
            let letter: Unicode.Scalar? =
                switch scalar {
                case "\"", "\\", "/": scalar
                case "\n": "n"
                case "\r": "r"
                case "\t": "t"
                case "\u{8}": "b"
                case "\u{C}": "f"
                default: nil
                }
            if let letter, UInt32(bytes[start + 1]) == letter.value { ends.append(start + 2) }
            var place = start
            for unit in UTF16.encode(scalar)! {
                guard place + 1 < bytes.count, bytes[place] == UInt8(ascii: "\\"),
                    bytes[place + 1] == UInt8(ascii: "u"),
                    hex(bytes, place + 2, digits: 4) == UInt32(unit)
                else { return ends }
                place += 6
            }
            ends.append(place)
        default: break
        }
        return ends
    }

    private static func hex(_ bytes: [UInt8], _ start: Int, digits: Int) -> UInt32? {
        guard start + digits <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[start..<start + digits] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
