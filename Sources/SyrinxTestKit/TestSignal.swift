internal import Glibc

/// Streams to feed into nodes, and a seeded source of random numbers.
public enum TestSignal {
    /// A sine that begins at phase 0.
    ///
    /// - Units: `frequency` and `rate` in Hz, `amplitude` linear, `phase` in turns.
    public static func sine(
        _ frequency: Double, rate: Int, frames: Int, amplitude: Double = 1, phase: Double = 0
    ) -> [Float] {
        (0..<frames).map { k in
            Float(amplitude * sin(2 * .pi * (phase + (frequency * Double(k) / Double(rate)))))
        }
    }

    /// White noise, even between −amplitude and amplitude; the same for the same seed.
    public static func noise(seed: UInt64 = 1, frames: Int, amplitude: Float = 0.5) -> [Float] {
        var random = SeededRandom(seed: seed)
        return (0..<frames).map { _ in Float.random(in: -amplitude...amplitude, using: &random) }
    }

    /// One sample of `amplitude` at frame `at`, zeros around it.
    public static func impulse(at frame: Int = 0, frames: Int, amplitude: Float = 1) -> [Float] {
        var samples = [Float](repeating: 0, count: frames)
        if frame < frames { samples[frame] = amplitude }
        return samples
    }

    /// A straight line: `first` at frame 0, rising by `step` a frame.
    public static func ramp(from first: Float = 0, step: Float = 1, frames: Int) -> [Float] {
        (0..<frames).map { first + step * Float($0) }
    }

    /// Every sample the same.
    public static func constant(_ value: Float, frames: Int) -> [Float] { [Float](repeating: value, count: frames) }

    public static func silence(frames: Int) -> [Float] { constant(0, frames: frames) }
}

/// A small random number generator that gives the same numbers for the same seed everywhere.
///
/// - Source: G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014
///   (SplitMix64).
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
