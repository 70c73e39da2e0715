internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxRealtime

/// One edit on its way into a live run.
///
/// - Thread: the editor's.
struct LiveEdit {
    private let run: LiveRun
    private let editor: LiveEditor

    init(_ run: LiveRun, _ editor: LiveEditor) {
        self.run = run
        self.editor = editor
    }

    /// Checks, prepares, and puts in.
    ///
    /// - Returns: nil if a new time line began meanwhile.
    func perform(_ checked: CheckedPipeline) -> EditOutcome? {
        editor.withPlans {
            if editor.isClosed { return .ended }
            if editor.mustYield { return nil }
            let line = run.state.withLock { $0.line }
            let resolver = PipelineResolver(registry: run.registry)
            if let fault = run.refusal(of: checked) { return .refused([fault]) }
            let current = editor.current(line.executor.plan)
            let (resolved, found) = resolver.resolve(
                checked, access: .all, rate: line.executor.masterRate, driver: run.driver,
                inputRates: PipelineEdit.fileRates(current, keptBy: checked))
            guard let resolved else { return .refused(found) }
            let (edit, refusals) = PipelineEdit.find(from: current, to: resolved)
            guard let edit else { return .refused(found + refusals) }
            return put(edit, into: line, checked, warnings: found)
        }
    }

    private func put(
        _ edit: PipelineEdit, into line: LiveRun.TimeLine, _ checked: CheckedPipeline, warnings: [Fault]
    ) -> EditOutcome? {
        let (preparation, refusals) = edit.prepare(options: run.compilerOptions(generation: 0))
        guard let preparation else { return .refused(warnings + refusals) }
        if edit.stages.isEmpty { write(edit, to: line) }
        for (place, stage) in edit.stages.enumerated() {
            switch put(stage, of: edit, isFirst: place == 0, preparation, into: line) {
            case .isIn: continue
            case .refused(let faults): return place == 0 ? .refused(warnings + faults) : .incomplete(faults)
            case .yielded: return editor.isClosed ? .ended : nil
            }
        }
        editor.setCurrent(edit.result)
        run.state.withLock { $0.checked = checked }
        var fields: [Value.Member] = [.init("changes", .string(edit.changes.text))]
        if !edit.notices.isEmpty {
            fields.append(
                .init("notices", .list(edit.notices.map { .string("\($0.node): \($0.message)") })))
        }
        run.dispatcher.tell("edited", fields, nodes: [], isNotice: false)
        return .done(EditReport(changes: edit.changes, warnings: warnings, notices: edit.notices))
    }

    private func write(_ edit: PipelineEdit, to line: LiveRun.TimeLine) {
        for write in edit.writes { _ = line.executor.set(write.node, write.parameter, to: write.value) }
    }

    // MARK: One stage

    private enum StageOutcome {
        case isIn
        case refused([Fault])
        case yielded
    }

    private func put(
        _ stage: PipelineEdit.Stage, of edit: PipelineEdit, isFirst: Bool, _ preparation: PlanCompiler.Preparation,
        into line: LiveRun.TimeLine
    ) -> StageOutcome {
        let before = line.executor.plan
        let generation = run.nextGeneration()
        let (compiled, faults) = stage.compile(
            after: before, with: preparation, options: run.compilerOptions(generation: generation))
        guard let plan = compiled else { return .refused(faults) }
        let added = stage.added.map { plan.nodes[$0] }
        run.dispatcher.bind(plan)
        func giveUp() {
            line.services.abandon(added)
            run.dispatcher.bind(before)
            run.dispatcher.forget(plan)
        }
        do throws(PipelineError) {
            try line.services.start(added)
        } catch {
            giveUp()
            return .refused([Fault(error)])
        }
        _ = plan.lockMemory()
        editor.interruptible(by: { line.services.cancel(added) }, { fill(plan, added) })
        if isFirst { for write in edit.writes { _ = plan.set(write.node, write.parameter, to: write.value) } }
        if editor.mustYield {
            giveUp()
            return .yielded
        }
        line.executor.publish(plan)
        while !line.executor.isActive(plan) {
            if editor.mustYield {
                // The driver has stopped, or waits for us: the plan cannot go in any more.
                if line.executor.withdraw(plan) {
                    giveUp()
                    return .yielded
                }
            } else {
                editor.pause()
            }
        }
        settle(plan, line)
        // All that the old plan told has been handed on before its receivers are finished.
        let gone = stage.gone(from: before)
        run.dispatcher.finish(gone.map { before.nodes[$0] })
        line.services.finish(gone.map { before.nodes[$0] })
        run.keepFigures(of: gone, in: before)
        if !editor.mustYield { run.dispatcher.forget(before) }
        _ = line.executor.retire()
        return wait(plan.startPosition + stage.frames, line) ? .isIn : .yielded
    }

    /// Waits until new sources have something to give.
    private func fill(_ plan: Plan, _ added: [Plan.Node]) {
        let names = Set(added.map(\.id))
        let frames = min(plan.largestBlock, plan.masterRate / 10)
        for source in plan.sources where names.contains(source.node) {
            let own = Rational(frames: frames, rate: plan.masterRate).frame(atRate: source.rate)
            _ = source.bridge?.waitToGive(through: own)
        }
    }

    /// Waits until the control thread has handed on what was told before the plan went in.
    private func settle(_ plan: Plan, _ line: LiveRun.TimeLine) {
        while run.dispatcher.handledPosition < plan.startPosition, !editor.mustYield { editor.pause() }
    }

    private func wait(_ position: Int, _ line: LiveRun.TimeLine) -> Bool {
        while line.executor.finishedPosition < position {
            if editor.mustYield { return false }
            editor.pause()
        }
        return !editor.mustYield
    }
}
