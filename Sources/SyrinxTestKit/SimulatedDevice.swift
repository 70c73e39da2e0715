public import SyrinxClocks
internal import SyrinxDSP

/// A device on a clock of its own, a master on another, and a ``ClockBridge`` between them, in simulated time.
///
/// Both threads' wake-ups come in the order of time, on one real thread, without sleeping; the same seed gives the same
/// run. Through the bridge go two tones that are functions of true time, ``toneHertz`` on channel 0 and ``slowHertz`` on
/// channel 1, so that a ``ToneListener`` on the far side can tell how late and how clean they arrive.
public final class SimulatedDevice {
    public static let toneHertz = 1000.0
    /// 25 ms a turn: no delay that a bridge errs by is taken for another.
    public static let slowHertz = 40.0

    public let bridge: ClockBridge
    public let listener: ToneListener
    /// The bridge's figures, looked at once a second, with the time.
    public private(set) var history: [(time: Double, status: ClockBridge.Status)] = []
    /// What each side did on the heap, where the probe counts.
    public private(set) var heapCallsOnRender = 0
    public private(set) var heapCallsOnDevice = 0

    private var master: SimulatedClockRun
    private var device: SimulatedClockRun
    private var random: SeededRandom
    /// True: the render side's cycles are cut into blocks of random sizes.
    private let cutsCycles: Bool
    private let isCapture: Bool
    private let deviceMemory: UnsafeMutablePointer<Float>
    private let masterMemory: UnsafeMutablePointer<Float>
    private var nextLook = 0.0

    /// - Parameters:
    ///   - seed: of all that is random: jitter, cuts, and where the device's periods lie beside the master's.
    ///   - cutsCycles: true: the render side takes its cycles in blocks of random sizes.
    ///   - headroomFrames: as the bridge has it.
    public init(
        _ direction: ClockBridge.Direction, master: SimulatedClock, device: SimulatedClock, seed: UInt64 = 1,
        cutsCycles: Bool = false, headroomFrames: Int? = nil
    ) {
        bridge = ClockBridge(
            .init(
                direction: direction, channels: 2, masterRate: master.rate, masterPeriod: master.period,
                deviceRate: device.rate, devicePeriod: device.period, headroomFrames: headroomFrames))
        listener = ToneListener(delay: Double(bridge.latencyFrames) / Double(master.rate))
        random = SeededRandom(seed: seed)
        // Neither begins with the other.
        self.master = SimulatedClockRun(master, seed: random.next(), start: 0)
        let offset = Double.random(in: 0..<0.02, using: &random)
        self.device = SimulatedClockRun(device, seed: random.next(), start: offset)
        self.cutsCycles = cutsCycles
        isCapture = direction == .capture
        deviceMemory = .allocate(capacity: 2 * device.period)
        deviceMemory.initialize(repeating: 0, count: 2 * device.period)
        masterMemory = .allocate(capacity: 2 * master.period)
        masterMemory.initialize(repeating: 0, count: 2 * master.period)
    }

    deinit {
        deviceMemory.deallocate()
        masterMemory.deallocate()
    }

    /// Goes on until `end`, seconds of simulated time.
    public func run(until end: Double) {
        while min(master.wake, device.wake) < end {
            if master.wake <= device.wake {
                masterCycle()
            } else {
                devicePeriod()
            }
        }
    }

    /// An instant as CLOCK_MONOTONIC would show it.
    private static func stamp(_ seconds: Double) -> Int64 { Int64((seconds * 1e9).rounded()) + 7_000_000_000_000 }

    private func masterCycle() {
        if master.start >= nextLook {
            history.append((master.start, bridge.status))
            nextLook += 1
        }
        let period = master.script.period
        if !isCapture { play(master, into: masterMemory, period: period) }
        let time = Self.stamp(master.wake)
        var done = 0
        while done < period {
            var frames = period - done
            if cutsCycles { frames = Int.random(in: 1...frames, using: &random) }
            let end = bridge.renderEnd
            let (from, isCapture) = (masterMemory + done, isCapture)
            heapCallsOnRender += heapCalls {
                let piece = end.begin(frames: frames, cycleTime: time)
                for channel in 0..<2 {
                    if isCapture {
                        end.read(channel, of: piece, into: from + channel * period)
                    } else {
                        end.write(channel, of: piece, from: from + channel * period)
                    }
                }
                end.finish(piece)
            }
            done += frames
        }
        if isCapture { hear(master, masterMemory, period: period) }
        master.advance()
    }

    private func devicePeriod() {
        let period = device.script.period
        if isCapture {
            // What ends now began a period ago.
            play(device, into: deviceMemory, period: period)
            device.advance()
            if device.hasReturned {
                bridge.deviceLost()
                return
            }
            let time = Self.stamp(device.wake)
            heapCallsOnDevice += heapCalls {
                bridge.deliver(deviceMemory, stride: period, frames: period, time: time)
            }
        } else {
            let time = Self.stamp(device.wake)
            heapCallsOnDevice += heapCalls {
                bridge.fetch(into: deviceMemory, stride: period, frames: period, time: time)
            }
            hear(device, deviceMemory, period: period)
            device.advance()
            if device.hasReturned { bridge.deviceLost() }
        }
    }

    private func play(_ clock: SimulatedClockRun, into planes: UnsafeMutablePointer<Float>, period: Int) {
        for k in 0..<period {
            let time = clock.start + clock.time(of: k)
            planes[k] = Float(0.5 * sin(turns: time * Self.toneHertz))
            planes[period + k] = Float(0.5 * sin(turns: time * Self.slowHertz))
        }
    }

    private func hear(_ clock: SimulatedClockRun, _ planes: UnsafeMutablePointer<Float>, period: Int) {
        for k in 0..<period {
            listener.hear(planes[k], planes[period + k], at: clock.start + clock.time(of: k))
        }
    }
}
