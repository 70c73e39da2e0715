internal import SyrinxEVI

/// What was said in a chat: the user on the left, EVI on the right, at 16 kHz.
struct Recording: Sendable {
    static let rate = 16_000
    private var user: [Int16] = []
    private var assistant: [Int16] = []
    private var userPhase = 0

    var bytes: Int { 2 * (user.count + assistant.count) }
    var isEmpty: Bool { user.isEmpty && assistant.isEmpty }

    mutating func add(user samples: [Int16], rate: Int) {
        Self.reduce(samples, rate: rate, phase: &userPhase) { user.append($0) }
    }

    /// - Parameter milliseconds: when in the user's audio it begins to be heard.
    mutating func add(assistant samples: [Int16], rate: Int, at milliseconds: Int) {
        let start = milliseconds * Self.rate / 1_000
        // Pieces that follow each other join: a few samples of rounding are no gap.
        if start > assistant.count + Self.rate / 50 {
            assistant += [Int16](repeating: 0, count: start - assistant.count)
        }
        var phase = 0
        Self.reduce(samples, rate: rate, phase: &phase) { assistant.append($0) }
    }

    mutating func hush(at milliseconds: Int) {
        let count = milliseconds * Self.rate / 1_000
        if count < assistant.count { assistant.removeLast(assistant.count - count) }
    }

    /// Brings samples to 16 kHz: the mean of those that one new sample stands for, or the same one again.
    private static func reduce(_ samples: [Int16], rate: Int, phase: inout Int, _ put: (Int16) -> Void) {
        var (sum, count) = (0, 0)
        for sample in samples {
            sum += Int(sample)
            count += 1
            phase += Self.rate
            while phase >= rate {
                phase -= rate
                put(Int16(count > 0 ? sum / count : Int(sample)))
                (sum, count) = (0, 0)
            }
        }
    }

    /// A WAV file of two channels.
    func file() -> [UInt8] {
        let frames = max(user.count, assistant.count)
        var samples = [Int16](repeating: 0, count: 2 * frames)
        for (index, sample) in user.enumerated() { samples[2 * index] = sample }
        for (index, sample) in assistant.enumerated() { samples[2 * index + 1] = sample }
        var bytes = WAVPiece(sampleRate: Self.rate, samples: samples).encoded()
        bytes[22] = 2  // channels
        let (perSecond, perFrame) = (UInt32(4 * Self.rate), UInt8(4))
        for place in 0..<4 { bytes[28 + place] = UInt8(truncatingIfNeeded: perSecond >> (8 * UInt32(place))) }
        bytes[32] = perFrame
        return bytes
    }
}
