internal import CPluginHost
internal import SyrinxCore
internal import SyrinxRealtime

/// A node of a run-time plugin in a process of its own (`"isolate": true`).
///
/// Late by `block_frames` beside the plugin's own latency, whatever the cut.
struct IsolatedNode: NodeInstance {
    private let host: IsolatedHost
    private let path: String

    init(file: String, type: TypeDescription, _ parameters: Parameters, program: String) throws(PipelineError) {
        path = parameters.path
        let descriptor = type.descriptor
        if (descriptor.streamInputs + descriptor.streamOutputs).contains(where: { $0.kind == .control })
            || descriptor.streamInputs.isEmpty || descriptor.streamOutputs.isEmpty
        {
            throw parameters.error(
                TypeDescription.isolateName,
                "a process of its own is for plugins with audio inputs and outputs and no control ports; take isolate out"
            )
        }
        host = try IsolatedHost(
            file: file, type: type, values: descriptor.parameters.map { parameters.value($0.name) },
            path: parameters.path, program: program)
    }

    func inputChannels(_ port: String) -> Int? { host.type.channels(ofInput: port) }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var outputs = try host.resolve(request)
        for index in outputs.indices {
            let delay = Self.delay(
                request.blockFrames, rate: outputs[index].format.rate ?? request.masterRate,
                masterRate: request.masterRate)
            outputs[index].latency = outputs[index].latency + Rational(Int128(delay))
        }
        return Resolution(outputs: outputs)
    }

    /// The longest slice in frames of a rate, as the plan has it.
    private static func delay(_ blockFrames: Int, rate: Int?, masterRate: Int?) -> Int {
        guard let rate, let masterRate, rate != masterRate else { return blockFrames }
        return (blockFrames * rate + masterRate - 1) / masterRate + 1
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let rates = Set(setup.inputs.map(\.format.rate) + setup.outputs.map(\.format.rate))
        guard rates.count == 1 else {
            throw PipelineError(
                .invalidGraph, at: path, "a process of its own needs one rate at all ports, found \(rates.sorted())")
        }
        let delay = setup.output.largestBlock
        try host.activate(setup, delay: delay)
        let renderer = IsolatedRenderer(host, setup, delay: delay)
        let service = IsolatedService(host, setup.events, isPaced: setup.isPaced, delay: delay)
        return Prepared(renderer, blockingServices: [service], source: service, reporter: service)
    }
}
