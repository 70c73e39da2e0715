internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxRealtime

/// A run that a clock drives: the host of its driver, and the owner of plan, services and monitor.
///
/// - Thread: ``execute()`` blocks the thread that calls it, which runs the driver; a thread of its own, "control", looks after
///   everything else; ``stop()``, ``set(_:_:to:)`` and ``panic(_:)`` may come from any.
final class LiveRun: RunBody, DriverHost {
    /// What belongs to one time line: from position 0 to a change of the device's rate.
    struct TimeLine: Sendable {
        let executor: Executor
        let services: ServiceGroup
        /// Seconds of the time lines before it.
        let timeBefore: Rational
    }

    struct State: Sendable {
        var line: TimeLine
        /// Told apart by `Plan.generation`.
        var generation = 0
        /// The first service that failed; the rest plays on.
        var failure: PipelineError?
        /// The file as it was last edited.
        var checked: CheckedPipeline
        /// What is to be reported of nodes that an edit took out.
        var past: [RunReport.Node] = []
    }

    let registry: NodeRegistry
    let driver: any Driver
    /// The driver that goes before the file's `engine.driver`.
    let askedDriver: String?
    let options: Run.Options
    let dispatcher: EventDispatcher
    let alarm: Alarm
    let state: Locked<State>
    let monitor: LiveMonitor
    let editor = LiveEditor()

    /// Ids of the nodes that stand for the driver's device.
    private var deviceNodes: [String] {
        Self.deviceNodes(of: driver, in: state.withLock { $0.line }.executor.plan)
    }

    /// Settles formats and compiles for an opened driver.
    static func prepare(
        _ checked: CheckedPipeline, registry: NodeRegistry, driver: any Driver, asked: String? = nil,
        options: Run.Options
    ) -> (run: LiveRun?, faults: [Fault]) {
        let alarm = Alarm()
        let dispatcher = EventDispatcher(onNotice: options.onNotice) { error in alarm.raise(error) }
        let (plan, faults) = compile(checked, registry, driver, dispatcher, generation: 0)
        guard let plan else { return (nil, faults) }
        return (LiveRun(plan, checked, registry, driver, asked, options, dispatcher, alarm), faults)
    }

    /// A plan for a pipeline under a driver, bound to the dispatcher.
    private static func compile(
        _ checked: CheckedPipeline, _ registry: NodeRegistry, _ driver: any Driver, _ dispatcher: EventDispatcher,
        generation: Int, rate: Int? = nil, timeBefore: Rational? = nil
    ) -> (plan: Plan?, faults: [Fault]) {
        let (resolved, faults) = PipelineResolver(registry: registry).resolve(
            checked, access: .all, rate: rate, driver: driver)
        guard let resolved else { return (nil, faults) }
        let (plan, refusals) = PlanCompiler.compile(
            resolved,
            options: .init(
                isPaced: true, driver: driver, generation: generation, events: { dispatcher.sender(for: $0) }))
        guard let plan else { return (nil, faults + refusals) }
        dispatcher.bind(plan, timeBefore: timeBefore)
        return (plan, faults)
    }

    private init(
        _ plan: Plan, _ checked: CheckedPipeline, _ registry: NodeRegistry, _ driver: any Driver,
        _ asked: String?, _ options: Run.Options, _ dispatcher: EventDispatcher, _ alarm: Alarm
    ) {
        self.registry = registry
        self.driver = driver
        askedDriver = asked
        self.options = options
        self.dispatcher = dispatcher
        self.alarm = alarm
        monitor = LiveMonitor(options, dispatcher, driver)
        let failures = FailureBox()
        state = Locked(
            State(
                line: TimeLine(
                    executor: Executor(plan, isLive: true),
                    services: ServiceGroup { failures.take($0, of: $1) }, timeBefore: .zero), checked: checked))
        failures.connect { [weak self] error, node in self?.serviceFailed(error, node) }
        alarm.connect { [weak self] in
            guard let self else { return }
            self.driver.stop()
            self.state.withLock { $0.line.services }.cancel()
        }
    }

    // MARK: The run

    func execute() -> RunReport {
        let start = HostClock.now()
        do throws(PipelineError) {
            let line = state.withLock { $0.line }
            try begin(line, line.executor.plan.nodes)
            if alarm.isRaised { alarm.ring() }
            let control = try ServiceThread(name: "control") { [self] in
                monitor.watch(self)
                // The end has come, or somebody asked for it.
                driver.stop()
            }
            defer {
                monitor.driverEnded()
                control.join()
            }
            try driver.run(self)
        } catch {
            alarm.raise(error)
        }
        editor.close()
        let line = state.withLock { $0.line }
        if alarm.isRaised {
            line.services.cancel()
        } else {
            for sink in line.executor.plan.sinks { sink.bridge.finish() }
            line.services.cancelSources()
        }
        line.services.join()
        monitor.drain(line)
        dispatcher.finish()
        return report(line, from: start, to: HostClock.now())
    }

    /// Starts services, gives rings their first chunks, and locks what render will touch.
    private func begin(_ line: TimeLine, _ added: [Plan.Node]) throws(PipelineError) {
        try line.services.start(added)
        if alarm.isRaised { return }
        _ = line.executor.supply(min(line.executor.largestBlock, line.executor.masterRate / 10))
        if let reason = line.executor.plan.lockMemory() {
            dispatcher.tell(
                "not_locked",
                [
                    .init("reason", .string(reason)),
                    .init("advice", .string("raise the limit of locked memory (memlock in limits.conf, ulimit -l)")),
                ], nodes: deviceNodes)
        }
    }

    /// Asks for an end within some cycles: device outputs fade, sinks get the same instant as their end.
    func stop() {
        if !monitor.stop() { alarm.stop() }
    }

    func set(_ node: String, _ parameter: String, to value: Double) throws(PipelineError) {
        let line = state.withLock { $0.line }
        let path = "nodes.\(node).\(parameter)"
        guard let known = line.executor.plan.nodes.first(where: { $0.id == node }) else {
            let hint = NearestName.suggestion(node, among: line.executor.plan.nodes.map(\.id))
            throw PipelineError(.invalidParameter, at: path, "there is no node \(Shown.quoted(node))\(hint)")
        }
        let parameters = known.descriptor.parameters
        guard let index = parameters.firstIndex(where: { $0.name == parameter }) else {
            let hint = NearestName.suggestion(parameter, among: parameters.map(\.name))
            throw PipelineError(
                .invalidParameter, at: path, "no such parameter of \"\(known.descriptor.type)\"\(hint)")
        }
        guard parameters[index].live else {
            throw PipelineError(.invalidParameter, at: path, "does not change while it sounds; edit the pipeline file")
        }
        let range: ClosedRange<Double> =
            switch parameters[index].kind {
            case .number(let range): range
            case .integer(let range): Double(range.lowerBound)...Double(range.upperBound)
            default: 0...0
            }
        guard range.contains(value) else {
            throw PipelineError(
                .invalidParameter, at: path, "found \(value), expected \(range.lowerBound)…\(range.upperBound)")
        }
        guard line.executor.set(node, index, to: value) else {
            throw PipelineError(
                .invalidParameter, at: path, "a link drives it; take the link out to set it from outside")
        }
    }

    /// Sets the mute of every device output.
    func panic(_ isMuted: Bool) {
        let line = state.withLock { $0.line }
        for node in line.executor.plan.nodes {
            guard case .device = node.descriptor.pace,
                let index = node.descriptor.parameters.firstIndex(where: { $0.name == "mute" && $0.live })
            else { continue }
            _ = line.executor.set(node.id, index, to: isMuted ? 1 : 0)
        }
    }

    /// A service that fails takes its own node with it; the rest plays on, unless nothing is left that anyone hears.
    private func serviceFailed(_ error: PipelineError, _ node: String) {
        let line = state.withLock { state in
            state.failure = state.failure ?? error
            return state.line
        }
        dispatcher.tell("failed", [.init("error", .string(error.description))], nodes: [node])
        monitor.nodeFailed(node, line)
    }

    /// A session ends the run because of an error, which has been told as an event.
    func keeperFailed(_ error: PipelineError, _ node: String) {
        state.withLock { $0.failure = $0.failure ?? error.placed(at: "nodes.\(node)") }
    }

    // MARK: The driver's host

    var masterRate: Int { state.withLock { $0.line.executor.masterRate } }

    func engine(atRate rate: Int) throws(PipelineError) -> any Engine {
        let (line, generation) = state.withLock { state in
            state.generation += 1
            return (state.line, state.generation)
        }
        if line.executor.masterRate == rate { return line.executor }
        return try startTimeLine(after: line, rate: rate, generation: generation)
    }

    /// A new time line at another rate: position 0, fresh state. Files that are being written go on, at their rate.
    private func startTimeLine(
        after old: TimeLine, rate: Int, generation: Int
    ) throws(PipelineError) -> any Engine {
        editor.hold()
        defer { editor.letGo() }
        monitor.drain(old)
        let before = old.timeBefore + Rational(frames: old.executor.finishedPosition, rate: old.executor.masterRate)
        let oldPlan = old.executor.plan
        let gone = TimeLineChange.gone(from: oldPlan)
        dispatcher.finish(gone)
        old.services.finish(gone)
        let (outcome, faults) = TimeLineChange.compile(
            try state.withLock { $0.checked }.remade(registry), registry: registry, rate: rate, after: oldPlan,
            options: compilerOptions(generation: generation))
        guard let outcome else {
            throw faults.first { $0.severity == .error }?.error
                ?? PipelineError(.internal, "the pipeline cannot run at \(rate) Hz")
        }
        dispatcher.bind(outcome.plan, timeBefore: before)
        dispatcher.forget(oldPlan)
        let line = TimeLine(
            executor: Executor(outcome.plan, isLive: true), services: old.services, timeBefore: before)
        state.withLock { $0.line = line }
        monitor.timeLineBegan()
        tell(
            "rate_changed",
            [.init("rate_hz", .integer(rate)), .init("before_hz", .integer(old.executor.masterRate))], nodes: [])
        try begin(line, outcome.added)
        return line.executor
    }

    func pathLatencies() -> [PathLatency] { state.withLock { $0.line }.executor.plan.resolved.pathLatencies() }

    func xrun(_ xrun: Xrun) { monitor.take(xrun) }

    func tell(_ event: String, _ fields: [Value.Member], nodes: [String]) {
        dispatcher.tell(event, fields, nodes: nodes.isEmpty ? deviceNodes : nodes)
    }

    // MARK: The report

    private func report(_ line: TimeLine, from start: HostClock, to end: HostClock) -> RunReport {
        let plan = line.executor.plan
        let (failure, checked, past) = state.withLock { ($0.failure, $0.checked, $0.past) }
        var outcome = alarm.outcome
        if outcome == .done {
            outcome = failure.map { .failed($0) } ?? (monitor.wasStopped ? .stopped : .done)
        }
        let ran = monitor.end.map { min($0.frame(atRate: plan.masterRate), line.executor.position) }
        return RunReport(
            pipeline: checked.document.file, name: checked.document.name, outcome: outcome,
            driver: type(of: driver).name, masterRate: plan.masterRate, blockFrames: plan.largestBlock,
            frames: ran ?? line.executor.position, wallTime: end.seconds(since: start), sampleBytes: plan.sampleBytes,
            nodes: ReportMaker.nodes(plan) + past,
            stepTimes: ReportMaker.stepTimes(
                plan.stepTimes, frames: line.executor.timedFrameCount,
                nanosecondsPerTick: end.nanosecondsPerTick(since: start)),
            events: dispatcher.counts, droppedEvents: line.executor.droppedEvents,
            live: monitor.figures(facts: driver.facts))
    }
}

/// Takes the failures of services, which may come before there is anyone to tell.
private final class FailureBox: Sendable {
    private let handler = Locked<(@Sendable (PipelineError, String) -> Void)?>(nil)

    func connect(_ handler: @escaping @Sendable (PipelineError, String) -> Void) {
        self.handler.withLock { $0 = handler }
    }

    func take(_ error: PipelineError, of node: String) { handler.withLock { $0 }?(error, node) }
}
