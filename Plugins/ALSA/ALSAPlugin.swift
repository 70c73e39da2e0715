public import SyrinxCore

/// Sound devices, by alsa-lib.
public enum ALSAPlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(ALSASourceNode.self)
        try registry.register(ALSASinkNode.self)
        try registry.register(ALSADriver.type)
    }
}
