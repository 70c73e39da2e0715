internal import SyrinxDSP

/// The level of speech as it goes on: which pieces count, and their mean.
struct SpeechLevel: BitwiseCopyable {
    /// Mean power of what counted; 0: nothing yet.
    private(set) var power = 0.0
    /// Pieces that counted, and those above the gate since that did not.
    private var counted = 0
    private var passedOver = 0

    @_noLocks @_noAllocation
    init() {}

    /// In LUFS; −∞ if nothing counted yet.
    @_noLocks @_noAllocation
    func loudness() -> Double { powerToDecibels(power) - 0.691 }

    /// Hears a piece's power.
    ///
    /// - Parameters:
    ///   - gate: power of the softest piece that can be speech.
    ///   - memory: how many pieces the mean spans.
    /// - Returns: whether it counts.
    @_noLocks @_noAllocation
    mutating func hear(_ piece: Double, gate: Double, memory: Double) -> Bool {
        if piece <= gate { return false }
        if counted > 0, piece < power * 0.1 {
            passedOver += 1
            if passedOver < 30 { return false }
            counted = 0
        }
        passedOver = 0
        counted += 1
        power += (piece - power) * max(1 / Double(counted), 1 / memory)
        return true
    }

    /// How much a channel's power counts: L R C LFE Ls Rs, or L R C Ls Rs; what has no place counts once.
    static func weight(_ channel: Int, of channels: Int) -> Double {
        switch channels {
        case 5: channel >= 3 ? 1.41 : 1
        case 6: channel == 3 ? 0 : channel >= 4 ? 1.41 : 1
        default: 1
        }
    }
}
