import Glibc
import JackTestKit
import SyrinxCore
import Testing

@testable import ALSAPlugin

/// libasound2-plugins' `jack` device on a real server: the one device here that runs at real pace.
@Suite("alsa-lib's jack device", .jackServer)
struct JackDeviceTests {
    private let server: JackServer

    init() throws {
        #expect(TestConfiguration.isInstalled)
        server = try JackServer(rate: 48_000, period: 256)
        for (name, value) in server.environment { setenv(name, value, 1) }
    }

    private let device: [String: Value] = ["device": .string("syrinx_jack")]

    @Test("capture and playback run on the server's clock, which is nobody's to replace")
    func duplex() throws {
        let begin = ContinuousClock.now
        let rig = try Rig(
            source: device, sink: device, blockFrames: 256, on: ALSASystem(), SystemClock(),
            onCycle: { rig, position in if position >= 48_000 { rig.driver.stop() } })
        #expect(rig.driver.rate == 48_000)
        #expect(rig.driver.agreement(.capture)?.channels == 2)
        try rig.run()
        #expect(!rig.events.contains("device_unpaced"))
        #expect(rig.engines.first?.heard[0].count ?? 0 >= 48_000)
        // A second of sound, of which a buffer may be filled at once.
        #expect(ContinuousClock.now - begin > .milliseconds(950))
    }

    @Test("a rate that the server has not is refused, naming both")
    func wrongRate() throws {
        let error = #expect(throws: PipelineError.self) {
            try Rig(sink: device, rate: 44_100, on: ALSASystem(), SystemClock())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("does not play 44100 Hz; it offers 48000 Hz") == true)
        #expect(error?.message.contains("engine.rate_hz asks for 44100 Hz") == true)
    }

    @Test("more channels than the device has are refused, with those that it has")
    func tooWide() throws {
        let error = #expect(throws: PipelineError.self) {
            try Rig(sink: device.merging(["channels": .integer(6)]) { $1 }, on: ALSASystem(), SystemClock())
        }
        #expect(error?.message == "\"syrinx_jack\" does not play 6 channels; it offers 2")
    }

    @Test("a server that is killed is a device that is lost, and found again")
    func killed() throws {
        let server = server
        let rig = try Rig(
            sink: device, blockFrames: 256, on: ALSASystem(), SystemClock(), signal: rampValue,
            onCycle: { rig, _ in
                if rig.events.contains("device_back") {
                    rig.driver.stop()
                } else if rig.engines[0].position == 4096 {
                    server.kill()
                    try? server.restart(rate: 48_000, period: 256)
                }
            })
        try rig.run()
        #expect(rig.events.filter { $0 != "device_refused" } == ["device_lost", "device_back"])
        #expect(rig.engines.count == 1)
    }
}
