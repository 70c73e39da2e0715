internal import SyrinxCore
internal import SyrinxDSP

/// The render half of ``DenoiseNode``.
///
/// Frames begin at every half of their length, by sample position; root-Hann windows before and after make their sum exact.
/// A frame is worked on when its last sample has come, and sounds from the next sample on.
final class DenoiseRenderer: Renderer {
    private let rate: Int
    private let channels: Int
    private let length: Int
    private let half: Int
    /// Bins, rounded up to whole lanes.
    private let bins: Int
    private let isLinked: Bool
    private let firstLeast: Float
    /// 1 over the window's energy: power spectra are in units of the samples' power.
    private let scale: Float
    private nonisolated(unsafe) let fft: RealFFT
    private nonisolated(unsafe) let gain = SpectralGain()
    /// One, or one for each channel. Owned: released in deinit.
    private nonisolated(unsafe) let trackers: UnsafeMutablePointer<Unmanaged<NoiseTracker>>
    private let trackerCount: Int
    private nonisolated(unsafe) let planes: UnsafeMutablePointer<NoiseTracker.Planes>
    /// Frames that each tracker has seen.
    private nonisolated(unsafe) let ages: UnsafeMutablePointer<Int>
    private nonisolated(unsafe) let window: UnsafeMutablePointer<Float>
    /// Channel by channel: the newest samples, and what overlaps into what sounds next.
    private nonisolated(unsafe) let heard: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let overlap: UnsafeMutablePointer<Float>
    /// Channel by channel.
    private nonisolated(unsafe) let real: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let imaginary: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let frame: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let gains: UnsafeMutablePointer<Float>
    /// How much of the second half of `heard` is filled. Owned by the render thread.
    private nonisolated(unsafe) var filled = 0
    private nonisolated(unsafe) var least: Float

    init(_ format: StreamFormat, amount: Double, isLinked: Bool) {
        rate = format.rate
        channels = format.channels
        length = Self.frameLength(rate: format.rate)
        half = length / 2
        bins = length / 2 + 8
        self.isLinked = isLinked
        firstLeast = decibelsToLinear(-amount)
        least = firstLeast
        fft = RealFFT(size: length)
        window = zeroed(length)
        var energy = 0.0
        for k in 0..<length {
            let value = sin(turns: (Double(k) + 0.5) / Double(2 * length))
            window[k] = Float(value)
            energy += value * value
        }
        scale = Float(1 / energy)
        // The tracker's factors are those of hops of 10 ms.
        let hops = 100 * Double(half) / Double(rate)
        let pace = NoiseTracker.Pace(
            smoothing: Float(exp2(hops * log2(0.8))), noise: Float(exp2(hops * log2(0.95))), decision: 0.97,
            window: max(8, Int(80 / hops)))
        trackerCount = isLinked ? 1 : channels
        trackers = .allocate(capacity: trackerCount)
        ages = .allocate(capacity: trackerCount)
        planes = .allocate(capacity: trackerCount)
        for index in 0..<trackerCount {
            let tracker = NoiseTracker(bins: bins, pace: pace)
            (trackers + index).initialize(to: Unmanaged.passRetained(tracker))
            (planes + index).initialize(to: tracker.planes)
            (ages + index).initialize(to: -1)
        }
        heard = zeroed(length * channels)
        overlap = zeroed(length * channels)
        real = zeroed(bins * channels)
        imaginary = zeroed(bins * channels)
        frame = zeroed(length)
        gains = zeroed(bins)
    }

    deinit {
        for index in 0..<trackerCount { trackers[index].release() }
        trackers.deallocate()
        ages.deallocate()
        planes.deallocate()
        for plane in [window, heard, overlap, real, imaginary, frame, gains] {
            UnsafeMutableRawPointer(plane).deallocate()
        }
    }

    /// Samples of a frame: the power of two that lasts 21 to 43 ms.
    static func frameLength(rate: Int) -> Int {
        var length = 64
        while length < 65_536, length * 47 < rate { length *= 2 }
        return length
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let frames = block.output.frameCount
        var done = 0
        while done < frames {
            let count = min(frames &- done, half &- filled)
            for channel in 0..<channels {
                let (x, y) = (block.input[channel], block.output[channel])
                let newest = heard + (channel &* length &+ half &+ filled)
                let ready = overlap + (channel &* length &+ filled)
                for k in 0..<count { newest[k] = finite(x[done &+ k]) }
                for k in 0..<count { y[done &+ k] = ready[k] }
            }
            filled &+= count
            done &+= count
            if filled == half { work() }
        }
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        // The one live parameter.
        least = decibelsToLinear(-value)
    }

    @_noLocks @_noAllocation
    func reset() {
        least = firstLeast
        filled = 0
        heard.clear(length &* channels)
        overlap.clear(length &* channels)
        for index in 0..<trackerCount { ages[index] = -1 }
    }

    /// The frame is full: transforms, weights, transforms back, and moves on by half a frame.
    @_noLocks @_noAllocation
    private func work() {
        for channel in 0..<channels { analyse(channel) }
        if isLinked { weigh(tracker: 0, first: 0, end: channels) }
        for channel in 0..<channels {
            if !isLinked { weigh(tracker: channel, first: channel, end: channel &+ 1) }
            synthesise(channel)
        }
        filled = 0
    }

    @_noLocks @_noAllocation
    private func analyse(_ channel: Int) {
        let (frame, window, samples) = (frame, window, heard + channel &* length)
        for k in 0..<length { frame[k] = samples[k] * window[k] }
        fft.forward(frame, real: real + channel &* bins, imaginary: imaginary + channel &* bins)
        for k in 0..<half { samples[k] = samples[half &+ k] }
    }

    /// Weighs the bins of some channels by one gain, that of their mean power.
    @_noLocks @_noAllocation
    private func weigh(tracker index: Int, first: Int, end: Int) {
        let (planes, gains) = (planes[index], gains)
        let power = planes.power
        let share = scale / Float(end &- first)
        for k in 0..<bins { power[k] = 1e-10 }
        for channel in first..<end {
            let (re, im) = (real + channel &* bins, imaginary + channel &* bins)
            for k in 0..<bins { power[k] += (re[k] * re[k] + im[k] * im[k]) * share }
        }
        // Silence, below −90 dBFS, teaches nothing.
        if !(sum(power, 1, half) >= 1e-9 * Float(half)) { return }
        ages[index] &+= 1
        let age = ages[index]
        trackers[index]._withUnsafeGuaranteedRef { $0.update(age: age, most: 1e-5) }
        gain.compute(
            bins: bins, posterior: planes.posterior, prior: planes.prior, presence: planes.presence, power: power,
            clean: planes.clean, least: least, into: gains)
        for channel in first..<end {
            let (re, im) = (real + channel &* bins, imaginary + channel &* bins)
            for k in 0..<bins {
                re[k] *= gains[k]
                im[k] *= gains[k]
            }
        }
    }

    @_noLocks @_noAllocation
    private func synthesise(_ channel: Int) {
        fft.inverse(real: real + channel &* bins, imaginary: imaginary + channel &* bins, into: frame)
        let (frame, window, sums, half) = (frame, window, overlap + channel &* length, half)
        for k in 0..<half {
            sums[k] = sums[half &+ k] + frame[k] * window[k]
            sums[half &+ k] = frame[half &+ k] * window[half &+ k]
        }
    }
}
