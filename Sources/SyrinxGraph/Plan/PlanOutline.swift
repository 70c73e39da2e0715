internal import SyrinxCore

/// What a plan will look like, without anything prepared: for `explain`.
public struct PlanOutline: Sendable {
    /// What is called in a cycle, in order: a node's id, or what the compiler puts in.
    public let steps: [String]
    /// Blocks of samples that the streams share.
    public let bufferCount: Int
    /// Bytes of all of them.
    public let sampleBytes: Int

    /// Schedules a pipeline and shares out its buffers.
    ///
    /// - Returns: nil unless the pipeline is complete.
    /// - Thread: control. Opens nothing, and allocates no samples.
    public init?(_ pipeline: ResolvedPipeline) {
        guard let schedule = PlanCompiler.outline(pipeline) else { return nil }
        var allocator = BufferAllocator(nil, frames: schedule.largestBlock)
        allocator.run(schedule.schedule)
        steps = schedule.schedule.operations.map(\.name)
        bufferCount = allocator.count
        sampleBytes = allocator.bytes
    }
}

/// Stands where a node's renderer will be.
final class AbsentRenderer: Renderer {
    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {}

    @_noLocks @_noAllocation
    func reset() {}
}
