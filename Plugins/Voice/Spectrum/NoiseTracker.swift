/// Follows the power of the noise under a voice, bin by bin, and tells how likely speech made each bin's power, and what the
/// power of the clean voice may be.
///
/// The noise is averaged where no speech is seen; speech is seen where the smoothed power stands well above its minimum
/// over the last one to two windows.
///
/// - Shape: ``bins`` values a plane, a multiple of 8.
/// - Units: power as ``power`` has it.
/// - Thread: made on control; used by render.
/// - Source: I. Cohen, B. Berdugo, "Noise estimation by minima controlled recursive averaging for robust speech
///   enhancement", IEEE Signal Processing Letters 9 (2002); the minimum as in R. Martin, "Noise power spectral density
///   estimation based on optimal smoothing and minimum statistics", IEEE Trans. Speech Audio Proc. 9 (2001). A priori SNR by
///   decision as in Y. Ephraim, D. Malah, IEEE Trans. ASSP 32 (1984). Likelihood ratio: J. Sohn, N. S. Kim, W. Sung, "A
///   statistical model-based voice activity detection", IEEE Signal Processing Letters 6 (1999).
final class NoiseTracker: Sendable {
    /// How fast things move, as factors a frame.
    struct Pace: Sendable {
        /// Of the smoothed power.
        var smoothing: Float = 0.8
        /// Of the noise, where there is no speech.
        var noise: Float = 0.95
        /// Of the a priori SNR.
        var decision: Float = 0.95
        /// Frames of the minimum's window.
        var window = 80
    }

    let bins: Int
    private let pace: Pace
    private nonisolated(unsafe) let memory: UnsafeMutablePointer<Float>
    /// The frame's power spectrum; the user writes it before each update.
    nonisolated(unsafe) let power: UnsafeMutablePointer<Float>
    nonisolated(unsafe) let noise: UnsafeMutablePointer<Float>
    /// Power of the voice alone: Wiener's gain applied.
    nonisolated(unsafe) let clean: UnsafeMutablePointer<Float>
    /// A posteriori SNR, a priori SNR.
    nonisolated(unsafe) let posterior: UnsafeMutablePointer<Float>
    nonisolated(unsafe) let prior: UnsafeMutablePointer<Float>
    /// How likely the power stands above its minimum because of speech, 0…1.
    nonisolated(unsafe) let presence: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let smooth: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let lowest: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let next: UnsafeMutablePointer<Float>

    init(bins: Int, pace: Pace) {
        precondition(bins % 8 == 0)
        self.bins = bins
        self.pace = pace
        // Eight values before and after each plane, so that neighbours can be read.
        let stride = bins + 16
        let all = zeroed(9 * stride)
        memory = all
        func plane(_ index: Int) -> UnsafeMutablePointer<Float> { all + (index * stride + 8) }
        power = plane(0)
        noise = plane(1)
        clean = plane(2)
        posterior = plane(3)
        prior = plane(4)
        presence = plane(5)
        smooth = plane(6)
        lowest = plane(7)
        next = plane(8)
    }

    /// What a user reads and writes, as plain pointers, for as long as the tracker lives.
    struct Planes: BitwiseCopyable {
        let power: UnsafeMutablePointer<Float>
        let clean: UnsafeMutablePointer<Float>
        let posterior: UnsafeMutablePointer<Float>
        let prior: UnsafeMutablePointer<Float>
        let presence: UnsafeMutablePointer<Float>
    }

    var planes: Planes {
        Planes(power: power, clean: clean, posterior: posterior, prior: prior, presence: presence)
    }

    deinit { UnsafeMutableRawPointer(memory).deallocate() }

    /// Begins with the power at hand as noise, but not more than `most`.
    @_noLocks @_noAllocation
    private func begin(most: Float) {
        for k in 0..<bins {
            let value = power[k] < most ? power[k] : most
            noise[k] = value
            smooth[k] = value
            lowest[k] = value
            next[k] = value
            presence[k] = 0
            clean[k] = 0
        }
    }

    /// Takes in the frame in ``power``.
    ///
    /// - Parameters:
    ///   - age: frames since the first, which counts as 0 and begins anew.
    ///   - most: the highest power of a bin that the first frame may be thought to be noise; what is louder may be a voice.
    @_noLocks @_noAllocation
    func update(age: Int, most: Float) {
        if age == 0 { begin(most: most) }
        let (power, noise, clean, posterior, prior) = (power, noise, clean, posterior, prior)
        let (presence, smooth, lowest, next) = (presence, smooth, lowest, next)
        let turns = age % pace.window == pace.window &- 1
        let keep = SIMD8<Float>(repeating: pace.smoothing)
        let add = SIMD8<Float>(repeating: 1 - pace.smoothing)
        let slow = SIMD8<Float>(repeating: pace.noise)
        let rest = SIMD8<Float>(repeating: 1 - pace.noise)
        let decision = SIMD8<Float>(repeating: pace.decision)
        let fresh = SIMD8<Float>(repeating: 1 - pace.decision)
        // The first ten frames are averaged, come what may.
        let averaging = SIMD8<Float>(repeating: age == 0 ? 1 : age < 10 ? Float(age) / Float(age &+ 1) : 1)
        let keepsAll = age == 0
        let one = SIMD8<Float>(repeating: 1)
        let (quarter, half) = (SIMD8<Float>(repeating: 0.25), SIMD8<Float>(repeating: 0.5))
        // The ends of the spectrum are their own neighbours.
        power[-1] = power[0]
        power[bins] = power[bins &- 1]
        var k = 0
        while k < bins {
            let here = load(power + k)
            let spread = (load(power + (k &- 1)) + load(power + (k &+ 1))) * quarter + here * half
            let level = load(smooth + k) * keep + spread * add
            store(level, smooth + k)
            var least = pointwiseMin(load(lowest + k), level)
            var later = pointwiseMin(load(next + k), level)
            if turns {
                least = later
                later = level
            }
            store(least, lowest + k)
            store(later, next + k)
            let seen = SIMD8<Float>(repeating: 0).replacing(with: 0.8, where: level .> least * 4.5)
            let speech = load(presence + k) * 0.2 + seen
            store(speech, presence + k)
            var old = load(noise + k)
            if !keepsAll {
                let weight = pointwiseMin(slow + rest * speech, averaging)
                old = weight * old + (one - weight) * here
                store(old, noise + k)
            }
            let inverse = one / old
            let ratio = pointwiseMin(here * inverse, SIMD8(repeating: 1_000))
            let excess = pointwiseMax(ratio - one, SIMD8(repeating: 0))
            let expected = pointwiseMax(
                decision * load(clean + k) * inverse + fresh * excess, SIMD8(repeating: 0.003))
            let gain = expected / (one + expected)
            store(ratio, posterior + k)
            store(expected, prior + k)
            store(gain * gain * here, clean + k)
            k &+= 8
        }
    }
}
