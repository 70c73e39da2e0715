internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph

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

    /// Keeps what is to be reported of nodes that are rendered no more.
    func keepFigures(of nodes: [Int], in plan: Plan) {
        // After their services are done, figures are final.
        let past = ReportMaker.nodes(plan)
        let told = nodes.map { past[$0] }
        state.withLock { $0.past += told }
    }

    static func deviceNodes(of driver: any Driver, in plan: Plan) -> [String] {
        let name = type(of: driver).name
        return plan.nodes.filter { $0.descriptor.pace == .device(name) }.map(\.id)
    }
}
