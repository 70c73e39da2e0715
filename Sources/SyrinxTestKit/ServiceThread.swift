internal import Glibc
internal import Synchronization
internal import SyrinxCore

/// A thread that runs one blocking service, as the host does.
final class ServiceThread {
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
    private var thread = pthread_t()

    init(_ service: any BlockingService) {
        work = Work(service)
        let argument = Unmanaged.passRetained(work).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { argument in
                argument.map { Unmanaged<Work>.fromOpaque($0).takeRetainedValue().run() }
                return nil
            }, argument)
        precondition(status == 0, "pthread_create: \(status)")
    }

    /// Waits for the service to return. Throws: what it threw.
    func join() throws(PipelineError) {
        pthread_join(thread, nil)
        if let error = work.outcome.withLock({ $0 }) { throw error }
    }
}
