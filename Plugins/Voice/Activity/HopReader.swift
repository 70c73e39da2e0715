internal import SyrinxClocks
internal import SyrinxDSP

/// Cuts a mono stream of any rate into hops at a detector's rate, by sample position alone.
///
/// Hop h holds the detector's samples h·hop ..< (h+1)·hop; sample k is the stream's value at the instant k/rate. It is ready
/// with the first frame of the stream that its filter needs.
///
/// - Thread: made on control; used by render.
struct HopReader: ~Copyable {
    private let rate: Int
    private let timing: DetectorTiming
    private let step: Double
    private let resamples: Bool
    private var resampler: VariableResampler
    private let samples: UnsafeMutablePointer<Float>
    private var filled = 0
    /// Hops read.
    private var hops = 0
    /// Frames of the stream, counted from its begin, after which the next hop is ready.
    private(set) var next: Int

    init(rate: Int, _ timing: DetectorTiming) {
        self.rate = rate
        self.timing = timing
        step = Double(rate) / Double(timing.rate)
        resamples = rate != timing.rate
        resampler = VariableResampler(
            channels: 1, inputRate: rate, outputRate: timing.rate, history: 2 * (timing.hop * rate / timing.rate + 2))
        samples = zeroed(timing.hop)
        next = 0
        next = end(of: 0)
    }

    deinit { UnsafeMutableRawPointer(samples).deallocate() }

    /// How many frames of the stream a hop needs beyond its own.
    static func foresight(rate: Int, _ timing: DetectorTiming) -> Int {
        if rate == timing.rate { return 0 }
        return VariableResampler(channels: 1, inputRate: rate, outputRate: timing.rate, history: 0).halfLength + 2
    }

    @_noLocks @_noAllocation
    mutating func reset() {
        resampler.restart(at: 0)
        filled = 0
        hops = 0
        next = end(of: 0)
    }

    /// Takes the next frames, at most up to ``next``.
    @_noLocks @_noAllocation
    mutating func add(_ mono: UnsafePointer<Float>, _ frames: Int) {
        if !resamples {
            for k in 0..<frames { samples[filled &+ k] = mono[k] }
            filled &+= frames
            return
        }
        var done = 0
        while done < frames {
            let count = min(frames &- done, 256)
            resampler.append(0, mono + done, frames: count)
            resampler.finishAppend(count)
            done &+= count
        }
    }

    /// The hop that is ready; frames up to ``next`` have come.
    @_noLocks @_noAllocation
    mutating func read() -> UnsafePointer<Float> {
        if resamples {
            let place = hops &* timing.hop &* rate
            resampler.place(at: place / timing.rate, Double(place % timing.rate) / Double(timing.rate))
            resampler.render(into: samples, stride: timing.hop, frames: timing.hop, step: step)
        }
        filled = 0
        hops &+= 1
        next = end(of: hops)
        return UnsafePointer(samples)
    }

    @_noLocks @_noAllocation
    private func end(of hop: Int) -> Int {
        if !resamples { return (hop &+ 1) &* timing.hop }
        // A sample at place x needs the frames up to x + half, and a hair for rounding.
        let last = (hop &+ 1) &* timing.hop &- 1
        return last &* rate / timing.rate &+ resampler.halfLength &+ 2
    }
}
