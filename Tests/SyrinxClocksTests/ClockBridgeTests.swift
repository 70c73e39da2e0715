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
        let end = isLong ? 1800.0 : 60
        for drift in [-500.0, 500] {
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

    @Test("a clock whose rate moves by 20 ppm a second is followed", arguments: directions)
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
