internal import SyrinxCore

/// Finds the loops, the delay that each must hold, and the order in which all nodes are rendered.
struct LoopSolver {
    private(set) var faults: [Fault] = []

    mutating func solve(_ pipeline: inout ResolvedPipeline) {
        let topology = pipeline.topology
        pipeline.order = []
        for part in topology.parts.indices {
            let nodes = topology.parts[part]
            guard topology.isLoop(part) else {
                pipeline.order += nodes
                continue
            }
            let inside = pipeline.links.filter {
                topology.part[$0.source] == part && topology.part[$0.target] == part
            }
            guard let order = order(nodes, inside.filter(pipeline.isNeeded)) else {
                faults.append(withoutDelay(nodes, inside, pipeline))
                continue
            }
            pipeline.order += order
            for node in nodes { pipeline.nodes[node].loop = pipeline.loops.count }
            pipeline.loops.append(loop(order, inside, pipeline))
        }
    }

    /// Every node after those whose output it needs within the slice; nil if there is no such order.
    private func order(_ nodes: [Int], _ links: [ResolvedPipeline.Link]) -> [Int]? {
        var left = nodes
        var order: [Int] = []
        while !left.isEmpty {
            guard
                let next = left.firstIndex(where: { node in
                    !links.contains { $0.target == node && left.contains($0.source) }
                })
            else { return nil }
            order.append(left.remove(at: next))
        }
        return order
    }

    /// The longest piece that no declared delay of the loop is shorter than, and how long a sound needs to go round.
    private mutating func loop(
        _ order: [Int], _ inside: [ResolvedPipeline.Link], _ pipeline: ResolvedPipeline
    ) -> ResolvedPipeline.Loop {
        var piece = Int.max
        var length = Rational.zero
        for link in inside where !pipeline.isNeeded(link) {
            let node = pipeline.nodes[link.target]
            for output in node.resolution.outputs where output.needs != nil {
                guard let rate = output.format.rate, let master = pipeline.masterRate else { continue }
                let frames = Int((Int128(output.delay) * Int128(master)) / Int128(rate))
                if frames < 1 {
                    let least = Wording.number((1000 / Double(min(rate, master)) * 1000).rounded(.up) / 1000)
                    faults.append(
                        Fault(
                            PipelineError(
                                .invalidGraph, at: node.path,
                                "its declared delay of \(output.delay) frames is shorter than one frame at \(master) Hz; a loop needs \(least) ms or more"
                            ),
                            position: node.position))
                }
                piece = min(piece, max(frames, 1))
            }
        }
        for node in order {
            for output in pipeline.nodes[node].resolution.outputs {
                guard let rate = output.format.rate else { continue }
                length = length + Rational(frames: max(output.tail, output.delay), rate: rate)
            }
        }
        return .init(nodes: order, pieceFrames: piece == .max ? 1 : piece, length: length)
    }

    private func withoutDelay(
        _ nodes: [Int], _ inside: [ResolvedPipeline.Link], _ pipeline: ResolvedPipeline
    ) -> Fault {
        // Follow the needed links backwards from any node of the loop until one comes again.
        let needed = inside.filter(pipeline.isNeeded)
        var left = nodes
        while let free = left.firstIndex(where: { node in
            !needed.contains { $0.target == node && left.contains($0.source) }
        }) {
            left.remove(at: free)
        }
        var walk = [left[0]]
        while true {
            guard let link = needed.first(where: { $0.target == walk[walk.count - 1] && left.contains($0.source) })
            else { break }
            if let start = walk.firstIndex(of: link.source) {
                walk = Array(walk[start...])
                break
            }
            walk.append(link.source)
        }
        // From the node that comes first in the file, in the direction of the links.
        let reversed = Array(walk.reversed())
        let first = reversed.indices.min { reversed[$0] < reversed[$1] } ?? 0
        let ring = (reversed[first...] + reversed[..<first]).map { pipeline.nodes[$0].id }
        let names = (ring + [ring[0]]).joined(separator: " -> ")
        let delay = walk.first { pipeline.nodes[$0].descriptor.type == "delay" }.map { pipeline.nodes[$0].id }
        let advice =
            delay.map { "state how short \"\($0)\" can get, as in \"least_ms\": 5" }
            ?? "put a \"delay\" with a \"least_ms\" into it"
        let link = needed.filter { walk.contains($0.source) && walk.contains($0.target) }.max { $0.index < $1.index }
        return Fault(
            PipelineError(
                .invalidGraph, at: link.map { "links[\($0.index)]" } ?? "links",
                "the loop \(names) holds no declared delay; \(advice)"),
            position: link?.position)
    }
}
