/// Who calls the plan and owns the clock of a paced run: JACK's callback, an ALSA device, a timer.
///
/// Opened before formats are settled, so that the rate of its device is known; device nodes of its family find it in
/// ``FormatRequest/driver`` and ``Setup/driver`` and get their ports from it.
public protocol Driver: AnyObject, Sendable {
    /// The name in `engine.driver` and `--driver`.
    static var name: String { get }

    /// The name of the pipeline that it was opened for: what others see.
    var pipeline: String { get }

    /// R as the device has it, in Hz; nil: the pipeline decides.
    var rate: Int? { get }

    /// What was agreed on with the device, for display and report: `("period_frames", 64)`. Thread: any but render.
    var facts: [(name: String, value: Value)] { get }

    /// Calls the host's engine until ``stop()``.
    ///
    /// A device that is lost is waited for and taken up again; the host is told.
    ///
    /// - Throws: what makes it useless to go on.
    /// - Thread: blocks the thread that calls it, which may be the one that renders.
    func run(_ host: any DriverHost) throws(PipelineError)

    /// Makes ``run(_:)`` return after the cycle that is under way. Thread: any; may come more than once.
    func stop()
}

extension Driver {
    public var pipeline: String { "syrinx" }

    /// The most frames of R in one of its cycles, as far as its facts tell: what a device on another clock reckons with.
    public func cycleFrames(rate: Int) -> Int {
        for (name, value) in facts {
            if ["cycle_frames", "period_frames", "block_frames"].contains(name), case .integer(let frames) = value {
                return frames
            }
        }
        // A timer's cycles are 10 ms at most.
        return max(1, rate / 100)
    }
}

/// The plan, as a driver calls it.
public protocol Engine: AnyObject, Sendable {
    /// R, in Hz.
    var masterRate: Int { get }
    /// The largest piece that is rendered at once, in frames at R; a longer cycle is cut.
    var largestBlock: Int { get }
    /// P: frames rendered since the time line began. Thread: the driver's.
    var position: Int { get }

    /// Renders the next `frames` frames: the render section.
    ///
    /// - Thread: the driver's, one at a time.
    func render(_ frames: Int, timing: CycleTiming)

    /// Waits until every bridge can give or take the next `frames` frames; for drivers that may wait (a timer, freewheel).
    ///
    /// - Returns: false if the run is over.
    /// - Thread: the driver's, before ``render(_:timing:)``; never in real time.
    func supply(_ frames: Int) -> Bool

    /// Lets the sources run, or lets them fade out and stand still: transport. The plan runs on.
    ///
    /// - Thread: the driver's, before ``render(_:timing:)``.
    func setRolling(_ isRolling: Bool)
}

/// What a driver knows of a cycle's time when it calls the engine.
@frozen
public struct CycleTiming: BitwiseCopyable, Sendable {
    /// How much later than due the driver's thread came to run, in nanoseconds; 0 where it is not known.
    public var lateness: Int
    /// How long after it was due the cycle must be over, in nanoseconds; 0: nothing waits for it.
    public var period: Int

    @inlinable
    public init(lateness: Int = 0, period: Int = 0) {
        self.lateness = lateness
        self.period = period
    }
}

/// What a driver gets its engine from, and tells what happens. Thread: any, but never from a render section.
public protocol DriverHost: AnyObject, Sendable {
    /// The engine for a master rate. The first call gives that of the run; another rate later starts a new time line:
    /// position 0, fresh state.
    ///
    /// - Throws: if the pipeline cannot run at that rate.
    /// - Thread: the one in ``Driver/run(_:)``, with no cycle under way. May take long.
    func engine(atRate rate: Int) throws(PipelineError) -> any Engine

    /// R of the plan as it is now, in Hz.
    var masterRate: Int { get }

    /// How late sound arrives on its way from a source node to a sink node, as the plan has it now.
    func pathLatencies() -> [PathLatency]

    /// Tells that a cycle came too late or a device lost frames. It is counted, explained, and becomes an event.
    func xrun(_ xrun: Xrun)

    /// Tells that something happened with the device (`device_lost`, `transport_start`); told as an event of the nodes
    /// that stand for it.
    ///
    /// - Parameters:
    ///   - event: its name.
    ///   - fields: its members.
    ///   - nodes: ids of the nodes that it concerns; empty: all of the driver's family.
    func tell(_ event: String, _ fields: [Value.Member], nodes: [String])
}

/// How late sound arrives at a sink, counted from a source.
public struct PathLatency: Sendable, Hashable {
    public let source: String
    public let sink: String
    /// In frames at R: by the shortest and by the longest path.
    public let frames: ClosedRange<Int>

    public init(source: String, sink: String, frames: ClosedRange<Int>) {
        self.source = source
        self.sink = sink
        self.frames = frames
    }
}

/// A cycle that came too late, or frames that a device lost.
public struct Xrun: Sendable, Hashable {
    /// Whose fault it was.
    public enum Kind: String, Sendable, Hashable {
        /// The thread came to run too late: the machine was busy elsewhere.
        case lateWake = "late_wake"
        /// A step of the plan took too long.
        case slowNode = "slow_node"
        /// A source had nothing to give, or a sink's service did not take.
        case starved = "starved_input"
        /// The device or its server, for reasons of its own.
        case device = "device"
    }

    /// nil: the host finds out from the last cycles.
    public var kind: Kind?
    /// Frames at R that were lost; 0 where it is not known.
    public var lostFrames: Int
    /// The node concerned, where it is known.
    public var node: String?
    /// The system's words, where there are any.
    public var detail: String?

    public init(_ kind: Kind? = nil, lostFrames: Int = 0, node: String? = nil, detail: String? = nil) {
        self.kind = kind
        self.lostFrames = lostFrames
        self.node = node
        self.detail = detail
    }
}
