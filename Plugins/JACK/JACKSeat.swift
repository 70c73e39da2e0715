internal import Glibc
internal import Synchronization
internal import SyrinxClocks
internal import SyrinxCore
internal import SyrinxRealtime

/// A node's place at a ``JACKGuest``: its ports, and the bridge to the clock that leads.
///
/// - Thread: as the members say; *process callback* is the bridge's device side, or control while there is none.
// SAFETY: what is not atomic is constant, or inside `lanes`.
final class JACKSeat: BlockingService, Reporter, @unchecked Sendable {
    let id: String
    let group: JACKPortGroup
    let bridging: JACKBridging
    /// The latency of the way up to here from its sources, in frames of R (sinks).
    let inputLatency: Int
    let events: EventSender
    let lanes: JACKLanes
    /// How often a server has begun to take or give. Written by the device side, read by render.
    let arrivals = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: 1)
    /// True: no server takes or gives. Written by the device side.
    private let isAway = Atomic<Bool>(true)
    private let guest: JACKGuest
    private let bell = Doorbell()
    private let isCancelled = Atomic<Bool>(false)
    private let xruns = Atomic<Int>(0)
    /// How long after a cycle's beginning its frames had been moved at worst, in ns. Written by the process callback.
    private let latest = Atomic<Int>(0)
    /// The delay in use, in frames of R, and what it was in bridges that were replaced.
    private let latency: Atomic<Int>
    private let past = Mutex(Counts())

    /// What bridges counted.
    private struct Counts {
        var missing = 0
        var dropped = 0
        var resyncs = 0
        var losses = 0

        mutating func add(_ status: ClockBridge.Status) {
            missing += status.missingFrames
            dropped += status.droppedFrames
            resyncs += status.resyncs
            losses += status.losses
        }
    }

    /// Takes part in the guest's cycles from the next one on.
    ///
    /// - Throws: `.unavailable` if there are too many seats.
    init(
        _ guest: JACKGuest, id: String, _ group: JACKPortGroup, _ bridging: JACKBridging, inputLatency: Int,
        events: EventSender
    ) throws(PipelineError) {
        self.guest = guest
        self.id = id
        self.group = group
        self.bridging = bridging
        self.inputLatency = inputLatency
        self.events = events
        let bridge = ClockBridge(
            bridging.configuration(deviceRate: guest.bridges.masterRate, devicePeriod: guest.period))
        lanes = JACKLanes(bridge)
        latency = Atomic(bridge.latencyFrames)
        arrivals.initialize(to: Atomic(0))
        try guest.take(self)
    }

    deinit {
        guest.release(self)
        arrivals.deallocate()
    }

    /// The delay of the bridge in use, in frames of R. Thread: any.
    var latencyFrames: Int { latency.load(ordering: .relaxed) }

    // MARK: Service

    func run() throws(PipelineError) {
        try guest.enter()
        defer { guest.leave() }
        while !isCancelled.load(ordering: .acquiring) {
            let ticket = bell.ticket()
            if isCancelled.load(ordering: .acquiring) { break }
            if let failure = guest.failure { throw failure }
            bell.wait(after: ticket, atMost: JACKDriver.interval)
        }
        if bridging.direction == .playback { playOut() }
    }

    func cancel() {
        isCancelled.store(true, ordering: .releasing)
        bell.ring()
    }

    /// What lies in the bridge is heard first, if there is somebody to hear it.
    private func playOut() {
        for _ in 0..<100 {
            if isAway.load(ordering: .relaxed) || (lanes.withBridge { $0.status.fillFrames } ?? 0) <= 0 { return }
            usleep(5_000)
        }
    }

    // MARK: Device side

    /// Moves a cycle's frames between the ports and the bridge.
    ///
    /// - Parameters:
    ///   - missed: frames that the server counted since the last cycle without us: silence, so that what follows is in time.
    ///   - start: when the cycle began, ns of ``TickClock``.
    ///   - hasLeapt: time made a leap since the last cycle.
    /// - Thread: process callback.
    func move(_ frames: Int, missed: Int, rate: Int, start: Int64, hasLeapt: Bool) {
        defer { lanes.device.leave() }
        guard let lane = lanes.device.take()?.pointee else { return }
        lane.withBridge { bridge in
            if hasLeapt { bridge.resynchronise() }
            var done = -missed
            while done < frames {
                let count = min((done < 0 ? 0 : frames) - done, lane.stride)
                // Capture: when the last of them was there; playback: when the first is due.
                let place = bridging.direction == .capture ? done + count - frames : done
                let time = start + Int64(place * 1_000_000_000 / rate)
                if bridging.direction == .capture {
                    read(lane, from: done, count)
                    bridge.deliver(lane.scratch, stride: lane.stride, frames: count, time: time)
                } else {
                    bridge.fetch(into: lane.scratch, stride: lane.stride, frames: count, time: time)
                    write(lane, to: done, count)
                }
                done += count
            }
        }
        let passed = Int(TickClock.shared.now() - start)
        if passed > latest.load(ordering: .relaxed) { latest.store(passed, ordering: .relaxed) }
        // After what lay in the ring was taken: what is rendered from now on is heard.
        if isAway.load(ordering: .relaxed) {
            isAway.store(false, ordering: .relaxed)
            arrivals.pointee.add(1, ordering: .releasing)
        }
    }

    /// Copies what the ports hear, from a frame of the cycle on; before its first there is silence.
    private func read(_ lane: JACKLane, from first: Int, _ count: Int) {
        let access = group.access
        for channel in 0..<lane.channels {
            let plane = lane.scratch + channel * lane.stride
            let bytes = count * MemoryLayout<Float>.stride
            if first >= 0, let source = access.buffers[access.slots[channel]] {
                memcpy(plane, source + first, bytes)
            } else {
                memset(plane, 0, bytes)
            }
        }
    }

    /// Adds to what the ports play: while an edit goes in, two seats share them.
    private func write(_ lane: JACKLane, to first: Int, _ count: Int) {
        if first < 0 { return }
        let access = group.access
        for channel in 0..<lane.channels {
            guard let target = access.buffers[access.slots[channel]] else { continue }
            let plane = lane.scratch + channel * lane.stride
            for frame in 0..<count { target[first + frame] += plane[frame] }
        }
    }

    /// No cycle is under way, and none will come for a while. Thread: process callback.
    func interrupt() {
        if isAway.exchange(true, ordering: .relaxed) { return }
        defer { lanes.device.leave() }
        lanes.device.take()?.pointee.withBridge { $0.deviceLost() }
    }

    // MARK: Control

    /// Makes a bridge for the server as it is now, if the one in use will not do. Thread: control.
    func adapt(rate: Int, period: Int) {
        let known = lanes.withBridge { $0.configuration }
        if let known, known.deviceRate == rate, period <= known.devicePeriod { return }
        let bridge = ClockBridge(bridging.configuration(deviceRate: rate, devicePeriod: period))
        if let status = lanes.withBridge({ $0.status }) { past.withLock { $0.add(status) } }
        lanes.replace(with: bridge)
        if latency.exchange(bridge.latencyFrames, ordering: .relaxed) != bridge.latencyFrames {
            events(
                "latency_changed",
                [
                    .init("latency_frames", .integer(bridge.latencyFrames)),
                    .init("stated_frames", .integer(bridging.latency)),
                ])
        }
    }

    /// Counts an xrun. Thread: any but render.
    func countXrun() { xruns.add(1, ordering: .relaxed) }

    // MARK: Report

    /// Thread: any.
    func figures() -> [(name: String, value: Value)] {
        guard let status = lanes.withBridge({ $0.status }) else { return [] }
        var counts = past.withLock { $0 }
        counts.add(status)
        return [
            ("drift_ppm", .number(status.driftPPM)), ("xruns", .integer(xruns.load(ordering: .relaxed))),
            ("latest_us", .number((Double(latest.load(ordering: .relaxed)) / 1000).rounded())),
            ("missing_frames", .integer(counts.missing)), ("dropped_frames", .integer(counts.dropped)),
            ("resyncs", .integer(counts.resyncs)), ("losses", .integer(counts.losses)),
        ]
    }
}
