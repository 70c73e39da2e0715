internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph

/// Gives events their time and hands them to the nodes that are linked to their source; counts them all.
///
/// - Thread: any but render; receivers are called by one thread at a time.
final class EventDispatcher: Sendable {
    private struct State {
        var counts: [String: Int] = [:]
        var isFinished = false
    }

    /// What is known of each node once the plan is there.
    private struct Routes {
        var nodes: [Plan.Node] = []
        var masterRate = 1
        /// Indices of the receiving nodes, for each node.
        var targets: [[Int]] = []
        var indices: [String: Int] = [:]
    }

    private let state = Mutex(State())
    /// Set once, before anything runs.
    private nonisolated(unsafe) var routes = Routes()
    /// The end of the last finished cycle; what services' events get.
    private let position = Atomic<Int>(0)
    private let onNotice: (@Sendable (PipelineEvent) -> Void)?
    private let onFailure: @Sendable (PipelineError) -> Void

    /// - Parameter onNotice: told every event of a service, on the service's thread.
    init(
        onNotice: (@Sendable (PipelineEvent) -> Void)?, onFailure: @escaping @Sendable (PipelineError) -> Void
    ) {
        self.onNotice = onNotice
        self.onFailure = onFailure
    }

    /// Learns the plan. Thread: control, before any cycle and any service.
    func bind(_ plan: Plan) {
        var targets = [[Int]](repeating: [], count: plan.nodes.count)
        for (source, target) in plan.resolved.eventLinks where !targets[source].contains(target) {
            targets[source].append(target)
        }
        routes = Routes(
            nodes: plan.nodes, masterRate: plan.masterRate, targets: targets,
            indices: Dictionary(plan.nodes.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first }))
    }

    /// Takes one event of a renderer.
    ///
    /// - Parameter end: the run's end where it is known; what was told there or later is not part of the run.
    /// - Thread: the driver's, between cycles.
    func take(_ event: RenderEvent, end: Rational?) {
        let index = Int(event.node)
        guard routes.nodes.indices.contains(index) else { return }
        let node = routes.nodes[index]
        let kinds = node.descriptor.events
        guard kinds.indices.contains(Int(event.kind)) else { return }
        if let end, Rational(frames: event.told, rate: event.rate) - node.arrival >= end { return }
        let instant = max(.zero, Rational(frames: event.happened, rate: event.rate) - node.arrival)
        let kind = kinds[Int(event.kind)]
        let values = [event.values.0, event.values.1, event.values.2, event.values.3]
        deliver(
            PipelineEvent(
                frame: (instant * Rational(Int128(routes.masterRate))).roundedDown, time: instant.double, node: node.id,
                event: kind.name, fields: zip(kind.fields, values).map { .init($0, .number($1)) }),
            from: index)
    }

    /// Tells that a cycle is over. Thread: the driver's.
    func cycleEnded(at position: Int) { self.position.store(position, ordering: .relaxed) }

    /// Where the services of a node send their events.
    func sender(for node: String) -> EventSender {
        EventSender { [weak self] name, fields in self?.take(name, fields, from: node) }
    }

    private func take(_ name: String, _ fields: [Value.Member], from node: String) {
        guard let index = routes.indices[node] else { return }
        let frame = position.load(ordering: .relaxed)
        let time = Double(frame) / Double(routes.masterRate)
        let event = PipelineEvent(frame: frame, time: time, node: node, event: name, fields: fields)
        onNotice?(event)
        deliver(event, from: index)
    }

    private func deliver(_ event: PipelineEvent, from index: Int) {
        let failure: PipelineError? = state.withLock { state in
            if state.isFinished { return nil }
            state.counts[event.event, default: 0] += 1
            for target in routes.targets[index] {
                do throws(PipelineError) {
                    try routes.nodes[target].prepared.receiver?.receive(event)
                } catch {
                    return error.placed(at: "nodes.\(routes.nodes[target].id)")
                }
            }
            return nil
        }
        if let failure { onFailure(failure) }
    }

    /// Tells the receivers that no more will come; what comes all the same is dropped.
    func finish() {
        let failures: [PipelineError] = state.withLock { state in
            if state.isFinished { return [] }
            state.isFinished = true
            var failures: [PipelineError] = []
            for node in routes.nodes {
                do throws(PipelineError) {
                    try node.prepared.receiver?.finish()
                } catch {
                    failures.append(error.placed(at: "nodes.\(node.id)"))
                }
            }
            return failures
        }
        for failure in failures { onFailure(failure) }
    }

    /// How many events of each kind were told, by name.
    var counts: [(kind: String, count: Int)] {
        state.withLock { $0.counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
}
