/// Spoils bytes in ways that a reader of JSON is likely to trip over; the same seed gives the same bytes.
package struct Mutator {
    private var state: UInt64
    private static let words: [[UInt8]] = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83c", "\\udfa4", "//", "/*", "*/", "#", "'", "$", "${",
        "${a}",
        "${env:A}", "${v|x}", "|", "\n", "\r\n", "\t", "\u{0}", "\u{FEFF}", "é", "🎤", "-", "+", ".", "e9", "1e999",
        "01",
        "true", "null", "NaN", "nodes", "links", "vars", "engine", "type", "\"syrinx\":1", "\"nodes\":{",
        "{\"from\":\"a\"",
        "[[[[[[[[", "]]]]]]]]", "x-",
    ].map { Array($0.utf8) }

    package init(seed: UInt64) { state = seed }

    /// SplitMix64.
    ///
    /// - Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    private mutating func below(_ count: Int) -> Int { count < 1 ? 0 : Int(next() % UInt64(count)) }

    /// One of the seeds, spoilt in one to eight places.
    package mutating func spoil(_ seeds: [[UInt8]]) -> [UInt8] {
        var bytes = seeds[below(seeds.count)]
        for _ in 0...below(8) {
            let place = below(bytes.count + 1)
            let end = min(bytes.count, place + 1 + below(1 << below(7)))
            switch below(7) {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(below(8))
            case 1 where place < bytes.count: bytes[place] = UInt8(below(256))
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: below(bytes.count + 1))
            case 4:
                let other = seeds[below(seeds.count)]
                let start = below(other.count)
                bytes.insert(contentsOf: other[start..<min(other.count, start + 1 + below(64))], at: place)
            default: bytes.insert(contentsOf: Self.words[below(Self.words.count)], at: place)
            }
        }
        return bytes
    }
}
