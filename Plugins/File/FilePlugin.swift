public import SyrinxCore

/// Audio files, by libsndfile.
public enum FilePlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(FileSourceNode.self)
        try registry.register(FileSinkNode.self)
    }
}
