public import SyrinxCore

/// The node type `lv2`: plugins by the LV2 standard, as they are installed on this system.
public enum LV2Plugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(LV2Node.self)
    }
}
