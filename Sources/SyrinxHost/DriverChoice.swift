public import SyrinxCore
public import SyrinxGraph

/// Which driver renders a pipeline: the one that was asked for, or the one that its nodes need.
public enum DriverChoice {
    /// The drivers of this build, by name: those that the host brings, and those that plugins registered.
    public static func available(_ registry: NodeRegistry) -> [String] {
        [OfflineDriver.name, TimerDriver.name] + registry.driverNames
    }

    /// The name of the driver. What is `asked` for on the command line goes before the file's `engine.driver`.
    ///
    /// - Throws: `.usage` if no driver has that name; `.unavailable` if it is not in this build.
    public static func name(
        for pipeline: CheckedPipeline, registry: NodeRegistry, asked: String? = nil
    ) throws(PipelineError) -> String {
        if let asked {
            let known = Self.known + registry.driverNames.filter { !Self.known.contains($0) }
            guard known.contains(asked) else {
                let hint = NearestName.suggestion(asked, among: known)
                let names = available(registry).joined(separator: ", ")
                throw PipelineError(
                    .usage, at: "--driver", "found \(Shown.quoted(asked)), expected one of \(names)\(hint)")
            }
            return try available(asked, at: "--driver", registry)
        }
        let (name, path) = choice(for: pipeline)
        return try available(name, at: path, registry)
    }

    /// The name of the driver that a pipeline wants, whether this build has it or not.
    public static func wanted(for pipeline: CheckedPipeline) -> String { choice(for: pipeline).name }

    /// Opens a driver for the nodes of its family.
    ///
    /// - Throws: `.unavailable` if the device or its server is not there.
    /// - Thread: control.
    static func open(
        _ name: String, for pipeline: CheckedPipeline, registry: NodeRegistry
    ) throws(PipelineError) -> any Driver {
        let engine = pipeline.engine
        let nodes = pipeline.nodes.filter { $0.descriptor.pace == .device(name) && !$0.bypass }
        let request = DriverRequest(
            pipeline: pipeline.shownName,
            nodes: nodes.map { node in
                .init(
                    id: node.id, type: node.descriptor.type,
                    parameters: Parameters(path: node.path, values: node.values))
            }, clock: engine.clock, rate: engine.rate, blockFrames: engine.blockFrames, priority: engine.priority)
        if name == TimerDriver.name { return TimerDriver(request) }
        guard let type = registry.driver(name) else {
            throw PipelineError(.internal, at: "engine.driver", "the driver \"\(name)\" is registered nowhere")
        }
        return try type.open(request)
    }

    /// The driver, and where the file asks for it. JACK goes before ALSA; `engine.clock` goes before both.
    private static func choice(for pipeline: CheckedPipeline) -> (name: String, path: String) {
        if let written = pipeline.engine.driver { return (written, "engine.driver") }
        var timer: String?
        var devices: [(name: String, path: String)] = []
        for node in pipeline.nodes {
            switch node.descriptor.pace {
            case .free: continue
            case .wallClock: timer = timer ?? node.path
            case .device(let name):
                if node.id == pipeline.engine.clock { return (name, "engine.clock") }
                devices.append((name, node.path))
            }
        }
        if let device = devices.first(where: { $0.name == "jack" }) ?? devices.first { return device }
        return timer.map { (TimerDriver.name, $0) } ?? (OfflineDriver.name, "")
    }

    /// The names that have a meaning, in this build or in another.
    private static let known = [OfflineDriver.name, TimerDriver.name, "jack", "alsa"]

    private static func available(
        _ name: String, at path: String, _ registry: NodeRegistry
    ) throws(PipelineError) -> String {
        let names = available(registry)
        if names.contains(name) { return name }
        let message = #"the driver "\#(name)" is not in this build; it has \#(names.joined(separator: ", "))"#
        throw PipelineError(.unavailable, at: path, message)
    }
}

extension CheckedPipeline {
    /// The pipeline's name, or its file's without folder and ending.
    var shownName: String {
        if let name = document.name, !name.isEmpty { return name }
        let file = document.file.split(separator: "/").last.map(String.init) ?? "syrinx"
        let stem = file.split(separator: ".").first.map(String.init) ?? file
        return stem.hasPrefix("(") ? "syrinx" : stem
    }
}
