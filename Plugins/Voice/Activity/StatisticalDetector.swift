internal import SyrinxDSP

/// The engine of `vad` that needs no model: noise followed by minimum statistics, seventeen features of published
/// detectors, one logistic fusion.
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
    /// ``SpeechFeatures/count`` and ``SpeechFeatures/span``.
    private static let count = 17
    private static let span = 11
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
    /// Four planes: mean, scale, weight, weight of the product.
    private nonisolated(unsafe) let weights = zeroed(12 * SpeechFeatures.count)
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
        let count = 3 * SpeechFeatures.count
        precondition(FusionWeights.rows.count == count && Self.count == SpeechFeatures.count)
        precondition(Self.span == SpeechFeatures.span)
        for (index, row) in FusionWeights.rows.enumerated() {
            weights[index] = row.mean
            weights[count + index] = row.scale
            weights[2 * count + index] = row.weight
            weights[3 * count + index] = row.product
        }
    }

    deinit {
        features.release()
        tracker.release()
        for plane in [window, frame, weighted, real, imaginary, smooth, held, weights] {
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
        let (values, smooth, held, weights) = (values, smooth, held, weights)
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
        let pivot = count &+ Self.span
        let span = (smooth[Self.span] - weights[pivot]) * weights[3 &* count &+ pivot]
        var sum = bias
        for k in 0..<3 &* count {
            let value = k < count ? values[k] : k < 2 &* count ? smooth[k &- count] : held[k &- 2 &* count]
            let normal = (value - weights[k]) * weights[3 &* count &+ k]
            sum += normal * (weights[6 &* count &+ k] + weights[9 &* count &+ k] * span)
        }
        return Float(1 / (1 + exp2(-1.442_695_040_9 * Double(sum))))
    }
}
