public import SyrinxCore

/// What keeps levels in bounds: compressor, gate, limiter, ducker, de-esser, automatic gain.
public enum DynamicsPlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(CompressorNode.self)
        try registry.register(GateNode.self)
        try registry.register(LimiterNode.self)
        try registry.register(DuckNode.self)
        try registry.register(DeesserNode.self)
        try registry.register(AGCNode.self)
    }
}
