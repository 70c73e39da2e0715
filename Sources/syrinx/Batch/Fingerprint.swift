/// A short name for a long text: 128 bits that differ wherever the text does, as far as chance goes.
///
/// - Source: G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, "The FNV Non-Cryptographic Hash Algorithm", FNV-1a of 128 bits.
///   It tells work apart; it guards nothing against people.
struct Fingerprint: Hashable, Sendable {
    private static let prime: UInt128 = (1 << 88) + 0x13B

    private var state: UInt128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D

    /// Takes a part, and where it ends: `ab`, `c` is not `a`, `bc`.
    mutating func add(_ part: some Sequence<UInt8>) {
        var count: UInt64 = 0
        for byte in part {
            mix(byte)
            count += 1
        }
        for shift in stride(from: UInt64(0), to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: count >> shift)) }
    }

    mutating func add(_ part: String) { add(part.utf8) }

    private mutating func mix(_ byte: UInt8) { state = (state ^ UInt128(byte)) &* Self.prime }

    /// 32 hexadecimal digits.
    var text: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }

    init() {}

    /// - Parameter text: what ``text`` gave; nil for anything else.
    init?(text: some StringProtocol) {
        guard text.utf8.count == 32, let state = UInt128(text, radix: 16) else { return nil }
        self.state = state
    }
}
