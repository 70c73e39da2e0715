internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxRealtime

/// Everything of a run that works beside the render thread: started, cancelled and joined, together or node by node.
///
/// - Thread: `cancel` any; the rest one at a time.
final class ServiceGroup: Sendable {
    private struct State: Sendable {
        var workers: [Worker] = []
        var isCancelled = false
    }

    private let state = Locked(State())
    /// Called on the thread of a service that failed.
    private let onFailure: @Sendable (PipelineError, _ node: String) -> Void

    init(onFailure: @escaping @Sendable (PipelineError, _ node: String) -> Void) { self.onFailure = onFailure }

    /// Starts a thread for every blocking service of some nodes, and a task for every other one.
    ///
    /// - Throws: `.unavailable`; what was started goes on and must be cancelled and joined.
    func start(_ nodes: [Plan.Node]) throws(PipelineError) {
        for node in nodes where !node.prepared.blockingServices.isEmpty || !node.prepared.services.isEmpty {
            let worker = Worker(node)
            let isCancelled = state.withLock { state in
                state.workers.append(worker)
                return state.isCancelled
            }
            try worker.start(onFailure)
            if isCancelled { worker.cancel() }
        }
    }

    /// Ends every service and leaves nothing half done behind. Thread: any.
    func cancel() {
        let workers = state.withLock { state in
            state.isCancelled = true
            return state.workers
        }
        for worker in workers { worker.cancel() }
    }

    /// Ends the services of nodes that are no sinks: nobody wants more of them. Sinks finish their files.
    func cancelSources() {
        for worker in state.withLock({ $0.workers }) where !worker.isSink { worker.cancel() }
    }

    /// Waits until every service has returned.
    func join() {
        for worker in state.withLock({ $0.workers }) { worker.join() }
        state.withLock { $0.workers = [] }
    }

    /// Ends the services of nodes that are rendered no more, and waits for them: sinks finish their files.
    func finish(_ nodes: [Plan.Node]) {
        for node in nodes { node.prepared.sink?.finish() }
        let workers = take(nodes)
        for worker in workers where !worker.isSink { worker.cancel() }
        for worker in workers { worker.join() }
    }

    /// Ends the services of nodes that never came to be rendered; they leave nothing behind.
    func abandon(_ nodes: [Plan.Node]) {
        let workers = take(nodes)
        for worker in workers { worker.cancel() }
        for worker in workers { worker.join() }
    }

    /// Makes whoever waits for a service of these nodes give up. Thread: any.
    func cancel(_ nodes: [Plan.Node]) {
        let identities = Set(nodes.compactMap(Worker.identity))
        for worker in state.withLock({ $0.workers }) where identities.contains(worker.identity) { worker.cancel() }
    }

    private func take(_ nodes: [Plan.Node]) -> [Worker] {
        let identities = Set(nodes.compactMap(Worker.identity))
        return state.withLock { state in
            let taken = state.workers.filter { identities.contains($0.identity) }
            state.workers.removeAll { identities.contains($0.identity) }
            return taken
        }
    }
}

/// The services of one node.
// SAFETY: `threads` and `tasks` are written by the thread that starts and read by the one that cancels or joins, under a lock.
private final class Worker: Sendable {
    private struct State: Sendable {
        var threads: [ServiceThread] = []
        var tasks: [Task<Void, Never>] = []
        var isCancelled = false
    }

    /// Tells the node apart from others, whatever a plan calls it.
    let identity: ObjectIdentifier
    let isSink: Bool
    private let node: Plan.Node
    private let state = Locked(State())
    private let tasksLeft = Atomic<Int>(0)
    /// Rung when a task ends.
    private let bell = Doorbell()

    init(_ node: Plan.Node) {
        self.node = node
        isSink = node.prepared.sink != nil
        identity = Self.identity(node) ?? ObjectIdentifier(bell)
    }

    static func identity(_ node: Plan.Node) -> ObjectIdentifier? {
        node.prepared.blockingServices.first.map { ObjectIdentifier($0) }
            ?? node.prepared.services.first.map { ObjectIdentifier($0) }
    }

    func start(_ onFailure: @escaping @Sendable (PipelineError, _ node: String) -> Void) throws(PipelineError) {
        let (id, path) = (node.id, "nodes.\(node.id)")
        for service in node.prepared.blockingServices {
            let thread = try ServiceThread(name: id) {
                do throws(PipelineError) {
                    try service.run()
                } catch {
                    onFailure(error.placed(at: path), id)
                }
            }
            state.withLock { $0.threads.append(thread) }
        }
        for service in node.prepared.services {
            tasksLeft.add(1, ordering: .relaxed)
            let task = Task {
                do {
                    try await service.run()
                } catch {
                    // What a task throws once it was asked to end is no news.
                    if !Task.isCancelled, !(error is CancellationError) {
                        onFailure(Self.wrap(error, at: path), id)
                    }
                }
                self.tasksLeft.subtract(1, ordering: .acquiringAndReleasing)
                self.bell.ring()
            }
            let isCancelled = state.withLock { state in
                state.tasks.append(task)
                return state.isCancelled
            }
            if isCancelled { task.cancel() }
        }
    }

    private static func wrap(_ error: any Error, at path: String) -> PipelineError {
        (error as? PipelineError)?.placed(at: path)
            ?? PipelineError(.internal, at: path, "the service failed", cause: "\(error)")
    }

    func cancel() {
        for service in node.prepared.blockingServices { service.cancel() }
        let tasks = state.withLock { state in
            state.isCancelled = true
            return state.tasks
        }
        for task in tasks { task.cancel() }
    }

    func join() {
        let threads = state.withLock { state in
            let threads = state.threads
            state.threads = []
            return threads
        }
        for thread in threads { thread.join() }
        while true {
            let ticket = bell.ticket()
            if tasksLeft.load(ordering: .acquiring) == 0 { return }
            bell.wait(after: ticket)
        }
    }
}
