internal import SyrinxRealtime

/// Takes what the microphone said out of the renderer's ring, as EVI wants it: 16 bits, at the rate that is sent.
///
/// - Thread: the session runner's; all members.
struct MicrophoneReader: ~Copyable {
    private let renderer: EVIRenderer
    private var changer: RateChanger
    private var converted: [Float] = []

    init(_ renderer: EVIRenderer, from rate: Int, to sendRate: Int) {
        self.renderer = renderer
        changer = RateChanger(from: rate, to: sendRate)
    }

    /// Everything that has come since the last call.
    mutating func take() -> [Int16] {
        let ring = renderer.microphone
        converted.removeAll(keepingCapacity: true)
        while true {
            let run = ring.readableRun()
            if run.isEmpty { break }
            changer.add(run, into: &converted)
            ring.didRead(run.count)
        }
        return converted.map(Self.sample)
    }

    /// What the changer still holds: the input has ended.
    mutating func finish() -> [Int16] {
        converted.removeAll(keepingCapacity: true)
        changer.finish(into: &converted)
        return converted.map(Self.sample)
    }

    /// Beyond full scale it clips; NaN is silence.
    static func sample(_ value: Float) -> Int16 {
        if value.isNaN { return 0 }
        return Int16(max(-32_768, min(32_767, (value * 32_768).rounded())))
    }
}
