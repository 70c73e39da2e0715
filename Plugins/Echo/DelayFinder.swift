internal import SyrinxDSP

/// Finds how much later than the far end its echo comes, by how often the signs of both agree at each delay.
///
/// Both ends are averaged down to 8 kHz and differenced, so that one delay stands out of speech, and reduced to signs. At
/// each of 4096 delays, −64…448 ms, agreement counts up and disagreement down, and fades with a time constant of about
/// 2 s. Where the far end is silent its signs are random, and nothing adds up.
///
/// - Units: delays in milliseconds, to a fraction of a sample at 8 kHz: a parabola through three scores.
/// - Thread: render, one at a time; made on control.
/// - Source: S. S. Wolff, J. B. Thomas, T. R. Williams, "The polarity-coincidence correlator: a nonparametric detection
///   device", IRE Trans. Inf. Theory 1962; G. Jacovitti, G. Scarano, "Discrete time techniques for time delay
///   estimation", IEEE Trans. Signal Processing 1993.
struct DelayFinder: ~Copyable {
    /// The delays that are looked at: from −`before` on, so many.
    private static var before: Int { 512 }
    private static var count: Int { 4_096 }
    /// Words of 64 signs that are kept of each end; a power of two.
    private static var words: Int { 128 }
    /// A word lasts 8 ms: 2 s.
    private static var forgetting: Float { 1 - 1 / 250 }
    /// How far the best score must stand out of the rest: of a thousand noises without an echo none came above 5.4.
    private static var outstanding: Float { 7 }

    /// The best delay, in milliseconds; means something while ``isSure``.
    private(set) var delay = 0.0
    /// The best score stands out of the rest.
    private(set) var isSure = false
    /// Counts words, so that readers see that there is something new.
    private(set) var wordCount = 0

    private let step: Int
    private let memory: UnsafeMutablePointer<Float>
    private let signs: UnsafeMutablePointer<UInt64>
    private var near = SignMaker(seed: 0x9E37_79B9)
    private var far = SignMaker(seed: 0x2545_F491)

    /// - Parameter rate: of what is fed, a multiple of 8 kHz.
    init(rate: Int) {
        step = rate / 8_000
        memory = .allocate(capacity: Self.count)
        memory.initialize(repeating: 0, count: Self.count)
        signs = .allocate(capacity: 2 * Self.words)
        signs.initialize(repeating: 0, count: 2 * Self.words)
    }

    deinit {
        memory.deallocate()
        signs.deallocate()
    }

    @_noLocks @_noAllocation
    mutating func reset() {
        for k in 0..<Self.count { memory[k] = 0 }
        for k in 0..<2 * Self.words { signs[k] = 0 }
        near = SignMaker(seed: 0x9E37_79B9)
        far = SignMaker(seed: 0x2545_F491)
        delay = 0
        isSure = false
        wordCount = 0
    }

    /// Takes samples of both ends. How they are cut into calls makes no difference where `frames` is a multiple of the
    /// rate's part of 8 kHz.
    @_noLocks @_noAllocation
    mutating func hear(near nearEnd: UnsafePointer<Float>, far farEnd: UnsafePointer<Float>, frames: Int) {
        let scale = 1 / Float(step)
        var k = 0
        while k < frames {
            var (one, two) = (Float(0), Float(0))
            for j in 0..<step {
                one += nearEnd[k &+ j]
                two += farEnd[k &+ j]
            }
            let isWhole = near.add(one * scale)
            _ = far.add(two * scale)
            if isWhole { compare() }
            k &+= step
        }
    }

    /// A word of signs is whole: scores every delay anew.
    @_noLocks @_noAllocation
    private mutating func compare() {
        let mask = Self.words &- 1
        let place = wordCount & mask
        signs[place] = near.word
        signs[Self.words &+ place] = far.word
        wordCount &+= 1
        // The near end is looked at late, so that a far end which comes after its echo is found too.
        let late = Self.before / 64
        let nearWord = signs[(place &- late) & mask]
        let (scores, farSigns) = (memory, UnsafePointer(signs) + Self.words)
        var newer = farSigns[place]
        var (best, bestAt, squares) = (-Float.infinity, 0, Float(0))
        for group in 0..<Self.count / 64 {
            // Delay 64 · group + shift, counted from −before: the far end's word that ended so long ago.
            let older = farSigns[(place &- group &- 1) & mask]
            for shift in 0..<64 {
                let word = shift == 0 ? newer : newer >> UInt64(shift) | older << UInt64(64 &- shift)
                let agreeing = 32 &- (nearWord ^ word).nonzeroBitCount
                let at = group &* 64 &+ shift
                let score = scores[at] * Self.forgetting + Float(agreeing)
                scores[at] = score
                squares += score * score
                if score > best { (best, bestAt) = (score, at) }
            }
            newer = older
        }
        judge(best: best, at: bestAt, squares: squares)
    }

    @_noLocks @_noAllocation
    private mutating func judge(best: Float, at place: Int, squares: Float) {
        let mean = squares / Float(Self.count)
        // A second of signs at least: before that chance stands out.
        isSure = best > 0 ? best * best > Self.outstanding * Self.outstanding * mean : false
        if wordCount < 125 { isSure = false }
        var fraction = 0.0
        if place > 0, place < Self.count - 1 {
            let (low, high) = (Double(memory[place &- 1]), Double(memory[place &+ 1]))
            let bend = low - 2 * Double(best) + high
            if bend < 0 { fraction = 0.5 * (low - high) / bend }
        }
        delay = (Double(place &- Self.before) + fraction) / 8
    }
}

/// Makes words of 64 signs; the newest is the lowest bit.
private struct SignMaker: BitwiseCopyable, Sendable {
    private(set) var word: UInt64 = 0
    private var count = 0
    private var last: Float = 0
    private var random: UInt32

    init(seed: UInt32) { random = seed }

    /// Returns: true: the word is whole.
    @_noLocks @_noAllocation
    mutating func add(_ sample: Float) -> Bool {
        // A xorshift generator (G. Marsaglia, 2003): what is below −100 dB has random signs.
        random ^= random << 13
        random ^= random >> 17
        random ^= random << 5
        let noise = (Float(random >> 8) * 0x1p-23 - 1) * 1e-5
        let high = sample - 0.9 * last + noise
        last = sample
        word = word << 1 | (high >= 0 ? 1 : 0)
        count = (count &+ 1) & 63
        return count == 0
    }
}
