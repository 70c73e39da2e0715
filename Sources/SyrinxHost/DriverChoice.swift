public import SyrinxCore
public import SyrinxGraph

/// Which driver renders a pipeline: the one that was asked for, or the one that its nodes need.
public enum DriverChoice {
    /// The drivers of this build, by name.
    public static let available = [OfflineDriver.name]

    /// The name of the driver.
    ///
    /// - Parameter asked: what the command line says; it goes before the file's `engine.driver`.
    /// - Throws: `.unavailable` if this build has no such driver, or if a node needs another.
    public static func name(for pipeline: CheckedPipeline, asked: String? = nil) throws(PipelineError) -> String {
        if let asked { return try known(asked, at: "--driver") }
        if let written = pipeline.engine.driver { return try known(written, at: "engine.driver") }
        for node in pipeline.nodes {
            switch node.descriptor.pace {
            case .free: continue
            case .wallClock: _ = try known("timer", at: node.path)
            case .device(let name): _ = try known(name, at: node.path)
            }
        }
        return OfflineDriver.name
    }

    private static func known(_ name: String, at path: String) throws(PipelineError) -> String {
        if available.contains(name) { return name }
        let names = available.joined(separator: ", ")
        throw PipelineError(.unavailable, at: path, #"the driver "\#(name)" is not in this build; it has \#(names)"#)
    }
}
