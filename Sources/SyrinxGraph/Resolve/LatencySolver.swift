internal import SyrinxCore

/// Adds up latencies and tails along the paths, and delays the shorter of paths that meet.
struct LatencySolver {
    private let access: FormatRequest.Access
    private let driver: (any Driver)?
    private(set) var faults: [Fault] = []
    /// The longest tail up to each node, its own included; seconds.
    private var tails: [Rational] = []

    init(access: FormatRequest.Access, driver: (any Driver)? = nil) {
        self.access = access
        self.driver = driver
    }

    /// - Precondition: every format is known.
    mutating func solve(_ pipeline: inout ResolvedPipeline) {
        tails = [Rational](repeating: .zero, count: pipeline.nodes.count)
        var incoming = [[Int]](repeating: [], count: pipeline.nodes.count)
        for (index, link) in pipeline.links.enumerated() { incoming[link.target].append(index) }
        for index in pipeline.nodes.indices {
            pipeline.nodes[index].latencies = pipeline.nodes[index].resolution.outputs.map { _ in .zero }
        }
        for node in pipeline.order {
            align(node, incoming[node], &pipeline)
            state(node, &pipeline)
            addTail(node, incoming[node], pipeline)
        }
        pipeline.tail = tails.max() ?? .zero
    }

    /// When the node's inputs are there: with the latest of its links, those inside a loop left alone.
    private func align(_ node: Int, _ links: [Int], _ pipeline: inout ResolvedPipeline) {
        let loop = pipeline.nodes[node].loop
        func isInside(_ link: ResolvedPipeline.Link) -> Bool { loop != nil && pipeline.nodes[link.source].loop == loop }
        func latency(_ link: ResolvedPipeline.Link) -> Rational { pipeline.nodes[link.source].latencies[link.output] }
        var arrival = Rational.zero
        for link in links.map({ pipeline.links[$0] }) where link.compensate {
            if isInside(link), !pipeline.isNeeded(link) { continue }
            arrival = max(arrival, latency(link))
        }
        pipeline.nodes[node].arrival = arrival
        for index in links {
            let link = pipeline.links[index]
            if link.compensate, !isInside(link) { pipeline.links[index].delay = arrival - latency(link) }
        }
    }

    /// Asks the node again, now that it is known how late its inputs are.
    private mutating func state(_ index: Int, _ pipeline: inout ResolvedPipeline) {
        let node = pipeline.nodes[index]
        let late = node.inputs.map { input in input?.rate.map { node.arrival.frame(atRate: $0) } ?? 0 }
        if let instance = node.instance, node.arrival != .zero {
            do throws(PipelineError) {
                pipeline.nodes[index].resolution = try instance.resolve(
                    FormatRequest(
                        access: access, inputs: node.inputs, inputLatencies: late, masterRate: pipeline.masterRate,
                        driver: driver, blockFrames: pipeline.checked.engine.blockFrames))
            } catch {
                faults.append(Fault(error.placed(at: node.path), position: node.position))
            }
        }
        for (port, output) in pipeline.nodes[index].resolution.outputs.enumerated() {
            guard let rate = output.format.rate else { continue }
            let own = output.latency * Rational(1, over: Int128(rate))
            let total = output.startsPath ? own : node.arrival + own
            // A whole number of the output's frames, whatever the node said.
            pipeline.nodes[index].latencies[port] = Rational(frames: total.frame(atRate: rate), rate: rate)
        }
    }

    private mutating func addTail(_ index: Int, _ links: [Int], _ pipeline: ResolvedPipeline) {
        var longest = Rational.zero
        for link in links { longest = max(longest, tails[pipeline.links[link].source]) }
        for output in pipeline.nodes[index].resolution.outputs {
            guard let rate = output.format.rate else { continue }
            let sum = Rational(frames: longest.frame(atRate: rate) + output.tail, rate: rate)
            tails[index] = max(tails[index], output.tail == 0 ? longest : sum)
        }
        if pipeline.nodes[index].resolution.outputs.isEmpty { tails[index] = longest }
    }
}
