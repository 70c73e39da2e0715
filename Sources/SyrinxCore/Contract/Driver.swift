/// The plan, as a driver calls it.
public protocol Engine: AnyObject, Sendable {
    /// R, in Hz.
    var masterRate: Int { get }
    /// The largest piece that one call may render, in frames at R.
    var largestBlock: Int { get }
    /// P: frames rendered since the run began.
    var position: Int { get }

    /// Renders the next `frames` frames.
    ///
    /// - Thread: the driver's, always the same, with the render section's rules.
    func render(_ frames: Int)
}

/// Who calls the plan and owns the clock.
public protocol Driver: AnyObject, Sendable {
    /// The name in `engine.driver` and `--driver`.
    static var name: String { get }

    /// Calls the engine until the run is over or ``stop()`` is called.
    ///
    /// - Thread: blocks the thread that calls it.
    func run(_ engine: any Engine) throws(PipelineError)

    /// Makes ``run(_:)`` return after the cycle that is under way. Thread: any.
    func stop()
}
