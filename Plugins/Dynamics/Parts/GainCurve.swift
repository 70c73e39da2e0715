/// How much a steady level is turned down: above a threshold by a compressor, below it by a gate.
///
/// - Units: dB.
/// - Source: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design", JAES 60 (6), 2012,
///   equation 4 (soft knee), as input less output; for a gate turned round.
struct GainCurve: BitwiseCopyable {
    let threshold: Double
    /// dB less for each dB beyond the threshold: 1 − 1/ratio of a compressor, ratio − 1 of a gate.
    let slope: Double
    let knee: Double
    let range: Double

    @_noLocks @_noAllocation
    init(threshold: Double, slope: Double, knee: Double, range: Double) {
        self.threshold = threshold
        self.slope = slope
        self.knee = knee
        self.range = range
    }

    @_noLocks @_noAllocation
    func reduction(above level: Double) -> Double { reduction(beyond: level - threshold) }

    @_noLocks @_noAllocation
    func reduction(below level: Double) -> Double { reduction(beyond: threshold - level) }

    @_noLocks @_noAllocation
    private func reduction(beyond distance: Double) -> Double {
        let half = knee * 0.5
        if distance <= -half { return 0 }
        var reduction = slope * distance
        if slope == 0 { reduction = 0 }  // 0 · ∞ for silence
        if distance < half { reduction = slope * (distance + half) * (distance + half) / (2 * knee) }
        return reduction < range ? reduction : range
    }
}

/// A curve whose numbers are live parameters.
struct LiveCurve: BitwiseCopyable {
    let threshold: LiveNumber
    let ratio: LiveNumber
    let knee: LiveNumber
    let range: LiveNumber

    /// - Parameter name: of the threshold's parameter; the others are `ratio`, `knee_db` and `range_db`.
    init(
        _ live: inout LiveNumbers, threshold name: String, at threshold: Double, ratio: Double, knee: Double,
        range: Double, over glideFrames: Int
    ) {
        self.threshold = live.add(name, at: threshold, over: glideFrames)
        self.ratio = live.add("ratio", at: ratio, over: glideFrames)
        self.knee = live.add("knee_db", at: knee, over: glideFrames)
        self.range = live.add("range_db", at: range, over: glideFrames)
    }

    /// True: every frame from here on has the same curve.
    @_noLocks @_noAllocation
    func isSteady() -> Bool {
        // One after the other: && makes closures of its operands.
        if !threshold.isSteady() { return false }
        if !ratio.isSteady() { return false }
        if !knee.isSteady() { return false }
        return range.isSteady()
    }

    /// A compressor's curve, for the frame `offset` frames ahead.
    @_noLocks @_noAllocation
    func compression(at offset: Int = 0) -> GainCurve { curve(slope: 1 - 1 / ratio.value(at: offset), at: offset) }

    /// A gate's curve, for the frame `offset` frames ahead.
    @_noLocks @_noAllocation
    func expansion(at offset: Int = 0) -> GainCurve { curve(slope: ratio.value(at: offset) - 1, at: offset) }

    @_noLocks @_noAllocation
    private func curve(slope: Double, at offset: Int) -> GainCurve {
        GainCurve(
            threshold: threshold.value(at: offset), slope: slope, knee: knee.value(at: offset),
            range: range.value(at: offset))
    }
}
