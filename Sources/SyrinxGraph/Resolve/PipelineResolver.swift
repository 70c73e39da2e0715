public import SyrinxCore

/// Finds formats, converters, latencies and order for a checked pipeline.
public struct PipelineResolver: Sendable {
    private let registry: NodeRegistry

    public init(registry: NodeRegistry) { self.registry = registry }

    /// Resolves as far as `access` lets it see.
    ///
    /// - Parameters:
    ///   - rate: R, where the caller knows it better than the file: a device that is not opened.
    ///   - driver: the driver of the run, opened; its rate is R.
    ///   - inputRates: by node, the rate that its audio inputs must have whatever comes: files that are being written.
    /// - Returns: the pipeline, unless a fault is an error; and all faults in the order of the document.
    /// - Thread: control. With `.all` it opens what the file names for reading.
    public func resolve(
        _ checked: CheckedPipeline, access: FormatRequest.Access, rate: Int? = nil, driver: (any Driver)? = nil,
        inputRates: [String: Int] = [:]
    ) -> (pipeline: ResolvedPipeline?, faults: [Fault]) {
        var formats = FormatSolver(checked, access: access, driver: driver, inputRates: inputRates)
        formats.solve(rate: rate ?? driver?.rate)
        var faults = formats.faults
        var pipeline = formats.pipeline
        if !faults.isError {
            var converters = ConverterInserter(registry: registry)
            converters.insert(into: &pipeline)
            faults += converters.faults
        }
        if !faults.isError {
            var loops = LoopSolver()
            loops.solve(&pipeline)
            faults += loops.faults
        }
        pipeline.isComplete = pipeline.nodes.allSatisfy { node in
            node.instance != nil && node.inputs.allSatisfy { $0?.complete != nil || $0 == nil }
                && node.resolution.outputs.allSatisfy { $0.format.complete != nil }
        }
        if !faults.isError, pipeline.isComplete {
            var latencies = LatencySolver(access: access, driver: driver)
            latencies.solve(&pipeline)
            faults += latencies.faults
        }
        faults = faults.inOrder
        return (faults.isError ? nil : pipeline, faults)
    }
}

extension [Fault] {
    var isError: Bool { contains { $0.severity == .error } }
}
