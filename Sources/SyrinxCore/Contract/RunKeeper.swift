/// A node that has a say in when a run under a clock ends by itself: a session whose answer is still to come, a script
/// with commands left.
///
/// - Thread: any; no member waits.
public protocol RunKeeper: AnyObject, Sendable {
    /// True: it is one of those whose end sets off the run's, as a file that is played does.
    var isSource: Bool { get }

    /// What it wants of the run now.
    var wish: RunWish { get }

    /// Tells that every finite source has ended, scripts included: what is still to come follows from what was said.
    ///
    /// May come again; only to keepers that are no sources.
    func sourcesEnded()
}

/// What a ``RunKeeper`` wants of the run.
public enum RunWish: Sendable, Hashable {
    /// It is not done.
    case waiting
    /// For all it knows the run may end.
    case done
    /// The run is to end now: with this error, or in good order.
    case over(PipelineError?)
}
