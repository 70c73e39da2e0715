/// The half of a node that lives off the render thread: disk, network, a child process. A task of its own runs it.
public protocol Service: AnyObject, Sendable {
    /// Works until there is nothing left to do, or until it is cancelled.
    ///
    /// - Throws: what ends the whole run. What does not, is an event.
    /// - Thread: a task of its own.
    func run() async throws
}

/// A service whose work blocks (libsndfile, ALSA, a terminal): it gets a thread of its own.
public protocol BlockingService: AnyObject, Sendable {
    /// Works until there is nothing left to do, or until ``cancel()``.
    ///
    /// - Throws: what ends the whole run.
    /// - Thread: its own.
    func run() throws(PipelineError)

    /// Makes ``run()`` return soon and leave nothing half done behind. Thread: any; may come more than once.
    func cancel()
}

/// What a source's bridge can give.
public enum Supply: Sendable, Hashable {
    /// Everything that was asked for.
    case ready
    /// The stream ends: it has this many frames in all, since the run began, and no more will come.
    case ends(frames: Int)
    /// The service failed or was cancelled; the driver stops.
    case stopped
}

/// The bridge of a source, as a driver that can wait sees it.
///
/// Live, nobody waits: a ring that is empty gives silence, counted.
public protocol SourceBridge: AnyObject, Sendable {
    /// Waits until every frame before `frame` (counted since the run began, at the source's rate) can be rendered without
    /// a wait, or the stream is known to end earlier.
    ///
    /// - Thread: driver, between cycles.
    func waitToGive(through frame: Int) -> Supply

    /// How many frames the stream has in all, once that is known. Thread: any.
    var knownEnd: Int? { get }

    /// Frames of silence that a live run heard because the ring was empty. Thread: any.
    var missedFrames: Int { get }
}

extension SourceBridge {
    public var knownEnd: Int? { nil }
    public var missedFrames: Int { 0 }
}

/// The bridge of a sink, as a driver that can wait sees it.
public protocol SinkBridge: AnyObject, Sendable {
    /// Waits until every frame before `frame` (counted since the run began, at the sink's rate) can be taken.
    ///
    /// - Returns: false if the service failed or was cancelled.
    /// - Thread: driver, between cycles.
    func waitToTake(through frame: Int) -> Bool

    /// Tells that the stream ends before `frame`: what is rendered from there on is not part of it. May come again.
    ///
    /// - Thread: driver, between cycles; in a live run any but render.
    func end(at frame: Int)

    /// Tells that no cycle will follow; the service finishes its work and returns.
    ///
    /// - Thread: driver, after the last cycle.
    func finish()

    /// Frames that a live run dropped because the ring was full. Thread: any.
    var missedFrames: Int { get }
}

extension SinkBridge {
    public var missedFrames: Int { 0 }
}
