internal import SyrinxCore

/// Finds the rate and width of every stream, and holds the links against them.
struct FormatSolver {
    let access: FormatRequest.Access
    private let driver: (any Driver)?
    /// By node, the rate that its audio inputs must have whatever comes.
    private let inputRates: [String: Int]
    private(set) var pipeline: ResolvedPipeline
    private(set) var faults: [Fault] = []
    /// Indices of the links into each node.
    private let incoming: [[Int]]

    init(
        _ checked: CheckedPipeline, access: FormatRequest.Access, driver: (any Driver)? = nil,
        inputRates: [String: Int] = [:]
    ) {
        self.access = access
        self.driver = driver
        self.inputRates = inputRates
        var pipeline = ResolvedPipeline(checked: checked)
        pipeline.nodes = checked.nodes.enumerated().map { place, node in
            ResolvedPipeline.Node(
                id: node.id, descriptor: node.descriptor, instance: node.instance, place: place, isInserted: false,
                bypass: node.bypass, position: node.position, values: node.values)
        }
        for link in checked.links {
            guard let output = link.output else {
                pipeline.eventLinks.append((link.source, link.target))
                continue
            }
            pipeline.links.append(.init(link, output: output))
        }
        var incoming = [[Int]](repeating: [], count: pipeline.nodes.count)
        for (index, link) in pipeline.links.enumerated() { incoming[link.target].append(index) }
        self.incoming = incoming
        self.pipeline = pipeline
    }

    /// - Parameter rate: R, if the caller knows better than the file (a device that is not opened here).
    mutating func solve(rate: Int?) {
        pipeline.masterRate = rate ?? pipeline.checked.engine.rate ?? (isLeftToDevice ? nil : highestSourceRate())
        let topology = pipeline.topology
        for part in topology.parts.indices { settle(topology.parts[part], isLoop: topology.isLoop(part)) }
        if faults.isEmpty { for link in pipeline.links { checkChannels(link) } }
    }

    // MARK: The master rate

    /// True: a device decides, and nothing is opened here. A device that plays decides as well as one that captures.
    private var isLeftToDevice: Bool {
        let named = pipeline.checked.engine.driver
        return access != .all && named != "timer" && named != OfflineDriver.name
            && pipeline.nodes.contains { $0.descriptor.pace.isDevice }
    }

    /// The highest rate of any source, 48 kHz where none has a rate of its own, nil where one is not known yet.
    private mutating func highestSourceRate() -> Int? {
        var highest = 0
        for (index, node) in pipeline.nodes.enumerated() where !incoming[index].contains(where: isAudio) {
            guard node.descriptor.outputs.contains(where: { $0.kind == .audio }) else { continue }
            guard let instance = node.instance else { return nil }
            let inputs = [PartialFormat?](repeating: nil, count: node.descriptor.streamInputs.count)
            // A fault here is reported when formats are settled.
            guard
                let found = try? instance.resolve(
                    FormatRequest(
                        access: access, inputs: inputs, masterRate: nil, driver: driver,
                        blockFrames: pipeline.checked.engine.blockFrames))
            else {
                return nil
            }
            let isOpen = access != .all && node.descriptor.parameters.contains { $0.isRead }
            for (port, output) in zip(node.descriptor.streamOutputs, found.outputs) where port.kind == .audio {
                if output.format.rate == nil, isOpen || node.descriptor.pace != .free { return nil }
                highest = max(highest, output.format.rate ?? 0)
            }
        }
        return highest == 0 ? 48_000 : highest
    }

    // MARK: Formats

    /// Asks the nodes of one part; those of a loop again until nothing changes, since each round makes more known.
    private mutating func settle(_ nodes: [Int], isLoop: Bool) {
        var broken: Set<Int> = []
        for _ in 0...(isLoop ? nodes.count + 1 : 0) {
            var changed = false
            for index in nodes where !broken.contains(index) {
                let node = pipeline.nodes[index]
                let inputs = inputFormats(of: index)
                pipeline.nodes[index].inputs = inputs
                do throws(PipelineError) {
                    let resolution = try resolve(node, inputs: inputs)
                    changed = changed || resolution.outputs.map(\.format) != node.resolution.outputs.map(\.format)
                    pipeline.nodes[index].resolution = resolution
                } catch {
                    broken.insert(index)
                    faults.append(Fault(error.placed(at: node.path), position: node.position))
                }
            }
            if !changed { return }
        }
    }

    private func resolve(
        _ node: ResolvedPipeline.Node, inputs: [PartialFormat?]
    ) throws(PipelineError) -> Resolution {
        let outputs = node.descriptor.streamOutputs
        guard let instance = node.instance else {
            return Resolution(outputs: outputs.map { $0.kind == .control ? .control() : OutputStream(PartialFormat()) })
        }
        let resolution = try instance.resolve(
            FormatRequest(
                access: access, inputs: inputs, masterRate: pipeline.masterRate, driver: driver,
                blockFrames: pipeline.checked.engine.blockFrames))
        guard resolution.outputs.count == outputs.count else {
            let type = node.descriptor.type
            throw PipelineError(
                .internal, "\(type) states \(resolution.outputs.count) outputs, its descriptor names \(outputs.count)")
        }
        if node.bypass, let input = inputs.first.flatMap({ $0 }), let output = resolution.outputs.first?.format {
            let sameRate = input.rate == nil || output.rate == nil || input.rate == output.rate
            let sameWidth = input.channels == nil || output.channels == nil || input.channels == output.channels
            guard sameRate, sameWidth || input.channels == 1 else {
                throw PipelineError(
                    .invalidParameter, "cannot be bypassed: its output has another format than its input")
            }
        }
        return resolution
    }

    /// What arrives at each stream input, as far as it is known.
    private func inputFormats(of index: Int) -> [PartialFormat?] {
        let node = pipeline.nodes[index]
        let rate = inputRate(of: index)
        return node.descriptor.streamInputs.enumerated().map { port, descriptor in
            let links = incoming[index].map { pipeline.links[$0] }.filter { $0.port == .stream(port) }
            if links.isEmpty { return nil }
            if descriptor.kind == .control { return PartialFormat(rate: Limits.controlRate, channels: 1) }
            return PartialFormat(rate: rate, channels: width(of: descriptor, node, links))
        }
    }

    /// Where rates meet: R if one of them is R, else the highest. What a device plays has R: it is the driver's own, or
    /// joined to it by a bridge that takes R.
    private func inputRate(of node: Int) -> Int? {
        if pipeline.nodes[node].descriptor.pace.isDevice { return pipeline.masterRate }
        if let rate = inputRates[pipeline.nodes[node].id] { return rate }
        let rates = incoming[node].filter(isAudio).map { pipeline.sourceFormat(pipeline.links[$0]).rate }
        let known = rates.compactMap { $0 }
        if let master = pipeline.masterRate, known.contains(master) { return master }
        // Where everything can be known, what is not known yet is the far end of a loop, and takes what it is given.
        if known.count < rates.count, access == .nothing || pipeline.masterRate == nil { return nil }
        return known.max()
    }

    /// The declared channels, or those that the widest link needs.
    private func width(
        of port: PortDescriptor, _ node: ResolvedPipeline.Node, _ links: [ResolvedPipeline.Link]
    ) -> Int? {
        if let declared = node.instance?.inputChannels(port.name) { return declared }
        if port.mixesDown { return 1 }
        let widths = links.map { link in
            link.targetChannel.map { $0 + 1 } ?? (link.sourceChannel != nil ? 1 : pipeline.sourceFormat(link).channels)
        }
        if access == .nothing, widths.contains(nil) { return nil }
        return widths.compactMap { $0 }.max()
    }

    private func isAudio(_ link: Int) -> Bool { pipeline.isAudio(pipeline.links[link]) }

    // MARK: Channels

    private mutating func checkChannels(_ link: ResolvedPipeline.Link) {
        guard case .stream(let port) = link.port else { return }
        let (source, target) = (pipeline.nodes[link.source], pipeline.nodes[link.target])
        let input = target.descriptor.streamInputs[port]
        guard input.kind == .audio, let has = pipeline.sourceFormat(link).channels else { return }
        let (from, to) = pipeline.checked.texts(of: link)
        func fault(_ message: String) {
            faults.append(
                Fault(PipelineError(.invalidLink, at: "links[\(link.index)]", message), position: link.position))
        }
        if let channel = link.sourceChannel, channel >= has {
            return fault("\"\(from)\": \"\(source.id)\" has \(Wording.channels(has)), counted from 0")
        }
        guard let wants = target.inputs[port]?.channels else { return }
        let gives = link.sourceChannel == nil ? has : 1
        if let channel = link.targetChannel {
            if channel >= wants {
                fault("\"\(to)\": \"\(target.id):\(input.name)\" has \(Wording.channels(wants)), counted from 0")
            } else if gives != 1 {
                fault(
                    "\"\(from)\" has \(Wording.channels(gives)), \"\(to)\" is one; name one of them: \(source.id)[0]")
            }
        } else if gives != wants, gives != 1, !(input.mixesDown && wants == 1) {
            let named = wants == 1 ? ", or name one: \(source.id)[0]" : ", or name them: \(source.id)[0]"
            fault(
                "\"\(from)\" has \(Wording.channels(gives)), \"\(target.id):\(input.name)\" takes \(wants); put a \"matrix\" between\(named)"
            )
        }
    }
}

extension NodeDescriptor.Pace {
    fileprivate var isDevice: Bool {
        if case .device = self { return true }
        return false
    }
}
