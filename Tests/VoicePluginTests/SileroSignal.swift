/// A sketch of speech: vowels that glide, hisses, pauses, over soft noise.
///
/// Plain double arithmetic in the same order as `signal` in Benchmarks/vad/neural/silero.py, so that both make the same bits.
enum SileroSignal {
    /// Each vowel's two resonances.
    private static let vowels: [((Double, Double), (Double, Double))] = [
        ((1.895263, -0.969067), (1.788117, -0.969067)),
        ((1.955218, -0.969067), (1.280137, -0.969067)),
        ((1.944557, -0.969067), (1.872435, -0.969067)),
        ((1.930876, -0.969067), (1.497291, -0.969067)),
    ]

    static func samples(_ count: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(count)
        var state: UInt32 = 1
        var (phase, y1, y2, z1, z2) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for n in 0..<count {
            let (segment, place) = n.quotientAndRemainder(dividingBy: 4000)
            state = state &* 1_664_525 &+ 1_013_904_223
            let noise = Double(state) / 2_147_483_648 - 1
            let rise = Double(min(place, 4000 - place)) / 2000
            phase += (110 + 50 * rise + 10 * Double(segment % 3)) / 16_000
            if phase >= 1 { phase -= 1 }
            let kind = segment % 6
            let source = kind < 4 ? (2 * phase - 1) * rise : 0
            let (first, second) = vowels[segment % 4]
            let y = source + first.0 * y1 + first.1 * y2
            (y2, y1) = (y1, y)
            let z = y + second.0 * z1 + second.1 * z2
            (z2, z1) = (z1, z)
            let hiss = kind == 4 ? 0.03 * noise * rise : 0
            result.append(Float(0.0006 * z + hiss + 0.001 * noise))
        }
        return result
    }
}
