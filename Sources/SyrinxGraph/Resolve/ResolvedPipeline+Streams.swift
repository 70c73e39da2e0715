internal import SyrinxCore

extension ResolvedPipeline {
    /// The format that a link takes up, as its source states it.
    func sourceFormat(_ link: Link) -> PartialFormat {
        let outputs = nodes[link.source].resolution.outputs
        return link.output < outputs.count ? outputs[link.output].format : PartialFormat()
    }

    /// The format at the link's target: that of the port, or of control values.
    func targetFormat(_ link: Link) -> PartialFormat {
        guard case .stream(let port) = link.port, port < nodes[link.target].inputs.count else {
            return PartialFormat(rate: Limits.controlRate, channels: 1)
        }
        return nodes[link.target].inputs[port] ?? PartialFormat()
    }

    func isAudio(_ link: Link) -> Bool {
        guard case .stream(let port) = link.port else { return false }
        return nodes[link.target].descriptor.streamInputs[port].kind == .audio
    }

    /// Who feeds whom, through streams and parameters alike.
    var topology: Topology { Topology(count: nodes.count, edges: links.map { ($0.source, $0.target) }) }

    /// True: an output of the target needs what the link brings within the same slice.
    func isNeeded(_ link: Link) -> Bool {
        guard case .stream(let port) = link.port else { return true }
        let outputs = nodes[link.target].resolution.outputs
        return outputs.isEmpty || outputs.contains { $0.needs?.contains(port) ?? true }
    }

    /// The formats of a node's inputs as its renderer sees them; where nothing is linked, silence as wide as the node asks
    /// for.
    func inputFormats(of index: Int) -> [(format: StreamFormat, isConnected: Bool)] {
        let node = nodes[index]
        let linkedRate = zip(node.inputs, node.descriptor.streamInputs)
            .first { $0.0?.complete != nil && $0.1.kind == .audio }?.0?.rate
        return zip(node.descriptor.streamInputs, node.inputs).map { port, format in
            if let format = format?.complete { return (format, true) }
            if port.kind == .control { return (StreamFormat(rate: Limits.controlRate, channels: 1), false) }
            let channels = node.instance?.inputChannels(port.name) ?? 1
            return (StreamFormat(rate: linkedRate ?? masterRate ?? 1, channels: channels), false)
        }
    }

    /// The stream inputs that no output needs within the same slice.
    func absorbs(_ node: Int) -> Bool {
        let outputs = nodes[node].resolution.outputs
        guard !outputs.isEmpty else { return false }
        return nodes[node].descriptor.streamInputs.indices.contains { port in
            !outputs.contains { $0.needs?.contains(port) ?? true }
        }
    }
}

extension ResolvedPipeline.Link {
    init(_ link: CheckedPipeline.Link, output: Int) {
        self.init(
            source: link.source, output: output, sourceChannel: link.sourceChannel, target: link.target,
            port: link.port,
            targetChannel: link.targetChannel, scale: link.scale, offset: link.offset, compensate: link.compensate,
            index: link.index, position: link.position)
    }
}

extension CheckedPipeline {
    /// Both ends of a link as the file names them.
    func texts(of link: ResolvedPipeline.Link) -> (from: String, to: String) {
        let written = links.first {
            $0.index == link.index && $0.target == link.target && $0.port == link.port
                && $0.targetChannel == link.targetChannel
        }
        return (written?.sourceText ?? nodes[link.source].id, written?.targetText ?? nodes[link.target].id)
    }
}

extension ParameterDescriptor {
    /// A file that is read.
    var isRead: Bool { kind == .path(.read) }
}
