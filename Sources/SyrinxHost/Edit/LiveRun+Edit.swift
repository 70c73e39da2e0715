internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxRealtime

/// What an edit asks of its run.
extension LiveRun {
    /// How plans of this run are compiled.
    func compilerOptions(generation: Int) -> PlanCompiler.Options {
        .init(
            isPaced: true, driver: driver, generation: generation,
            events: { [dispatcher] in dispatcher.sender(for: $0) })
    }

    func nextGeneration() -> Int {
        state.withLock { state in
            state.generation += 1
            return state.generation
        }
    }

    /// Why a pipeline cannot run under this run's driver; nil if it can.
    func refusal(of checked: CheckedPipeline) -> Fault? {
        let running = type(of: driver).name
        do throws(PipelineError) {
            let wanted = try DriverChoice.name(for: checked, registry: registry, asked: askedDriver)
            // Without a device or session of its own it is content with any driver that is there.
            if wanted == running || wanted == OfflineDriver.name || wanted == TimerDriver.name { return nil }
            let message =
                "wants the driver \"\(wanted)\", but the pipeline runs under \"\(running)\", which no edit can change; start it anew"
            return Fault(PipelineError(.invalidParameter, at: "engine.driver", message))
        } catch {
            return Fault(error)
        }
    }

    /// Keeps what is to be reported of files that an edit has finished: `tape'`, the next of that id `tape''` and so on.
    ///
    /// To be called once their services are done and the figures final. Of very many the first are kept.
    func keepFigures(of nodes: [Int], in plan: Plan) {
        let all = ReportMaker.nodes(plan)
        let sinks = nodes.filter { plan.nodes[$0].prepared.sink != nil }.map { all[$0] }.filter(\.isSink)
        state.withLock { state in
            for sink in sinks where state.past.count < Self.keptFigures {
                let name = sink.id.hasSuffix("'") ? String(sink.id.dropLast()) : sink.id
                var id = name + "'"
                while state.past.contains(where: { $0.id == id }) { id += "'" }
                state.past.append(
                    RunReport.Node(
                        id: id, type: sink.type, isInserted: sink.isInserted, isSink: sink.isSink, figures: sink.figures
                    ))
            }
        }
    }

    private static var keptFigures: Int { 1000 }

    static func deviceNodes(of driver: any Driver, in plan: Plan) -> [String] {
        let name = type(of: driver).name
        return plan.nodes.filter { $0.descriptor.pace == .device(name) }.map(\.id)
    }
}
