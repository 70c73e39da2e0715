internal import SyrinxCore

/// Puts a converter wherever a link's rate is not its target's; links that want the same stream at the same rate share it.
struct ConverterInserter {
    /// The node type that converts.
    static let type = "resample"

    private struct Key: Hashable {
        let source: Int
        let output: Int
        let rate: Int
    }

    let registry: NodeRegistry
    private(set) var faults: [Fault] = []
    private var converters: [Key: Int] = [:]

    init(registry: NodeRegistry) { self.registry = registry }

    mutating func insert(into pipeline: inout ResolvedPipeline) {
        for index in pipeline.links.indices {
            let link = pipeline.links[index]
            guard pipeline.isAudio(link), let from = pipeline.sourceFormat(link).rate,
                let to = pipeline.targetFormat(link).rate, from != to
            else { continue }
            note(link, from: from, to: to, in: pipeline)
            let key = Key(source: link.source, output: link.output, rate: to)
            do throws(PipelineError) {
                let converter: Int
                if let shared = converters[key] {
                    converter = shared
                } else {
                    converter = try add(key, before: link, to: &pipeline)
                    converters[key] = converter
                }
                pipeline.links[index].source = converter
                pipeline.links[index].output = 0
            } catch {
                faults.append(Fault(error.placed(at: "links[\(link.index)]"), position: link.position))
            }
        }
    }

    private mutating func note(
        _ link: ResolvedPipeline.Link, from: Int, to: Int, in pipeline: ResolvedPipeline
    ) {
        let convert = pipeline.checked.engine.convert
        guard convert != .auto else { return }
        let texts = pipeline.checked.texts(of: link)
        let rates = "\"\(texts.from)\" runs at \(from) Hz, \"\(texts.to)\" at \(to) Hz"
        let message =
            convert == .forbid
            ? "\(rates), and engine.convert forbids converters; put a \"\(Self.type)\" between"
            : "\(rates); a converter is put between"
        faults.append(
            Fault(
                PipelineError(.invalidGraph, at: "links[\(link.index)]", message),
                severity: convert == .forbid ? .error : .warning, position: link.position))
    }

    private func add(
        _ key: Key, before link: ResolvedPipeline.Link, to pipeline: inout ResolvedPipeline
    ) throws(PipelineError) -> Int {
        guard let type = registry[Self.type] else {
            throw PipelineError(.invalidGraph, "rates meet here, and no \"\(Self.type)\" is installed to convert them")
        }
        let source = pipeline.nodes[key.source]
        let port = source.descriptor.streamOutputs[key.output]
        let name = port == source.descriptor.mainOutput ? source.id : "\(source.id):\(port.name)"
        let id = "\(name)~\(key.rate)"
        var values: [String: Value] = [:]
        for parameter in type.descriptor.parameters { values[parameter.name] = parameter.defaultValue }
        values["rate_hz"] = .integer(key.rate)
        let instance = try type.make(Parameters(path: "nodes.\(id)", values: values))
        var node = ResolvedPipeline.Node(
            id: id, descriptor: type.descriptor, instance: instance, place: pipeline.nodes[link.target].place,
            isInserted: true, bypass: false, position: link.position, values: values)
        node.inputs = [source.resolution.outputs[key.output].format]
        node.resolution = try instance.resolve(
            FormatRequest(
                access: .nothing, inputs: node.inputs, masterRate: pipeline.masterRate,
                blockFrames: pipeline.checked.engine.blockFrames))
        pipeline.nodes.append(node)
        pipeline.links.append(
            .init(
                source: key.source, output: key.output, sourceChannel: nil, target: pipeline.nodes.count - 1,
                port: .stream(0), targetChannel: nil, scale: 1, offset: 0, compensate: true, index: link.index,
                position: link.position))
        return pipeline.nodes.count - 1
    }
}
