/// Joins a device that runs on a clock of its own to the pipeline, whose clock is the master's.
///
/// Two crystals never agree: between a device and the render thread frames would pile up or run out, some ppm of them
/// all the time. A bridge listens to when each side's blocks pass, keeps a smooth time line of both clocks, and reads the
/// stream at a pace that keeps its delay constant: ``latencyFrames``, at R, known from the start.
///
/// The resampling is the device thread's work, in both directions. What the render thread does is copy a block and write
/// down when its cycle began; what decides on the pace reaches the device thread with that note, so that nothing is lost
/// by doing it there. Audio is numbered by the master's frames: what comes late was silence, and what comes after it is
/// in time again.
///
/// ```swift
/// // prepare
/// let bridge = ClockBridge(.init(
///     direction: .capture, channels: 2, masterRate: 48_000, masterPeriod: 256, deviceRate: 44_100, devicePeriod: 512))
/// state latency: bridge.latencyFrames
///
/// // the device's thread, once a period (playback: fetch(into:stride:frames:time:))
/// bridge.deliver(planes, stride: 512, frames: 512, time: stamp)
/// bridge.deviceLost()              // when it is gone; deliver goes on when it is back
///
/// // the renderer keeps `end = bridge.renderEnd` and the bridge alive
/// @_noLocks @_noAllocation
/// func render(_ block: RenderBlock) {
///     let piece = end.begin(frames: block.output.frameCount, cycleTime: cycle.pointee.time)
///     for channel in 0..<end.channels {
///         if let output = block.output[channel].baseAddress { end.read(channel, of: piece, into: output) }
///     }
///     end.finish(piece)            // playback: write(_:of:from:) in the place of read
/// }
/// ```
///
/// Whatever the sizes of the render thread's blocks, sum and order are what counts; `cycleTime` is the time at which the
/// driver's cycle began, the same for all blocks of a cycle. The driver keeps it where renderers can read it.
///
/// Stamps may scatter, evenly or not; but where they are late in the mean (a thread that stamps its own wake-ups), the
/// delay errs by the difference of the two sides' mean lateness.
///
/// - Latency: a frame that the device recorded at some instant appears in the cycle at whose beginning, plus its place
///   in the cycle, ``latencyFrames`` frames of R have passed since (capture); a frame of a cycle likewise belongs to the
///   device's frame that is asked for ``latencyFrames`` later (playback). What device and driver add lies outside.
/// - Thread: as each member says: *device* is whichever thread gives or takes the device's blocks, one at a time.
/// - Source: F. Adriaensen, "Using a DLL to filter time" (2005) and "Controlling adaptive resampling" (Linux Audio
///   Conference 2012), as in his zita-ajbridge.
// SAFETY: `device` and `resampler` belong to the device thread, what `renderEnd` points to besides `memory` to the render
// thread; `memory` says of itself who writes what.
public final class ClockBridge: @unchecked Sendable {
    /// Which way the audio goes.
    public enum Direction: Sendable {
        /// From the device to the pipeline.
        case capture
        /// From the pipeline to the device.
        case playback
    }

    /// What a bridge must know in advance.
    public struct Configuration: Sendable {
        public var direction: Direction
        public var channels: Int
        /// R, Hz.
        public var masterRate: Int
        /// The most frames of R in one cycle of the driver, however the engine cuts it. A longer cycle later makes frames
        /// miss: the delay is constant.
        public var masterPeriod: Int
        /// The device's rate, Hz, nominal.
        public var deviceRate: Int
        /// The most frames that the device gives or takes at once.
        public var devicePeriod: Int
        /// What is kept for threads that come late, in frames at R; nil: half the longer period, at least 2 ms.
        public var headroomFrames: Int?
        /// How far the ratio of the two clocks may be from nominal.
        public var largestDriftPPM: Double
        /// How long edges fade, in ms.
        public var fadeMilliseconds: Double

        public init(
            direction: Direction, channels: Int, masterRate: Int, masterPeriod: Int, deviceRate: Int, devicePeriod: Int,
            headroomFrames: Int? = nil, largestDriftPPM: Double = 2000, fadeMilliseconds: Double = 4
        ) {
            self.direction = direction
            self.channels = channels
            self.masterRate = masterRate
            self.masterPeriod = masterPeriod
            self.deviceRate = deviceRate
            self.devicePeriod = devicePeriod
            self.headroomFrames = headroomFrames
            self.largestDriftPPM = largestDriftPPM
            self.fadeMilliseconds = fadeMilliseconds
        }
    }

    /// Figures that any thread may ask for.
    public struct Status: Sendable, Hashable {
        /// How fast the device's clock runs beside the master's; 0 until it is known.
        public var driftPPM: Double
        /// Frames at R between the two sides.
        public var fillFrames: Int
        /// How far the delay is from the stated one, as the loops see it.
        public var delayErrorMilliseconds: Double
        public var isLocked: Bool
        public var isLost: Bool
        /// Frames that were silence because nothing had come: at R for capture, at the device's rate for playback. Those
        /// before the beginning count.
        public var missingFrames: Int
        /// Frames at R that the render side could not hand over (playback).
        public var droppedFrames: Int
        /// How often the stream was cut and put together anew, beginnings and returns not counted.
        public var resyncs: Int
        /// How often the device was lost.
        public var losses: Int
    }

    public let configuration: Configuration
    /// The delay between the two sides, in frames at R. Constant.
    public let latencyFrames: Int
    /// The bridge as the render thread uses it. Valid as long as the bridge is.
    public let renderEnd: RenderEnd

    let memory: BridgeMemory
    nonisolated(unsafe) var device: DeviceState
    nonisolated(unsafe) var resampler: VariableResampler

    /// The ``latencyFrames`` of a bridge that is not made yet.
    public static func latencyFrames(of configuration: Configuration) -> Int { BridgePlan(configuration).latency }

    /// - Thread: control. Allocates, and takes some milliseconds for the filter's table.
    public init(_ configuration: Configuration) {
        self.configuration = configuration
        let plan = BridgePlan(configuration)
        latencyFrames = plan.latency
        memory = BridgeMemory(channels: configuration.channels, frames: plan.ringFrames, records: plan.records)
        resampler = VariableResampler(
            channels: configuration.channels, inputRate: plan.sourceRate, outputRate: plan.targetRate,
            history: plan.history)
        let fade = configuration.fadeMilliseconds * 1e-3
        device = DeviceState(
            follower: plan.follower,
            fade: EdgeFade(channels: configuration.channels, length: max(1, Int(fade * Double(plan.targetRate)))),
            step: plan.follower.nominalStep)
        let state = UnsafeMutablePointer<RenderState>.allocate(capacity: 1)
        state.initialize(
            to: RenderState(
                fade: EdgeFade(
                    channels: configuration.channels, length: max(1, Int(fade * Double(configuration.masterRate))))))
        renderEnd = RenderEnd(memory: memory, state: state, isCapture: configuration.direction == .capture)
    }

    deinit {
        renderEnd.state.pointee.fade.deallocate()
        renderEnd.state.deallocate()
        device.fade.deallocate()
        memory.deallocate()
    }

    /// Thread: any.
    public var status: Status {
        Status(
            driftPPM: memory.figure(.drift),
            fillFrames: memory.fill(isCapture: configuration.direction == .capture),
            delayErrorMilliseconds: memory.figure(.error),
            isLocked: memory.own(.isLocked) != 0, isLost: memory.own(.isLost) != 0,
            missingFrames: memory.own(.renderMissing) + memory.own(.deviceMissing),
            droppedFrames: memory.own(.renderDropped),
            resyncs: memory.own(.resyncs), losses: memory.own(.losses))
    }

    /// What only the device thread knows.
    struct DeviceState {
        var follower: ClockFollower
        var fade: EdgeFade
        /// Frames of the device so far.
        var frame = 0
        /// Frames of audio taken out of the ring so far (playback).
        var stored = 0
        /// Times count from here, so that a `Double` holds them well.
        var origin: Int64?
        var lastCycle = Int64.min
        /// False: the resampler must be put where it belongs before it goes on.
        var isRunning = false
        /// True: it has been there before; the next time counts as a resync.
        var hasRun = false
        var isLost = false
        /// How far the delay is from the stated one, in ns.
        var error = 0.0
        /// The source's frames up to here have been heard.
        var heard = Int.min / 2
        /// Source frames a target frame, as used last.
        var step: Double
        /// Since when all is well, ns since `origin`.
        var goodSince: Double?
    }
}
