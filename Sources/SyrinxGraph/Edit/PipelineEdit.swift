public import SyrinxCore

/// A change of a running pipeline, as plans that are put in one after the other.
///
/// Mostly two: the union of old and new, in which what appears is ramped up and what vanishes ramped down, and then the new
/// pipeline alone. Where old and new cannot be at one time, since their union would hold a loop without delay or since both
/// want the same device or file, the old one goes first: two more plans.
public struct PipelineEdit: Sendable {
    /// A live parameter that the file moved.
    public struct Write: Sendable, Hashable {
        public let node: String
        /// Index among the descriptor's `parameters`.
        public let parameter: Int
        public let name: String
        public let value: Double
    }

    /// One plan on the way.
    public struct Stage: Sendable {
        /// What it renders. Its nodes and links name those of the plan before that go on in it.
        let pipeline: ResolvedPipeline
        /// How long it must have run before the next may go in, in frames at R.
        public let frames: Int

        /// Compiles it.
        ///
        /// - Parameters:
        ///   - previous: the plan before; it is left as it is, and may be rendered meanwhile.
        ///   - preparation: what ``PipelineEdit/prepare(options:)`` made; what is not in it is prepared now.
        /// - Returns: the plan, or the faults that forbid it.
        /// - Thread: control.
        public func compile(
            after previous: Plan, with preparation: PlanCompiler.Preparation?, options: PlanCompiler.Options
        ) -> (plan: Plan?, faults: [Fault]) {
            PlanCompiler.compile(pipeline, options: options, after: previous, with: preparation)
        }

        /// The nodes that begin with it: indices among its plan's `nodes`.
        public var added: [Int] { pipeline.nodes.indices.filter { pipeline.nodes[$0].origin == nil } }

        /// The nodes of the plan before that do not go on: indices among its `nodes`.
        public func gone(from previous: Plan) -> [Int] {
            let kept = Set(pipeline.nodes.compactMap(\.origin))
            return previous.nodes.indices.filter { !kept.contains($0) }
        }
    }

    /// Empty: no plan changes, only parameters move.
    public let stages: [Stage]
    /// To be written to the first stage's plan before it goes in, or to what runs where there is no stage.
    public let writes: [Write]
    /// What it changes, for people.
    public let changes: EditChanges
    /// Gaps and shifts that it cannot spare; the node, and what happens there.
    public let notices: [(node: String, message: String)]
    /// What runs once it is done; what the next edit starts from.
    public let result: ResolvedPipeline
    /// For each node of `result`: true if it is new, and can be there before anything old has gone.
    private let isPreparable: [Bool]

    /// Prepares all that is new, so that what cannot be is known before anything changes.
    ///
    /// What has to wait until an old node has let go of its device or file is left to its stage.
    ///
    /// - Returns: what was made, or the faults that forbid the edit.
    /// - Thread: control.
    public func prepare(
        options: PlanCompiler.Options
    ) -> (preparation: PlanCompiler.Preparation?, faults: [Fault]) {
        PlanCompiler.prepare(result, where: isPreparable, options: options)
    }

    /// Finds the way from what runs to what shall.
    ///
    /// - Parameters:
    ///   - running: the `result` of the last edit, or what the first plan was compiled from.
    ///   - new: the edited pipeline, resolved for the same driver.
    /// - Returns: the edit, or the faults that forbid it.
    /// - Thread: control.
    public static func find(
        from running: ResolvedPipeline, to new: ResolvedPipeline
    ) -> (edit: PipelineEdit?, faults: [Fault]) {
        let faults = refusals(running, new) + overwrites(running, new)
        return faults.isEmpty ? (PipelineEdit(from: running, to: new), []) : (nil, faults)
    }

    private init(from old: ResolvedPipeline, to wanted: ResolvedPipeline) {
        var new = wanted
        var notices = Self.keepLatencies(of: old, in: &new)
        let difference = PipelineDifference(from: old, to: new)
        Self.carry(old, into: &new, difference)
        writes = difference.writes
        changes = EditChanges(from: old, to: new, difference)
        if difference.isOnlyWrites, Self.routes(old) == Self.routes(new) {
            stages = []
            isPreparable = old.nodes.map { _ in false }
            result = Self.moved(old, by: difference, to: new)
        } else {
            let conflicts = Conflicts(old, new, difference)
            notices += conflicts.notices
            stages = Self.stages(from: old, to: new, difference, conflicts)
            isPreparable = difference.nodes.enumerated().map { $1 == nil && !conflicts.nodes.contains($0) }
            result = new
        }
        self.notices = notices
    }

    // MARK: Stages

    private static func stages(
        from old: ResolvedPipeline, to new: ResolvedPipeline, _ difference: PipelineDifference, _ conflicts: Conflicts
    ) -> [Stage] {
        let union = PipelineUnion(of: old, with: new, difference)
        if conflicts.nodes.isEmpty, union.isPossible { return transition(union, to: new, difference) }
        var between = new.without(nodes: { conflicts.nodes.contains($0) }, links: { _ in false })
        var first = PipelineDifference(from: old, to: between)
        if !PipelineUnion(of: old, with: between, first).isPossible {
            between = new.without(nodes: { difference.nodes[$0] == nil }, links: { difference.links[$0] == nil })
            first = PipelineDifference(from: old, to: between)
        }
        let second = PipelineDifference(from: between, to: new)
        return transition(PipelineUnion(of: old, with: between, first), to: between, first)
            + transition(PipelineUnion(of: between, with: new, second), to: new, second)
    }

    private static func transition(
        _ union: PipelineUnion, to new: ResolvedPipeline, _ difference: PipelineDifference
    ) -> [Stage] {
        var last = new
        // The new pipeline's nodes and links come first in the union.
        for index in last.nodes.indices {
            last.nodes[index].origin = union.isNeeded ? index : difference.nodes[index]
        }
        for index in last.links.indices {
            last.links[index].origin = union.isNeeded ? index : difference.links[index]
        }
        let final = Stage(pipeline: last, frames: 0)
        return union.isNeeded ? [Stage(pipeline: union.pipeline, frames: union.frames), final] : [final]
    }

    // MARK: What goes on

    /// Nodes that go on are those that were prepared.
    private static func carry(
        _ old: ResolvedPipeline, into new: inout ResolvedPipeline, _ difference: PipelineDifference
    ) {
        for (index, origin) in difference.nodes.enumerated() {
            if let origin { new.nodes[index].instance = old.nodes[origin].instance }
        }
    }

    /// The old pipeline with the new values.
    private static func moved(
        _ old: ResolvedPipeline, by difference: PipelineDifference, to new: ResolvedPipeline
    ) -> ResolvedPipeline {
        var moved = old
        for (index, origin) in difference.nodes.enumerated() {
            if let origin { moved.nodes[origin].values = new.nodes[index].values }
        }
        return moved
    }

    /// Event links, by id.
    private static func routes(_ pipeline: ResolvedPipeline) -> [[String]] {
        pipeline.eventLinks.map { [pipeline.nodes[$0.source].id, pipeline.nodes[$0.target].id] }
    }

    /// A file that goes on being written began with the latency that its node had then. Where the latency would shrink, the
    /// node's links make it up; where it grows, what follows stands later in the file.
    private static func keepLatencies(
        of old: ResolvedPipeline, in new: inout ResolvedPipeline
    ) -> [(node: String, message: String)] {
        var notices: [(node: String, message: String)] = []
        let difference = PipelineDifference(from: old, to: new)
        for index in new.nodes.indices {
            guard let origin = difference.nodes[index], new.nodes[index].descriptor.writesFiles else { continue }
            let (before, after) = (old.nodes[origin], new.nodes[index])
            let least = before.madeFor ?? before.arrival
            new.nodes[index].madeFor = least
            if after.arrival < least {
                for link in new.links.indices where new.links[link].target == index && new.links[link].compensate {
                    new.links[link].delay = new.links[link].delay + (least - after.arrival)
                }
                new.nodes[index].arrival = least
            } else if after.arrival > before.arrival {
                let late = Wording.number(((after.arrival - least).double * 1e6).rounded() / 1000)
                notices.append((after.id, "from here on everything is \(late) ms later in it than at its start"))
            }
        }
        return notices
    }

    /// The rates that files keep that go on being written, whatever comes to them: for resolving an edited pipeline.
    public static func fileRates(_ running: ResolvedPipeline, keptBy edited: CheckedPipeline) -> [String: Int] {
        var rates: [String: Int] = [:]
        for (index, node) in running.nodes.enumerated() where node.descriptor.writesFiles && !node.bypass {
            guard let after = edited.nodes.first(where: { $0.id == node.id }),
                Conflicts.written(after.values, after.descriptor) == Conflicts.written(node.values, node.descriptor)
            else { continue }
            rates[node.id] = running.inputFormats(of: index).first?.format.rate
        }
        return rates
    }

    // MARK: Refusals

    /// A file that is being written cannot begin anew under its own name: what was recorded would be lost.
    private static func overwrites(_ old: ResolvedPipeline, _ new: ResolvedPipeline) -> [Fault] {
        let difference = PipelineDifference(from: old, to: new)
        return new.nodes.enumerated().compactMap { index, node in
            guard difference.nodes[index] == nil, node.descriptor.writesFiles else { return nil }
            let paths = Conflicts.written(node.values, node.descriptor)
            let writer = old.nodes.indices.first { place in
                let before = Conflicts.written(old.nodes[place].values, old.nodes[place].descriptor)
                return !difference.keepsNode[place] && before.contains { paths.contains($0) }
            }
            guard let writer else { return nil }
            let message =
                old.nodes[writer].id == node.id
                ? "its settings or channels changed, and it would write over what it has recorded; give it another path"
                : "would write over what \"\(old.nodes[writer].id)\" has recorded; give it another path"
            return Fault(
                PipelineError(.invalidParameter, at: "\(node.path).path", message), position: node.position)
        }
    }

    private static func refusals(_ old: ResolvedPipeline, _ new: ResolvedPipeline) -> [Fault] {
        let (before, after) = (old.checked.engine, new.checked.engine)
        var faults: [Fault] = []
        func refuse(_ name: String, _ found: String, _ runs: String) {
            let position = new.checked.document.engine.first { $0.name == name }?.value.position
            faults.append(
                Fault(
                    PipelineError(
                        .invalidParameter, at: "engine.\(name)",
                        "found \(found), but the pipeline runs with \(runs), which no edit can change; start it anew"),
                    position: position))
        }
        let (wanted, rate) = (after.rate ?? new.masterRate, old.masterRate)
        if wanted != rate || new.masterRate != rate {
            refuse("rate_hz", "\(wanted ?? 0) Hz", "\(rate ?? 0) Hz")
        }
        if after.blockFrames != before.blockFrames {
            refuse("block_frames", "\(after.blockFrames)", "\(before.blockFrames)")
        }
        if after.driver != before.driver {
            refuse("driver", after.driver ?? "none", before.driver ?? "none named")
        }
        if after.clock != before.clock { refuse("clock", after.clock ?? "none", before.clock ?? "none named") }
        if after.priority != before.priority { refuse("priority", "\(after.priority)", "\(before.priority)") }
        return faults
    }
}

extension ResolvedPipeline {
    /// The same with some nodes and links left out; formats and delays stay as they are.
    func without(nodes isNodeLeft: (Int) -> Bool, links isLinkLeft: (Int) -> Bool) -> ResolvedPipeline {
        var rest = self
        var places = nodes.map { _ -> Int? in nil }
        rest.nodes = []
        for (index, node) in nodes.enumerated() where !isNodeLeft(index) {
            places[index] = rest.nodes.count
            rest.nodes.append(node)
            rest.nodes[rest.nodes.count - 1].loop = nil
        }
        rest.links = links.enumerated().compactMap { index, link in
            guard !isLinkLeft(index), let source = places[link.source], let target = places[link.target] else {
                return nil
            }
            var kept = link
            (kept.source, kept.target) = (source, target)
            return kept
        }
        rest.eventLinks = eventLinks.compactMap { link in
            guard let source = places[link.source], let target = places[link.target] else { return nil }
            return (source, target)
        }
        rest.loops = []
        // What holds no loop without delay holds none with less in it.
        var solver = LoopSolver()
        solver.solve(&rest)
        return rest
    }
}

extension NodeDescriptor {
    /// A node with a file of its own that it writes.
    var writesFiles: Bool { parameters.contains { $0.kind == .path(.write) } }
}
