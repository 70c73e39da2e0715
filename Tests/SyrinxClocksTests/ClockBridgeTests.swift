import SyrinxClocks
import SyrinxTestKit
import Testing

@Suite("clock bridge")
struct ClockBridgeTests {
    static let directions: [ClockBridge.Direction] = [.capture, .playback]

    /// Drift −500…500 ppm by 20 ppm/s and back, after 20 s of rest.
    private func ramped(rate: Int, period: Int, jitter: Double) -> SimulatedClock {
        var clock = SimulatedClock(rate: rate, period: period, driftPPM: -500, jitter: jitter)
        clock.ramps = [
            .init(at: 15, ppmPerSecond: 20), .init(at: 65, ppmPerSecond: 0), .init(at: 80, ppmPerSecond: -20),
            .init(at: 130, ppmPerSecond: 0),
        ]
        return clock
    }

    @Test("a tone passes two clocks without gap or repeat, clean and in time", arguments: directions)
    func tone(direction: ClockBridge.Direction) throws {
        let end = isLong ? 1800.0 : isOptimised ? 60 : 9
        for drift in isOptimised ? [-500.0, 500] : [500] {
            let simulation = SimulatedDevice(
                direction, master: SimulatedClock(rate: 48_000, period: 256, jitter: 50e-6),
                device: SimulatedClock(rate: 48_000, period: 256, driftPPM: drift, jitter: 50e-6))
            simulation.run(until: end)
            let lock = try #require(simulation.lockTime())
            #expect(lock < 10)
            let verdict = simulation.verdict(from: lock)
            #expect(verdict.windows > Int((end - lock) * 39))
            #expect(verdict.noiseDecibels < -100)
            #expect(verdict.delayStepFrames < 0.25)
            #expect(verdict.leastDelayError > -0.5)
            #expect(verdict.mostDelayError < 0.5)
            #expect(abs(simulation.bridge.status.driftPPM - drift) < 2)
        }
    }

    @Test("a clock whose rate moves by 20 ppm a second is followed", .enabled(if: isOptimised), arguments: directions)
    func ramp(direction: ClockBridge.Direction) throws {
        let end = isLong ? 1800.0 : 70
        let simulation = SimulatedDevice(
            direction, master: SimulatedClock(rate: 48_000, period: 64, jitter: 50e-6),
            device: ramped(rate: 44_100, period: 1024, jitter: 50e-6))
        simulation.run(until: end)
        let lock = try #require(simulation.lockTime())
        #expect(lock < 15)
        let verdict = simulation.verdict(from: lock)
        #expect(verdict.noiseDecibels < -100)
        #expect(verdict.delayStepFrames < 0.25)
        #expect(verdict.leastDelayError > -0.5)
        #expect(verdict.mostDelayError < 0.5)
    }
}

@Suite("clock bridge in trouble")
struct ClockBridgeTroubleTests {
    static let directions: [ClockBridge.Direction] = [.capture, .playback]

    /// The tone's largest step from sample to sample is 0.5 · 2 sin(π · 1000/44100) = 0.0712 at most.
    private static let slope: Float = 0.075

    @Test(
        "jitter of half the shorter period on both sides harms neither tone nor delay", .enabled(if: isOptimised),
        arguments: directions,
        [(64, 64), (64, 1024), (1024, 64), (1024, 1024)])
    func jitter(direction: ClockBridge.Direction, periods: (Int, Int)) throws {
        let end = isLong ? 600.0 : 100
        let (late, rate) = (0.5 * Double(min(periods.0, periods.1)) / 48_000, 44_100)
        let simulation = SimulatedDevice(
            direction, master: SimulatedClock(rate: 48_000, period: periods.0, jitter: late),
            device: SimulatedClock(rate: rate, period: periods.1, driftPPM: -300, jitter: late))
        simulation.run(until: end)
        let lock = try #require(simulation.lockTime())
        #expect(lock < 70)
        let verdict = simulation.verdict(from: lock)
        #expect(verdict.noiseDecibels < -100)
        #expect(verdict.delayStepFrames < 0.25)
        #expect(verdict.leastDelayError > -0.5)
        #expect(verdict.mostDelayError < 0.5)
        #expect(simulation.bridge.status.resyncs == 0)
    }

    @Test(
        "a thread that sleeps loses sound, not time", .enabled(if: isOptimised), arguments: directions, [true, false])
    func sleep(direction: ClockBridge.Direction, onDevice: Bool) throws {
        var master = SimulatedClock(rate: 48_000, period: 256, jitter: 50e-6)
        var device = SimulatedClock(rate: 48_000, period: 256, driftPPM: 200, jitter: 50e-6)
        let sleeps = [SimulatedClock.Sleep(at: 15, lasting: 0.04), .init(at: 18, lasting: 0.3)]
        if onDevice { device.sleeps = sleeps } else { master.sleeps = sleeps }
        let simulation = SimulatedDevice(direction, master: master, device: device)
        simulation.run(until: 14)
        let before = simulation.bridge.status
        simulation.run(until: 25)
        // A sleep of the one who reads only delays what he hears; one who writes makes the other miss it.
        let isReader = onDevice == (direction == .playback)
        let missing = simulation.bridge.status.missingFrames - before.missingFrames
        #expect(isReader ? missing < 15_000 : missing > 1000 && missing < 18_000)
        let verdict = simulation.verdict(from: 20)
        #expect(verdict.noiseDecibels < -100)
        #expect(verdict.leastDelayError > -0.5)
        #expect(verdict.mostDelayError < 0.5)
        #expect(simulation.listener.largestStep < Self.slope)
    }

    @Test(
        "a device that is lost and comes back is silent meanwhile, then in time", .enabled(if: isOptimised),
        arguments: directions)
    func loss(direction: ClockBridge.Direction) throws {
        var device = SimulatedClock(rate: 44_100, period: 512, driftPPM: -200, jitter: 50e-6)
        device.outages = [15..<17.3, 30..<30.2]
        let simulation = SimulatedDevice(
            direction, master: SimulatedClock(rate: 48_000, period: 128, jitter: 50e-6), device: device)
        simulation.run(until: 29)
        #expect(simulation.bridge.status.losses == 1)
        if direction == .capture {
            let silent = simulation.listener.windows.filter { $0.time > 15.2 && $0.time < 17.2 }
            #expect(silent.count > 70)
            #expect(silent.allSatisfy { $0.amplitude < 1e-6 })
        }
        let between = simulation.verdict(from: 17.6, to: 29)
        #expect(between.leastAmplitude > 0.49)
        simulation.run(until: 45)
        #expect(simulation.bridge.status.losses == 2)
        #expect(simulation.lockTime(from: 31) != nil)
        for verdict in [simulation.verdict(from: 22, to: 30), simulation.verdict(from: 36)] {
            #expect(verdict.noiseDecibels < -100)
            #expect(verdict.leastDelayError > -0.5)
            #expect(verdict.mostDelayError < 0.5)
        }
        #expect(simulation.listener.largestStep < Self.slope)
    }

    @Test("a master that stood still is in time again", .enabled(if: isOptimised), arguments: directions)
    func masterGap(direction: ClockBridge.Direction) throws {
        var master = SimulatedClock(rate: 48_000, period: 128, jitter: 50e-6)
        master.outages = [15..<15.03, 20..<23]
        let simulation = SimulatedDevice(
            direction, master: master, device: SimulatedClock(rate: 48_000, period: 480, driftPPM: 400, jitter: 50e-6))
        simulation.run(until: 40)
        #expect(simulation.bridge.status.resyncs >= 1)
        for verdict in [simulation.verdict(from: 17, to: 20), simulation.verdict(from: 28)] {
            #expect(verdict.noiseDecibels < -100)
            #expect(verdict.leastDelayError > -0.5)
            #expect(verdict.mostDelayError < 0.5)
        }
    }

    @Test("blocks of any size on the render side give the same sound", arguments: directions)
    func cuts(direction: ClockBridge.Direction) {
        func windows(cut: Bool) -> [ToneListener.Window] {
            let simulation = SimulatedDevice(
                direction, master: SimulatedClock(rate: 48_000, period: 256),
                device: SimulatedClock(rate: 44_100, period: 512, driftPPM: 100), cutsCycles: cut)
            simulation.run(until: isOptimised ? 8 : 3)
            return simulation.listener.windows
        }
        let (whole, cut) = (windows(cut: false), windows(cut: true))
        #expect(whole.count > 100)
        #expect(whole.map(\.amplitude) == cut.map(\.amplitude))
        #expect(whole.map(\.fineErrorMilliseconds) == cut.map(\.fineErrorMilliseconds))
    }

    @Test("neither side touches the heap", arguments: directions)
    func heap(direction: ClockBridge.Direction) {
        var device = SimulatedClock(rate: 44_100, period: 512, driftPPM: 100, jitter: 50e-6)
        device.sleeps = [.init(at: 1.5, lasting: 0.1)]
        let simulation = SimulatedDevice(direction, master: SimulatedClock(rate: 48_000, period: 256), device: device)
        simulation.run(until: isOptimised ? 5 : 2)
        #expect(simulation.heapCallsOnRender == 0)
        #expect(simulation.heapCallsOnDevice == 0)
    }
}
