internal import Glibc
package import SyrinxCore

/// Reads one JSON text from the network: RFC 8259 and nothing more, bounded in size, depth and number of values.
///
/// A long string need not become a `String`: the top-level member named by `blob` stays where it lies, and only its
/// range is told. Of equal keys both stay; readers take the last.
///
/// - Throws: `WireFault`; no input reaches a trap.
/// - Thread: any.
package struct WireJSON {
    /// 16 MiB, the protocol's own limit of a message.
    package static let byteLimit = 16 << 20
    package static let depthLimit = 32
    package static let valueLimit = 1 << 18
    private static let numberLimit = 64

    private let text: UnsafeBufferPointer<UInt8>
    private var offset = 0
    private var depth = 0
    private var valueCount = 0
    private let blobName: String?
    private var blob: Range<Int>?

    /// Reads a text.
    ///
    /// - Returns: its value, and where the characters of the top-level member `blob` lie, if it is a string without
    ///   escapes; the member's value is an empty string then.
    package static func read(
        _ bytes: [UInt8], blob: String? = nil, byteLimit: Int = byteLimit
    ) throws(WireFault) -> (value: Value, blob: Range<Int>?) {
        guard bytes.count <= byteLimit else {
            throw WireFault(.syntax, "found \(bytes.count) bytes, expected \(byteLimit) at most")
        }
        do { _ = try UTF8Span(validating: bytes.span) } catch {
            throw WireFault(.syntax, "found bytes that are not UTF-8 at byte \(error.byteOffsets.lowerBound)")
        }
        let result: Result<(Value, Range<Int>?), WireFault> = bytes.withUnsafeBufferPointer { text in
            var reader = WireJSON(text: text, blobName: blob)
            do throws(WireFault) { return .success((try reader.whole(), reader.blob)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private init(text: UnsafeBufferPointer<UInt8>, blobName: String?) {
        self.text = text
        self.blobName = blobName
    }

    private mutating func whole() throws(WireFault) -> Value {
        let value = try value()
        skipBlank()
        if offset < text.count { throw unexpected("the end of the text") }
        return value
    }

    private mutating func value() throws(WireFault) -> Value {
        skipBlank()
        valueCount += 1
        if valueCount > Self.valueLimit {
            throw WireFault(.syntax, "found more than \(Self.valueLimit) values, expected fewer")
        }
        switch peek {
        case UInt8(ascii: "{"):
            try open()
            return try object()
        case UInt8(ascii: "["):
            try open()
            return try list()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), (UInt8(ascii: "0")...UInt8(ascii: "9"))?: return try number()
        default: throw unexpected("a value")
        }
    }

    private mutating func open() throws(WireFault) {
        offset += 1
        depth += 1
        if depth > Self.depthLimit {
            throw WireFault(.syntax, "found brackets nested more than \(Self.depthLimit) deep, expected fewer")
        }
    }

    private mutating func object() throws(WireFault) -> Value {
        var members: [Value.Member] = []
        skipBlank()
        if take("}") {
            depth -= 1
            return .object([])
        }
        repeat {
            skipBlank()
            guard peek == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
            let name = try string()
            skipBlank()
            guard take(":") else { throw unexpected("\":\" after the key \(Shown.quoted(name))") }
            if depth == 1, name == blobName, let range = plainString() {
                blob = range
                members.append(.init(name, .string("")))
            } else {
                members.append(.init(name, try value()))
            }
            skipBlank()
        } while take(",")
        guard take("}") else { throw unexpected("\",\" or \"}\"") }
        depth -= 1
        return .object(members)
    }

    private mutating func list() throws(WireFault) -> Value {
        var values: [Value] = []
        skipBlank()
        if take("]") {
            depth -= 1
            return .list([])
        }
        repeat {
            values.append(try value())
            skipBlank()
        } while take(",")
        guard take("]") else { throw unexpected("\",\" or \"]\"") }
        depth -= 1
        return .list(values)
    }

    private mutating func word(_ word: StaticString, _ value: Value) throws(WireFault) -> Value {
        let count = word.utf8CodeUnitCount
        guard offset + count <= text.count, memcmp(text.baseAddress! + offset, word.utf8Start, count) == 0 else {
            throw unexpected("a value")
        }
        offset += count
        return value
    }

    // MARK: Numbers

    private mutating func number() throws(WireFault) -> Value {
        let start = offset
        var isInteger = true
        _ = take("-")
        if !take("0"), !digits() { throw unexpected("a digit") }
        if take(".") {
            isInteger = false
            guard digits() else { throw unexpected("a digit") }
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("-") { _ = take("+") }
            guard digits() else { throw unexpected("a digit") }
        }
        guard offset - start <= Self.numberLimit else {
            throw WireFault(.syntax, "found a number of \(offset - start) characters, expected fewer")
        }
        let token = String(decoding: text[start..<offset], as: UTF8.self)
        if isInteger, let integer = Int(token) { return .integer(integer) }
        guard let number = Double(token), number.isFinite else {
            throw WireFault(
                .syntax, "found the number \(Shown.plain(token)), expected one of less than 1.8e308 in size")
        }
        return .number(number)
    }

    private mutating func digits() -> Bool {
        let start = offset
        while let byte = peek, (0x30...0x39).contains(byte) { offset += 1 }
        return offset > start
    }

    // MARK: Strings

    /// The range of a string without escapes and control characters, which is skipped; nil if it is none of these.
    private mutating func plainString() -> Range<Int>? {
        skipBlank()
        guard peek == UInt8(ascii: "\""), let base = text.baseAddress else { return nil }
        let start = offset + 1
        guard let quote = memchr(base + start, Int32(UInt8(ascii: "\"")), text.count - start) else { return nil }
        let end = UnsafeRawPointer(quote) - UnsafeRawPointer(base)
        if memchr(base + start, Int32(UInt8(ascii: "\\")), end - start) != nil { return nil }
        offset = end + 1
        return start..<end
    }

    /// Reads a string whose opening quote is the next byte.
    private mutating func string() throws(WireFault) -> String {
        offset += 1
        var start = offset
        var pieces: [UInt8] = []
        var hasEscapes = false
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                let rest = text[start..<offset]
                offset += 1
                return hasEscapes
                    ? String(decoding: pieces + rest, as: UTF8.self) : String(decoding: rest, as: UTF8.self)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                pieces += text[start..<offset]
                offset += 1
                pieces += UTF8.encode(try escape())!
                start = offset
            case ..<0x20: throw unexpected("no control character in a string")
            default: offset += 1
            }
        }
        throw unexpected("a closing quote")
    }

    private mutating func escape() throws(WireFault) -> Unicode.Scalar {
        guard let byte = peek else { throw unexpected("an escape") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): break
        default:
            offset -= 1
            throw unexpected("an escape")
        }
        let unit = try hex()
        if (0xD800..<0xDC00).contains(unit), offset + 6 <= text.count, text[offset] == UInt8(ascii: "\\"),
            text[offset + 1] == UInt8(ascii: "u")
        {
            let before = offset
            offset += 2
            let low = try hex()
            if (0xDC00..<0xE000).contains(low) {
                return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
            }
            offset = before
        }
        return Unicode.Scalar(unit) ?? "\u{FFFD}"  // half a surrogate pair
    }

    private mutating func hex() throws(WireFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch peek {
            case let byte? where (0x30...0x39).contains(byte): digit = byte - 0x30
            case let byte? where (0x41...0x46).contains(byte): digit = byte - 0x41 + 10
            case let byte? where (0x61...0x66).contains(byte): digit = byte - 0x61 + 10
            default: throw unexpected("four hexadecimal digits after \\u")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    // MARK: Bytes

    private var peek: UInt8? { offset < text.count ? text[offset] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    private mutating func skipBlank() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private func unexpected(_ expected: String) -> WireFault {
        guard let byte = peek else {
            return WireFault(.syntax, "found the end of the text, expected \(expected)")
        }
        let found = (0x21..<0x7F).contains(byte) ? Shown.quoted(String(Unicode.Scalar(byte))) : "byte \(byte)"
        return WireFault(.syntax, "found \(found) at byte \(offset), expected \(expected)")
    }
}
