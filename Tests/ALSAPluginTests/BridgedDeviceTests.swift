import Foundation
import Glibc
import SyrinxCore
import Testing

@testable import ALSAPlugin

/// Devices that are not the driver's, for real: the test keeps the master's time with the system's clock.
@Suite("an ALSA device on a clock of its own")
struct BridgedDeviceTests {
    /// A driver of another family.
    private final class OtherDriver: Driver {
        static let name = "other"
        let rate: Int? = 48_000
        let facts: [(name: String, value: Value)] = [("period_frames", .integer(480))]
        func run(_ host: any DriverHost) throws(PipelineError) {}
        func stop() {}
    }

    init() { #expect(TestConfiguration.isInstalled) }

    private func setup(_ driver: any Driver, inputs: [StreamFormat], outputs: [StreamFormat]) -> Setup {
        let control = StreamFormat(rate: Limits.controlRate, channels: 1)
        return Setup(
            id: "node", inputs: inputs.map { .init(format: $0, latency: 0, largestBlock: 480, isConnected: true) },
            outputs: (outputs + [control, control]).map { .init(format: $0, largestBlock: 480, isConnected: true) },
            masterRate: 48_000, isPaced: true, driver: driver)
    }

    /// Renders 480 frames every 10 ms while the services run.
    private func render(_ engine: TestEngine, cycles: Int, _ services: [any BlockingService]) {
        let threads = services.map { service in Thread { try? service.run() } }
        let clock = SystemClock()
        let begin = clock.now
        for thread in threads { thread.start() }
        for cycle in 0..<cycles {
            clock.sleep(until: begin + cycle * 10_000_000)
            engine.render(480, timing: CycleTiming())
        }
        for service in services { service.cancel() }
        while threads.contains(where: { !$0.isFinished }) { usleep(1_000) }
    }

    @Test("what is rendered is in its file in one piece, late by what was stated or a little more")
    func playback() throws {
        let path = TestConfiguration.path("bridged.raw")
        let node = try ALSASinkNode(
            parameters(
                "far",
                [
                    "device": .string("file:'\(path)',raw"), "period_frames": .integer(256),
                    "soft_start_ms": .integer(0),
                ], of: ALSASinkNode.descriptor))
        let driver = OtherDriver()
        let format = StreamFormat(rate: 48_000, channels: 2)
        let resolution = try node.resolve(
            FormatRequest(
                access: .all, inputs: [.init(rate: 48_000, channels: 2)], masterRate: 48_000, driver: driver))
        #expect(resolution.facts.contains { $0.name == "latency_frames" })
        let prepared = try node.prepare(setup(driver, inputs: [format], outputs: []))
        let renderer = try #require(prepared.renderer)
        // 1 kHz: x[k] − 2·cos(ω)·x[k−1] + x[k−2] is 0 for a tone that goes on, and the size of the step where it breaks.
        let period = (0..<48).map { Float(0.5 * sin(2 * Double.pi * Double($0) / 48)) }
        let engine = TestEngine(
            rate: 48_000, source: nil, sink: (renderer, 2), signal: { frame, _ in period[frame % 48] },
            afterCycle: { _ in })
        render(engine, cycles: 300, prepared.blockingServices)
        let played = channels([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))), 2)[0]
        let factor = Float(2 * cos(2 * Double.pi / 48))
        // In windows of 10 ms: a busy machine may spoil some.
        let whole = stride(from: 0, to: played.count - 482, by: 480).filter { start in
            let window = played[start..<start + 482]
            guard (window.map { abs($0) }.max() ?? 0) > 0.49 else { return false }
            return (start + 2..<start + 482).allSatisfy {
                abs(played[$0] - factor * played[$0 - 1] + played[$0 - 2]) < 1e-3
            }
        }
        #expect(whole.count > 150)
        #expect(prepared.reporter?.figures().contains { $0.name == "drift_ppm" } == true)
    }

    @Test("flat out there is no clock, and the fault says what to do")
    func flatOut() throws {
        let node = try ALSASourceNode(parameters("mic", [:], of: ALSASourceNode.descriptor))
        let error = #expect(throws: PipelineError.self) {
            try node.resolve(FormatRequest(access: .all, inputs: [], masterRate: 48_000, driver: nil))
        }
        #expect(error?.code == .invalidGraph)
        #expect(error?.message.contains("--bind") == true)
    }

    @Test("check and explain open nothing, and leave the rate to the device")
    func openNothing() throws {
        let node = try ALSASourceNode(
            parameters("mic", ["device": .string("nowhere")], of: ALSASourceNode.descriptor))
        for access in [FormatRequest.Access.nothing, .headers] {
            let resolution = try node.resolve(FormatRequest(access: access, inputs: [], masterRate: nil))
            #expect(resolution.outputs[0].format == PartialFormat(rate: nil, channels: nil))
        }
    }

    @Test("two nodes that ask one device for different things are a fault of the second")
    func conflict() throws {
        let system = SimulatedSystem(["card": DeviceScript()])
        let error = #expect(throws: PipelineError.self) {
            try Rig(
                source: ["device": .string("card"), "period_frames": .integer(64)],
                sink: ["device": .string("card"), "period_frames": .integer(128)], on: system, system.clock)
        }
        #expect(error?.path == "nodes.speakers.period_frames")
        #expect(error?.message.contains("nodes.mic") == true)
    }
}
