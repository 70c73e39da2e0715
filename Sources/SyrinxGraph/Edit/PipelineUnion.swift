internal import SyrinxCore

/// The pipeline that sounds while an edit goes in: all of the new one, and what goes of the old one beside it.
///
/// What appears is ramped up where it begins, unheard: at links from what goes on to what is new; and once that has come
/// through, where it is heard: at links to what goes on. All that vanishes is ramped down at that instant, at links to what
/// goes on, and to sinks that go. Between nodes that are new a link is there at once.
struct PipelineUnion {
    /// Nodes and links of the new pipeline first, in its order; then those that go.
    private(set) var pipeline: ResolvedPipeline
    /// False: the union would hold a loop without delay.
    private(set) var isPossible = false
    /// True: there is something to hear of it, so that it must go in before the new pipeline does.
    let isNeeded: Bool
    /// How long it must run before the new pipeline may follow, in frames at R.
    let frames: Int

    init(of old: ResolvedPipeline, with new: ResolvedPipeline, _ difference: PipelineDifference) {
        var union = new
        for index in union.nodes.indices { union.nodes[index].origin = difference.nodes[index] }
        for index in union.links.indices {
            let link = union.links[index]
            union.links[index].origin = difference.links[index]
            guard difference.links[index] == nil, new.isAudio(link) else { continue }
            if difference.nodes[link.target] != nil || difference.nodes[link.source] != nil {
                union.links[index].ramp = .up
            }
        }
        let places = Self.add(old, to: &union, difference)
        Self.delayRamps(of: &union)
        for link in old.eventLinks where places[link.source] >= new.nodes.count {
            if places[link.target] >= new.nodes.count {
                union.eventLinks.append((places[link.source], places[link.target]))
            }
        }
        for index in union.nodes.indices { union.nodes[index].loop = nil }
        union.loops = []
        var loops = LoopSolver()
        loops.solve(&union)
        isPossible = loops.faults.isEmpty
        frames = Self.length(of: union)
        isNeeded = union.links.contains { $0.ramp != .none }
        pipeline = union
    }

    /// Adds what goes.
    ///
    /// - Returns: for each old node, its place in the union.
    private static func add(
        _ old: ResolvedPipeline, to union: inout ResolvedPipeline, _ difference: PipelineDifference
    ) -> [Int] {
        let newNodes = union.nodes.count
        let lastIndex = (union.links.map(\.index).max() ?? 0) + 1
        var places = old.nodes.map { _ in 0 }
        for (index, origin) in difference.nodes.enumerated() { if let origin { places[origin] = index } }
        for (index, var node) in old.nodes.enumerated() where !difference.keepsNode[index] {
            places[index] = union.nodes.count
            node.id += "'"  // no file can name it
            node.origin = index
            union.nodes.append(node)
        }
        for (index, link) in old.links.enumerated() where !difference.keepsLink[index] {
            let target = places[link.target]
            let isAudio = old.isAudio(link)
            // What controls a node that goes on has changed already.
            guard isAudio || target >= newNodes else { continue }
            var going = ResolvedPipeline.Link(
                source: places[link.source], output: link.output, sourceChannel: link.sourceChannel, target: target,
                port: link.port, targetChannel: link.targetChannel, scale: link.scale, offset: link.offset,
                compensate: link.compensate, index: lastIndex + link.index, position: link.position, delay: link.delay)
            going.origin = index
            if isAudio, target < newNodes || old.isTerminal(link.target) { going.ramp = .down }
            union.links.append(going)
        }
        return places
    }

    /// Lets each ramp begin when what it brings in has come through latencies, and through the ramps before it.
    private static func delayRamps(of union: inout ResolvedPipeline) {
        let rate = union.masterRate ?? 1
        var filled = [Rational](repeating: .zero, count: union.nodes.count)
        var incoming = [[Int]](repeating: [], count: union.nodes.count)
        for (index, link) in union.links.enumerated() where union.isAudio(link) { incoming[link.target].append(index) }
        func through(_ link: ResolvedPipeline.Link) -> Rational {
            filled[link.source] + (link.origin == nil ? link.delay : .zero)
        }
        // Links back within a loop count as silent until they are heard, which is what they are.
        for node in union.order where union.nodes[node].origin == nil {
            var latest = Rational.zero
            for index in incoming[node] {
                let link = union.links[index]
                let here = through(link)
                latest = max(latest, link.ramp == .none ? here : here + length(of: link, in: union))
                union.links[index].rampDelay = here.frame(atRate: rate)
            }
            let own = union.nodes[node].resolution.outputs.map { output in
                output.format.rate.map { output.latency * Rational(1, over: Int128($0)) } ?? .zero
            }
            filled[node] = latest + (own.max() ?? .zero)
        }
        let heard = union.links.indices.filter { index in
            union.links[index].ramp == .up
                && (union.nodes[union.links[index].target].origin != nil || union.isTerminal(union.links[index].target))
        }
        let instant = heard.map { through(union.links[$0]) }.max() ?? .zero
        for index in heard { union.links[index].rampDelay = instant.frame(atRate: rate) }
        for index in union.links.indices where union.links[index].ramp == .down {
            union.links[index].rampDelay = instant.frame(atRate: rate)
        }
    }

    private static func length(of link: ResolvedPipeline.Link, in union: ResolvedPipeline) -> Rational {
        let rate = rate(of: link, in: union)
        return Rational(frames: RampRenderer.length(atRate: rate), rate: rate)
    }

    /// That of its target, to which nothing may be linked any more.
    private static func rate(of link: ResolvedPipeline.Link, in union: ResolvedPipeline) -> Int {
        guard case .stream(let port) = link.port else { return Limits.controlRate }
        return union.inputFormats(of: link.target)[port].format.rate
    }

    /// From the plan's first frame until every ramp has ended, in frames at R.
    private static func length(of union: ResolvedPipeline) -> Int {
        let master = union.masterRate ?? 1
        return union.links.filter { $0.ramp != .none }.map { link in
            // One frame more, since a ramp begins with the first sample that is not before its instant.
            let frame = Rational(1, over: Int128(rate(of: link, in: union)))
            return link.rampDelay + (length(of: link, in: union) + frame).frame(atRate: master)
        }.max() ?? 0
    }
}

extension ResolvedPipeline {
    /// True: sound goes no further within the pipeline.
    func isTerminal(_ node: Int) -> Bool {
        !nodes[node].descriptor.outputs.contains { $0.kind == .audio }
    }
}
