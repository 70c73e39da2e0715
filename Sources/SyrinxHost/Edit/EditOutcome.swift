public import SyrinxCore
public import SyrinxGraph

/// What became of an edit of a running pipeline.
public enum EditOutcome: Sendable {
    /// It plays.
    case done(EditReport)
    /// It has faults; what played before plays on.
    case refused([Fault])
    /// A device or file that an old node had let go could not be taken again: the rest of the edit plays, without it.
    case incomplete([Fault])
    /// A later edit came before this one had begun.
    case superseded
    /// The run was over first.
    case ended
}

/// What an edit changed.
public struct EditReport: Sendable {
    public let changes: EditChanges
    /// Warnings of the edited file.
    public let warnings: [Fault]
    /// Gaps and shifts that it could not spare; the node, and what happened there.
    public let notices: [(node: String, message: String)]
}
