internal import SyrinxCore
internal import SyrinxRealtime

/// A node of a run-time plugin, in this process.
struct PluginNode: NodeInstance {
    private let handle: NodeHandle
    private let path: String

    /// - Parameter file: the plugin's shared object; loaded here, if it is not.
    init(file: String, type: TypeDescription, _ parameters: Parameters) throws(PipelineError) {
        let library = try PluginLibrary.load(file)
        guard let entry = library.entries.first(where: { $0.description == type }) else {
            throw PipelineError(
                .unavailable, at: parameters.path,
                "\(file) has changed since it was looked at; syrinx plugins looks at it again")
        }
        let values = type.descriptor.parameters.map { parameters.value($0.name) }
        handle = try NodeHandle(entry, values: values, path: parameters.path)
        path = file
    }

    init(_ handle: NodeHandle, path: String) {
        self.handle = handle
        self.path = path
    }

    func inputChannels(_ port: String) -> Int? { handle.entry.description.channels(ofInput: port) }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: try handle.resolve(request))
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        handle.speak(to: setup.events)
        try handle.activate(setup)
        let renderer = PluginRenderer(handle, setup)
        let service = PluginService(handle, renderer, setup.events, file: path)
        return Prepared(renderer, blockingServices: [service], reporter: service)
    }
}
