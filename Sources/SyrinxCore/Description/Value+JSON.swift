extension Value {
    /// The value as JSON text.
    ///
    /// Numbers are the shortest text that reads back to the same value; NaN and infinities, which JSON cannot say,
    /// become null.
    ///
    /// - Parameter pretty: false for one line; else objects and long lists are broken into lines, two blanks a level.
    public func json(pretty: Bool = false) -> String {
        var text = ""
        write(to: &text, level: pretty ? 0 : nil)
        return text
    }

    private func write(to text: inout String, level: Int?) {
        switch self {
        case .null: text += "null"
        case .boolean(let boolean): text += boolean ? "true" : "false"
        case .integer(let integer): text += String(integer)
        case .number(let number): text += Self.json(number)
        case .string(let string): Self.quote(string, to: &text)
        case .list(let values):
            Self.write(
                values, between: "[", and: "]", breaks: values.contains { !$0.isScalar }, level: level, to: &text
            ) {
                $0.write(to: &$1, level: $2)
            }
        case .object(let members):
            Self.write(members, between: "{", and: "}", breaks: true, level: level, to: &text) { member, text, level in
                Self.quote(member.name, to: &text)
                text += level == nil ? ":" : ": "
                member.value.write(to: &text, level: level)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], between open: String, and close: String, breaks: Bool, level: Int?,
        to text: inout String,
        each: (Element, inout String, Int?) -> Void
    ) {
        text += open
        let inner = level.map { $0 + 1 }
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            if let inner, breaks {
                text += "\n" + String(repeating: "  ", count: inner)
            } else if inner != nil, index > 0 {
                text += " "
            }
            each(element, &text, inner)
        }
        if let level, breaks, !elements.isEmpty { text += "\n" + String(repeating: "  ", count: level) }
        text += close
    }

    private static func json(_ number: Double) -> String {
        guard number.isFinite else { return "null" }
        if let integer = Int(exactly: number), integer.magnitude < 1 << 53 { return String(integer) }
        return number.description
    }

    private static func quote(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    private var isScalar: Bool {
        switch self {
        case .list, .object: false
        default: true
        }
    }
}
