public import SyrinxCore

/// The node types with which a pipeline reaches the program that it is embedded in: `app.source`, `app.sink`, `app.events`.
///
/// ``EmbeddedEngine`` is their driver; they are in no other run.
public enum AppPlugin: NodePlugin {
    public static func register(into registry: inout NodeRegistry) throws(PipelineError) {
        try registry.register(AppSourceNode.self)
        try registry.register(AppSinkNode.self)
        try registry.register(AppEventsNode.self)
        try registry.register(
            DriverType(AppDriver.name) { request throws(PipelineError) in
                throw PipelineError(
                    .unavailable, at: "engine.driver",
                    "\"app\" is the driver of a program that embeds the engine; make the run with EmbeddedEngine")
            })
    }

    /// What a node says that is prepared without its driver.
    static func outside(_ id: String, _ type: String) -> PipelineError {
        PipelineError(
            .unavailable, at: "nodes.\(id)",
            "\(type) belongs to a program that embeds the engine; run the pipeline with EmbeddedEngine, or bind a file to it"
        )
    }
}
