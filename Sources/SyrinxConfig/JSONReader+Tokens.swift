internal import SyrinxCore

/// Blanks, words, numbers and strings.
extension JSONReader {
    /// Skips white space and comments.
    mutating func skipBlank() {
        if isStopped { offset = bytes.count }
        while let byte = peek {
            switch byte {
            case 0x20, 0x09: offset += 1
            case 0x0A, 0x0D: skipByte()
            case UInt8(ascii: "/") where next == UInt8(ascii: "/"): skipLine()
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"): skipBlockComment()
            case UInt8(ascii: "#"):
                report("found \"#\", expected \"//\" before a comment")
                skipLine()
            default: return
            }
        }
    }

    private var next: UInt8? { offset + 1 < bytes.count ? bytes[offset + 1] : nil }

    private mutating func skipLine() {
        while let byte = peek, byte != 0x0A, byte != 0x0D { offset += 1 }
    }

    private mutating func skipBlockComment() {
        let position = here()
        offset += 2
        while let byte = peek {
            if byte == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
                offset += 2
                return
            }
            skipByte()
        }
        report("found a comment that does not end, expected \"*/\"", at: position)
        stop()
    }

    /// Skips what no rule explains: at least one byte, unless it is a comma or closing bracket that the caller knows.
    mutating func skipGarbage() {
        if peek == UInt8(ascii: ":") {
            offset += 1
            return
        }
        while let byte = peek {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): return
            case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""): return
            default: offset += 1
            }
        }
    }

    /// Skips a bracket with all that it holds, without recursion.
    mutating func skipNested() {
        var depth = 0
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                offset += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                offset += 1
                if depth == 0 { return }
            case UInt8(ascii: "\""):
                offset += 1
                while let byte = peek, byte != UInt8(ascii: "\""), byte != 0x0A, byte != 0x0D {
                    offset = min(offset + (byte == UInt8(ascii: "\\") ? 2 : 1), bytes.count)
                }
                if peek == UInt8(ascii: "\"") { offset += 1 }
            case UInt8(ascii: "/") where next == UInt8(ascii: "/"): skipLine()
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"): skipBlockComment()
            default: skipByte()
            }
        }
    }

    // MARK: Words and numbers

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"): true
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    private var tokenEnd: Int {
        var end = offset
        while end < bytes.count, Self.isWord(bytes[end]) { end += 1 }
        return end
    }

    mutating func token() -> String {
        let start = offset
        offset = tokenEnd
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    /// Reads `true`, `false`, `null` or a number.
    mutating func word(at position: SourcePosition) -> DocumentValue.Content {
        let end = tokenEnd
        let isNumber = Self.isNumber(bytes[offset..<end])
        if isNumber, end - offset > Self.numberLimit {
            report("found a number of \(end - offset) characters, expected \(Self.numberLimit) at most", at: position)
            offset = end
            return .unresolved("")
        }
        let text = token()
        if isNumber {
            if let number = Double(text), number.isFinite { return .number(number, text: text) }
            report("found \(Shown.plain(text)), expected a number of less than 1.8e308 in size", at: position)
            return .unresolved("")
        }
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "null": return .null
        default:
            report("found \(Shown.plain(text)), expected \(Self.expected(for: text))", at: position)
            return .unresolved("")
        }
    }

    /// What was probably meant by a word that JSON does not know.
    private static func expected(for text: String) -> String {
        switch text.lowercased() {
        case "true", "yes", "on": return "true"
        case "false", "no", "off": return "false"
        case "null", "none", "nil", "undefined": return "null"
        case "nan", "inf", "infinity", "-inf", "-infinity", "+inf", "+infinity":
            return "a number; JSON knows finite ones only"
        default: break
        }
        let first = text.utf8.first ?? 0
        let looksLikeNumber = (0x30...0x39).contains(first) || "+-.".utf8.contains(first)
        return looksLikeNumber ? "a number as JSON writes it: -3, 0.5 or 1e3" : "a value; text stands in double quotes"
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
        func skipDigits() -> Bool {
            let before = rest.count
            while isDigit(rest.first) { rest.removeFirst() }
            return rest.count < before
        }
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        if rest.first == UInt8(ascii: "0") {
            rest.removeFirst()
        } else if !skipDigits() {
            return false
        }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            if !skipDigits() { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
            if !skipDigits() { return false }
        }
        return rest.isEmpty
    }

    // MARK: Strings

    /// Reads a string whose opening quote is the next byte.
    mutating func string(at position: SourcePosition) -> String {
        offset += 1
        let start = offset
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { offset += 1 }
        if peek == UInt8(ascii: "\"") {
            offset += 1
            return String(decoding: bytes[start..<offset - 1], as: UTF8.self)
        }
        var text = Array(bytes[start..<offset])
        while let byte = peek, byte != 0x0A, byte != 0x0D {
            if byte == UInt8(ascii: "\"") {
                offset += 1
                return String(decoding: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") {
                readEscape(into: &text)
                continue
            }
            if byte < 0x20 {
                let hint = byte == 0x09 ? "\\t" : "\\u00" + (byte < 0x10 ? "0" : "") + String(byte, radix: 16)
                report("found \(Self.codePoint(UInt32(byte))) in a string, expected it written as \(hint)")
            }
            text.append(byte)
            offset += 1
        }
        report("found a string that does not end on its line, expected a closing quote", at: position)
        forgivesMissingComma = true
        forgivesMissingBracket = true
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func readEscape(into text: inout [UInt8]) {
        let position = here()
        switch next {
        case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): return readUnicodeEscape(into: &text, at: position)
        case nil, 0x0A, 0x0D:
            offset += 1
            return  // the string does not end, which is reported
        default:
            offset += 1
            let found = Shown.plain("\\" + String(scalarHere()))
            report(#"found the escape \#(found), expected one of \" \\ \/ \b \f \n \r \t \u0000"#, at: position)
            return
        }
        offset += 2
    }

    private mutating func readUnicodeEscape(into text: inout [UInt8], at position: SourcePosition) {
        guard let unit = hex(at: offset + 2) else {
            report("found \\u without four hexadecimal digits, expected \\u0000", at: position)
            offset += 2
            text.append(contentsOf: "\u{FFFD}".utf8)
            return
        }
        offset += 6
        var code = unit
        if (0xD800..<0xDC00).contains(unit), peek == UInt8(ascii: "\\"), next == UInt8(ascii: "u"),
            let low = hex(at: offset + 2), (0xDC00..<0xE000).contains(low)
        {
            offset += 6
            code = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        }
        if let scalar = Unicode.Scalar(code) {
            text.append(contentsOf: Array(String(scalar).utf8))
        } else {
            let name = String(unit, radix: 16, uppercase: true)
            report("found half a surrogate pair, \\u\(name), expected both halves, as in \\uD83C\\uDFA4", at: position)
            text.append(contentsOf: "\u{FFFD}".utf8)
        }
    }

    private func hex(at start: Int) -> UInt32? {
        guard start + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for byte in bytes[start..<start + 4] {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: value = value << 4 | UInt32(byte - 0x41 + 10)
            case 0x61...0x66: value = value << 4 | UInt32(byte - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }

    /// Reads `'text'` as if it stood in double quotes, and says so.
    mutating func singleQuoted(at position: SourcePosition) -> String? {
        report("found a single quote, expected a double quote", at: position)
        let start = offset + 1
        var end = start
        while end < bytes.count, bytes[end] != UInt8(ascii: "'"), bytes[end] >= 0x20 { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "'") else {
            skipGarbage()
            return nil
        }
        offset = end + 1
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    // MARK: What stands here

    /// The next thing as a report names it.
    func foundHere() -> String {
        guard let byte = peek else { return "the end of the file" }
        if byte == UInt8(ascii: "\"") {
            let rest = bytes[(offset + 1)...].prefix(200)
            let end = rest.firstIndex { $0 == UInt8(ascii: "\"") || $0 < 0x20 } ?? rest.endIndex
            return Shown.quoted(String(decoding: rest[..<end], as: UTF8.self), limit: 40)
        }
        if Self.isWord(byte) {
            return Shown.plain(String(decoding: bytes[offset..<min(tokenEnd, offset + 200)], as: UTF8.self), limit: 40)
        }
        let scalar = scalarHere()
        return scalar.isASCII && byte > 0x20 && byte < 0x7F
            ? Shown.quoted(String(scalar)) : Self.codePoint(scalar.value)
    }

    private func scalarHere() -> Unicode.Scalar {
        String(decoding: bytes[offset..<min(offset + 4, bytes.count)], as: UTF8.self).unicodeScalars.first ?? "\u{FFFD}"
    }

    /// `U+00A0`.
    private static func codePoint(_ value: UInt32) -> String {
        let hex = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - hex.utf8.count)) + hex
    }
}
