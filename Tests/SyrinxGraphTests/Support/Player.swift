import BasicPlugin
import ResamplePlugin
import SyrinxCore
import SyrinxGraph
import Testing

/// Plays a pipeline without a thread and puts edits in between cycles.
final class Player {
    private(set) var plan: Plan
    /// What runs, once the edits that were begun are through.
    private(set) var current: ResolvedPipeline
    private let executor: Executor
    private var preparation: PlanCompiler.Preparation?
    private var stages: [PipelineEdit.Stage] = []
    private var writes: [PipelineEdit.Write] = []
    /// P at which the next stage may go in.
    private var due = 0
    private let cuts: [Int]
    private var cycle = 0
    /// Ids of nodes that are no longer part of any plan, in the order in which they went.
    private(set) var gone: [String] = []

    static let registry: NodeRegistry = {
        var registry = NodeRegistry()
        do {
            try registry.register(ProbePlugin.self)
            try registry.register(BasicPlugin.self)
            try registry.register(ResamplePlugin.self)
        } catch {
            Issue.record(error)
        }
        return registry
    }()

    init(_ bench: Bench, cuts: [Int] = [64]) throws {
        plan = try bench.plan(Self.registry)
        current = plan.resolved
        executor = Executor(plan)
        self.cuts = cuts
    }

    var position: Int { executor.position }
    var isEditing: Bool { !stages.isEmpty }

    /// Renders up to a position; stages go in as soon as they may.
    func play(to end: Int) throws {
        while position < end {
            if !stages.isEmpty, position >= due { try putNext() }
            var frames = min(cuts[cycle % cuts.count], plan.largestBlock, end - position)
            // Where time is cut must not decide when the next stage goes in.
            if isEditing { frames = min(frames, max(1, due - position)) }
            executor.render(frames)
            cycle += 1
            #expect(executor.isActive(plan))
            _ = executor.retire()
        }
    }

    /// Plays until nothing is left to put in.
    func settle() throws {
        while isEditing { try play(to: position + 1) }
    }

    /// Puts an edit in; it must not have a fault.
    @discardableResult
    func edit(_ bench: Bench) throws -> PipelineEdit {
        let (edit, faults) = PipelineEdit.find(from: current, to: try bench.resolved(Self.registry))
        let found = try #require(edit, "\(faults.map { $0.error.description })")
        preparation = found.prepare(options: .init()).preparation
        #expect(preparation != nil)
        stages = found.stages
        writes = found.writes
        current = found.result
        due = position
        if stages.isEmpty {
            for write in found.writes { #expect(executor.set(write.node, write.parameter, to: write.value)) }
        } else {
            try putNext()
        }
        return found
    }

    /// Puts an edit in, if it can be.
    ///
    /// - Returns: the faults that forbid it.
    func attempt(_ bench: Bench) throws -> [Fault] {
        let (checked, faults) = PipelineChecker(registry: Self.registry).check(bench.document)
        guard let checked else { return faults }
        let (resolved, more) = PipelineResolver(registry: Self.registry).resolve(checked, access: .all)
        guard let resolved else { return more }
        let (edit, refusals) = PipelineEdit.find(from: current, to: resolved)
        guard let edit else { return refusals }
        let found = edit.prepare(options: .init()).faults
        if found.isEmpty { _ = try self.edit(bench) }
        return found
    }

    private func putNext() throws {
        let stage = stages.removeFirst()
        let (next, faults) = stage.compile(
            after: plan, with: preparation, options: .init(generation: plan.generation + 1))
        let plan = try #require(next, "\(faults.map { $0.error.description })")
        gone += stage.gone(from: self.plan).map { self.plan.nodes[$0].id }
        for write in writes { #expect(plan.set(write.node, write.parameter, to: write.value)) }
        writes = []
        executor.publish(plan)
        self.plan = plan
        due = position + stage.frames
    }

    /// What a sink has heard so far.
    func tape(_ id: String) throws -> [[Float]] {
        let node = try #require(plan.nodes.first { $0.id == id })
        return try #require(node.prepared.sink as? Tape).samples
    }
}
