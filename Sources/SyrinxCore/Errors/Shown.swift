/// How text from a file, a device or the network is shown in a report: in quotes, short, and unable to move a
/// terminal's cursor or turn its writing direction.
public enum Shown {
    /// `"text"`, cut after `limit` characters; what cannot be seen is written as an escape.
    public static func quoted(_ text: some StringProtocol, limit: Int = 60) -> String {
        "\"" + plain(text, limit: limit) + "\""
    }

    /// The text without quotes, cut after `limit` characters; what cannot be seen is written as an escape.
    public static func plain(_ text: some StringProtocol, limit: Int = 60) -> String {
        var shown = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            if count == limit { return shown + "…" }
            if isVisible(scalar) {
                shown.unicodeScalars.append(scalar)
            } else if scalar == "\n" {
                shown += "\\n"
            } else if scalar == "\t" {
                shown += "\\t"
            } else {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return shown
    }

    /// A step of a path: `.gain_db`, or `["odd name"]` where the name is no plain word.
    public static func step(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "$"): true
            default: false
            }
        }
        return isPlain && !name.isEmpty && name.utf8.count <= 64 ? "." + name : "[" + quoted(name) + "]"
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: false  // C0, DEL, C1
        case 0xAD, 0x61C, 0x180E, 0xFEFF, 0xFFF9...0xFFFB: false  // no width, direction, notes between lines
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F: false  // no width, line ends, direction
        case 0xE0000...0xE0FFF: false  // tags
        default: true
        }
    }
}

extension DocumentValue {
    /// The value as a report names it after "found": `null`, `3.0`, `"text"`, `a list`, `an object`.
    ///
    /// What came from the environment or a file is not shown: it may be a secret in the wrong place.
    public var shown: String {
        switch content {
        case .null: "null"
        case .boolean(let boolean): boolean ? "true" : "false"
        case .number(_, let text): Shown.plain(text)
        case .string(let text): text.comesFromOutside ? "a value from outside the file" : Shown.quoted(text.text)
        case .list(let values): values.isEmpty ? "an empty list" : "a list"
        case .object: "an object"
        case .unresolved(let text): Shown.quoted(text)
        }
    }
}
