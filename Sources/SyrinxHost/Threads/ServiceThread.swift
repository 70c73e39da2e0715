internal import Glibc
internal import SyrinxCore
internal import SyrinxRealtime

/// One POSIX thread with a name, that runs a closure and can be joined.
///
/// - Thread: whoever started it joins or detaches it, once.
struct ServiceThread {
    private let thread: pthread_t

    /// What a new thread is handed.
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread.
    ///
    /// - Parameter name: shown by `top -H`; the system keeps its first 15 bytes.
    /// - Throws: `.unavailable` if the system gives no thread.
    init(name: String, run: @escaping @Sendable () -> Void) throws(PipelineError) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        let status = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                let body = Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue()
                CurrentThread.setName(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        guard status == 0 else {
            body.release()
            throw PipelineError(
                .unavailable, at: name, "cannot start a thread", cause: String(cString: strerror(status)))
        }
        self.thread = thread
    }

    /// Waits until the closure has returned.
    func join() { pthread_join(thread, nil) }

    /// Lets it go its own way; nobody will join it.
    func detach() { pthread_detach(thread) }
}
