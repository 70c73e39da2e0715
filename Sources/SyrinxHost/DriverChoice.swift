public import SyrinxCore
public import SyrinxGraph

/// Which driver renders a pipeline: the one that was asked for, or the one that its nodes need.
public enum DriverChoice {
    /// The drivers of this build, by name.
    public static let available = [OfflineDriver.name]

    /// The name of the driver.
    ///
    /// - Parameter asked: what the command line says; it goes before the file's `engine.driver`.
    /// - Throws: `.usage` if no driver has that name; `.unavailable` if it is not in this build.
    public static func name(for pipeline: CheckedPipeline, asked: String? = nil) throws(PipelineError) -> String {
        if let asked {
            guard known.contains(asked) else {
                let hint = NearestName.suggestion(asked, among: known)
                let message =
                    "found \(Shown.quoted(asked)), expected one of \(available.joined(separator: ", "))\(hint)"
                throw PipelineError(.usage, at: "--driver", message)
            }
            return try available(asked, at: "--driver")
        }
        let (name, path) = choice(for: pipeline)
        return try available(name, at: path)
    }

    /// The name of the driver that a pipeline wants, whether this build has it or not.
    public static func wanted(for pipeline: CheckedPipeline) -> String { choice(for: pipeline).name }

    /// The driver, and where the file asks for it.
    private static func choice(for pipeline: CheckedPipeline) -> (name: String, path: String) {
        if let written = pipeline.engine.driver { return (written, "engine.driver") }
        var timer: String?
        for node in pipeline.nodes {
            switch node.descriptor.pace {
            case .free: continue
            case .wallClock: timer = timer ?? node.path
            case .device(let name): return (name, node.path)
            }
        }
        return timer.map { ("timer", $0) } ?? (OfflineDriver.name, "")
    }

    /// The names that have a meaning, in this build or in another.
    private static let known = ["offline", "timer", "jack", "alsa"]

    private static func available(_ name: String, at path: String) throws(PipelineError) -> String {
        if available.contains(name) { return name }
        let names = available.joined(separator: ", ")
        throw PipelineError(.unavailable, at: path, #"the driver "\#(name)" is not in this build; it has \#(names)"#)
    }
}
