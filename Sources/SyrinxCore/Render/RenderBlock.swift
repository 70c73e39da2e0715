/// What a renderer is given once a cycle: one slice of time, each port with the frames of that slice at its own rate.
///
/// Ports are numbered as in the descriptor, events ports left out. Valid during the call only.
@frozen
public struct RenderBlock {
    @usableFromInline let ports: UnsafePointer<Port>
    @usableFromInline let firstOutput: Int
    @usableFromInline let events: UnsafeMutablePointer<EventOutlet>

    /// A block over ports of others: `inputCount` inputs, then outputs.
    @inlinable
    public init(ports: UnsafePointer<Port>, inputCount: Int, events: UnsafeMutablePointer<EventOutlet>) {
        self.ports = ports
        firstOutput = inputCount
        self.events = events
    }

    /// Input `index` of the descriptor's `streamInputs`.
    @inlinable
    public func input(_ index: Int) -> InputPort { InputPort(ports[index]) }

    /// Output `index` of the descriptor's `streamOutputs`.
    @inlinable
    public func output(_ index: Int) -> OutputPort { OutputPort(ports[firstOutput + index]) }

    /// The first input.
    @inlinable
    public var input: InputPort { input(0) }

    /// The first output.
    @inlinable
    public var output: OutputPort { output(0) }

    /// Tells that something happened.
    ///
    /// - Parameters:
    ///   - kind: index into the descriptor's `events`.
    ///   - position: the frame at which it is told, counted since the run began as `position` of a port of `rate` Hz is;
    ///     within the block. What is told when must depend on the position alone, never on how time was cut.
    ///   - rate: of the port that `position` counts frames of, in Hz.
    ///   - earlier: how many frames before `position` it happened.
    ///   - values: the numbers that the descriptor's `fields` name.
    /// - Thread: render. Where more events come than the cycle has room for, the rest is dropped and counted.
    @inlinable
    public func emit(
        _ kind: Int, at position: Int, rate: Int, earlier: Int = 0,
        _ values: (Double, Double, Double, Double) = (0, 0, 0, 0)
    ) {
        let outlet = events.pointee
        let cycle = outlet.cycle
        if cycle.pointee.count == cycle.pointee.capacity {
            cycle.pointee.dropped &+= 1
            return
        }
        cycle.pointee.storage[cycle.pointee.count] = RenderEvent(
            node: outlet.node, kind: Int32(truncatingIfNeeded: kind), told: position, happened: position &- earlier,
            rate: rate, values: values)
        cycle.pointee.count &+= 1
    }
}
