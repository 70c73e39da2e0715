internal import Glibc

/// A value behind a lock, for everything but the render section.
///
/// As `Mutex` of the standard library, but on pthread's lock: the thread sanitizer follows that one, and takes the slow path of
/// the other, which it does not see, for a race.
///
/// - Thread: any but render.
// SAFETY: the value is touched between lock and unlock only.
public final class Locked<Value>: @unchecked Sendable {
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    public init(_ value: sending Value) {
        self.value = value
        lock = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    /// Calls the body with the value, which nobody else touches meanwhile. Not to be nested.
    public func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&value)
    }
}
