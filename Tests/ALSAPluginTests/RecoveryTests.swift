import Glibc
import Synchronization
import SyrinxCore
import Testing

@testable import ALSAPlugin

@Suite("An ALSA device that is driven")
struct RecoveryTests {
    /// 20 ms of ramp would only be in the way.
    private let plain: [String: Value] = ["device": .string("card"), "soft_start_ms": .integer(0)]

    private func rig(
        _ system: SimulatedSystem, source: Bool = false, frames: Int,
        onCycle: @escaping @Sendable (Rig, Int) -> Void = { _, _ in }
    ) throws -> Rig {
        try Rig(
            source: source ? ["device": .string("card"), "channels": .integer(2)] : nil, sink: plain, on: system,
            system.clock, signal: source ? nil : rampValue,
            onCycle: { rig, position in
                onCycle(rig, position)
                if position >= frames { rig.driver.stop() }
            })
    }

    private func played(_ system: SimulatedSystem, _ opening: Int = 0) -> [[Float]] {
        channels(system.state.withLock { $0.written[opening] }, 2)
    }

    @Test("every frame that is rendered is played, behind a buffer of silence")
    func playback() throws {
        let system = SimulatedSystem(["card": DeviceScript()])
        let rig = try rig(system, frames: 1000)
        try rig.run()
        let played = played(system)
        #expect(difference(played[0], silence(300) + ramp(0..<1000)) == nil)
        #expect(difference(played[1], silence(300) + ramp(0..<1000, 1)) == nil)
        #expect(rig.xruns.isEmpty)
        // Bounded, and long enough for the buffer.
        #expect(system.state.withLock { $0.drained } == [500 + 300 * 1000 / 48_000])
        #expect(system.state.withLock { $0.open } == 0)
    }

    @Test("every frame that is captured is heard once, and comes out of a duplex device a buffer later")
    func duplex() throws {
        let system = SimulatedSystem(["card": DeviceScript()])
        let rig = try rig(system, source: true, frames: 1000)
        try rig.run()
        #expect(difference(rig.engines.first?.heard[0] ?? [], ramp(0..<1000)) == nil)
        #expect(difference(rig.engines.first?.heard[1] ?? [], ramp(0..<1000, 1)) == nil)
        #expect(difference(played(system)[0], silence(300) + ramp(0..<1000)) == nil)
        #expect(rig.xruns.isEmpty)
    }

    @Test("a device that moves frames in odd pieces, or none at times, loses none")
    func pieces() throws {
        var script = DeviceScript()
        script.pieceFrames = 137
        let system = SimulatedSystem(["card": script])
        let rig = try Rig(
            source: ["device": .string("card"), "channels": .integer(2)], sink: plain, blockFrames: 1000, on: system,
            system.clock, onCycle: { rig, position in if position >= 10_000 { rig.driver.stop() } })
        try rig.run()
        #expect(difference(rig.engines.first?.heard[0] ?? [], ramp(0..<10_000)) == nil)
        #expect(difference(played(system)[0], silence(3000) + ramp(0..<10_000)) == nil)
        #expect(rig.xruns.isEmpty)
    }

    @Test("after an xrun the same engine plays on behind a new buffer of silence, and the host is told once")
    func xrun() throws {
        var script = DeviceScript()
        script.faults = [(450, .xrun)]
        let system = SimulatedSystem(["card": script])
        let rig = try rig(system, frames: 1000)
        try rig.run()
        #expect(rig.xruns.count == 1)
        #expect(rig.xruns.first?.lostFrames ?? 0 > 0)
        #expect(rig.engines.count == 1)
        let played = played(system)[0]
        #expect(difference(played.prefix(1000), silence(300) + ramp(0..<400) + silence(300)) == nil)
        #expect(difference(played.suffix(500), ramp(500..<1000)) == nil)
    }

    @Test("a graph that takes too long is an xrun with the frames that were lost")
    func late() throws {
        let system = SimulatedSystem(["card": DeviceScript()])
        let rig = try rig(system, source: true, frames: 1000) { _, position in
            // 20 ms: 960 frames, three buffers.
            if position == 500 { system.clock.pass(nanoseconds: 20_000_000) }
        }
        try rig.run()
        #expect(rig.xruns.count == 1)
        #expect((950...1000).contains(rig.xruns.first?.lostFrames ?? 0))
        #expect(rig.engines.first?.position == 1000)
    }

    @Test("a machine that slept is waited for")
    func suspend() throws {
        var script = DeviceScript()
        script.faults = [(450, .suspended)]
        script.sleepyRecoveries = 5
        let system = SimulatedSystem(["card": script])
        let rig = try rig(system, frames: 1000)
        try rig.run()
        #expect(rig.xruns.map(\.detail) == ["the machine slept"])
        #expect(rig.engines.first?.position == 1000)
    }

    @Test("a device that was unplugged is taken up again, and its return at another rate begins a new time line")
    func unplugged() throws {
        var script = DeviceScript()
        script.faults = [(450, .gone(ENODEV))]
        script.absent = 1_000_000..<1_400_000_000
        let system = SimulatedSystem(["card": script])
        let rig = try rig(system, frames: 1000) { _, position in
            if position == 400 { system.change("card") { $0.rates = [44_100] } }
        }
        try rig.run()
        #expect(rig.events == ["device_lost", "device_refused", "device_back"])
        #expect(rig.field("device_lost", "reason") == .string("No such device"))
        #expect(rig.field("device_back", "rate_hz") == .integer(44_100))
        #expect(rig.engines.map(\.masterRate) == [48_000, 44_100])
        #expect(rig.engines.last?.position == 1000)
        #expect(rig.driver.rate == 44_100)
        // At the beginning, then 500 ms, 1 s and 1.5 s after it went.
        #expect(system.state.withLock { $0.opened.count } == 4)
        #expect(difference(played(system, 1)[0], silence(300) + ramp(0..<1000)) == nil)
        #expect(system.state.withLock { $0.open } == 0)
    }

    @Test("a fallback takes the place of a device that is lost")
    func fallback() throws {
        var script = DeviceScript()
        script.faults = [(450, .gone(EIO))]
        script.absent = 1_000_000..<Int.max
        let system = SimulatedSystem(["card": script, "spare": DeviceScript()])
        let rig = try Rig(
            sink: plain.merging(["fallbacks": .list([.string("spare")])]) { $1 }, on: system, system.clock,
            signal: rampValue, onCycle: { rig, position in if position >= 1000 { rig.driver.stop() } })
        try rig.run()
        #expect(rig.field("device_back", "device") == .string("spare"))
        // The same rate: the same engine, from where it was.
        #expect(rig.engines.count == 1)
        #expect(rig.engines.first?.position == 1000)
        #expect(system.state.withLock { $0.opened } == ["card playback", "card playback", "spare playback"])
    }

    @Test("a device that gives no sign for two seconds is lost")
    func silent() throws {
        var script = DeviceScript()
        script.silentFrom = 450
        let system = SimulatedSystem(["card": script])
        let rig = try rig(system, frames: 1000) { _, _ in system.change("card") { $0.silentFrom = nil } }
        try rig.run()
        #expect(rig.events == ["device_lost", "device_back"])
        #expect(rig.field("device_lost", "reason") == .string("Connection timed out"))
        #expect(rig.xruns.isEmpty)
    }

    @Test("a device that cannot be made ready after an xrun is lost, and not tried for ever")
    func hopeless() throws {
        var script = DeviceScript()
        script.faults = [(450, .xrun)]
        script.recovers = false
        let system = SimulatedSystem(["card": script])
        let rig = try rig(system, frames: 1000)
        try rig.run()
        #expect(rig.events == ["device_lost", "device_back"])
        #expect(rig.xruns.count == 10)
    }

    @Test("a device without a clock is found out, told once, and paced by the system's")
    func unpaced() throws {
        var script = DeviceScript()
        script.isUnpaced = true
        let system = SimulatedSystem(["card": script])
        let begin = system.clock.now
        let rig = try rig(system, frames: 480_000)
        try rig.run()
        #expect(rig.events == ["device_unpaced"])
        let seconds = Double(system.clock.now - begin) * 1e-9
        // Ten seconds of sound, less what it may be ahead by: its allowance of 0.25 s and two buffers.
        #expect(seconds > 9.7 && seconds < 10.1)
    }

    @Test("a device that is 5 % fast keeps its own time")
    func fast() throws {
        var pace = PaceGuard(cycleFrames: 100, bufferFrames: 300, rate: 48_000, now: 0)
        let foundOut = (1...100_000).contains { pace.cycle(at: Int(Double($0) * 100e9 / 48_000 / 1.05)) }
        #expect(!foundOut)
    }

    @Test("a stop while the device is away ends the run")
    func stopWhileAway() throws {
        var script = DeviceScript()
        script.faults = [(450, .gone(ENODEV))]
        script.absent = 1_000_000..<Int.max
        let system = SimulatedSystem(["card": script])
        let stopping = StoppingSystem(system)
        let rig = try Rig(sink: plain, on: stopping, system.clock, signal: rampValue)
        stopping.driver.withLock { $0 = rig.driver }
        try rig.run()
        #expect(rig.events == ["device_lost", "device_refused"])
    }
}

/// Stops the driver at the fourth try to open something.
private final class StoppingSystem: PCMSystem {
    let driver = Mutex<ALSADriver?>(nil)
    private let system: SimulatedSystem

    init(_ system: SimulatedSystem) { self.system = system }

    func open(_ name: String, _ direction: PCMDirection) throws(PipelineError) -> any PCMDevice {
        if system.state.withLock({ $0.opened.count }) == 3 { driver.withLock { $0 }?.stop() }
        return try system.open(name, direction)
    }
}
