public import SyrinxCore

/// The one entry of the package: all its node types.
public enum TemplatePlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(CrossfeedNode.self)
    }
}
