import SyrinxClocks
import SyrinxTestKit
import Testing

@Suite("delay-locked loop")
struct DelayLockedLoopTests {
    /// Feeds periods of a clock until `seconds`, each late by up to `jitter`.
    private func feed(
        _ loop: inout DelayLockedLoop, from first: Int = 0, seconds: Double, period: Int, drift: Double, jitter: Double,
        offset: Double = 0, seed: UInt64 = 3
    ) -> Int {
        var random = SeededRandom(seed: seed)
        var frames = first
        let frame = 1e9 / 48_000 / (1 + drift * 1e-6)
        while Double(frames - first) < seconds * 48_000 {
            frames += period
            let late = jitter > 0 ? Double.random(in: -jitter...jitter, using: &random) : 0
            _ = loop.update(frames: frames, time: offset + Double(frames) * frame + late)
        }
        return frames
    }

    @Test("time and period come out of the jitter", arguments: [64, 256, 1024], [-500.0, 0, 300])
    func settles(period: Int, drift: Double) {
        var loop = DelayLockedLoop(rate: 48_000)
        let frames = feed(&loop, seconds: 60, period: period, drift: drift, jitter: 200e3)
        let frame = 1e9 / 48_000 / (1 + drift * 1e-6)
        // A line through evenly scattered times: far below the 115 µs that the jitter has.
        #expect(abs(loop.time(at: frames) - Double(frames) * frame) < 15e3)
        #expect(abs(loop.framePeriod / frame - 1) < 6e-6)
        #expect(loop.isSettled)
    }

    @Test("it begins wide and ends narrow, the narrower the more jitter there is")
    func narrows() {
        var quiet = DelayLockedLoop(rate: 48_000)
        _ = feed(&quiet, seconds: 0.5, period: 256, drift: 0, jitter: 10e3)
        let early = quiet.bandwidth
        _ = feed(&quiet, seconds: 30, period: 256, drift: 0, jitter: 10e3)
        var noisy = DelayLockedLoop(rate: 48_000)
        _ = feed(&noisy, seconds: 120, period: 256, drift: 0, jitter: 2000e3)
        #expect(early > 3 * quiet.bandwidth)
        #expect(quiet.bandwidth > 3 * noisy.bandwidth)
    }

    @Test("single late times are ignored")
    func outliers() {
        var loop = DelayLockedLoop(rate: 48_000)
        var frames = feed(&loop, seconds: 20, period: 256, drift: 100, jitter: 20e3)
        let frame = 1e9 / 48_000 / (1 + 100e-6)
        frames += 256
        #expect(loop.update(frames: frames, time: Double(frames) * frame + 80e6) == .ignored)
        #expect(abs(loop.time(at: frames) - Double(frames) * frame) < 5e3)
    }

    @Test("a thread that catches up after a long sleep is no leap of the clock")
    func sleeper() {
        var loop = DelayLockedLoop(rate: 48_000)
        var frames = feed(&loop, seconds: 20, period: 256, drift: 0, jitter: 20e3)
        let frame = 1e9 / 48_000
        let wake = Double(frames) * frame + 500e6
        for k in 1...90 {
            frames += 256
            #expect(loop.update(frames: frames, time: wake + Double(k) * 20e3) != .jumped)
        }
        frames += 256 * 5
        #expect(loop.update(frames: frames, time: Double(frames) * frame) == .followed)
        #expect(abs(loop.time(at: frames) - Double(frames) * frame) < 30e3)
    }

    @Test("a clock that stood still is taken up again, its rate remembered")
    func leap() {
        var loop = DelayLockedLoop(rate: 48_000)
        var frames = feed(&loop, seconds: 20, period: 256, drift: 300, jitter: 20e3)
        let frame = 1e9 / 48_000 / (1 + 300e-6)
        var verdicts: [DelayLockedLoop.Verdict] = []
        for _ in 0..<60 {
            frames += 256
            verdicts.append(loop.update(frames: frames, time: 700e6 + Double(frames) * frame))
        }
        #expect(verdicts.filter { $0 == .jumped }.count == 1)
        #expect(verdicts.last == .followed)
        #expect(abs(loop.time(at: frames) - (700e6 + Double(frames) * frame)) < 1e3)
        #expect(abs(loop.framePeriod / frame - 1) < 5e-6)
    }

    @Test("it does not lag behind a clock whose rate moves steadily")
    func ramp() {
        var loop = DelayLockedLoop(rate: 48_000)
        var time = 0.0
        var frames = 0
        var rate = -500e-6
        while rate < 300e-6 {
            time += 256e9 / 48_000 * (1 - rate)
            rate += 20e-6 * 256 / 48_000
            frames += 256
            _ = loop.update(frames: frames, time: time)
        }
        // A second-order loop would be 20 ppm/s / (0.6 rad/s)² = 56 µs late.
        #expect(abs(loop.time(at: frames) - time) < 6e3)
    }
}
