internal import Synchronization
internal import SyrinxRealtime

/// What a file's renderer and its thread share: the chunks, a bell for each side, and whether either has given up.
///
/// A thread sleeps only when it can do nothing at all, and is woken when half of the chunks are its to work on: so both
/// sides work in runs, and a wake-up is paid once for many chunks.
final class FileBridge: Sendable {
    /// The chunks; the bridge keeps their memory alive.
    let queue: PlanarQueue.Ends
    private let owner: PlanarQueue
    /// Rung for the service: there is something to do.
    let serviceBell = Doorbell()
    /// Rung for the driver: the service got on.
    let driverBell = Doorbell()
    /// True: a clock drives the run; nobody rings for the service, which looks by itself.
    let isPaced: Bool
    let cancellation: Cancellation
    private let failedFlag = Atomic<Bool>(false)

    init(queue: PlanarQueue, isPaced: Bool, cancellation: Cancellation = Cancellation()) {
        owner = queue
        self.queue = queue.ends
        self.isPaced = isPaced
        self.cancellation = cancellation
    }

    /// A queue for frames as they lie in a file, `frameBytes` each: bytes in the place of planes.
    ///
    /// Under a clock a chunk is short, so that little waits in it. Flat out it is worth a call of the system; where there is much
    /// to do, also a wake-up of a thread on another processor, and memory that nobody has touched yet.
    ///
    /// - Parameter frames: how many will pass, more or less; nil: they come by and by.
    static func byteQueue(
        frameBytes: Int, channels: Int, forBlocksOf block: Int, isPaced: Bool, frames: Int?
    ) -> PlanarQueue {
        let bytes = min(262_144, max(65_536, min(frames ?? 0, 1 << 40) / 64 * frameBytes))
        let chunkFrames =
            isPaced ? PlanarQueue.chunkFrames(forChannels: channels) : max(64, bytes / frameBytes)
        return PlanarQueue(
            channels: (frameBytes + 3) / 4, chunkFrames: chunkFrames,
            slots: max(8, 2 * (2 + (block + chunkFrames - 1) / chunkFrames)), isTouched: isPaced)
    }

    /// How many chunks are worth a wake-up.
    var half: Int { queue.slots / 2 }

    var isCancelled: Bool { cancellation.isSet }

    /// True: the service will do nothing more for the driver.
    var isStopped: Bool { isCancelled || failedFlag.load(ordering: .acquiring) }

    /// Thread: any.
    func cancel() {
        cancellation.set()
        serviceBell.ring()
        driverBell.ring()
    }

    /// Thread: service.
    func fail() {
        failedFlag.store(true, ordering: .releasing)
        driverBell.ring()
    }

    /// Sleeps until `isReady`, or a little while; the caller asks again.
    ///
    /// - Thread: service.
    func serviceWait(unless isReady: () -> Bool) {
        let ticket = serviceBell.ticket()
        if isReady() { return }
        serviceBell.wait(after: ticket, atMost: isPaced ? 10_000_000 : 100_000_000)
    }

    /// Sleeps until `isReady` or the service has stopped, and wakes the service first.
    ///
    /// - Thread: driver.
    func driverWait(until isReady: () -> Bool) {
        while true {
            let ticket = driverBell.ticket()
            if isReady() || isStopped { return }
            serviceBell.ring()
            driverBell.wait(after: ticket)
        }
    }
}

/// Whether somebody wants no more of a file. Thread: any.
final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    var isSet: Bool { flag.load(ordering: .acquiring) }

    func set() { flag.store(true, ordering: .releasing) }
}
