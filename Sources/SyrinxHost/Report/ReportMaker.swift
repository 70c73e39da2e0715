internal import SyrinxCore
internal import SyrinxGraph

/// Puts together what reports of offline and live runs have in common.
enum ReportMaker {
    /// One entry for each node of a plan: what was agreed on, and what its reporter tells.
    static func nodes(_ plan: Plan) -> [RunReport.Node] {
        zip(plan.nodes, plan.resolved.nodes).map { node, resolved in
            let figures = node.prepared.reporter?.figures() ?? []
            let told = Set(figures.map(\.name))
            let facts = resolved.resolution.facts.filter { !told.contains($0.name) }
            return RunReport.Node(
                id: node.id, type: node.descriptor.type, isInserted: resolved.isInserted,
                isSink: isSink(node.descriptor),
                figures: (facts + figures).map { .init($0.name, $0.value) })
        }
    }

    /// Where sound ends: in a file, a log, or a device, which may tell of itself by control outputs.
    private static func isSink(_ descriptor: NodeDescriptor) -> Bool {
        let outputs: Set<PortKind> = descriptor.pace == .free ? [.events] : [.events, .control]
        return descriptor.outputs.allSatisfy { outputs.contains($0.kind) }
            && (!descriptor.inputs.isEmpty || descriptor.outputs.isEmpty)
    }

    /// Steps of one name added up: a node that is rendered and absorbs is one node to its user.
    static func stepTimes(
        _ steps: [(name: String, ticks: UInt64)], frames: Int, nanosecondsPerTick: Double
    ) -> [RunReport.StepTime] {
        var names: [String] = []
        var ticks: [String: Double] = [:]
        for step in steps {
            if ticks[step.name] == nil { names.append(step.name) }
            ticks[step.name, default: 0] += Double(step.ticks)
        }
        let sum = ticks.values.reduce(0, +)
        return names.map { name in
            let own = ticks[name] ?? 0
            return RunReport.StepTime(
                name: name, sharePercent: sum > 0 ? own / sum * 100 : 0,
                nanosecondsPerFrame: own * nanosecondsPerTick / Double(max(frames, 1)))
        }.sorted { $0.sharePercent > $1.sharePercent }
    }
}
