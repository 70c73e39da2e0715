/// Base64 (RFC 4648, the plain alphabet) straight between bytes: audio arrives in it all day.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// The value of each character; 0x80 and more for what is none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0x80, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()
    private static let pad = UInt8(ascii: "=")

    /// How many characters `count` bytes take.
    package static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// The text of `bytes`, as bytes.
    package static func characters(of bytes: [UInt8]) -> [UInt8] {
        let size = encodedCount(bytes.count)
        return [UInt8](unsafeUninitializedCapacity: size) { text, filled in
            bytes.withUnsafeBufferPointer { bytes in
                alphabet.withUnsafeBufferPointer { alphabet in encode(bytes, by: alphabet, into: text) }
            }
            filled = size
        }
    }

    /// The text of `bytes`.
    package static func encode(_ bytes: [UInt8]) -> String { String(decoding: characters(of: bytes), as: UTF8.self) }

    /// - Shape: `text` has room for what `bytes` take.
    private static func encode(
        _ bytes: UnsafeBufferPointer<UInt8>, by alphabet: UnsafeBufferPointer<UInt8>,
        into text: UnsafeMutableBufferPointer<UInt8>
    ) {
        var (from, to) = (0, 0)
        while from + 3 <= bytes.count {
            let word = UInt32(bytes[from]) << 16 | UInt32(bytes[from + 1]) << 8 | UInt32(bytes[from + 2])
            text[to] = alphabet[Int(word >> 18)]
            text[to + 1] = alphabet[Int(word >> 12 & 63)]
            text[to + 2] = alphabet[Int(word >> 6 & 63)]
            text[to + 3] = alphabet[Int(word & 63)]
            from += 3
            to += 4
        }
        let left = bytes.count - from
        if left == 0 { return }
        let word = UInt32(bytes[from]) << 16 | (left == 2 ? UInt32(bytes[from + 1]) << 8 : 0)
        text[to] = alphabet[Int(word >> 18)]
        text[to + 1] = alphabet[Int(word >> 12 & 63)]
        text[to + 2] = left == 2 ? alphabet[Int(word >> 6 & 63)] : pad
        text[to + 3] = pad
    }

    /// The bytes of `text`, which may lack its padding; nil if it is no Base64.
    package static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        text.withUnsafeBufferPointer { text in
            var count = text.count
            while count > 0, text.count - count < 2, text[count - 1] == pad { count -= 1 }
            if count % 4 == 1 || (count < text.count && text.count % 4 != 0) { return nil }
            let size = count / 4 * 3 + (count % 4 == 0 ? 0 : count % 4 - 1)
            var isValid = true
            let bytes = [UInt8](unsafeUninitializedCapacity: size) { bytes, filled in
                isValid = decode(UnsafeBufferPointer(rebasing: text[..<count]), into: bytes)
                filled = isValid ? size : 0
            }
            return isValid ? bytes : nil
        }
    }

    /// - Shape: `text` holds no padding; `bytes` has room for what it says.
    private static func decode(_ text: UnsafeBufferPointer<UInt8>, into bytes: UnsafeMutableBufferPointer<UInt8>)
        -> Bool
    {
        values.withUnsafeBufferPointer { values in
            var seen: UInt8 = 0  // the high bit tells of a character that is none, looked at once
            var (from, to) = (0, 0)
            while from + 4 <= text.count {
                let (a, b) = (values[Int(text[from])], values[Int(text[from + 1])])
                let (c, d) = (values[Int(text[from + 2])], values[Int(text[from + 3])])
                seen |= a | b | c | d
                let word = UInt32(a) << 18 | UInt32(b) << 12 | UInt32(c) << 6 | UInt32(d)
                bytes[to] = UInt8(truncatingIfNeeded: word >> 16)
                bytes[to + 1] = UInt8(truncatingIfNeeded: word >> 8)
                bytes[to + 2] = UInt8(truncatingIfNeeded: word)
                from += 4
                to += 3
            }
            let left = text.count - from
            if left >= 2 {
                let (a, b) = (values[Int(text[from])], values[Int(text[from + 1])])
                let c = left == 3 ? values[Int(text[from + 2])] : 0
                seen |= a | b | c
                bytes[to] = a << 2 | (b & 0x3F) >> 4
                if left == 3 { bytes[to + 1] = b << 4 | (c & 0x3F) >> 2 }
            }
            return seen & 0x80 == 0
        }
    }
}
