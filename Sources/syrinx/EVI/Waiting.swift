internal import Glibc

/// Waits for something asynchronous, on a thread that tasks do not run on: the main one.
enum Waiting {
    // SAFETY: written before the post, read after the wait.
    private final class Box<Value: Sendable>: @unchecked Sendable {
        var value: Value?
        private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

        init() { sem_init(semaphore, 0, 0) }

        deinit {
            sem_destroy(semaphore)
            semaphore.deallocate()
        }

        func post() { sem_post(semaphore) }
        func wait() { while sem_wait(semaphore) != 0 {} }
    }

    /// - Thread: main.
    static func result<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        let box = Box<Value>()
        Task.detached {
            box.value = await body()
            box.post()
        }
        box.wait()
        guard let value = box.value else { preconditionFailure("posted without a value") }
        return value
    }
}
