/// What is wrong with a model's file: one sentence of what was found and what was expected.
package struct ModelFault: Error, Hashable {
    package let message: String

    init(_ message: String) { self.message = message }
}

/// A file of named arrays in the safetensors format: the header's length (8 bytes, little-endian), a JSON object that tells
/// type, shape and place of each array, and the numbers.
///
/// Made for strangers' files: everything is bounded and checked, and nothing is believed that was not looked at. What the
/// header tells of arrays that nobody asks for is read, but need not make sense.
///
/// - Thread: control.
/// - Source: the format's description at huggingface.co/docs/safetensors.
package struct SafeTensors {
    /// Where an array lies.
    struct Entry: Hashable {
        var type: String
        var shape: [Int]
        /// Offsets of its first byte and of the one behind its last, from the header's end.
        var begin: Int
        var end: Int
    }

    /// The longest header that is read: a thousand times what the model's takes.
    static let longestHeader = 1 << 20
    /// The largest file that is read, in bytes.
    package static let largestFile = 16 << 20

    private let entries: [String: Entry]
    private let bytes: [UInt8]
    private let dataStart: Int

    package init(_ bytes: [UInt8]) throws(ModelFault) {
        guard bytes.count >= 8 else {
            throw ModelFault("found \(bytes.count) bytes, expected a safetensors file, which has at least 8")
        }
        var length: UInt64 = 0
        for k in 0..<8 { length |= UInt64(bytes[k]) << UInt64(8 * k) }
        guard length <= UInt64(Self.longestHeader), Int(length) <= bytes.count - 8 else {
            throw ModelFault(
                "is no safetensors file: its header would have \(length) bytes, expected at most \(Self.longestHeader) and "
                    + "no more than the file's \(bytes.count - 8)")
        }
        dataStart = 8 + Int(length)
        var reader = SafeTensorsHeader(bytes[8..<dataStart])
        entries = try reader.read()
        self.bytes = bytes
    }

    /// The names of all arrays, sorted.
    package var names: [String] { entries.keys.sorted() }

    /// One array's numbers, in rows.
    ///
    /// - Parameter shape: what it must be.
    /// - Throws: unless it is there, of 32-bit floats, of that shape, all within the file, and all of them finite.
    package func floats(_ name: String, shape: [Int]) throws(ModelFault) -> [Float] {
        guard let entry = entries[name] else {
            let known = names.prefix(20).map { Self.shown($0) }.joined(separator: ", ")
            throw ModelFault("has no tensor \(name); it has \(known.isEmpty ? "none" : known)")
        }
        guard entry.type == "F32" else {
            throw ModelFault("tensor \(name): found numbers of type \(Self.shown(entry.type)), expected F32")
        }
        guard entry.shape == shape else {
            throw ModelFault("tensor \(name): found shape \(entry.shape.prefix(8)), expected \(shape)")
        }
        let count = shape.reduce(1, *)
        guard entry.begin >= 0, entry.end <= bytes.count - dataStart, entry.end - entry.begin == 4 * count else {
            throw ModelFault(
                "tensor \(name): found bytes \(entry.begin) to \(entry.end) of \(bytes.count - dataStart), expected "
                    + "\(4 * count) of them within the file")
        }
        var numbers = [Float](repeating: 0, count: count)
        let start = dataStart + entry.begin
        for k in 0..<count {
            let place = start + 4 * k
            let bits =
                UInt32(bytes[place]) | UInt32(bytes[place + 1]) << 8 | UInt32(bytes[place + 2]) << 16
                | UInt32(bytes[place + 3]) << 24
            let number = Float(bitPattern: bits)
            guard abs(number) <= Self.largestNumber else {
                throw ModelFault(
                    "tensor \(name): found \(number) at \(k), expected magnitudes of at most \(Self.largestNumber)")
            }
            numbers[k] = number
        }
        return numbers
    }

    /// The largest magnitude of a number: so no sum of the network can become infinite.
    static let largestNumber: Float = 10_000

    /// A stranger's word as it may be shown: at most 40 characters, plain ones only.
    private static func shown(_ word: String) -> String {
        String(word.unicodeScalars.prefix(40).map { (0x21...0x7E).contains($0.value) ? Character($0) : "?" })
    }
}
