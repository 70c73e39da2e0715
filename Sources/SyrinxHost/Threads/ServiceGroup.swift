internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxRealtime

/// Everything of a plan that works beside the render thread: started together, cancelled together, joined together.
///
/// - Thread: `start` and `join` on one thread; `cancel` on any.
final class ServiceGroup: Sendable {
    private struct State: Sendable {
        var tasks: [(isSink: Bool, task: Task<Void, Never>)] = []
        var isCancelled = false
    }

    private let plan: Plan
    private let state = Mutex(State())
    private let tasksLeft = Atomic<Int>(0)
    /// Rung when a task ends.
    private let bell = Doorbell()
    /// Called on the thread of a service that failed.
    private let onFailure: @Sendable (PipelineError, _ node: String) -> Void
    private nonisolated(unsafe) var threads: [ServiceThread] = []

    init(_ plan: Plan, onFailure: @escaping @Sendable (PipelineError, _ node: String) -> Void) {
        self.plan = plan
        self.onFailure = onFailure
    }

    /// Starts a thread for every blocking service and a task for every other one.
    ///
    /// - Throws: `.unavailable`; what was started goes on and must be cancelled and joined.
    func start() throws(PipelineError) {
        for node in plan.nodes {
            for service in node.prepared.blockingServices {
                let (id, path) = (node.id, "nodes.\(node.id)")
                threads.append(
                    try ServiceThread(name: id) {
                        do throws(PipelineError) {
                            try service.run()
                        } catch {
                            self.onFailure(error.placed(at: path), id)
                        }
                    })
            }
            for service in node.prepared.services { start(service, of: node) }
        }
    }

    private func start(_ service: any Service, of node: Plan.Node) {
        tasksLeft.add(1, ordering: .relaxed)
        let path = "nodes.\(node.id)"
        let task = Task {
            do {
                try await service.run()
            } catch {
                // What a task throws once it was asked to end is no news.
                if !Task.isCancelled, !(error is CancellationError) {
                    self.onFailure(Self.wrap(error, at: path), node.id)
                }
            }
            self.tasksLeft.subtract(1, ordering: .acquiringAndReleasing)
            self.bell.ring()
        }
        let isCancelled = state.withLock { state in
            state.tasks.append((node.prepared.sink != nil, task))
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
    }

    private static func wrap(_ error: any Error, at path: String) -> PipelineError {
        (error as? PipelineError)?.placed(at: path)
            ?? PipelineError(.internal, at: path, "the service failed", cause: "\(error)")
    }

    /// Ends every service and leaves nothing half done behind. Thread: any.
    func cancel() {
        state.withLock { $0.isCancelled = true }
        for node in plan.nodes { for service in node.prepared.blockingServices { service.cancel() } }
        for (_, task) in state.withLock({ $0.tasks }) { task.cancel() }
    }

    /// Ends the services of nodes that are no sinks: nobody wants more of them. Sinks finish their files.
    func cancelSources() {
        for node in plan.nodes where node.prepared.sink == nil {
            for service in node.prepared.blockingServices { service.cancel() }
        }
        for (isSink, task) in state.withLock({ $0.tasks }) where !isSink { task.cancel() }
    }

    /// Waits until every service has returned.
    func join() {
        for thread in threads { thread.join() }
        threads = []
        while true {
            let ticket = bell.ticket()
            if tasksLeft.load(ordering: .acquiring) == 0 { return }
            bell.wait(after: ticket)
        }
    }
}
