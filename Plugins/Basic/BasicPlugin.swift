public import SyrinxCore

/// The first processors and sources: levels, channels, delays, filters, meters, test signals.
public enum BasicPlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(GainNode.self)
        try registry.register(SignalNode.self)
        try registry.register(MatrixNode.self)
        try registry.register(PanNode.self)
        try registry.register(DelayNode.self)
        try registry.register(FilterNode.self)
        try registry.register(MeterNode.self)
        try registry.register(LFONode.self)
        try registry.register(LatencyProbeNode.self)
        try registry.register(SilenceNode.self)
        try registry.register(EventsSinkNode.self)
    }
}
