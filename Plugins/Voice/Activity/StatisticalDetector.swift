internal import SyrinxDSP

/// The engine of `vad` that needs no model: noise followed by minimum statistics, seventeen features of published
/// detectors, one small layer that joins them.
///
/// A frame is the last 22 ms, weighted towards its newest part, every 10 ms; digital silence (below −90 dBFS) is no speech
/// and moves nothing.
///
/// - Thread: made on control; `feed` and `reset` are render's.
/// - Source: ``NoiseTracker``, ``SpeechFeatures``, ``FusionWeights``.
final class StatisticalDetector: Detector {
    /// 20 ms behind the end of a hop of 10 ms: the median delay of onsets.
    static let timing = DetectorTiming(rate: 16_000, hop: 160, lag: 320)

    let rate = timing.rate
    let hop = timing.hop
    let lag = timing.lag

    private static let size = 512
    private static let rise = 288
    private static let fall = 64
    /// Bins that count: 257, rounded up.
    private static let bins = 264
    /// ``SpeechFeatures/count``; and what enters the layer: three of each.
    private static let count = 17
    private static let inputs = 51
    private static let units = 24
    private nonisolated(unsafe) let fft = RealFFT(size: 512)
    /// Owned: released in deinit.
    private let tracker = Unmanaged.passRetained(NoiseTracker(bins: 264, pace: .init()))
    private let features: Unmanaged<SpeechFeatures>
    /// The tracker's power, the features' values.
    private nonisolated(unsafe) let power: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let values: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let window = zeroed(size)
    private nonisolated(unsafe) let frame = zeroed(size)
    private nonisolated(unsafe) let weighted = zeroed(size)
    private nonisolated(unsafe) let real = zeroed(bins)
    private nonisolated(unsafe) let imaginary = zeroed(bins)
    /// For each feature: smoothed, and with a slow fall.
    private nonisolated(unsafe) let smooth = zeroed(SpeechFeatures.count)
    private nonisolated(unsafe) let held = zeroed(SpeechFeatures.count)
    /// See ``FusionWeights``; `hidden` holds a row of ``units`` for each input.
    private nonisolated(unsafe) let mean = copied(FusionWeights.mean)
    private nonisolated(unsafe) let scale = copied(FusionWeights.scale)
    private nonisolated(unsafe) let straight = copied(FusionWeights.straight)
    private nonisolated(unsafe) let hidden = copied(FusionWeights.hidden)
    private nonisolated(unsafe) let offset = copied(FusionWeights.offset)
    private nonisolated(unsafe) let output = copied(FusionWeights.output)
    /// Frames since the first that was not silent; −1: none was.
    private nonisolated(unsafe) var age = -1
    private let bias = FusionWeights.bias

    init() {
        let (rise, fall, size) = (Self.rise, Self.fall, Self.size)
        var shape = [Double](repeating: 0, count: size)
        for k in 0..<rise {
            let sine = sin(turns: 0.25 * (Double(k) + 0.5) / Double(rise))
            shape[size - rise - fall + k] = sine * sine
        }
        for k in 0..<fall {
            let cosine = cos(turns: 0.25 * (Double(k) + 0.5) / Double(fall))
            shape[size - fall + k] = cosine * cosine
        }
        let energy = shape.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for k in 0..<size { window[k] = Float(shape[k] / energy) }
        let tracker = tracker.takeUnretainedValue()
        let made = SpeechFeatures(tracker, window: shape.map(Float.init))
        features = Unmanaged.passRetained(made)
        power = tracker.power
        values = made.values
        precondition(Self.count == SpeechFeatures.count && Self.units == FusionWeights.units)
        precondition(FusionWeights.mean.count == Self.inputs && Self.inputs == 3 * Self.count)
        precondition(FusionWeights.hidden.count == Self.inputs * Self.units)
    }

    deinit {
        features.release()
        tracker.release()
        for plane in [
            window, frame, weighted, real, imaginary, smooth, held, mean, scale, straight, hidden, offset, output,
        ] {
            UnsafeMutableRawPointer(plane).deallocate()
        }
    }

    @_noLocks @_noAllocation
    func feed(_ samples: UnsafePointer<Float>) -> Float {
        transform(samples)
        // Below −90 dBFS nothing is learnt.
        let (first, end) = (3, 246)
        if !(sum(power, first, end) >= 1e-9 * Float(end &- first)) { return 0 }
        let age = age &+ 1
        self.age = age
        // At −50 dBFS and above, what comes first may be a voice.
        tracker._withUnsafeGuaranteedRef { $0.update(age: age, most: 1e-5) }
        features._withUnsafeGuaranteedRef { $0.update(age: age) }
        return fuse()
    }

    @_noLocks @_noAllocation
    func reset() {
        age = -1
        frame.clear(Self.size)
    }

    /// The power spectrum of the last 22 ms, a floor of −100 dBFS added.
    @_noLocks @_noAllocation
    private func transform(_ samples: UnsafePointer<Float>) {
        let (frame, weighted, window, size, hop) = (frame, weighted, window, Self.size, hop)
        for k in 0..<size &- hop { frame[k] = frame[k &+ hop] }
        for k in 0..<hop { frame[size &- hop &+ k] = samples[k] }
        var k = 0
        while k < size {
            store(load(frame + k) * load(window + k), weighted + k)
            k &+= 8
        }
        fft.forward(weighted, real: real, imaginary: imaginary)
        let (re, im, power) = (real, imaginary, power)
        k = 0
        while k < Self.bins {
            let (a, b) = (load(re + k), load(im + k))
            store(a * a + b * b + 1e-10, power + k)
            k &+= 8
        }
    }

    @_noLocks @_noAllocation
    private func fuse() -> Float {
        let (values, smooth, held) = (values, smooth, held)
        let count = Self.count
        for k in 0..<count {
            let value = values[k]
            if age == 0 {
                smooth[k] = value
                held[k] = value
            }
            smooth[k] += 0.35 * (value - smooth[k])
            let step = value - held[k]
            held[k] += step * (step > 0 ? 0.6 : 0.08)
        }
        return joined()
    }

    /// What ``FusionWeights`` makes of the features.
    @_noLocks @_noAllocation
    private func joined() -> Float {
        let (values, smooth, held) = (values, smooth, held)
        let (mean, scale, straight, hidden) = (mean, scale, straight, hidden)
        let (count, units) = (Self.count, Self.units)
        var (first, second, third) = (load(offset), load(offset + 8), load(offset + 16))
        var sum = bias
        for k in 0..<Self.inputs {
            let value = k < count ? values[k] : k < 2 &* count ? smooth[k &- count] : held[k &- 2 &* count]
            let normal = min(max((value - mean[k]) * scale[k], -8), 8)
            sum += normal * straight[k]
            let row = hidden + k &* units
            first += load(row) * normal
            second += load(row + 8) * normal
            third += load(row + 16) * normal
        }
        let none = SIMD8<Float>()
        var all = pointwiseMax(first, none) * load(output)
        all += pointwiseMax(second, none) * load(output + 8)
        all += pointwiseMax(third, none) * load(output + 16)
        sum += all.sum()
        return Float(1 / (1 + exp2(-1.442_695_040_9 * Double(sum))))
    }
}

/// Memory that holds the numbers.
private func copied(_ numbers: [Float]) -> UnsafeMutablePointer<Float> {
    let memory = zeroed(numbers.count)
    for (index, number) in numbers.enumerated() { memory[index] = number }
    return memory
}
