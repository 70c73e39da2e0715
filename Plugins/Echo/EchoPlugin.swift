public import SyrinxCore

/// What keeps a loudspeaker out of a microphone.
public enum EchoPlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(EchoCancelNode.self)
    }
}
