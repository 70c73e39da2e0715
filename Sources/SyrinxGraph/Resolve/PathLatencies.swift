public import SyrinxCore

extension ResolvedPipeline {
    /// How late sound arrives at each device sink, counted from each device source, by the shortest and the longest path.
    ///
    /// - Precondition: latencies are solved.
    public func pathLatencies() -> [PathLatency] {
        guard let rate = masterRate else { return [] }
        func isDevice(_ node: Node) -> Bool { if case .device = node.descriptor.pace { true } else { false } }
        var incoming = [[Link]](repeating: [], count: nodes.count)
        for link in links where isAudio(link) { incoming[link.target].append(link) }
        var paths: [PathLatency] = []
        for source in nodes.indices where isDevice(nodes[source]) && !nodes[source].resolution.outputs.isEmpty {
            // From the source's output to each node's inputs, in seconds.
            var arrivals: [Int: (least: Rational, most: Rational)] = [:]
            for node in order where node != source {
                for link in incoming[node] {
                    let through: (least: Rational, most: Rational)
                    if link.source == source {
                        through = (.zero, .zero)
                    } else if let there = arrivals[link.source], !starts(link) {
                        let own = latencies(of: link)
                        through = (there.least + own, there.most + own)
                    } else {
                        continue
                    }
                    let known = arrivals[node]
                    let (least, most) = (through.least + link.delay, through.most + link.delay)
                    arrivals[node] = (
                        known.map { min($0.least, least) } ?? least, known.map { max($0.most, most) } ?? most
                    )
                }
            }
            for (sink, there) in arrivals.sorted(by: { $0.key < $1.key })
            where isDevice(nodes[sink]) && !nodes[sink].descriptor.inputs.isEmpty {
                let (least, most) = (there.least.frame(atRate: rate), there.most.frame(atRate: rate))
                paths.append(
                    PathLatency(source: nodes[source].id, sink: nodes[sink].id, frames: least...max(least, most)))
            }
        }
        return paths
    }

    private func starts(_ link: Link) -> Bool { nodes[link.source].resolution.outputs[link.output].startsPath }

    /// What the link's source adds, in seconds: its output's latency, its inputs' taken off.
    private func latencies(of link: Link) -> Rational {
        nodes[link.source].latencies[link.output] - nodes[link.source].arrival
    }
}
