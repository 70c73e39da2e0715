import SyrinxCore

/// A source that costs next to nothing: the same sample for ever.
struct EndlessNode: Node {
    static let descriptor = NodeDescriptor(
        type: "bench.source", summary: "Gives the same sample for ever.", outputs: [.audio("out")])

    init(_ parameters: Parameters) throws(PipelineError) {}

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [OutputStream(PartialFormat(rate: 48_000, channels: 2))])
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(EndlessRenderer()) }
}

final class EndlessRenderer: Renderer {
    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        for channel in 0..<output.channelCount { output[channel].update(repeating: 0.25) }
    }

    @_noLocks @_noAllocation
    func reset() {}
}

/// A sink that costs next to nothing: keeps the last sample.
struct NowhereNode: Node {
    static let descriptor = NodeDescriptor(
        type: "bench.sink", summary: "Keeps the last sample it hears.", inputs: [.audio("in")])

    init(_ parameters: Parameters) throws(PipelineError) {}

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(NowhereRenderer()) }
}

final class NowhereRenderer: Renderer {
    /// Owned by the render thread.
    private(set) nonisolated(unsafe) var last: Float = 0

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        if input.frameCount > 0 { last = input[0][input.frameCount - 1] }
    }

    @_noLocks @_noAllocation
    func reset() { last = 0 }
}

enum EndPlugin: NodePlugin {
    static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(EndlessNode.self)
        try registry.register(NowhereNode.self)
    }
}
