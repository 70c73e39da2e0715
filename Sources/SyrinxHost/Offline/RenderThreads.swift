internal import Synchronization
internal import SyrinxCore
internal import SyrinxGraph
internal import SyrinxRealtime

/// The threads beside the driver's that render the lanes of a plan, flat out.
///
/// Whoever waits looks again and again for a few microseconds before it sleeps: a region is often over by then, and waking a
/// thread takes longer.
///
/// - Thread: every method is the driver's.
// SAFETY: `work` and `count` are written by the driver before a round is announced and read by the others after they have seen
// it (released, acquired); the driver writes again only when all have reported.
final class RenderThreads: RenderTeam, @unchecked Sendable {
    private let round = Atomic<Int>(0)
    private let reported = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)
    private let begin = Doorbell()
    private let end = Doorbell()
    private nonisolated(unsafe) var work: ((Int) -> Void)?
    private nonisolated(unsafe) var count = 0
    private nonisolated(unsafe) var threads: [ServiceThread] = []

    /// Looks before a wait becomes a sleep.
    private static let looks = 4_000

    /// Starts a thread for each lane but the driver's.
    ///
    /// - Throws: `.unavailable`; those that were started must be stopped.
    func start(lanes: Int) throws(PipelineError) {
        for lane in 1..<lanes {
            threads.append(try ServiceThread(name: "lane \(lane)") { [self] in serve(lane) })
        }
    }

    func run(_ count: Int, _ work: (Int) -> Void) {
        withoutActuallyEscaping(work) { work in
            self.work = work
            self.count = count
            reported.store(0, ordering: .relaxed)
            round.add(1, ordering: .releasing)
            begin.ring()
            work(0)
            wait(on: end) { reported.load(ordering: .acquiring) == threads.count }
            self.work = nil
        }
    }

    /// Ends the threads. Harmless if repeated.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        begin.ring()
        for thread in threads { thread.join() }
        threads = []
    }

    private func serve(_ lane: Int) {
        var seen = 0
        while true {
            wait(on: begin) {
                round.load(ordering: .acquiring) != seen || isStopped.load(ordering: .acquiring)
            }
            if isStopped.load(ordering: .acquiring) { return }
            seen = round.load(ordering: .acquiring)
            if lane < count { work?(lane) }
            reported.add(1, ordering: .releasing)
            end.ring()
        }
    }

    private func wait(on bell: Doorbell, until isReady: () -> Bool) {
        for _ in 0..<Self.looks where isReady() { return }
        while true {
            let ticket = bell.ticket()
            if isReady() { return }
            bell.wait(after: ticket)
        }
    }
}
