internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxRealtime

/// The control side of a live run: hands on events, reads the cycles' records, explains faults, finds the end.
///
/// - Thread: ``watch(_:)`` has a thread of its own; the rest any but render.
final class LiveMonitor: Sendable {
    private struct State: Sendable {
        var statistics = CycleStatistics()
        var explainer = XrunExplainer()
        var figures = LiveFigures()
        /// Events that were told in a cycle that had not ended when the others were handed on.
        var held: [(generation: Int, event: RenderEvent)] = []
        /// Frames missed so far, by node.
        var missed: [String: Int] = [:]
        var end: Rational?
        var lastPosition: Int?
        /// The plan that the end was found for.
        var endGeneration = 0
        /// The plan that was looked at last; its last cycles may not have been.
        var plan: Plan?
        /// Nodes that stand for the driver's device.
        var deviceNodes: [String] = []
        var isStopping = false
        /// When a stop was asked for, in nanoseconds; it does not wait for ever.
        var stopDeadline: UInt64 = .max
        var isWatching = false
        var isEnded = false
        /// Nodes whose service has failed.
        var failed: Set<String> = []
        /// Time of the last notice of a fault, and those that were not told since.
        var lastNotice: UInt64 = 0
        var unnoticed = 0
    }

    /// Between two looks: 10 ms.
    private static let interval: Int64 = 10_000_000
    /// How far ahead an end is set that somebody asks for now.
    private static let stopAhead = LiveEnd.ahead
    /// A driver that does not come for this long after a stop is not waited for.
    private static let stopPatience: UInt64 = 2_000_000_000
    /// A device still sounds for this long after the last frame went out.
    private static let deviceTail = Rational(1, over: 10)

    private let options: Run.Options
    private let dispatcher: EventDispatcher
    private let driver: any Driver
    private let state: Locked<State>
    private let bell = Doorbell()
    private let started = HostClock.now()
    private let progress: ProgressClock

    init(_ options: Run.Options, _ dispatcher: EventDispatcher, _ driver: any Driver) {
        self.options = options
        self.dispatcher = dispatcher
        self.driver = driver
        state = Locked(State())
        progress = ProgressClock(options.onProgress)
    }

    /// The instant at which the run ends, once it is known.
    var end: Rational? { state.withLock { $0.end } }

    /// True: somebody asked for the end.
    var wasStopped: Bool { state.withLock { $0.isStopping } }

    /// Asks for an end. Returns: false if the run has not begun.
    func stop() -> Bool {
        let isWatching = state.withLock { state in
            if !state.isStopping {
                state.isStopping = true
                state.stopDeadline = monotonicNanoseconds() + Self.stopPatience
            }
            return state.isWatching
        }
        bell.ring()
        return isWatching
    }

    /// The driver has returned; nothing more is to be waited for.
    func driverEnded() {
        state.withLock { $0.isEnded = true }
        bell.ring()
    }

    /// A new time line has begun; its end is found anew.
    func timeLineBegan() {
        state.withLock { state in
            state.end = nil
            state.lastPosition = nil
            state.missed = [:]
            state.held = []
            state.plan = nil
        }
    }

    /// A node is silent from now on. Where no sink is left, the run ends.
    func nodeFailed(_ node: String, _ line: LiveRun.TimeLine) {
        let sinks = line.executor.plan.nodes.filter { $0.descriptor.streamOutputs.isEmpty }.map(\.id)
        let isOver = state.withLock { state in
            state.failed.insert(node)
            return sinks.allSatisfy(state.failed.contains)
        }
        if isOver { _ = stop() }
    }

    // MARK: The control thread

    /// Looks after the run until its last frame is rendered.
    func watch(_ run: LiveRun) {
        state.withLock { $0.isWatching = true }
        while true {
            let ticket = bell.ticket()
            let line = run.state.withLock { $0.line }
            // The end first: what was told behind it is no part of the run.
            let isOver = isOver(run, line)
            drain(line)
            if isOver { return }
            progress.tick(line.executor.plan, position: line.executor.finishedPosition, end: end) { live }
            bell.wait(after: ticket, atMost: Self.interval)
        }
    }

    /// Takes what the render thread left: events, records, counts.
    func drain(_ line: LiveRun.TimeLine) {
        let executor = line.executor
        // First the position, then the ring: what was told before it is there.
        let position = executor.finishedPosition
        takeEvents(executor, before: position)
        dispatcher.cycleEnded(at: position)
        let plan = executor.plan
        let perTick = HostClock.now().nanosecondsPerTick(since: started)
        state.withLock { state in
            // What was rendered before an edit went in, too.
            let plans = state.plan.map { $0 === plan ? [plan] : [$0, plan] } ?? [plan]
            if state.plan !== plan { state.deviceNodes = LiveRun.deviceNodes(of: driver, in: plan) }
            state.plan = plan
            for plan in plans {
                state.figures.unseenCycles += plan.drainCycles { record in
                    state.statistics.add(
                        duration: Int(Double(record.ticks) * perTick), lateness: record.lateness, period: record.period)
                    state.explainer.add(record, stepNames: plan.stepNames, nanosecondsPerTick: perTick)
                }
            }
        }
        noteMissed(plan)
    }

    private func takeEvents(_ executor: Executor, before position: Int) {
        let limit = Rational(frames: position, rate: executor.masterRate)
        let (ready, end): ([(Int, RenderEvent)], Rational?) = state.withLock { state in
            executor.drainEvents { state.held.append(($0, $1)) }
            if state.held.isEmpty { return ([], nil) }
            let ready = state.held.filter { Rational(frames: $0.event.told, rate: $0.event.rate) < limit }
            if ready.count == state.held.count {
                state.held = []
            } else {
                state.held.removeAll { Rational(frames: $0.event.told, rate: $0.event.rate) < limit }
            }
            return (ready.map { ($0.generation, $0.event) }, state.end)
        }
        if ready.isEmpty { return }
        // Node numbers are a plan's own: each plan's events are sorted among themselves.
        for generation in Set(ready.map(\.0)).sorted() {
            for event in ready.filter({ $0.0 == generation }).map(\.1).sorted() {
                dispatcher.take(event, generation: generation, end: end)
            }
        }
    }

    /// A ring that was empty or full is a fault of its own kind.
    private func noteMissed(_ plan: Plan) {
        // By index: a copy of each node, a hundred times a second, is most of what this takes.
        for index in plan.nodes.indices {
            let now =
                (plan.nodes[index].prepared.source?.missedFrames ?? 0)
                + (plan.nodes[index].prepared.sink?.missedFrames ?? 0)
            if now == 0 { continue }
            let id = plan.nodes[index].id
            let new = state.withLock { state in
                let before = state.missed[id] ?? 0
                state.missed[id] = now
                return state.failed.contains(id) ? 0 : now - before
            }
            if new > 0 { take(Xrun(.starved, lostFrames: new, node: id)) }
        }
    }

    // MARK: The end

    private func isOver(_ run: LiveRun, _ line: LiveRun.TimeLine) -> Bool {
        let executor = line.executor
        renewEnd(executor)
        let position = executor.finishedPosition
        let (isEnded, isStopping, deadline, end) = state.withLock {
            ($0.isEnded, $0.isStopping, $0.stopDeadline, $0.end)
        }
        if isEnded { return true }
        if isStopping, monotonicNanoseconds() > deadline { return true }
        if end == nil {
            if isStopping {
                run.panic(true)
                let now = Rational(frames: position, rate: executor.masterRate)
                setEnd(now + Self.stopAhead, executor, hasDeviceTail: false)
            } else if let duration = options.duration {
                setEnd(duration, executor, hasDeviceTail: false)
            } else if let found = LiveEnd.find(executor) {
                if found.isCutShort { run.panic(true) }
                if let (error, node) = found.error { run.keeperFailed(error, node) }
                setEnd(found.instant, executor, hasDeviceTail: !found.isCutShort)
            }
        } else if isStopping, let end, end > Rational(frames: position, rate: executor.masterRate) + Self.stopAhead {
            // Somebody wants an earlier end than the one that was set.
            run.panic(true)
            setEnd(
                Rational(frames: position, rate: executor.masterRate) + Self.stopAhead, executor, hasDeviceTail: false)
        }
        guard let last = state.withLock({ $0.lastPosition }) else { return false }
        return position >= last
    }

    private func setEnd(_ end: Rational, _ executor: Executor, hasDeviceTail: Bool) {
        let plan = executor.plan
        let last = plan.end(at: end)
        let deviceTail = hasDeviceTail ? Self.deviceTail.frame(atRate: plan.masterRate) : 0
        state.withLock { state in
            state.end = end
            state.lastPosition = last + (state.deviceNodes.isEmpty ? 0 : deviceTail)
            state.endGeneration = plan.generation
        }
    }

    /// Another plan went in after the end was set. Somebody's end holds for it as well; one that followed from the sources
    /// is found anew.
    private func renewEnd(_ executor: Executor) {
        let plan = executor.plan
        let (end, isFixed, isKnown) = state.withLock { state in
            (state.end, state.isStopping || options.duration != nil, state.endGeneration == plan.generation)
        }
        guard let end, !isKnown else { return }
        if isFixed { return setEnd(end, executor, hasDeviceTail: false) }
        for sink in plan.sinks { sink.bridge.end(at: .max) }
        state.withLock { state in
            state.end = nil
            state.lastPosition = nil
        }
    }

    // MARK: Faults

    /// Counts a fault, finds out what it was, and tells it.
    func take(_ xrun: Xrun) {
        let now = monotonicNanoseconds()
        let (fields, isNotice, deviceNodes): ([Value.Member], Bool, [String]) = state.withLock { state in
            // Starvation is told by its own counters; cycles know nothing of it.
            let explanation =
                xrun.kind == .starved ? .init(kind: .starved, step: nil) : state.explainer.explain(xrun)
            let fields = Self.fields(xrun, explanation)
            state.figures.xrunCount += 1
            if state.figures.faults.count < LiveFigures.keptFaults {
                let time = Double(now - started.nanoseconds) / 1e9
                state.figures.faults.append(
                    .init(frame: 0, time: time, kind: explanation.kind, fields: Array(fields.dropFirst())))
            }
            // A storm of faults is one line a second.
            let isNotice = now - state.lastNotice >= 1_000_000_000
            if !isNotice {
                state.unnoticed += 1
                return (fields, false, state.deviceNodes)
            }
            state.lastNotice = now
            let more = state.unnoticed
            state.unnoticed = 0
            let told = more > 0 ? fields + [.init("more_before", .integer(more))] : fields
            return (told, true, state.deviceNodes)
        }
        dispatcher.tell("xrun", fields, nodes: xrun.node.map { [$0] } ?? deviceNodes, isNotice: isNotice)
    }

    private static func fields(_ xrun: Xrun, _ explanation: XrunExplainer.Explanation) -> [Value.Member] {
        var fields: [Value.Member] = [.init("kind", .string(explanation.kind.rawValue))]
        if let step = explanation.step { fields.append(.init("step", .string(step))) }
        if let node = xrun.node { fields.append(.init("starved", .string(node))) }
        if xrun.lostFrames > 0 { fields.append(.init("lost_frames", .integer(xrun.lostFrames))) }
        if explanation.periodMicroseconds > 0 {
            fields += [
                .init("cycle_us", .number(explanation.cycleMicroseconds.rounded())),
                .init("late_us", .number(explanation.lateMicroseconds.rounded())),
                .init("period_us", .number(explanation.periodMicroseconds.rounded())),
            ]
        }
        if let detail = xrun.detail { fields.append(.init("detail", .string(detail))) }
        return fields
    }

    // MARK: Figures

    private var live: RunProgress.Live {
        state.withLock { state in
            let period = state.statistics.period
            let load = period > 0 ? Double(state.statistics.percentile(0.5)) / Double(period) * 100 : 0
            return .init(loadPercent: load, xruns: state.figures.xrunCount)
        }
    }

    func figures(facts: [(name: String, value: Value)]) -> LiveFigures {
        state.withLock { state in
            var figures = state.figures
            figures.facts = facts
            figures.cycles = state.statistics.count
            figures.lateCycles = state.statistics.lateCycles
            figures.p50 = state.statistics.percentile(0.5)
            figures.p99 = state.statistics.percentile(0.99)
            figures.p999 = state.statistics.percentile(0.999)
            figures.longest = state.statistics.longest
            figures.period = state.statistics.period
            figures.latestWake = state.statistics.latestWake
            return figures
        }
    }
}
