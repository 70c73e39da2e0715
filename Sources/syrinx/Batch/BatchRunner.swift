internal import Glibc
internal import Synchronization
internal import SyrinxCore
internal import SyrinxHost
internal import SyrinxRealtime

/// Works the rows off on several threads of this process, each with one run at a time.
///
/// A run brings threads of its own for reading and writing, so one worker can keep more than one core busy.
///
/// - Thread: ``stop()`` any; ``run(jobs:)`` the one that waits.
final class BatchRunner: Sendable {
    private struct State {
        var tally = BatchTally()
        /// The runs that are under way, by worker.
        var runs: [Int: Run] = [:]
        var isStopped = false
        /// Why the list of rows could not be read to its end.
        var problem: PipelineError?
        var workersLeft = 0
        var lastTitle = ""
    }

    private let source: Mutex<BatchSource>
    private let work: BatchWork
    private let display: BatchDisplay
    /// True: the first failure ends the batch.
    private let failsFast: Bool
    private let state = Mutex(State())

    init(_ source: consuming sending BatchSource, _ work: BatchWork, _ display: BatchDisplay, failsFast: Bool) {
        self.source = Mutex(source)
        self.work = work
        self.display = display
        self.failsFast = failsFast
    }

    /// Begins no row any more, and ends those that run; their targets stay untouched.
    func stop() {
        let runs = state.withLock { state in
            state.isStopped = true
            return Array(state.runs.values)
        }
        for run in runs { run.stop() }
    }

    /// Works off every row.
    ///
    /// - Returns: what became of them, when no worker is left.
    /// - Throws: `.unavailable` if the system gives no thread at all; what made the list or the journal unreadable.
    func run(jobs: Int) throws(PipelineError) -> BatchTally {
        var threads: [SystemThread] = []
        for worker in 0..<jobs {
            state.withLock { $0.workersLeft += 1 }
            do {
                threads.append(
                    try SystemThread(name: "worker \(worker + 1)", takesSignals: false) { self.workOff(worker) })
            } catch {
                state.withLock { $0.workersLeft -= 1 }
                if threads.isEmpty {
                    throw PipelineError(.unavailable, at: "--jobs", "cannot start a thread", cause: error.cause)
                }
                break  // fewer do as well
            }
        }
        while display.isShown, state.withLock({ $0.workersLeft }) > 0 {
            let (tally, title) = state.withLock { ($0.tally, $0.lastTitle) }
            display.show(tally, title)
            usleep(100_000)
        }
        for thread in threads { thread.join() }
        let (tally, problem) = state.withLock { ($0.tally, $0.problem) }
        display.clear()
        if let problem = problem ?? work.journal.problem { throw problem }
        return tally
    }

    private func workOff(_ worker: Int) {
        while let row = next() {
            let outcome = work.perform(row) { run in
                let isStopped = state.withLock { state in
                    state.runs[worker] = run
                    return state.isStopped
                }
                if isStopped { run.stop() }
            }
            state.withLock { state in
                state.runs[worker] = nil
                state.tally.add(row, outcome)
                state.lastTitle = row.title
            }
            if case .failed(let failure) = outcome {
                display.tell(row, failure.lines)
                if failsFast { stop() }
            }
            if work.journal.problem != nil { stop() }
        }
        state.withLock { $0.workersLeft -= 1 }
    }

    private func next() -> BatchRow? {
        if state.withLock({ $0.isStopped }) { return nil }
        do throws(PipelineError) {
            return try source.withLock { source throws(PipelineError) in try source.next() }
        } catch {
            state.withLock { $0.problem = error }
            stop()
            return nil
        }
    }
}
