internal import Synchronization
public import SyrinxCore
public import SyrinxGraph

/// One run of a pipeline: its plan, its services, its driver, its events, and what became of them.
///
/// ```swift
/// let (run, faults) = Run.prepare(resolved)
/// let report = run?.execute()
/// ```
///
/// - Thread: ``execute()`` blocks the thread that calls it, which becomes the driver's; ``executeApart()`` takes one of its
///   own; ``stop()`` may come from any.
public final class Run: Sendable {
    /// How a run goes.
    public struct Options: Sendable {
        /// Seconds; nil: the run ends with its sources.
        public var duration: Rational?
        /// Lengths of cycles, taken in turn; empty: as long as the plan takes. What comes out does not depend on them.
        public var cuts: [Int]
        /// Called on the driver's thread, at most every 100 ms.
        public var onProgress: (@Sendable (RunProgress) -> Void)?
        /// Told what a service noticed on the way (a truncated file, a left-over of a crash), on the service's thread.
        public var onNotice: (@Sendable (PipelineEvent) -> Void)?

        public init(
            duration: Rational? = nil, cuts: [Int] = [], onProgress: (@Sendable (RunProgress) -> Void)? = nil,
            onNotice: (@Sendable (PipelineEvent) -> Void)? = nil
        ) {
            self.duration = duration
            self.cuts = cuts
            self.onProgress = onProgress
            self.onNotice = onNotice
        }
    }

    /// Nanoseconds between two calls of `onProgress`.
    private static let progressInterval: UInt64 = 100_000_000

    private let plan: Plan
    private let options: Options
    private let services: ServiceGroup
    private let dispatcher: EventDispatcher
    private let executor: Executor
    private let driver: OfflineDriver
    private let alarm: Alarm

    /// Compiles a pipeline; opens files, and allocates all that rendering needs.
    ///
    /// - Returns: the run, or the faults that forbid it.
    /// - Thread: control.
    public static func prepare(_ pipeline: ResolvedPipeline, options: Options = Options()) -> (
        run: Run?, faults: [Fault]
    ) {
        let alarm = Alarm()
        let dispatcher = EventDispatcher(onNotice: options.onNotice) { error in alarm.raise(error) }
        let (plan, faults) = PlanCompiler.compile(
            pipeline, options: .init(events: { node in dispatcher.sender(for: node) }))
        guard let plan else { return (nil, faults) }
        dispatcher.bind(plan)
        return (Run(plan, options, dispatcher, alarm), faults)
    }

    private init(_ plan: Plan, _ options: Options, _ dispatcher: EventDispatcher, _ alarm: Alarm) {
        self.plan = plan
        self.options = options
        self.dispatcher = dispatcher
        self.alarm = alarm
        let executor = Executor(plan)
        let progress = ProgressClock(every: Self.progressInterval, options.onProgress)
        let driver = OfflineDriver(executor, duration: options.duration, cuts: options.cuts) { executor, end in
            executor.takeEvents { dispatcher.take($0, end: end) }
            dispatcher.cycleEnded(at: executor.position)
            progress.tick(executor, end: end)
        }
        self.executor = executor
        self.driver = driver
        services = ServiceGroup(plan) { error in alarm.raise(error) }
        alarm.connect { [weak driver, weak services] in
            driver?.stop()
            services?.cancel()
        }
    }

    /// Ends the run after the cycle that is under way and leaves its targets untouched. Thread: any.
    public func stop() { alarm.stop() }

    /// Runs to the end, to an error, or to ``stop()``, on a thread of its own.
    ///
    /// - Returns: when every service has ended and every receiver has been told so.
    /// - Throws: `.unavailable` if the system gives no thread.
    /// - Thread: control. Once only.
    public func executeApart() async throws(PipelineError) -> RunReport {
        let result: Result<RunReport, PipelineError> = await withCheckedContinuation { continuation in
            do throws(PipelineError) {
                let thread = try ServiceThread(name: "render") {
                    continuation.resume(returning: .success(self.execute()))
                }
                thread.detach()
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Runs to the end, to an error, or to ``stop()``, on the thread that calls.
    ///
    /// - Returns: when every service has ended and every receiver has been told so.
    /// - Thread: control; becomes the driver's. Not a task's: services that are tasks could starve behind it. Once only.
    public func execute() -> RunReport {
        let start = HostClock.now()
        do throws(PipelineError) {
            try services.start()
            // What was stopped before it began is stopped now, services included.
            if alarm.isRaised { alarm.ring() }
            try driver.run()
        } catch {
            alarm.raise(error)
        }
        if driver.ranWhole, !alarm.isRaised { services.cancelSources() } else { alarm.ring() }
        services.join()
        if !driver.ranWhole, !alarm.isRaised {
            alarm.raise(PipelineError(.internal, "a service gave up without a reason"))
        }
        dispatcher.finish()
        return report(from: start, to: HostClock.now())
    }

    private func report(from start: HostClock, to end: HostClock) -> RunReport {
        let ran = driver.end.map { min($0.frame(atRate: plan.masterRate), executor.position) } ?? executor.position
        return RunReport(
            pipeline: plan.resolved.checked.document.file, name: plan.resolved.checked.document.name,
            outcome: alarm.outcome, driver: OfflineDriver.name, masterRate: plan.masterRate,
            blockFrames: plan.largestBlock, frames: ran, wallTime: end.seconds(since: start),
            sampleBytes: plan.sampleBytes, nodes: zip(plan.nodes, plan.resolved.nodes).map(Self.node),
            stepTimes: stepTimes(nanosecondsPerTick: end.nanosecondsPerTick(since: start)),
            events: dispatcher.counts, droppedEvents: executor.droppedEvents, xruns: 0)
    }

    private static func node(_ node: Plan.Node, _ resolved: ResolvedPipeline.Node) -> RunReport.Node {
        let figures = node.prepared.reporter?.figures() ?? []
        let told = Set(figures.map(\.name))
        let facts = resolved.resolution.facts.filter { !told.contains($0.name) }
        return RunReport.Node(
            id: node.id, type: node.descriptor.type, isInserted: resolved.isInserted,
            isSink: node.descriptor.outputs.isEmpty, figures: (facts + figures).map { .init($0.name, $0.value) })
    }

    /// Steps of one name added up: a node that is rendered and absorbs is one node to its user.
    private func stepTimes(nanosecondsPerTick: Double) -> [RunReport.StepTime] {
        var names: [String] = []
        var ticks: [String: Double] = [:]
        for step in executor.plan.stepTimes {
            if ticks[step.name] == nil { names.append(step.name) }
            ticks[step.name, default: 0] += Double(step.ticks)
        }
        let sum = ticks.values.reduce(0, +)
        let frames = Double(max(executor.timedFrameCount, 1))
        return names.map { name in
            let own = ticks[name] ?? 0
            return RunReport.StepTime(
                name: name, sharePercent: sum > 0 ? own / sum * 100 : 0,
                nanosecondsPerFrame: own * nanosecondsPerTick / frames)
        }.sorted { $0.sharePercent > $1.sharePercent }
    }
}

/// Ends a run once, for the first reason that comes. Thread: any.
final class Alarm: Sendable {
    private struct State {
        var outcome = RunReport.Outcome.done
        var bell: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Says what ends the run.
    func connect(_ bell: @escaping @Sendable () -> Void) { state.withLock { $0.bell = bell } }

    var outcome: RunReport.Outcome { state.withLock { $0.outcome } }

    var isRaised: Bool { outcome != .done }

    func raise(_ error: PipelineError) { raise(.failed(error)) }

    func stop() { raise(.stopped) }

    /// Stops driver and services, whatever the reason. Harmless if repeated.
    func ring() { state.withLock { $0.bell }?() }

    private func raise(_ outcome: RunReport.Outcome) {
        let isFirst = state.withLock { state in
            guard state.outcome == .done else { return false }
            state.outcome = outcome
            return true
        }
        if isFirst { ring() }
    }
}

/// Tells how far a run is, now and then. Owned by the driver's thread.
private final class ProgressClock: Sendable {
    private let interval: UInt64
    private let report: (@Sendable (RunProgress) -> Void)?
    private nonisolated(unsafe) var start: UInt64 = 0
    private nonisolated(unsafe) var last: UInt64 = 0

    init(every interval: UInt64, _ report: (@Sendable (RunProgress) -> Void)?) {
        self.interval = interval
        self.report = report
        if report != nil {
            start = monotonicNanoseconds()
            last = start
        }
    }

    func tick(_ executor: Executor, end: Rational?) {
        guard let report else { return }
        let now = monotonicNanoseconds()
        guard now - last >= interval else { return }
        last = now
        let length = end?.double ?? executor.plan.knownLength
        let position = Double(executor.position) / Double(executor.masterRate)
        report(
            RunProgress(
                position: min(position, length ?? position), length: length, wallTime: Double(now - start) / 1e9,
                sinks: executor.plan.nodes.compactMap { node in
                    guard node.prepared.sink != nil, let reporter = node.prepared.reporter else { return nil }
                    return .init(node: node.id, figures: reporter.figures())
                }))
    }
}

extension Plan {
    /// The run's length in seconds as far as its sources state it before they are read; nil if one does not.
    fileprivate var knownLength: Double? {
        var latest = 0.0
        for source in sources {
            switch source.end {
            case .never: continue
            case .whenRead: return nil
            case .after(let frames): latest = max(latest, Double(frames) / Double(source.rate))
            }
        }
        return latest > 0 ? latest + tail.double : nil
    }
}
