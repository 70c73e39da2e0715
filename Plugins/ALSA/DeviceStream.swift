internal import Glibc
internal import Synchronization
internal import SyrinxCore

/// Whom a running device serves. Thread: the device's, never within a render section.
protocol DeviceClient: AnyObject {
    /// The device was opened, at first or again: nothing that it agreed on needs to be as before.
    ///
    /// - Throws: what makes it useless to go on.
    func opened(_ device: OpenedDevice) throws(PipelineError)

    /// A cycle: `capture` holds its frames, `playback` takes what is to be heard.
    ///
    /// - Parameters:
    ///   - lateness: nanoseconds from the cycle's being due to the thread's waking, as far as the device's buffer tells.
    ///   - age: nanoseconds from its being due to this call.
    func cycle(_ frames: Int, capture: PeriodBuffer?, playback: PeriodBuffer?, lateness: Int, age: Int)

    /// The device lost frames.
    func xrun(lostFrames: Int, detail: String)

    /// Something happened: `device_lost`, `device_back`, `device_refused`, `device_unpaced`.
    func tell(_ event: String, _ fields: [Value.Member])
}

/// Keeps a device running: primes it, waits for it, moves frames, and takes it up again after whatever happened.
///
/// - Thread: ``run(_:)`` blocks the one that calls it; the others as they say.
// SAFETY: what is not atomic or behind the lock belongs to the thread in `run`, and before that to the one that made it.
final class DeviceStream: @unchecked Sendable {
    private let request: DeviceRequest
    private let system: any PCMSystem
    private let clock: any DeviceClock
    private let isStopped = Atomic<Bool>(false)
    /// What is open now; nil while the device is away.
    private let current: Mutex<OpenedDevice?>
    private var device: OpenedDevice
    private var capture: PeriodBuffer?
    private var playback: PeriodBuffer?
    private var pace: PaceGuard
    /// When the last cycle began; what is lost is counted from there.
    private var lastCycle = 0
    /// Recoveries since the last whole cycle.
    private var barrenRecoveries = 0

    /// Takes a device that is open already; nothing moves yet.
    ///
    /// - Parameter isThere: false: somebody else has it still; it is waited for as one that was lost.
    init(
        _ device: OpenedDevice, isThere: Bool = true, _ request: DeviceRequest, _ system: any PCMSystem,
        _ clock: any DeviceClock
    ) {
        self.request = request
        self.system = system
        self.clock = clock
        self.device = device
        current = Mutex(isThere ? device : nil)
        pace = PaceGuard(cycleFrames: 1, bufferFrames: 1, rate: 1, now: 0)
        makeBuffers()
    }

    deinit { opened?.close() }

    /// What was agreed on; nil while the device is away. Thread: any but render.
    var opened: OpenedDevice? { current.withLock { $0 } }

    /// Makes ``run(_:)`` return after the cycle that is under way. Thread: any.
    func stop() { isStopped.store(true, ordering: .releasing) }

    /// Moves frames until ``stop()``.
    ///
    /// - Throws: what the client throws.
    func run(_ client: any DeviceClient) throws(PipelineError) {
        defer { opened?.close() }
        var outcome: PCMOutcome
        if opened != nil {
            try client.opened(device)
            outcome = begin()
        } else {
            outcome = try search(client)
        }
        while !hasStopped {
            switch outcome {
            case .frames, .again: outcome = cycle(client)
            case .xrun, .suspended: outcome = recover(from: outcome, client)
            case .gone(let code): outcome = try comeBack(after: code, client)
            }
        }
        if let playback = device.playback, !outcome.isGone {
            playback.device.drain(milliseconds: 500 + device.prefillFrames * 1000 / device.rate)
        }
    }

    private var hasStopped: Bool { isStopped.load(ordering: .acquiring) }

    private func makeBuffers() {
        func buffer(_ direction: PCMDirection) -> PeriodBuffer? {
            device[direction].map {
                PeriodBuffer(
                    format: $0.agreement.format, channels: $0.agreement.channels, frames: device.cycleFrames)
            }
        }
        capture = buffer(.capture)
        playback = buffer(.playback)
    }

    // MARK: Cycles

    /// Fills the playback buffer with silence and sets the clock going.
    private func begin() -> PCMOutcome {
        if let (output, _) = device.playback, let playback {
            playback.silence()
            playback.encode(device.cycleFrames)
            for _ in 0..<device.prefillFrames / device.cycleFrames {
                let outcome = write(output, playback)
                if outcome.isFault { return outcome }
            }
        }
        pace = PaceGuard(
            cycleFrames: device.cycleFrames, bufferFrames: device.bufferFrames, rate: device.rate, now: clock.now)
        lastCycle = clock.now
        for side in [device.playback, device.capture] {
            if let outcome = side?.device.start(), outcome.isFault { return outcome }
        }
        return .frames(0)
    }

    private func cycle(_ client: any DeviceClient) -> PCMOutcome {
        if let due = pace.due {
            while clock.now < due, !hasStopped { clock.sleep(until: min(due, clock.now + 100_000_000)) }
        }
        var late = 0
        for side in [device.capture, device.playback] {
            guard let side else { continue }
            let outcome = wait(side.device)
            guard case .frames(let count) = outcome else { return outcome }
            late = max(late, count - device.cycleFrames)
        }
        let now = clock.now
        if pace.cycle(at: now) { client.tell("device_unpaced", [.init("device", .string(device.name))]) }
        lastCycle = now
        if let (input, _) = device.capture, let capture {
            let outcome = read(input, capture)
            if outcome.isFault { return outcome }
            capture.decode(device.cycleFrames)
        }
        let lateness = pace.isAhead ? 0 : late * 1_000_000_000 / device.rate
        client.cycle(
            device.cycleFrames, capture: capture, playback: playback, lateness: lateness,
            age: lateness + clock.now - now)
        if let (output, _) = device.playback, let playback {
            playback.encode(device.cycleFrames)
            let outcome = write(output, playback)
            if outcome.isFault { return outcome }
        }
        barrenRecoveries = 0
        return .frames(device.cycleFrames)
    }

    /// Waits for a cycle's frames; a device that gives no sign for long is gone.
    private func wait(_ side: any PCMDevice) -> PCMOutcome {
        let patience = 2_000_000_000 + 4 * device.bufferFrames * 1_000_000_000 / device.rate
        let begin = clock.now
        while !hasStopped {
            let outcome = side.wait(milliseconds: 100)
            if outcome != .again { return outcome }
            if clock.now - begin > patience { return .gone(ETIMEDOUT) }
        }
        return .again
    }

    private func read(_ side: any PCMDevice, _ buffer: PeriodBuffer) -> PCMOutcome {
        move { done, count in side.read(buffer.bytes + done * buffer.frameWidth, count: count) }
    }

    private func write(_ side: any PCMDevice, _ buffer: PeriodBuffer) -> PCMOutcome {
        move { done, count in side.write(buffer.bytes + done * buffer.frameWidth, count: count) }
    }

    /// Moves a cycle's frames, in as many pieces as the device makes of them.
    private func move(_ piece: (_ done: Int, _ count: Int) -> PCMOutcome) -> PCMOutcome {
        let patience = clock.now + 2_000_000_000
        var done = 0
        while done < device.cycleFrames {
            switch piece(done, device.cycleFrames - done) {
            case .frames(let count) where count > 0: done += count
            case .frames, .again:
                if clock.now > patience { return .gone(ETIMEDOUT) }
                clock.sleep(until: clock.now + 500_000)
            case let fault: return fault
            }
        }
        return .frames(done)
    }

    // MARK: Faults

    /// Starts anew after an xrun or a sleep of the machine.
    private func recover(from fault: PCMOutcome, _ client: any DeviceClient) -> PCMOutcome {
        barrenRecoveries += 1
        // Nothing moves between the faults: this is no xrun, and waiting for a miracle would take the whole processor.
        if barrenRecoveries > 10 { return .gone(EIO) }
        for side in [device.capture, device.playback] {
            guard let side else { continue }
            var outcome = side.device.recover(from: fault)
            while outcome == .again, !hasStopped {
                clock.sleep(until: clock.now + 50_000_000)
                outcome = side.device.recover(from: fault)
            }
            if outcome.isFault { return .gone(outcome.code ?? EIO) }
        }
        let lost = (clock.now - lastCycle) * device.rate / 1_000_000_000
        let detail = fault == .suspended ? "the machine slept" : "buffer of \(device.name) overrun or empty"
        client.xrun(lostFrames: max(0, lost), detail: detail)
        return begin()
    }

    /// Waits until one of the names can be opened again.
    private func comeBack(after code: Int32, _ client: any DeviceClient) throws(PipelineError) -> PCMOutcome {
        device.close()
        current.withLock { $0 = nil }
        let reason = ALSALibrary.message(-code)
        client.tell("device_lost", [.init("device", .string(device.name)), .init("reason", .string(reason))])
        return try search(client)
    }

    /// Tries the names every 500 ms.
    private func search(_ client: any DeviceClient) throws(PipelineError) -> PCMOutcome {
        let lost = clock.now
        let rate = device.rate
        var refusal = ""
        while !hasStopped {
            let next = clock.now + 500_000_000
            while clock.now < next, !hasStopped { clock.sleep(until: min(next, clock.now + 50_000_000)) }
            if hasStopped { break }
            do throws(PipelineError) {
                device = try OpenedDevice.open(request, system, preferring: rate)
            } catch {
                if error.message != refusal {
                    refusal = error.message
                    client.tell("device_refused", [.init("reason", .string(error.message))])
                }
                continue
            }
            let opened = device
            current.withLock { $0 = opened }
            makeBuffers()
            try client.opened(device)
            client.tell(
                "device_back",
                [
                    .init("device", .string(device.name)), .init("rate_hz", .integer(device.rate)),
                    .init("seconds", .number(Double(clock.now - lost) * 1e-9)),
                ])
            barrenRecoveries = 0
            return begin()
        }
        return .gone(ENODEV)
    }
}

extension PCMOutcome {
    var isGone: Bool { code != nil }

    var isFault: Bool {
        switch self {
        case .frames, .again: false
        case .xrun, .suspended, .gone: true
        }
    }

    /// The system's number, where the device is gone.
    var code: Int32? {
        guard case .gone(let code) = self else { return nil }
        return code
    }
}
