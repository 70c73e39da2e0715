internal import SyrinxCore
public import SyrinxGraph

extension Run {
    /// Changes a live run to an edited pipeline: what is new fades in within 10 ms and what is gone fades out, everything else
    /// goes on as it is. A pipeline with a fault changes nothing.
    ///
    /// While one edit goes in the next waits; of several that wait the last wins.
    ///
    /// - Parameter checked: the whole edited pipeline. Its nodes must not be part of a run already.
    /// - Returns: when the edit plays alone, and what it took out has finished its work.
    /// - Thread: control.
    public func edit(_ checked: CheckedPipeline) async -> EditOutcome {
        await withCheckedContinuation { continuation in
            edit(checked) { continuation.resume(returning: $0) }
        }
    }

    /// As ``edit(_:)``, for callers without a task.
    ///
    /// - Parameters:
    ///   - checked: the whole edited pipeline. Its nodes must not be part of a run already.
    ///   - completion: told once what became of it, on a thread of the run's.
    public func edit(_ checked: CheckedPipeline, completion: @escaping @Sendable (EditOutcome) -> Void) {
        guard let live = body as? LiveRun else {
            let error = PipelineError(.usage, "a run that goes flat out cannot be edited; give it a driver")
            return completion(.refused([Fault(error)]))
        }
        live.editor.submit(checked, to: live, completion: completion)
    }
}
