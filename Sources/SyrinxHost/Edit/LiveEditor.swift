internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxRealtime

/// Takes edits of a live run, one at a time: while one goes in the next waits, and of several that wait the last wins.
///
/// - Thread: any but render. Edits are worked off on a thread of their own, which is there while there is work.
final class LiveEditor: Sendable {
    typealias Completion = @Sendable (EditOutcome) -> Void

    private struct Job: Sendable {
        let checked: CheckedPipeline
        let completion: Completion
    }

    private struct State: Sendable {
        var waiting: Job?
        var isWorking = false
        /// True: the plan is not to be touched: a new time line begins, or the run is over.
        var isHeld = false
        var isClosed = false
        /// What the next edit starts from; nil: what the plan says.
        var current: ResolvedPipeline?
        /// Ends a wait of the worker for services that it has just started.
        var interrupt: (@Sendable () -> Void)?
    }

    private let state = Locked(State())
    /// Rung when the worker has stopped, or may go on.
    private let bell = Doorbell()

    /// Takes an edit.
    ///
    /// - Parameter completion: told once what became of it, on a thread of the editor's or on this one.
    func submit(_ checked: CheckedPipeline, to run: LiveRun, completion: @escaping Completion) {
        let job = Job(checked: checked, completion: completion)
        let (replaced, mustStart, isClosed): (Job?, Bool, Bool) = state.withLock { state in
            if state.isClosed { return (nil, false, true) }
            let replaced = state.waiting
            state.waiting = job
            let mustStart = !state.isWorking
            state.isWorking = true
            return (replaced, mustStart, false)
        }
        if isClosed { return completion(.ended) }
        replaced?.completion(.superseded)
        guard mustStart else { return }
        do throws(PipelineError) {
            let thread = try ServiceThread(name: "edit") { [self] in work(run) }
            thread.detach()
        } catch {
            let job = state.withLock { state in
                state.isWorking = false
                let job = state.waiting
                state.waiting = nil
                return job
            }
            job?.completion(.refused([Fault(error)]))
        }
    }

    private func work(_ run: LiveRun) {
        while let job = next() {
            var outcome: EditOutcome?
            while outcome == nil {
                waitUntilFree()
                // nil: a new time line began meanwhile; the edit is made anew for it.
                outcome = LiveEdit(run, self).perform(job.checked)
            }
            job.completion(outcome ?? .ended)
        }
    }

    private func next() -> Job? {
        defer { bell.ring() }
        return state.withLock { state in
            let job = state.waiting
            state.waiting = nil
            state.isWorking = job != nil
            return job
        }
    }

    private func waitUntilFree() {
        while true {
            let ticket = bell.ticket()
            if state.withLock({ !$0.isHeld || $0.isClosed }) { return }
            bell.wait(after: ticket)
        }
    }

    // MARK: The worker's view

    /// What is being edited.
    func current(_ plan: Plan) -> ResolvedPipeline { state.withLock { $0.current } ?? plan.resolved }

    func setCurrent(_ pipeline: ResolvedPipeline) { state.withLock { $0.current = pipeline } }

    /// True: the worker must leave the plan alone, and end what it does.
    var mustYield: Bool { state.withLock { $0.isHeld || $0.isClosed } }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Sleeps a little, or until the worker must yield.
    func pause() {
        let ticket = bell.ticket()
        if !mustYield { bell.wait(after: ticket, atMost: 2_000_000) }
    }

    /// Does what may wait for services that were just started.
    func interruptible(by interrupt: @escaping @Sendable () -> Void, _ body: () -> Void) {
        let mustYield = state.withLock { state in
            state.interrupt = interrupt
            return state.isHeld || state.isClosed
        }
        if !mustYield { body() }
        state.withLock { $0.interrupt = nil }
    }

    /// Taken by the worker while it touches plans and services.
    private let hands = Locked(())

    func withPlans<T: Sendable>(_ body: () -> T) -> T { hands.withLock { _ in body() } }

    // MARK: The run's view

    /// Waits until no edit touches the plan, and keeps it so until ``letGo()``.
    ///
    /// - Thread: the driver's.
    func hold() {
        let interrupt = state.withLock { state in
            state.isHeld = true
            return state.interrupt
        }
        interrupt?()
        bell.ring()
        hands.withLock { _ in }
    }

    /// A new time line is there, made from the whole pipeline.
    func letGo() {
        state.withLock { state in
            state.isHeld = false
            state.current = nil
        }
        bell.ring()
    }

    /// Ends all edits, and takes no more.
    func close() {
        let (waiting, interrupt) = state.withLock { state in
            state.isClosed = true
            let waiting = state.waiting
            state.waiting = nil
            return (waiting, state.interrupt)
        }
        interrupt?()
        waiting?.completion(.ended)
        while true {
            let ticket = bell.ticket()
            bell.ring()
            if !state.withLock({ $0.isWorking }) { return }
            bell.wait(after: ticket, atMost: 10_000_000)
        }
    }
}
