public import SyrinxCore

/// Convolution with measured rooms, plates, cabinets: long responses without delay.
public enum ConvolvePlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(ConvolveNode.self)
    }
}
