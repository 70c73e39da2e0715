internal import SyrinxCore
internal import SyrinxRealtime

/// A thread of the host's, with its reports.
///
/// - Thread: whoever started it joins or detaches it, once.
struct ServiceThread {
    private let thread: SystemThread

    /// Starts a thread.
    ///
    /// - Parameter name: shown by `top -H`; the system keeps its first 15 bytes.
    /// - Throws: `.unavailable` if the system gives no thread.
    init(name: String, run: @escaping @Sendable () -> Void) throws(PipelineError) {
        do {
            thread = try SystemThread(name: name, run: run)
        } catch {
            throw PipelineError(.unavailable, at: name, "cannot start a thread", cause: error.cause)
        }
    }

    /// Waits until the closure has returned.
    func join() { thread.join() }

    /// Lets it go its own way; nobody will join it.
    func detach() { thread.detach() }
}
