internal import SyrinxClocks
internal import SyrinxCore

/// When a frame of 10 ms is whole, and how late what it gives is shown: all of it by sample position alone.
///
/// Where the module takes the streams' rate, frame f holds the samples f · F ..< (f + 1) · F and its result shows from its
/// last sample on. Else sample m at the module's rate n is the input's value at m · r / n; a frame can be worked on as
/// soon as the resampler has what it needs, and the output's value at k is the result's at (k − latency) · n / r, the
/// module's delay added.
struct EchoTiming: Sendable {
    /// Of the streams, and of the module; Hz.
    let rate: Int
    let moduleRate: Int
    /// The rates differ.
    let converts: Bool
    /// Samples of a frame at the module's rate.
    let frameLength: Int
    /// The module's delay, in samples of its rate.
    let moduleDelay: Int
    /// How much later than the inputs the output is, in frames of the streams' rate.
    let latency: Int
    /// What the resampler needs beyond a place, in the streams' samples.
    private let inletReach: Int

    init(_ settings: AudioProcessing.Settings, rate: Int) {
        self.rate = rate
        moduleRate = settings.rate
        converts = rate != settings.rate
        frameLength = settings.rate / 100
        moduleDelay = AudioProcessing.delay(settings)
        if !converts {
            inletReach = 0
            latency = frameLength - 1 + moduleDelay
            return
        }
        inletReach = VariableResampler.halfLength(inputRate: rate, outputRate: settings.rate)
        let outletReach = VariableResampler.halfLength(inputRate: settings.rate, outputRate: rate)
        // Just before a frame becomes whole, its predecessor's result must still suffice: one frame, what the resampler
        // back looks ahead, and a sample for roundings, in the streams' samples; and what the way in waits for.
        let behind = frameLength + moduleDelay + outletReach + 2
        latency = (behind * rate + settings.rate - 1) / settings.rate + inletReach + 2
    }

    /// How many samples of the streams there must be for frame `index` to be whole.
    @_noLocks @_noAllocation
    func needed(_ index: Int) -> Int {
        if !converts { return (index &+ 1) &* frameLength }
        let last = (index &+ 1) &* frameLength &- 1
        return last &* rate / moduleRate &+ inletReach &+ 2
    }

    /// The first frame that begins at or after a sample of the streams.
    @_noLocks @_noAllocation
    func firstFrame(at position: Int) -> Int {
        if !converts { return position / frameLength }
        let place = (position &* moduleRate &+ rate &- 1) / rate
        return (place &+ frameLength &- 1) / frameLength
    }

    /// Where a frame's first sample lies in the streams: whole samples and a fraction.
    @_noLocks @_noAllocation
    func inletPlace(_ index: Int) -> (whole: Int, fraction: Double) {
        split(index &* frameLength &* rate, by: moduleRate)
    }

    /// Where an output sample lies in what the module gives.
    @_noLocks @_noAllocation
    func outletPlace(_ position: Int) -> (whole: Int, fraction: Double) {
        let place = split((position &- latency) &* moduleRate, by: rate)
        return (place.whole &+ moduleDelay, place.fraction)
    }

    @_noLocks @_noAllocation
    private func split(_ number: Int, by divisor: Int) -> (whole: Int, fraction: Double) {
        var whole = number / divisor
        if whole &* divisor > number { whole &-= 1 }
        return (whole, Double(number &- whole &* divisor) / Double(divisor))
    }
}
