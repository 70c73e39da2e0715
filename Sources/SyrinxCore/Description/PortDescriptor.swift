/// What travels through a port. Different kinds never join.
public enum PortKind: String, Sendable, Hashable, CaseIterable {
    /// N channels of samples at the port's rate.
    case audio
    /// One channel of values, 1000 a second.
    case control
    /// Things that happened, each with a sample time.
    case events
}

/// One input or output of a node type.
public struct PortDescriptor: Sendable, Hashable {
    public let name: String
    public let kind: PortKind
    public let summary: String
    /// Several channels are joined to their mean where the port is one channel wide.
    public let mixesDown: Bool
    /// It is to hear what loudspeakers play: nothing waits for it, and `explain` tells of nodes that lie between where it
    /// is taken and a device.
    public let isPlayback: Bool
    /// What comes in counts as soon as it is known: it waits for no longer path, and no other path waits for it.
    public let isImmediate: Bool
    /// The unit of a control port's values.
    public let unit: Unit

    public init(
        _ name: String, _ kind: PortKind, mixesDown: Bool = false, isPlayback: Bool = false,
        isImmediate: Bool = false, unit: Unit = .none, _ summary: String = ""
    ) {
        self.name = name
        self.kind = kind
        self.mixesDown = mixesDown
        self.isPlayback = isPlayback
        self.isImmediate = isImmediate
        self.unit = unit
        self.summary = summary
    }

    public static func audio(
        _ name: String, mixesDown: Bool = false, isPlayback: Bool = false, _ summary: String = ""
    ) -> Self {
        Self(name, .audio, mixesDown: mixesDown, isPlayback: isPlayback, summary)
    }

    public static func control(
        _ name: String, isImmediate: Bool = false, unit: Unit = .none, _ summary: String = ""
    ) -> Self {
        Self(name, .control, isImmediate: isImmediate, unit: unit, summary)
    }

    public static func events(_ name: String, _ summary: String = "") -> Self { Self(name, .events, summary) }
}
