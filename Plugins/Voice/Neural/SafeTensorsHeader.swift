/// Reads the JSON header of a safetensors file, in one pass and with bounds for everything.
///
/// Tolerant of order, white space and members that it does not know; strict about JSON itself, about doubled names, and
/// about numbers, which are whole.
struct SafeTensorsHeader {
    /// How deep objects and arrays may lie in each other.
    private static let deepest = 16
    private static let longestString = 1024
    private static let mostEntries = 4096
    private static let mostDimensions = 16

    private let bytes: ArraySlice<UInt8>
    private var place: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        place = bytes.startIndex
    }

    /// All arrays that the header tells of.
    mutating func read() throws(ModelFault) -> [String: SafeTensors.Entry] {
        var entries: [String: SafeTensors.Entry] = [:]
        try open("{")
        while try !closes("}") {
            let name = try string()
            try expect(":")
            if name == "__metadata__" {
                try skipValue(depth: 1)
                continue
            }
            guard entries[name] == nil else { throw fault("a tensor's name for the second time") }
            guard entries.count < Self.mostEntries else { throw fault("more than \(Self.mostEntries) tensors") }
            entries[name] = try entry()
        }
        skipSpace()
        guard place == bytes.endIndex else { throw fault("more behind the object") }
        return entries
    }

    /// What is told of one array.
    private mutating func entry() throws(ModelFault) -> SafeTensors.Entry {
        var type: String?
        var shape: [Int]?
        var offsets: [Int]?
        try open("{")
        while try !closes("}") {
            let key = try string()
            try expect(":")
            switch key {
            case "dtype" where type == nil: type = try string()
            case "shape" where shape == nil: shape = try numbers()
            case "data_offsets" where offsets == nil: offsets = try numbers()
            case "dtype", "shape", "data_offsets": throw fault("\(key) for the second time")
            default: try skipValue(depth: 2)
            }
        }
        guard let type, let shape, let offsets, offsets.count == 2 else {
            throw fault("a tensor without dtype, shape, or two data_offsets")
        }
        return SafeTensors.Entry(type: type, shape: shape, begin: offsets[0], end: offsets[1])
    }

    /// An array of whole numbers that are not negative.
    private mutating func numbers() throws(ModelFault) -> [Int] {
        var result: [Int] = []
        try open("[")
        while try !closes("]") {
            guard result.count < Self.mostDimensions else { throw fault("more than \(Self.mostDimensions) numbers") }
            result.append(try wholeNumber())
        }
        return result
    }

    private mutating func wholeNumber() throws(ModelFault) -> Int {
        skipSpace()
        var value = 0
        var digits = 0
        while place < bytes.endIndex, (0x30...0x39).contains(bytes[place]) {
            value = value * 10 + Int(bytes[place] - 0x30)
            digits += 1
            place += 1
            guard digits <= 15 else { throw fault("a number that is too large") }
        }
        guard digits > 0 else { throw fault("something that is no whole number") }
        if place < bytes.endIndex, bytes[place] == UInt8(ascii: ".") || bytes[place] | 0x20 == UInt8(ascii: "e") {
            throw fault("a number that is not written as a whole one")
        }
        return value
    }

    private mutating func string() throws(ModelFault) -> String {
        try expect("\"")
        var text: [UInt8] = []
        while place < bytes.endIndex {
            let byte = bytes[place]
            place += 1
            guard text.count <= Self.longestString else { throw fault("a string that is too long") }
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw fault("a control character within a string")
            default: text.append(byte)
            }
        }
        throw fault("a string without an end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(ModelFault) {
        guard place < bytes.endIndex else { throw fault("a string without an end") }
        let byte = bytes[place]
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            var code: UInt32 = 0
            for _ in 0..<4 {
                guard place < bytes.endIndex, let digit = Self.hexadecimal(bytes[place]) else {
                    throw fault("an escape that is none")
                }
                code = code << 4 | digit
                place += 1
            }
            // Halves of a pair are shown as what cannot be shown: no name that anybody asks for holds one.
            text += Array(String(Character(Unicode.Scalar(code) ?? "\u{FFFD}")).utf8)
        default: throw fault("an escape that is none")
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x41 + 10)
        case 0x61...0x66: UInt32(byte - 0x61 + 10)
        default: nil
        }
    }

    /// Passes over a value of any kind.
    private mutating func skipValue(depth: Int) throws(ModelFault) {
        guard depth < Self.deepest else { throw fault("objects more than \(Self.deepest) deep") }
        skipSpace()
        guard place < bytes.endIndex else { throw fault("an end where a value should be") }
        switch bytes[place] {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"):
            try open("{")
            while try !closes("}") {
                _ = try string()
                try expect(":")
                try skipValue(depth: depth + 1)
            }
        case UInt8(ascii: "["):
            try open("[")
            while try !closes("]") { try skipValue(depth: depth + 1) }
        default:
            let start = place
            while place < bytes.endIndex, Self.isWordByte(bytes[place]) { place += 1 }
            guard place > start else { throw fault("something that is no value") }
        }
    }

    /// What numbers, `true`, `false` and `null` are written with.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }

    /// True: the byte before `place` opened an object or array.
    private var lastWasOpen = false

    private mutating func open(_ bracket: Unicode.Scalar) throws(ModelFault) {
        try expect(bracket)
        lastWasOpen = true
    }

    /// Whether the object or array ends here; if not, passes over the comma that a further member needs.
    private mutating func closes(_ bracket: Unicode.Scalar) throws(ModelFault) -> Bool {
        let first = lastWasOpen
        lastWasOpen = false
        skipSpace()
        guard place < bytes.endIndex else { throw fault("an end before \(bracket)") }
        if bytes[place] == UInt8(ascii: bracket) {
            place += 1
            return true
        }
        if !first { try expect(",") }
        return false
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(ModelFault) {
        skipSpace()
        guard place < bytes.endIndex, bytes[place] == UInt8(ascii: character) else {
            throw fault("something else than \(character)")
        }
        place += 1
    }

    private mutating func skipSpace() {
        while place < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
    }

    private func fault(_ what: String) -> ModelFault {
        ModelFault("is no safetensors file: its header has \(what) at byte \(place - bytes.startIndex)")
    }
}
