internal import SyrinxDSP

/// Tells what somebody says from what somebody hums, coughs or types, as soon as the sound shows it.
///
/// A murmur ("mhm") is voiced with closed lips: one formant near 250 Hz and little above. A cough and a key have no voice.
/// Somebody who talks opens the mouth, or hisses beside the voice. So a sound is talk once it has ``leastVoiced`` frames of
/// voice in a row, and ``leastOpen`` voiced frames that are strong above 470 or 1000 Hz, or ``leastHissed`` frames of hiss no
/// weaker than ``hissLevel`` against its loudest voice. 150 ms of quiet end a sound. "Uh-huh" and "okay" are said with open
/// lips: they are talk to it.
///
/// A frame is the last 22 ms, weighted towards its newest part, every 10 ms; voice is found by normalised cross-correlation
/// within 80…400 Hz of what lies below 1.5 kHz. What a slow minimum of each band knows as noise is taken off first.
///
/// - Units: samples at 16 kHz, full scale ±1, finite.
/// - Thread: made on control; used by render.
/// - Source: nasal murmurs: O. Fujimura, "Analysis of nasal consonants", JASA 34 (1962). Normalised cross-correlation: B. S.
///   Atal, "Automatic speaker verification based on pitch contours", JASA 52 (1972). The rule and its numbers are ours:
///   Benchmarks/turns.
final class TurnEvidence: Sendable {
    private static let hop = 160
    private static let size = 512
    private static let rise = 288
    private static let fall = 64
    private static let bins = 264
    /// Of the low band at 4 kHz: what a frame adds, is held against, and the lags.
    private static let slow = 40
    private static let stretch = 100
    private static let firstLag = 10
    private static let endLag = 52
    private static let history = 160
    private static let taps = 49

    /// Frames of voice in a row, frames with open lips, frames of hiss.
    static let leastVoiced = 4
    static let leastOpen = 5
    static let leastHissed = 3
    /// Correlation of voice, squared.
    private static let voiced: Float = 0.65 * 0.65
    /// What lies above 1000 Hz (−11 dB), and between 470 and 1000 Hz (−8.5 dB), against what lies below 440 Hz: open lips.
    private static let open: Float = 0.08
    private static let jaw: Float = 0.14
    /// A hiss against the loudest voice: −18 dB.
    static let hissLevel: Float = 0.016
    /// Frames of quiet that end a sound.
    private static let pause = 15

    /// The sound that is being heard is talk.
    private(set) nonisolated(unsafe) var isTalk = false

    private nonisolated(unsafe) let fft = RealFFT(size: size)
    private nonisolated(unsafe) let window = zeroed(size)
    private nonisolated(unsafe) let frame = zeroed(size)
    private nonisolated(unsafe) let weighted = zeroed(size)
    private nonisolated(unsafe) let real = zeroed(bins)
    private nonisolated(unsafe) let imaginary = zeroed(bins)
    private nonisolated(unsafe) let lowPass = zeroed(taps)
    private nonisolated(unsafe) let low = zeroed(history)
    // Owned by the render thread, all that follows.
    /// Samples of the next frame that have come.
    private nonisolated(unsafe) var filled = 0
    /// Frames since the first that was not silent; −1: none was.
    private nonisolated(unsafe) var age = -1
    /// Powers of four bands: below 440 Hz, 470…1000, 1000…4000, 4000…7800 Hz; and what is noise in them.
    private nonisolated(unsafe) var smooth = SIMD4<Float>()
    private nonisolated(unsafe) var floor = SIMD4<Float>()
    private nonisolated(unsafe) var nextFloor = SIMD4<Float>()
    private nonisolated(unsafe) var quiet = 0
    private nonisolated(unsafe) var run = 0
    private nonisolated(unsafe) var hasVoice = false
    private nonisolated(unsafe) var opened = 0
    private nonisolated(unsafe) var hissed = 0
    private nonisolated(unsafe) var loudestVoice: Float = 0
    private nonisolated(unsafe) var loudestHiss: Float = 0

    init() {
        let (size, rise, fall) = (Self.size, Self.rise, Self.fall)
        var energy = 0.0
        var shape = [Double](repeating: 0, count: size)
        for k in 0..<rise + fall {
            let part = k < rise ? (Double(k) + 0.5) / Double(rise) : 1 - (Double(k - rise) + 0.5) / Double(fall)
            let sine = sin(turns: 0.25 * part)
            shape[size - rise - fall + k] = sine * sine
            energy += sine * sine * sine * sine
        }
        for k in 0..<size { window[k] = Float(shape[k] / energy.squareRoot()) }
        // A windowed sinc, −6 dB at 1.5 kHz.
        let middle = Self.taps / 2
        for k in 0..<Self.taps {
            let place = Double(k - middle) * 2 * 1_500 / 16_000
            let sinc = k == middle ? 1 : sin(turns: place / 2) / (.pi * place)
            let hamming = 0.54 + 0.46 * cos(turns: Double(k - middle) / Double(Self.taps - 1))
            lowPass[k] = Float(sinc * hamming * 2 * 1_500 / 16_000)
        }
    }

    deinit {
        for plane in [window, frame, weighted, real, imaginary, lowPass, low] {
            UnsafeMutableRawPointer(plane).deallocate()
        }
    }

    /// Takes the next samples, any number.
    @_noLocks @_noAllocation
    func feed(_ samples: UnsafePointer<Float>, _ count: Int) {
        let (frame, size, hop) = (frame, Self.size, Self.hop)
        var done = 0
        while done < count {
            if filled == 0 { for k in 0..<size &- hop { frame[k] = frame[k &+ hop] } }
            let part = min(count &- done, hop &- filled)
            for k in 0..<part { frame[size &- hop &+ filled &+ k] = samples[done &+ k] }
            filled &+= part
            done &+= part
            if filled == hop {
                filled = 0
                look()
            }
        }
    }

    /// Back to the state after `init`.
    @_noLocks @_noAllocation
    func reset() {
        filled = 0
        age = -1
        frame.clear(Self.size)
        low.clear(Self.history)
        forget()
    }

    @_noLocks @_noAllocation
    private func forget() {
        isTalk = false
        hasVoice = false
        (run, opened, hissed) = (0, 0, 0)
        (loudestVoice, loudestHiss) = (0, 0)
    }

    /// Looks at the frame that is whole.
    @_noLocks @_noAllocation
    private func look() {
        decimate()
        let powers = bands()
        // Below −90 dBFS nothing is learnt.
        let isLoud = powers.sum() >= 2.4e-7
        if isLoud { follow(powers) }
        let clear = pointwiseMax(powers - 2 * floor, SIMD4<Float>())
        guard isLoud, clear.sum() > 4 * floor.sum() else {
            run = 0
            quiet = min(quiet &+ 1, Self.pause)
            if quiet == Self.pause { forget() }
            return
        }
        quiet = 0
        let level = clear.sum()
        if isVoiced() {
            run &+= 1
            loudestVoice = max(loudestVoice, level)
            if run >= Self.leastVoiced { hasVoice = true }
            if max(clear[2] * (Self.jaw / Self.open), clear[1]) > Self.jaw * clear[0] { opened &+= 1 }
        } else {
            run = 0
            if clear[2] + clear[3] > 2 * (clear[0] + clear[1]) {
                hissed &+= 1
                loudestHiss = max(loudestHiss, level)
            }
        }
        guard hasVoice else { return }
        if opened >= Self.leastOpen { isTalk = true }
        if hissed >= Self.leastHissed, loudestHiss > Self.hissLevel * loudestVoice { isTalk = true }
    }

    /// Moves the noise of each band: the least of what was, smoothed, within the last 1.5 to 3 s; less in the beginning.
    @_noLocks @_noAllocation
    private func follow(_ powers: SIMD4<Float>) {
        age &+= 1
        if age == 0 {
            // At −50 dBFS and above, what comes first may be a voice.
            smooth = pointwiseMin(powers, SIMD4(repeating: 1e-5 * 60))
            (floor, nextFloor) = (smooth, smooth)
        }
        smooth += 0.2 * (powers - smooth)
        floor = pointwiseMin(floor, smooth)
        nextFloor = pointwiseMin(nextFloor, smooth)
        let age = age
        let place = age < 100 ? age % 50 &- 24 : age % 150 &- 149
        if place == 0 { (floor, nextFloor) = (nextFloor, smooth) }
    }

    /// The powers of the four bands, a floor of −100 dBFS added.
    @_noLocks @_noAllocation
    private func bands() -> SIMD4<Float> {
        let (frame, weighted, window) = (frame, weighted, window)
        var k = 0
        while k < Self.size {
            store(load(frame + k) * load(window + k), weighted + k)
            k &+= 8
        }
        fft.forward(weighted, real: real, imaginary: imaginary)
        let (re, im) = (real, imaginary)
        k = 0
        while k < Self.bins {
            let (a, b) = (load(re + k), load(im + k))
            store(a * a + b * b + 1e-10, re + k)
            k &+= 8
        }
        return SIMD4(sum(re, 3, 14), sum(re, 15, 32), sum(re, 32, 128), sum(re, 128, 250))
    }

    /// Adds the frame's newest samples to what lies below 1.5 kHz, at 4 kHz.
    @_noLocks @_noAllocation
    private func decimate() {
        let (frame, low, lowPass) = (frame, low, lowPass)
        for k in 0..<Self.history &- Self.slow { low[k] = low[k &+ Self.slow] }
        for k in 0..<Self.slow {
            let from = frame + (Self.size &- Self.hop &+ 4 &* k &+ 4 &- Self.taps)
            var eight = SIMD8<Float>()
            var tap = 0
            while tap &+ 8 <= Self.taps {
                eight += load(from + tap) * load(lowPass + tap)
                tap &+= 8
            }
            low[Self.history &- Self.slow &+ k] = eight.sum() + from[tap] * lowPass[tap]
        }
    }

    /// The last 25 ms are like what was a period before.
    @_noLocks @_noAllocation
    private func isVoiced() -> Bool {
        let now = low + (Self.history &- Self.stretch)
        let own = product(now, now)
        var lag = Self.firstLag
        while lag < Self.endLag {
            let then = now - lag
            let alike = product(now, then)
            if alike > 0, alike * alike >= Self.voiced * own * product(then, then) { return true }
            lag &+= 1
        }
        return false
    }

    @_noLocks @_noAllocation
    private func product(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> Float {
        var eight = SIMD8<Float>()
        var k = 0
        while k &+ 8 <= Self.stretch {
            eight += load(a + k) * load(b + k)
            k &+= 8
        }
        var sum = eight.sum()
        while k < Self.stretch {
            sum += a[k] * b[k]
            k &+= 1
        }
        return sum
    }
}
