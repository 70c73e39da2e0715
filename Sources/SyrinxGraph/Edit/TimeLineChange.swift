public import SyrinxCore

/// The same pipeline at another master rate: everything is made anew, but for the files that are being written. They keep the
/// rate that they began with, behind a converter where it is no longer R.
public enum TimeLineChange {
    /// What the next time line renders.
    public struct Outcome: Sendable {
        public let plan: Plan
        /// Nodes of the plan that are new: their services are to be started.
        public let added: [Plan.Node]
    }

    /// The nodes of a plan that do not go on. Their services are to be finished before the next plan is compiled, so that
    /// devices are free.
    public static func gone(from old: Plan) -> [Plan.Node] {
        old.nodes.filter { !$0.descriptor.writesFiles || name(of: $0.id, in: old) == nil }
    }

    /// What a node is called in the file: an edit that was under way may have set the one that runs aside.
    private static func name(of id: String, in old: Plan) -> String? {
        guard id.hasSuffix("'") else { return id }
        let name = String(id.dropLast())
        return old.nodes.contains { $0.id == name } ? nil : name
    }

    /// Resolves and compiles for a new rate.
    ///
    /// - Parameters:
    ///   - checked: the pipeline, with nodes made anew.
    ///   - old: the plan of the last time line, rendered no more.
    /// - Returns: the outcome, or the faults that forbid it.
    /// - Thread: control.
    public static func compile(
        _ checked: CheckedPipeline, registry: NodeRegistry, rate: Int, after old: Plan, options: PlanCompiler.Options
    ) -> (outcome: Outcome?, faults: [Fault]) {
        var kept: [String: Int] = [:]
        for (index, node) in old.resolved.nodes.enumerated() where node.descriptor.writesFiles && !node.isInserted {
            if let name = name(of: node.id, in: old) { kept[name] = index }
        }
        let rates = kept.compactMapValues { old.resolved.nodes[$0].inputs.first??.rate }
        let (resolved, faults) = PipelineResolver(registry: registry).resolve(
            checked, access: .all, rate: rate, driver: options.driver, inputRates: rates)
        guard var resolved else { return (nil, faults) }
        for index in resolved.nodes.indices {
            guard let origin = kept[resolved.nodes[index].id] else { continue }
            resolved.nodes[index].origin = origin
            resolved.nodes[index].instance = old.resolved.nodes[origin].instance
        }
        let (plan, refusals) = PlanCompiler.compile(resolved, options: options, after: old, with: nil)
        guard let plan else { return (nil, faults + refusals) }
        let added = zip(plan.nodes, plan.resolved.nodes).filter { $1.origin == nil }.map(\.0)
        return (Outcome(plan: plan, added: added), faults)
    }
}
