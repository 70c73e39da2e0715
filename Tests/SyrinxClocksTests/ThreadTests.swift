import Foundation
import Synchronization
import SyrinxClocks
import SyrinxTestKit
import Testing

/// A render half as a plugin writes it: what the compiler accepts here, it accepts there.
private final class BridgeUser: @unchecked Sendable {
    let bridge: ClockBridge
    let end: ClockBridge.RenderEnd
    let block: UnsafeMutablePointer<Float>
    let frames: Int
    let isCapture: Bool

    init(_ bridge: ClockBridge, frames: Int) {
        self.bridge = bridge
        end = bridge.renderEnd
        self.frames = frames
        isCapture = bridge.configuration.direction == .capture
        block = .allocate(capacity: 2 * frames)
        block.initialize(repeating: 0, count: 2 * frames)
    }

    deinit { block.deallocate() }

    @_noLocks @_noAllocation
    func render(at time: Int64) -> Double {
        let piece = end.begin(frames: frames, cycleTime: time)
        for channel in 0..<end.channels {
            if isCapture {
                end.read(channel, of: piece, into: block + channel &* frames)
            } else {
                end.write(channel, of: piece, from: block + channel &* frames)
            }
        }
        end.finish(piece)
        return end.drift() + Double(end.fill()) + (end.isLocked() ? 1 : 0)
    }
}

@Suite("clock bridge between two threads")
struct ClockBridgeThreadTests {
    /// Two threads that keep within 4 ms of each other's simulated time, so that they run at once and nothing sleeps.
    private final class Pace: Sendable {
        let master = Atomic<Int>(0)
        let device = Atomic<Int>(0)

        /// Tells how far one thread is, and waits until the other is not far behind.
        func reach(_ time: Double, isMaster: Bool) {
            let nanoseconds = Int(time * 1e9)
            if isMaster {
                master.store(nanoseconds, ordering: .relaxed)
                while device.load(ordering: .relaxed) < nanoseconds - 4_000_000 { sched_yield() }
            } else {
                device.store(nanoseconds, ordering: .relaxed)
                while master.load(ordering: .relaxed) < nanoseconds - 4_000_000 { sched_yield() }
            }
        }
    }

    private struct Sent: @unchecked Sendable {
        let listener: ToneListener
    }

    /// Runs both threads for `seconds` and returns when both are done.
    private func run(
        _ seconds: Double, master: @escaping @Sendable (Int, Double) -> Void,
        device: @escaping @Sendable (Int, Double) -> Void
    ) {
        let pace = Pace()
        let done = DispatchSemaphore(value: 0)
        for isMaster in [true, false] {
            let work = isMaster ? master : device
            // 128 frames of 48 kHz; 160 of a device that is 300 ppm fast.
            let period = isMaster ? 128 / 48_000.0 : 160 / (48_000 * 1.0003)
            Thread {
                for k in 0..<Int(seconds / period) {
                    pace.reach(Double(k) * period, isMaster: isMaster)
                    work(k, Double(k) * period)
                }
                pace.reach(1e9, isMaster: isMaster)
                done.signal()
            }.start()
        }
        done.wait()
        done.wait()
    }

    @Test("what two real threads pass to each other is whole", arguments: [ClockBridge.Direction.capture, .playback])
    func threads(direction: ClockBridge.Direction) {
        let bridge = ClockBridge(
            .init(
                direction: direction, channels: 2, masterRate: 48_000, masterPeriod: 128, deviceRate: 48_000,
                devicePeriod: 160, headroomFrames: 480))
        let user = BridgeUser(bridge, frames: 128)
        let sent = Sent(listener: ToneListener(delay: Double(bridge.latencyFrames) / 48_000))
        let isCapture = direction == .capture
        run(6.5) { _, time in
            if !isCapture { Self.play(user.block, frames: 128, from: time, rate: 48_000) }
            _ = user.render(at: Int64(time * 1e9) + 1_000_000_000)
            if isCapture { Self.hear(sent.listener, user.block, frames: 128, from: time, rate: 48_000) }
        } device: { _, time in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 320) { memory in
                guard let planes = memory.baseAddress else { return }
                let rate = 48_000 * 1.0003
                if isCapture {
                    Self.play(planes, frames: 160, from: time - 160 / rate, rate: rate)
                    bridge.deliver(planes, stride: 160, frames: 160, time: Int64(time * 1e9) + 1_000_000_000)
                } else {
                    bridge.fetch(into: planes, stride: 160, frames: 160, time: Int64(time * 1e9) + 1_000_000_000)
                    Self.hear(sent.listener, planes, frames: 160, from: time, rate: rate)
                }
            }
        }
        let status = bridge.status
        #expect(status.isLocked)
        #expect(status.droppedFrames == 0)
        #expect(status.resyncs == 0)
        #expect(abs(status.driftPPM - 300) < 1)
        let windows = sent.listener.windows.filter { $0.time > 5 }
        #expect(windows.count > 40)
        #expect(windows.allSatisfy { $0.noiseDecibels < -100 && abs($0.delayErrorMilliseconds) < 0.5 })
    }

    private static func play(_ planes: UnsafeMutablePointer<Float>, frames: Int, from: Double, rate: Double) {
        for k in 0..<frames {
            let time = from + Double(k) / rate
            planes[k] = Float(0.5 * sin(2 * .pi * SimulatedDevice.toneHertz * time))
            planes[frames + k] = Float(0.5 * sin(2 * .pi * SimulatedDevice.slowHertz * time))
        }
    }

    private static func hear(
        _ listener: ToneListener, _ planes: UnsafePointer<Float>, frames: Int, from: Double, rate: Double
    ) {
        for k in 0..<frames { listener.hear(planes[k], planes[frames + k], at: from + Double(k) / rate) }
    }
}
