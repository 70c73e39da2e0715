public import SyrinxCore

/// What keeps levels in bounds: compressor, gate, limiter, ducker.
public enum DynamicsPlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(CompressorNode.self)
        try registry.register(GateNode.self)
        try registry.register(LimiterNode.self)
        try registry.register(DuckNode.self)
    }
}
