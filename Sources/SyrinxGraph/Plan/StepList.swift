/// Steps while a plan is put together: an array cannot hold what is not copyable.
struct StepList: ~Copyable {
    private var storage: UnsafeMutablePointer<Step>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        storage = .allocate(capacity: self.capacity)
    }

    deinit {
        storage.deinitialize(count: count)
        storage.deallocate()
    }

    mutating func append(_ step: consuming Step) {
        if count == capacity {
            let larger = UnsafeMutablePointer<Step>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: storage, count: count)
            storage.deallocate()
            storage = larger
            capacity *= 2
        }
        (storage + count).initialize(to: step)
        count += 1
    }

    /// The steps themselves; the caller owns them from here on.
    consuming func leak() -> UnsafeMutablePointer<Step> {
        let steps = storage
        discard self
        return steps
    }
}
