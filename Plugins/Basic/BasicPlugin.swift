public import SyrinxCore

/// The first processors and sources: levels, channels, delays, filters, meters, test signals.
public enum BasicPlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(GainNode.self)
        try registry.register(SignalNode.self)
    }
}
