internal import CSyrinxShims
internal import Glibc

/// One POSIX thread that runs a closure, for work that blocks or renders: what tasks may not do.
///
/// - Thread: whoever started it joins or detaches it, once.
public struct SystemThread: Sendable {
    /// The system gave no thread.
    public struct Refused: Error {
        /// The system's words.
        public let cause: String
    }

    private let thread: pthread_t

    /// What a new thread is handed.
    private final class Body {
        let name: String
        let takesSignals: Bool
        let run: @Sendable () -> Void

        init(_ name: String, _ takesSignals: Bool, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.takesSignals = takesSignals
            self.run = run
        }
    }

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: shown by `top -H`; the system keeps its first 15 bytes.
    ///   - stackBytes: nil is the system's measure.
    ///   - takesSignals: whether the process's signals may interrupt it. Without them a broken pipe is an error of `write`.
    public init(
        name: String, stackBytes: Int? = nil, takesSignals: Bool = true, run: @escaping @Sendable () -> Void
    ) throws(Refused) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        if let stackBytes { pthread_attr_setstacksize(&attributes, stackBytes) }
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(name, takesSignals, run))
        let status = pthread_create(
            &thread, &attributes,
            { pointer in
                guard let pointer else { return nil }
                let body = Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue()
                CurrentThread.setName(body.name)
                if !body.takesSignals {
                    var all = sigset_t()
                    sigfillset(&all)
                    pthread_sigmask(SIG_BLOCK, &all, nil)
                }
                body.run()
                return nil
            }, body.toOpaque())
        guard status == 0 else {
            body.release()
            throw Refused(cause: String(cString: strerror(status)))
        }
        self.thread = thread
    }

    /// Waits until the closure has returned.
    public func join() { pthread_join(thread, nil) }

    /// Lets it go its own way; nobody will join it.
    public func detach() { pthread_detach(thread) }
}
