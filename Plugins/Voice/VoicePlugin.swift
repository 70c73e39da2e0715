public import SyrinxCore

/// What finds a voice, and what frees it from noise.
public enum VoicePlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(VADNode.self)
        try registry.register(DenoiseNode.self)
        try registry.register(PrivacyGateNode.self)
    }
}
