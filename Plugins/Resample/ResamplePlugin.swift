public import SyrinxCore

/// Changes of sampling rate.
public enum ResamplePlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(ResampleNode.self)
    }
}
