internal import Synchronization
public import SyrinxCore
internal import SyrinxRealtime

/// A thread that runs one blocking service, as the host does.
public final class ServiceThread {
    private final class Work: Sendable {
        let service: any BlockingService
        let outcome = Mutex<PipelineError?>(nil)

        init(_ service: any BlockingService) { self.service = service }

        func run() {
            do throws(PipelineError) {
                try service.run()
            } catch {
                outcome.withLock { $0 = error }
            }
        }
    }

    private let work: Work
    private let thread: SystemThread
    private var isJoined = false

    public init(_ service: any BlockingService) {
        let work = Work(service)
        self.work = work
        do {
            thread = try SystemThread(name: "service") { work.run() }
        } catch {
            preconditionFailure("no thread: \(error.cause)")
        }
    }

    public func cancel() { work.service.cancel() }

    /// Waits for the service to return. Throws: what it threw.
    public func join() throws(PipelineError) {
        if !isJoined { thread.join() }
        isJoined = true
        if let error = work.outcome.withLock({ $0 }) { throw error }
    }
}
