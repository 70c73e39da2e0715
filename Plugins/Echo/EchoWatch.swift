internal import SyrinxDSP

/// Follows from frame to frame how well an echo is cancelled, and what is wrong with the reference.
///
/// - Units: powers are mean squares, times count in frames of 10 ms.
/// - Source: echo return loss enhancement as in ITU-T G.167; the double-talk test is the energy form of T. Gänsler,
///   M. Hansson, C.-J. Ivarsson, G. Salomonsson, "A double-talk detector based on coherence", IEEE Trans. Comm. 1996:
///   what the canceller leaves of the microphone while the loudspeaker plays is the near end.
struct EchoWatch: BitwiseCopyable, Sendable {
    /// Something worth telling, with its number.
    struct Notice: BitwiseCopyable, Sendable {
        /// Index among the descriptor's events: delay, late, drifts, silent.
        var event: Int
        /// ms, ms, ppm, s.
        var value: Double
    }

    /// The far end counts as playing from here on, and its echo as heard for so long after it: −50 dBFS, 300 ms.
    private static var playing: Float { 1e-5 }
    private static var reverberation: Int { 30 }
    /// Means over about 40 ms, and for the enhancement over 1 s.
    private static var quick: Float { 1 / 4 }
    private static var slow: Float { 1 / 100 }
    /// The canceller has shown what it can once it takes away 8 dB.
    private static var converged: Float { 6.3 }

    /// Echo return loss enhancement in dB; 0 before there is an echo.
    private(set) var enhancement: Float = 0
    /// The loudspeaker plays and somebody at the microphone speaks.
    private(set) var isDoubleTalk = false
    /// How much later than the reference the echo comes, ms; the last that was sure.
    private(set) var delay = 0.0
    private(set) var hasDelay = false
    private var silentFrames = 0

    /// An echo is heard that the canceller has not learnt to take away; for 3 s of it at most, in case it never does.
    private(set) var isUnlearnt = false
    private var unlearntFrames = 0

    private let silenceLimit: Int
    /// Powers of the last two frames of the near end: what comes out clean is a frame or more late.
    private var nearBefore = SIMD2<Float>(repeating: 0)
    private var (nearPower, cleanPower) = (Float(0), Float(0))
    private var (echoPower, restPower) = (Float(0), Float(0))
    private var sinceFar = EchoWatch.reverberation
    private var doubleFrames = 0
    private var quietFrames = 0
    private var hasConverged = false
    /// The largest ratio of both that was reached, which fades by 2.6 dB a minute.
    private var best: Float = 4
    private var soundingFrames = 0
    private var toldSilence = false
    private var track = DelayTrack()

    /// - Parameter silenceLimit: frames of a silent reference after which that is told; 0: never.
    init(silenceLimit: Int) { self.silenceLimit = silenceLimit }

    /// Takes the mean squares of one frame of each stream. Returns: the reference has been silent for too long.
    @_noLocks @_noAllocation
    mutating func hear(near: Float, far: Float, clean: Float) -> Notice? {
        let matching = nearBefore.x
        nearBefore = SIMD2(nearBefore.y, near)
        nearPower += (matching - nearPower) * Self.quick
        cleanPower += (clean - cleanPower) * Self.quick
        sinceFar = far > Self.playing ? 0 : min(sinceFar + 1, Self.reverberation)
        judgeDoubleTalk()
        isUnlearnt = false
        if sinceFar < Self.reverberation, !hasConverged, unlearntFrames < 300 {
            isUnlearnt = true
            unlearntFrames += 1
        }
        if sinceFar < Self.reverberation, !isDoubleTalk, matching > 1e-9 {
            echoPower += (matching - echoPower) * Self.slow
            restPower += (clean - restPower) * Self.slow
            if echoPower > 0 {
                let ratio = max(restPower, echoPower * 1e-6) / echoPower
                enhancement = Float(-powerToDecibels(Double(ratio)))
                if ratio * Self.converged < 1 { hasConverged = true }
                best = min(max(best, 1 / ratio), 3e3)
            }
        }
        return hearSilence(near: near, far: far)
    }

    @_noLocks @_noAllocation
    private mutating func judgeDoubleTalk() {
        // In dB, less was lost than half of what an echo alone loses; and what is left is louder than −60 dBFS.
        best = max(best * 0.9999, 4)
        let stands = cleanPower > 1e-6 ? cleanPower * cleanPower * best > nearPower * nearPower : false
        var isDouble = false
        if sinceFar < Self.reverberation, hasConverged { isDouble = stands }
        if isDouble {
            doubleFrames += 1
            quietFrames = 0
        } else {
            quietFrames += 1
            if quietFrames > 10 { doubleFrames = 0 }
        }
        // Nobody interrupts for 5 s without a breath of 100 ms: it is the echo that is not cancelled any more.
        if doubleFrames > 500 { forget() }
        isDoubleTalk = doubleFrames >= 3
    }

    @_noLocks @_noAllocation
    private mutating func hearSilence(near: Float, far: Float) -> Notice? {
        if far > 1e-9 {
            silentFrames = 0
            soundingFrames = 0
            toldSilence = false
            return nil
        }
        silentFrames += 1
        if near > Self.playing { soundingFrames += 1 }
        if toldSilence { return nil }
        guard silenceLimit > 0, silentFrames >= silenceLimit, soundingFrames >= 100 else { return nil }
        toldSilence = true
        return Notice(event: 3, value: Double(silentFrames) / 100)
    }

    /// The canceller has to find its echo anew.
    @_noLocks @_noAllocation
    private mutating func forget() {
        hasConverged = false
        unlearntFrames = 0
        doubleFrames = 0
        echoPower = 0
        restPower = 0
        best = 4
    }

    /// Takes what the finder says after a frame, in ms. Returns: what is worth telling.
    @_noLocks @_noAllocation
    mutating func follow(delay found: Double, isSure: Bool) -> Notice? {
        // Only while there is something to hear: a score that fades tells nothing new.
        guard isSure, sinceFar < Self.reverberation else { return nil }
        let notice = track.follow(found)
        if track.isSettled {
            delay = track.delay
            hasDelay = true
        }
        if let notice, notice.event == 0 { forget() }
        return notice
    }
}

/// What a delay does in time: settles, jumps, or creeps.
///
/// - Units: ms, frames of 10 ms.
struct DelayTrack: BitwiseCopyable, Sendable {
    /// A delay counts once it has stood within 1 ms for 0.25 s.
    private static var settling: Int { 25 }
    private static var tolerance: Double { 1.0 }
    /// Points of the line through the delay: one for each second, of 12 s.
    private static var points: Int { 12 }

    private(set) var delay = 0.0
    private(set) var isSettled = false

    private var candidate = 0.0
    private var steadyFrames = 0
    private var framesInPoint = 0
    private var sum = 0.0
    private var line = SIMD16<Double>(repeating: 0)
    private var pointCount = 0
    private var toldLate = false
    private var toldDrift = false

    @_noLocks @_noAllocation
    mutating func follow(_ found: Double) -> EchoWatch.Notice? {
        if distance(found, candidate) > Self.tolerance {
            candidate = found
            steadyFrames = 0
            framesInPoint = 0
            sum = 0
            pointCount = 0
            return nil
        }
        candidate += (found - candidate) * 0.1
        steadyFrames += 1
        guard steadyFrames >= Self.settling else { return nil }
        let jumped = isSettled ? distance(candidate, delay) > Self.tolerance : true
        delay = candidate
        isSettled = true
        if jumped {
            toldLate = false
            toldDrift = false
            return .init(event: 0, value: delay)
        }
        if delay < -0.25, !toldLate {
            toldLate = true
            return .init(event: 1, value: delay)
        }
        return creep(found)
    }

    /// Adds to the line; its slope is the drift.
    @_noLocks @_noAllocation
    private mutating func creep(_ found: Double) -> EchoWatch.Notice? {
        sum += found
        framesInPoint += 1
        guard framesInPoint == 100 else { return nil }
        for k in 0..<15 { line[k] = line[k + 1] }
        line[15] = sum / 100
        sum = 0
        framesInPoint = 0
        pointCount = min(pointCount + 1, Self.points)
        guard pointCount == Self.points, !toldDrift else { return nil }
        // Least squares over the points' times −5.5…5.5 s, whose squares sum to 143; ms a second are 1000 ppm.
        var (slope, mean) = (0.0, 0.0)
        for k in 0..<Self.points { mean += line[k + 4] / 12 }
        for k in 0..<Self.points { slope += (Double(k) - 5.5) * line[k + 4] / 143 }
        var rest = 0.0
        for k in 0..<Self.points {
            let error = line[k + 4] - mean - slope * (Double(k) - 5.5)
            rest += error * error
        }
        let drift = slope * 1_000
        // Five times the slope's own uncertainty, and more than two good clocks differ by.
        let uncertainty = rest / 10 / 143
        guard drift * drift > 225, slope * slope > 25 * uncertainty else { return nil }
        toldDrift = true
        return .init(event: 2, value: drift)
    }

    @_noLocks @_noAllocation
    private func distance(_ one: Double, _ other: Double) -> Double { one > other ? one - other : other - one }
}
