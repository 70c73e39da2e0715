/// The render half of a node: called once a cycle, with memory that it already owns.
///
/// A final class. Put `@_noLocks @_noAllocation` on `render`, `absorb`, `set` and `reset`: no allocation, lock, wait,
/// system call, `await`, logging or libm in any of them. What comes out must not depend on how time was cut into blocks.
public protocol Renderer: AnyObject, Sendable {
    /// Renders one slice of time: reads every input, writes every sample of every output.
    ///
    /// A port may hold 0 frames, and different ports hold different numbers of frames. The type's latency is what
    /// ``Resolution`` stated. NaN or infinity in must not outlast its own samples by more than the node's memory.
    ///
    /// - Thread: render.
    func render(_ block: RenderBlock)

    /// Takes in the inputs that no output needs within the same slice (``OutputStream/needs``).
    ///
    /// Called after ``render(_:)`` of the same slice, when those inputs are there; only for nodes that have such inputs.
    ///
    /// - Thread: render.
    func absorb(_ block: RenderBlock)

    /// Moves a live parameter: from the block's first frame on the renderer glides to the new value.
    ///
    /// - Parameters:
    ///   - parameter: its index among the descriptor's `parameters`.
    ///   - value: within the descriptor's range, never NaN, in the parameter's own unit.
    /// - Thread: render, between blocks.
    func set(_ parameter: Int, to value: Double)

    /// Goes back to the state after `init`, parameters included.
    ///
    /// - Thread: render, between blocks.
    func reset()
}

extension Renderer {
    public func absorb(_ block: RenderBlock) {}
    public func set(_ parameter: Int, to value: Double) {}
}
