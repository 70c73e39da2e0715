import Glibc
import Synchronization
import SyrinxCore

@testable import ALSAPlugin

/// A device's time that only passes when somebody sleeps or waits.
final class VirtualClock: DeviceClock {
    private let time = Atomic<Int>(1_000_000_000)

    var now: Int { time.load(ordering: .sequentiallyConsistent) }

    func sleep(until instant: Int) { _ = time.max(instant, ordering: .sequentiallyConsistent) }

    func pass(nanoseconds: Int) { time.add(nanoseconds, ordering: .sequentiallyConsistent) }
}

/// What a simulated device can do and what befalls it, by its frames since it was opened.
struct DeviceScript: Sendable {
    var formats: [PCMSampleFormat] = [.f32]
    var rates: [Int] = [48_000]
    var channels: ClosedRange<Int> = 1...2
    /// The device's own idea of a period, whatever is asked; nil: as asked.
    var periodFrames: Int?
    /// Once each, when so many frames have passed.
    var faults: [(frame: Int, fault: PCMOutcome)] = []
    /// Nanoseconds after the first opening between which it cannot be opened.
    var absent: Range<Int>?
    /// It gives and takes at most so many frames a call, and nothing at every other call.
    var pieceFrames: Int?
    /// It keeps no time: everything is there at once.
    var isUnpaced = false
    /// How often `recover` says that the machine still sleeps.
    var sleepyRecoveries = 0
    /// From so many frames on it gives no sign of life.
    var silentFrom: Int?
    /// Whether `recover` does any good.
    var recovers = true
}

/// Devices by name, with what was heard of them and what they were given.
final class SimulatedSystem: PCMSystem {
    struct State: Sendable {
        var scripts: [String: DeviceScript]
        /// Names in the order in which they were tried, with the direction.
        var opened: [String] = []
        /// How many are open.
        var open = 0
        /// Bytes written, one entry for each opening of a playback device.
        var written: [[UInt8]] = []
        /// Milliseconds it was let play out at the end.
        var drained: [Int] = []
        /// Frames captured so far: what `read` gives is a ramp that goes on over openings.
        var captured = 0
    }

    let clock = VirtualClock()
    let state: Mutex<State>
    private let begin: Int

    init(_ scripts: [String: DeviceScript]) {
        state = Mutex(State(scripts: scripts))
        begin = clock.now
    }

    func change(_ name: String, _ change: (inout DeviceScript) -> Void) {
        state.withLock { state in
            if var script = state.scripts[name] {
                change(&script)
                state.scripts[name] = script
            }
        }
    }

    func open(_ name: String, _ direction: PCMDirection) throws(PipelineError) -> any PCMDevice {
        let age = clock.now - begin
        let script = state.withLock { state -> DeviceScript? in
            state.opened.append("\(name) \(direction)")
            guard let script = state.scripts[name], script.absent?.contains(age) != true else { return nil }
            state.open += 1
            if direction == .playback { state.written.append([]) }
            return script
        }
        guard let script else {
            throw PipelineError(.unavailable, at: "alsa", "cannot open \"\(name)\": there is no such device")
        }
        return SimulatedDevice(name, direction, script, self)
    }
}

/// One direction: a buffer that empties or fills as virtual time passes.
// SAFETY: one thread at a time, as the protocol says.
final class SimulatedDevice: PCMDevice, @unchecked Sendable {
    private enum Phase { case closed, setup, prepared, running, broken(PCMOutcome) }

    let direction: PCMDirection
    private let name: String
    private let system: SimulatedSystem
    private var script: DeviceScript
    private var phase = Phase.setup
    private var agreement: PCMAgreement?
    private var cycleFrames = 1
    private var startedAt = 0
    /// Frames that passed before the last start.
    private var passedBefore = 0
    /// Frames moved since the last start, or since it was prepared.
    private var moved = 0
    private var calls = 0

    init(_ name: String, _ direction: PCMDirection, _ script: DeviceScript, _ system: SimulatedSystem) {
        (self.name, self.direction, self.script, self.system) = (name, direction, script, system)
    }

    private var rate: Int { agreement?.rate ?? 1 }
    private var buffer: Int { agreement?.bufferFrames ?? 1 }

    /// Frames that the device's clock has counted since the last start.
    private var passed: Int {
        guard case .running = phase else { return 0 }
        let frames = (system.clock.now - startedAt) * rate / 1_000_000_000
        return script.silentFrom.map { max(0, min(frames, $0 - passedBefore)) } ?? frames
    }

    func rates(allowsConversion: Bool) -> ClosedRange<Int>? {
        script.rates.min().flatMap { low in script.rates.max().map { low...$0 } }
    }

    func configure(_ wish: PCMWish) throws(PipelineError) -> PCMAgreement {
        func refuse(_ what: String) -> PipelineError { PipelineError(.unavailable, at: "alsa", "\"\(name)\" \(what)") }
        guard script.rates.contains(wish.rate) else {
            throw refuse("does not do \(wish.rate) Hz; it offers \(script.rates) Hz")
        }
        guard let format = wish.format ?? script.formats.first, script.formats.contains(format) else {
            throw refuse("does not have the format")
        }
        guard let channels = wish.channels ?? script.channels.last, channels <= script.channels.upperBound else {
            throw refuse("has \(script.channels.upperBound) channels")
        }
        let period = script.periodFrames ?? wish.periodFrames
        let agreement = PCMAgreement(
            name: name, rate: wish.rate, format: format, channels: max(channels, script.channels.lowerBound),
            periodFrames: period, bufferFrames: period * wish.periods, access: "rw")
        self.agreement = agreement
        return agreement
    }

    func prepare(cycleFrames: Int) throws(PipelineError) {
        self.cycleFrames = cycleFrames
        phase = .prepared
    }

    func link(to other: any PCMDevice) -> Bool { false }

    func start() -> PCMOutcome {
        if case .broken(let fault) = phase { return fault }
        guard case .prepared = phase else { return .gone(EBADFD) }
        phase = .running
        startedAt = system.clock.now
        return .frames(0)
    }

    func wait(milliseconds: Int) -> PCMOutcome {
        if let fault = fault() { return fault }
        guard case .running = phase else { return .again }
        if let silent = script.silentFrom, passedBefore + passed >= silent {
            system.clock.pass(nanoseconds: milliseconds * 1_000_000)
            return .again
        }
        if script.isUnpaced { return .frames(buffer) }
        if available < cycleFrames {
            let end = (passed + cycleFrames - available) * 1_000_000_000
            system.clock.sleep(until: startedAt + (end + rate - 1) / rate)
        }
        return fault() ?? .frames(available)
    }

    func read(_ frames: UnsafeMutableRawPointer, count: Int) -> PCMOutcome {
        move(count) { agreement, moved in
            let first = system.state.withLock { state in
                defer { state.captured += moved }
                return state.captured
            }
            let samples = frames.assumingMemoryBound(to: Float.self)
            for k in 0..<moved * agreement.channels {
                samples[k] = rampValue(first + k / agreement.channels, k % agreement.channels)
            }
        }
    }

    func write(_ frames: UnsafeRawPointer, count: Int) -> PCMOutcome {
        move(count) { agreement, moved in
            let bytes = UnsafeRawBufferPointer(
                start: frames, count: moved * agreement.channels * agreement.format.width)
            system.state.withLock { $0.written[$0.written.count - 1] += bytes }
        }
    }

    func recover(from fault: PCMOutcome) -> PCMOutcome {
        if script.sleepyRecoveries > 0 {
            script.sleepyRecoveries -= 1
            return .again
        }
        if case .closed = phase { return .gone(ENODEV) }
        if !script.recovers { return .frames(0) }
        passedBefore += passed
        moved = 0
        phase = .prepared
        return .frames(0)
    }

    func drain(milliseconds: Int) { system.state.withLock { $0.drained.append(milliseconds) } }

    func close() {
        if case .closed = phase { return }
        phase = .closed
        system.state.withLock { $0.open -= 1 }
    }

    /// Frames that can be moved now.
    private var available: Int { direction == .capture ? passed - moved : buffer - (moved - passed) }

    private func move(_ count: Int, _ body: (_ agreement: PCMAgreement, _ moved: Int) -> Void) -> PCMOutcome {
        if let fault = fault() { return fault }
        guard let agreement else { return .gone(EBADFD) }
        calls += 1
        if script.pieceFrames != nil, calls % 2 == 0 { return .again }
        let count = script.isUnpaced ? count : min(count, available, script.pieceFrames ?? .max)
        if count <= 0 { return .again }
        body(agreement, count)
        moved += count
        return .frames(count)
    }

    /// What is wrong: something that was scripted, or a buffer that was left alone for too long.
    private func fault() -> PCMOutcome? {
        if case .closed = phase { return .gone(ENODEV) }
        if case .broken(let fault) = phase { return fault }
        guard case .running = phase else { return nil }
        if let index = script.faults.firstIndex(where: { $0.frame <= passedBefore + passed }) {
            passedBefore += passed
            phase = .broken(script.faults.remove(at: index).fault)
            let left = script.faults
            system.change(name) { $0.faults = left }
        } else if !script.isUnpaced, available > buffer {
            passedBefore += passed
            phase = .broken(.xrun)
        }
        if case .broken(let fault) = phase { return fault }
        return nil
    }
}

/// What frame `frame` of a simulated capture holds; exact in 16 bits.
func rampValue(_ frame: Int, _ channel: Int) -> Float {
    Float((frame &* 7 &+ channel &* 1013) % 32_768) / 32_768 * (channel == 0 ? 1 : -1)
}

/// The ramp's first frames on one channel.
func ramp(_ frames: Range<Int>, _ channel: Int = 0) -> [Float] { frames.map { rampValue($0, channel) } }

/// Nothing.
func silence(_ frames: Int) -> [Float] { Array(repeating: 0, count: frames) }

/// Where two streams part, in words; nil: nowhere.
func difference(_ one: some Collection<Float>, _ other: some Collection<Float>) -> String? {
    if let place = zip(one, other).enumerated().first(where: { $1.0.bitPattern != $1.1.bitPattern }) {
        return "frame \(place.offset): \(place.element.0), not \(place.element.1)"
    }
    return one.count == other.count ? nil : "\(one.count) frames, not \(other.count)"
}
