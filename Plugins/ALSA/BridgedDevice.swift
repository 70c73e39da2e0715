internal import Synchronization
internal import SyrinxClocks
internal import SyrinxCore
internal import SyrinxRealtime

/// A device on a clock of its own: its thread moves frames between it and a ``ClockBridge``.
// SAFETY: what is not atomic belongs to the service's thread.
final class BridgedDevice: BlockingService, DeviceClient, Reporter, @unchecked Sendable {
    /// Below the driver's own, above everything else.
    private static let priority = 65

    private let stream: DeviceStream
    private let bridge: ClockBridge
    private let events: EventSender
    private let clock = TickClock.shared
    private let isCancelled = Atomic<Bool>(false)
    private let xruns = Atomic<Int>(0)
    /// When the last frames must have been played, after a cancel.
    private var deadline: Int64?

    init(_ stream: DeviceStream, _ bridge: ClockBridge, events: EventSender) {
        self.stream = stream
        self.bridge = bridge
        self.events = events
    }

    // MARK: Service

    func run() throws(PipelineError) {
        _ = RealtimeThread.schedule(priority: Self.priority)
        _ = RealtimeThread.lockStack()
        try stream.run(self)
    }

    func cancel() {
        isCancelled.store(true, ordering: .releasing)
        // What lies in the bridge is heard first, if there is somebody to hear it.
        if bridge.configuration.direction == .capture || stream.opened == nil { stream.stop() }
    }

    // MARK: Device

    func opened(_ device: OpenedDevice) throws(PipelineError) {}

    func cycle(_ frames: Int, capture: PeriodBuffer?, playback: PeriodBuffer?, lateness: Int, age: Int) {
        let time = clock.now() - Int64(age)
        let piece = bridge.configuration.devicePeriod
        var done = 0
        while done < frames {
            let count = min(piece, frames - done)
            let stamp = time - Int64((frames - done - count) * 1_000_000_000 / bridge.configuration.deviceRate)
            if let capture {
                bridge.deliver(capture.planes + done, stride: capture.stride, frames: count, time: stamp)
            } else if let playback {
                let first = time + Int64(done * 1_000_000_000 / bridge.configuration.deviceRate)
                bridge.fetch(into: playback.planes + done, stride: playback.stride, frames: count, time: first)
            }
            done += count
        }
        if let playback { silenceRest(of: playback) }
        if isCancelled.load(ordering: .acquiring) {
            let end = deadline ?? time + 500_000_000
            deadline = end
            if time > end || bridge.status.fillFrames <= 0 { stream.stop() }
        }
    }

    func xrun(lostFrames: Int, detail: String) {
        xruns.add(1, ordering: .relaxed)
        bridge.resynchronise()
        events("xrun", [.init("lost_frames", .integer(lostFrames)), .init("detail", .string(detail))])
    }

    func tell(_ event: String, _ fields: [Value.Member]) {
        if event == "device_lost" { bridge.deviceLost() }
        events(event, fields)
        if isCancelled.load(ordering: .acquiring) { stream.stop() }
    }

    /// The device's channels beyond the node's.
    private func silenceRest(of buffer: PeriodBuffer) {
        for channel in bridge.configuration.channels..<max(buffer.channels, bridge.configuration.channels) {
            (buffer.planes + channel * buffer.stride).update(repeating: 0, count: buffer.stride)
        }
    }

    // MARK: Report

    func figures() -> [(name: String, value: Value)] {
        let status = bridge.status
        return [
            ("drift_ppm", .number(status.driftPPM)), ("xruns", .integer(xruns.load(ordering: .relaxed))),
            ("missing_frames", .integer(status.missingFrames)),
            ("dropped_frames", .integer(status.droppedFrames)), ("resyncs", .integer(status.resyncs)),
            ("losses", .integer(status.losses)),
        ]
    }
}
