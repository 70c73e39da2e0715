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
        /// The most threads that render at once, flat out. What comes out does not depend on it.
        public var threads: Int
        /// Called on the driver's thread, at most every 100 ms.
        public var onProgress: (@Sendable (RunProgress) -> Void)?
        /// Told what a service noticed on the way (a truncated file, a left-over of a crash), on the service's thread.
        public var onNotice: (@Sendable (PipelineEvent) -> Void)?

        public init(
            duration: Rational? = nil, cuts: [Int] = [], threads: Int = 1,
            onProgress: (@Sendable (RunProgress) -> Void)? = nil,
            onNotice: (@Sendable (PipelineEvent) -> Void)? = nil
        ) {
            self.duration = duration
            self.cuts = cuts
            self.threads = threads
            self.onProgress = onProgress
            self.onNotice = onNotice
        }
    }

    let body: any RunBody
    /// How the run is paced: the driver's name.
    public let driverName: String
    /// What was agreed on with the device; empty where there is none.
    public let driverFacts: [(name: String, value: Value)]

    /// Finds the driver, opens its device, settles formats, compiles: all that comes before the first cycle. The name of a
    /// driver that is `asked` for goes before the file's `engine.driver`.
    ///
    /// - Returns: the run, or the faults that forbid it; warnings come in any case.
    /// - Throws: `.usage` for a driver that does not exist, `.unavailable` for a device or server that is not there.
    /// - Thread: control.
    public static func prepare(
        _ checked: CheckedPipeline, registry: NodeRegistry, driver asked: String? = nil, options: Options = Options()
    ) throws(PipelineError) -> (run: Run?, faults: [Fault]) {
        let name = try DriverChoice.name(for: checked, registry: registry, asked: asked)
        if name != OfflineDriver.name {
            let driver = try DriverChoice.open(name, for: checked, registry: registry)
            let (live, faults) = LiveRun.prepare(
                checked, registry: registry, driver: driver, asked: asked, options: options)
            return (live.map { Run($0, name, driver.facts) }, faults)
        }
        let (resolved, faults) = PipelineResolver(registry: registry).resolve(checked, access: .all)
        guard let resolved else { return (nil, faults) }
        let (run, refusals) = prepare(resolved, options: options)
        return (run, faults + refusals)
    }

    /// Compiles a pipeline to run flat out; opens files, and allocates all that rendering needs.
    ///
    /// - Returns: the run, or the faults that forbid it.
    /// - Thread: control.
    public static func prepare(_ pipeline: ResolvedPipeline, options: Options = Options()) -> (
        run: Run?, faults: [Fault]
    ) {
        let alarm = Alarm()
        let dispatcher = EventDispatcher(onNotice: options.onNotice) { error in alarm.raise(error) }
        let (plan, faults) = PlanCompiler.compile(
            pipeline, options: .init(threads: options.threads, events: { node in dispatcher.sender(for: node) }))
        guard let plan else { return (nil, faults) }
        dispatcher.bind(plan)
        return (Run(OfflineRun(plan, options, dispatcher, alarm), OfflineDriver.name, []), faults)
    }

    private init(_ body: any RunBody, _ driverName: String, _ driverFacts: [(name: String, value: Value)]) {
        self.body = body
        self.driverName = driverName
        self.driverFacts = driverFacts
    }

    /// True: a clock drives the run.
    public var isLive: Bool { body is LiveRun }

    /// Ends the run after the cycle that is under way. Flat out, targets stay untouched; live, device outputs fade and files
    /// are finished. Thread: any.
    public func stop() { body.stop() }

    /// Writes a live parameter of a live run; heard from the next cycle on, and glides.
    ///
    /// - Throws: `.invalidParameter` if there is no such parameter, if it is not live, if a link drives it, or if the value
    ///   is out of range; `.usage` flat out.
    /// - Thread: any but render.
    public func set(_ node: String, _ parameter: String, to value: Double) throws(PipelineError) {
        guard let live = body as? LiveRun else {
            throw PipelineError(.usage, at: "nodes.\(node).\(parameter)", "parameters change in live runs only")
        }
        try live.set(node, parameter, to: value)
    }

    /// Silences every device output within 5 ms, or lets it be heard again. Live runs only. Thread: any but render.
    public func panic(_ isMuted: Bool = true) { (body as? LiveRun)?.panic(isMuted) }

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
    public func execute() -> RunReport { body.execute() }
}

/// What stands behind a ``Run``.
protocol RunBody: AnyObject, Sendable {
    /// Blocks until the run is over.
    func execute() -> RunReport

    /// Thread: any.
    func stop()
}
