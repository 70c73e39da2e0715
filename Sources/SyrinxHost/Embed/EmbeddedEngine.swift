public import SyrinxCore
internal import SyrinxGraph
internal import SyrinxRealtime

/// A pipeline within a program of yours: you write samples, call ``process(_:waits:)``, and read samples.
///
/// ```swift
/// let engine = try EmbeddedEngine(
///     json: #"{ "syrinx": 1, "nodes": { "mic": { "type": "app.source" }, "trim": { "type": "gain", "gain_db": -6 },"# +
///         #" "out": { "type": "app.sink" } }, "links": ["mic -> trim -> out"] }"#,
///     registry: registry)
/// let (mic, out) = (engine.input("mic")!, engine.output("out")!)
/// for frame in 0..<480 { mic[0][frame] = 1 }
/// engine.process(480)
/// print(out[0][479])
/// let report = engine.finish()
/// ```
///
/// The engine is the one that `syrinx run` uses: rates convert themselves, paths stay aligned, block size never shows, files
/// and sessions live on threads of their own.
///
/// - Thread: ``process(_:waits:)`` and the ports belong to one thread at a time, which may be a real-time one; the rest may be
///   called by any other.
public final class EmbeddedEngine: Sendable {
    /// How an engine is made.
    public struct Options: Sendable {
        /// R, in Hz: that of the program's device; nil: the pipeline's `engine.rate_hz`, else 48 000.
        public var rate: Int?
        /// The most frames of one ``EmbeddedEngine/process(_:waits:)``.
        public var largestCycle: Int
        /// Told every event that is linked to an `app.events`, in order, on a thread of the engine's.
        public var onEvent: (@Sendable (PipelineEvent) -> Void)?
        /// Told what a service noticed on the way, on the service's thread.
        public var onNotice: (@Sendable (PipelineEvent) -> Void)?

        public init(
            rate: Int? = nil, largestCycle: Int = 4096, onEvent: (@Sendable (PipelineEvent) -> Void)? = nil,
            onNotice: (@Sendable (PipelineEvent) -> Void)? = nil
        ) {
            self.rate = rate
            self.largestCycle = largestCycle
            self.onEvent = onEvent
            self.onNotice = onNotice
        }
    }

    /// R, in Hz.
    public let rate: Int
    /// The most frames of one ``process(_:waits:)``.
    public let largestCycle: Int

    private let registry: NodeRegistry
    private let driver: AppDriver
    private let run: LiveRun
    /// The engine proper, called by ``process(_:waits:)`` without asking the driver for it each time.
    private let engine: any Engine
    private let report: ReportBox

    /// Makes an engine of JSON text and starts its services.
    ///
    /// - Parameters:
    ///   - json: the pipeline, as in a file.
    ///   - registry: the node types that the pipeline may use; `app.source`, `app.sink` and `app.events` come by themselves.
    ///   - variables: what `--var` gives on the command line, by name.
    ///   - folder: where paths in the text start; empty: the working directory.
    ///   - options: rate, largest cycle, and who is told of events.
    /// - Throws: `Faults`: all that is wrong with the pipeline, or what could not be opened.
    /// - Thread: control. Opens files, may wait for them.
    public convenience init(
        json: String, registry: NodeRegistry, variables: [String: String] = [:], folder: String = "",
        options: Options = Options()
    ) throws(Faults) {
        let reader = PipelineReader(registry: try Self.extended(registry), variables: variables)
        try self.init(reader.read(json: json, folder: folder), registry: reader.registry, options: options)
    }

    /// Makes an engine of a pipeline file; its paths start from its folder.
    public convenience init(
        file: String, registry: NodeRegistry, variables: [String: String] = [:], options: Options = Options()
    ) throws(Faults) {
        let reader = PipelineReader(registry: try Self.extended(registry), variables: variables)
        try self.init(reader.read(file: file), registry: reader.registry, options: options)
    }

    /// Makes an engine of a pipeline that was put together in code.
    public convenience init(
        _ document: PipelineDocument, registry: NodeRegistry, options: Options = Options()
    ) throws(Faults) {
        let reader = PipelineReader(registry: try Self.extended(registry))
        try self.init(reader.check(document), registry: reader.registry, options: options)
    }

    private init(_ checked: CheckedPipeline, registry: NodeRegistry, options: Options) throws(Faults) {
        precondition(options.largestCycle > 0, "a cycle has at least one frame")
        let driver = AppDriver(
            pipeline: checked.shownName, rate: options.rate ?? checked.engine.rate ?? 48_000,
            capacity: options.largestCycle,
            onEvent: options.onEvent)
        let (prepared, faults) = LiveRun.prepare(
            checked, registry: registry, driver: driver, asked: AppDriver.name,
            options: .init(onNotice: options.onNotice))
        guard let run = prepared else { throw Faults(faults.inOrder) }
        let report = ReportBox()
        do throws(PipelineError) {
            let thread = try ServiceThread(name: "engine") {
                report.put(run.execute())
                driver.ring()
            }
            thread.detach()
        } catch {
            throw Faults([Fault(error)])
        }
        driver.waitForEngine { report.value != nil }
        guard let engine = driver.engine else {
            if case .failed(let error)? = report.value?.outcome { throw Faults([Fault(error)]) }
            throw Faults([Fault(PipelineError(.internal, "the run was over before it began"))])
        }
        (self.driver, self.run, self.engine, self.report, self.registry) = (driver, run, engine, report, registry)
        rate = engine.masterRate
        largestCycle = options.largestCycle
    }

    deinit { driver.stop() }

    /// A registry with the node types of this driver.
    private static func extended(_ registry: NodeRegistry) throws(Faults) -> NodeRegistry {
        if registry["app.source"] != nil { return registry }
        var registry = registry
        do throws(PipelineError) {
            try registry.register(AppPlugin.self)
        } catch {
            throw Faults([Fault(error)])
        }
        return registry
    }

    // MARK: Ports

    /// The port of an `app.source`, by the node's id; nil if there is none. Thread: control, once, before the first cycle.
    public func input(_ node: String) -> AppPort? { port(node, .input) }

    /// The port of an `app.sink`, by the node's id; nil if there is none. Thread: control, once, before the first cycle.
    public func output(_ node: String) -> AppPort? { port(node, .output) }

    /// Ids of all `app.source` nodes, sorted.
    public var inputs: [String] { driver.nodes(.input) }

    /// Ids of all `app.sink` nodes, sorted.
    public var outputs: [String] { driver.nodes(.output) }

    private func port(_ node: String, _ direction: AppPort.Direction) -> AppPort? {
        driver.port(of: node).flatMap { $0.direction == direction ? $0 : nil }
    }

    // MARK: Cycles

    /// Renders the next frames: takes them from the inputs' ports, and leaves them in the outputs'.
    ///
    /// - Parameters:
    ///   - frames: at ``rate``; up to ``largestCycle``. Neither this number nor how it changes is heard.
    ///   - waits: true: files and sessions are waited for, so that nothing is missing; for programs without a clock. False: what
    ///     is not there is silence and counted, and the call takes no lock and waits for nothing.
    /// - Returns: false if the run is over, because its files have been played, by an error, or after ``finish()``; the
    ///   outputs' ports then hold what they held.
    /// - Thread: the program's, one call at a time.
    @discardableResult
    public func process(_ frames: Int, waits: Bool = false) -> Bool {
        precondition(frames >= 0 && frames <= largestCycle, "a cycle has 0…\(largestCycle) frames, not \(frames)")
        return driver.render(frames, of: engine, waits: waits)
    }

    /// Frames rendered so far. Thread: as ``process(_:waits:)``.
    public var position: Int { engine.position }

    /// How late sound from an `app.source` arrives at an `app.sink`, in frames at ``rate``, by the shortest and by the longest
    /// path; nil if there is no path.
    public func latency(from source: String, to sink: String) -> ClosedRange<Int>? {
        run.pathLatencies().first { $0.source == source && $0.sink == sink }?.frames
    }

    // MARK: Control

    /// Writes a live parameter; heard from the next cycle on, and glides.
    ///
    /// - Throws: `.invalidParameter` if there is no such parameter, if it is not live, if a link drives it, or if the value
    ///   is out of range.
    /// - Thread: any but the one that renders.
    public func set(_ node: String, _ parameter: String, to value: Double) throws(PipelineError) {
        try run.set(node, parameter, to: value)
    }

    /// Changes the pipeline while it plays, as `syrinx run --watch` does: what is new fades in within 10 ms, what is gone fades
    /// out. Needs cycles to go on meanwhile.
    ///
    /// - Throws: `Faults` if the text has faults; then nothing changes.
    /// - Thread: control. An `app.source` or `app.sink` that is new has its port when this returns.
    public func edit(json: String, folder: String = "", variables: [String: String] = [:]) async throws(Faults)
        -> EditOutcome
    {
        let reader = PipelineReader(registry: registry, variables: variables)
        let checked = try reader.read(json: json, folder: folder)
        let run = run
        return await withCheckedContinuation { continuation in
            run.editor.submit(checked, to: run) { continuation.resume(returning: $0) }
        }
    }

    /// Ends the run after the cycle that is under way: files are finished with what was rendered, services end.
    ///
    /// - Returns: what became of the run, once everything has ended. A second call returns the same.
    /// - Thread: control; never the one that renders in real time.
    @discardableResult
    public func finish() -> RunReport {
        driver.stop()
        return report.wait()
    }
}

/// Holds what became of a run, for whoever waits for it.
private final class ReportBox: Sendable {
    private let content = Locked<RunReport?>(nil)
    private let bell = Doorbell()

    var value: RunReport? { content.withLock { $0 } }

    func put(_ report: RunReport) {
        content.withLock { $0 = report }
        bell.ring()
    }

    func wait() -> RunReport {
        while true {
            let ticket = bell.ticket()
            if let report = value { return report }
            bell.wait(after: ticket)
        }
    }
}
