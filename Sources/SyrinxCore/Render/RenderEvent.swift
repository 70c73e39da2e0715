/// An event as it leaves a renderer: plain memory.
@frozen
public struct RenderEvent: BitwiseCopyable, Sendable {
    /// How many numbers an event can carry.
    public static let valueCount = 4

    /// The node's place in the file.
    public var node: Int32
    /// Index into the descriptor's `events`.
    public var kind: Int32
    /// The frame at which it was told, at `rate`.
    public var told: Int
    /// The frame at which it happened, at `rate`.
    public var happened: Int
    /// Hz.
    public var rate: Int
    public var values: (Double, Double, Double, Double)

    @inlinable
    public init(
        node: Int32, kind: Int32, told: Int, happened: Int, rate: Int, values: (Double, Double, Double, Double)
    ) {
        self.node = node
        self.kind = kind
        self.told = told
        self.happened = happened
        self.rate = rate
        self.values = values
    }
}

/// The events of one cycle, until the executor hands them on. Owned by the render thread.
@frozen
public struct CycleEvents {
    public var storage: UnsafeMutablePointer<RenderEvent>
    public var capacity: Int
    public var count: Int
    /// Events that found no room since the run began.
    public var dropped: Int

    @inlinable
    public init(storage: UnsafeMutablePointer<RenderEvent>, capacity: Int) {
        self.storage = storage
        self.capacity = capacity
        count = 0
        dropped = 0
    }
}

/// Where one node's events go.
@frozen
public struct EventOutlet {
    public var cycle: UnsafeMutablePointer<CycleEvents>
    public var node: Int32

    @inlinable
    public init(cycle: UnsafeMutablePointer<CycleEvents>, node: Int32) {
        self.cycle = cycle
        self.node = node
    }
}
