public import SyrinxCore

/// Conversations with Hume's Empathic Voice Interface.
public enum EVIPlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(EVINode.self)
        try registry.register(EventsSourceNode.self)
        try registry.register(TranscriptSinkNode.self)
        try registry.register(ScoresSinkNode.self)
    }
}
