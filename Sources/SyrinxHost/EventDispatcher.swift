internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxRealtime

/// Gives events their time and hands them to the nodes that are linked to their source; counts them all.
///
/// - Thread: any but render; receivers are called by one thread at a time.
final class EventDispatcher: Sendable {
    private struct State: Sendable {
        var counts: [String: Int] = [:]
        var isFinished = false
        /// By the plan's generation; the newest is what services' events go by.
        var routes: [Int: Routes] = [:]
        var newest = Routes()
        /// Seconds of earlier time lines.
        var timeBefore: Rational = .zero
    }

    /// What is known of a plan's nodes.
    private struct Routes: Sendable {
        var nodes: [Plan.Node] = []
        var masterRate = 1
        /// Indices of the receiving nodes, for each node.
        var targets: [[Int]] = []
        var indices: [String: Int] = [:]
    }

    private let state = Locked(State())
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

    /// Learns a plan. Thread: control, before the plan's first cycle and before its services start.
    ///
    /// - Parameter timeBefore: seconds of earlier time lines of the run.
    func bind(_ plan: Plan, timeBefore: Rational? = nil) {
        var targets = [[Int]](repeating: [], count: plan.nodes.count)
        for (source, target) in plan.resolved.eventLinks where !targets[source].contains(target) {
            targets[source].append(target)
        }
        let routes = Routes(
            nodes: plan.nodes, masterRate: plan.masterRate, targets: targets,
            indices: Dictionary(plan.nodes.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first }))
        state.withLock { state in
            state.routes[plan.generation] = routes
            state.newest = routes
            if let timeBefore { state.timeBefore = timeBefore }
        }
    }

    /// Forgets a plan whose events have all been taken. Thread: control.
    func forget(_ plan: Plan) { state.withLock { _ = $0.routes.removeValue(forKey: plan.generation) } }

    /// Takes one event of a renderer.
    ///
    /// - Parameters:
    ///   - generation: of the plan that told it.
    ///   - end: the run's end where it is known; what was told there or later is not part of the run.
    /// - Thread: the driver's between cycles flat out; control in a live run.
    func take(_ event: RenderEvent, generation: Int = 0, end: Rational?) {
        let (routes, before) = state.withLock { ($0.routes[generation], $0.timeBefore) }
        let index = Int(event.node)
        guard let routes, routes.nodes.indices.contains(index) else { return }
        let node = routes.nodes[index]
        let kinds = node.descriptor.events
        guard kinds.indices.contains(Int(event.kind)) else { return }
        if let end, Rational(frames: event.told, rate: event.rate) - node.arrival >= end { return }
        let instant = max(.zero, Rational(frames: event.happened, rate: event.rate) - node.arrival)
        let kind = kinds[Int(event.kind)]
        let values = [event.values.0, event.values.1, event.values.2, event.values.3]
        deliver(
            PipelineEvent(
                frame: (instant * Rational(Int128(routes.masterRate))).roundedDown, time: (before + instant).double,
                node: node.id, event: kind.name, fields: zip(kind.fields, values).map { .init($0, .number($1)) }),
            to: routes.targets[index], of: routes)
    }

    /// Tells that a cycle is over. Thread: the driver's.
    func cycleEnded(at position: Int) { self.position.store(position, ordering: .releasing) }

    /// The end of the last cycle whose events have been handed on. Thread: any.
    var handledPosition: Int { position.load(ordering: .acquiring) }

    /// Where the services of a node send their events.
    func sender(for node: String) -> EventSender {
        EventSender(time: { [weak self] in self?.time ?? 0 }) { [weak self] name, fields in
            self?.take(name, fields, from: node)
        }
    }

    /// The time of the last finished cycle, in seconds since the run's start.
    private var time: Double {
        let (rate, before) = state.withLock { ($0.newest.masterRate, $0.timeBefore) }
        return before.double + Double(position.load(ordering: .relaxed)) / Double(rate)
    }

    private func take(_ name: String, _ fields: [Value.Member], from node: String) {
        let (routes, before) = state.withLock { ($0.newest, $0.timeBefore) }
        guard let index = routes.indices[node] else { return }
        let event = now(name, fields, node: node, routes, before)
        onNotice?(event)
        deliver(event, to: routes.targets[index], of: routes)
    }

    /// Takes an event of the driver, which all of `nodes` stand for: every receiver gets it once.
    ///
    /// - Parameter isNotice: false: it goes to receivers only.
    func tell(_ name: String, _ fields: [Value.Member], nodes: [String], isNotice: Bool = true) {
        let (routes, before) = state.withLock { ($0.newest, $0.timeBefore) }
        let known = nodes.filter { routes.indices[$0] != nil }
        let first = now(name, fields, node: known.first ?? "engine", routes, before)
        if isNotice { onNotice?(first) }
        var told: Set<Int> = []
        count(first)
        for node in known {
            let targets = routes.indices[node].map { routes.targets[$0] } ?? []
            var event = first
            event.node = node
            deliver(event, to: targets.filter { told.insert($0).inserted }, of: routes, isCounted: true)
        }
    }

    private func now(
        _ name: String, _ fields: [Value.Member], node: String, _ routes: Routes, _ before: Rational
    ) -> PipelineEvent {
        let frame = position.load(ordering: .relaxed)
        let time = before.double + Double(frame) / Double(routes.masterRate)
        return PipelineEvent(frame: frame, time: time, node: node, event: name, fields: fields)
    }

    private func count(_ event: PipelineEvent) {
        state.withLock { if !$0.isFinished { $0.counts[event.event, default: 0] += 1 } }
    }

    private func deliver(_ event: PipelineEvent, to targets: [Int], of routes: Routes, isCounted: Bool = false) {
        let failure: PipelineError? = state.withLock { state in
            if state.isFinished { return nil }
            if !isCounted { state.counts[event.event, default: 0] += 1 }
            for target in targets {
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
            for node in state.newest.nodes {
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

    /// Tells the receivers among some nodes, which an edit took out, that no more will come.
    func finish(_ nodes: [Plan.Node]) {
        let failures: [PipelineError] = state.withLock { _ in
            nodes.compactMap { node in
                do throws(PipelineError) {
                    try node.prepared.receiver?.finish()
                    return nil
                } catch {
                    return error.placed(at: "nodes.\(node.id)")
                }
            }
        }
        for failure in failures { onFailure(failure) }
    }

    /// How many events of each kind were told, by name.
    var counts: [(kind: String, count: Int)] {
        state.withLock { $0.counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
}
