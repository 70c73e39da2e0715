internal import Synchronization
internal import SyrinxClocks
internal import SyrinxCore
internal import SyrinxRealtime

/// A pipeline's one client of a JACK server, where another driver leads: the same ``JACKDriver``, which calls
/// ``JACKBridges`` in the place of the graph, on a clock of its own.
///
/// It runs while seats are in use. Several nodes find the same one by the driver that leads.
// SAFETY: everything that changes is behind a lock.
final class JACKGuest: DriverHost, @unchecked Sendable {
    /// The most of the server's frames in a cycle, as far as is known.
    var period: Int { driver.period }
    let driver: JACKDriver
    let bridges: JACKBridges
    private let seats = Mutex<[ObjectIdentifier: Seat]>([:])
    private let run = Mutex(UncheckedBox(RunState()))
    /// What ended the client for good.
    private let end = Mutex<PipelineError?>(nil)

    /// A seat, as its owner has it: it takes itself out before it goes.
    private struct Seat {
        weak var seat: JACKSeat?
        let id: String
        /// Grows: of two that share an id the later counts.
        let number: Int
    }

    private struct RunState {
        /// Seats that are in use.
        var users = 0
        var thread: SystemThread?
    }

    // MARK: Finding it

    private struct Known {
        weak var master: (any Driver)?
        weak var guest: JACKGuest?
    }

    private static let known = Mutex<[Known]>([])

    /// The guest beside the driver that leads; opens its client if nobody has.
    ///
    /// - Throws: `.unavailable` if no server answers; `.invalidParameter` if another node named another server.
    /// - Thread: control.
    static func beside(_ master: any Driver, server: String?, _ parameters: Parameters) throws(PipelineError)
        -> JACKGuest
    {
        let found = known.withLock { known in
            known.removeAll { $0.guest == nil || $0.master == nil }
            return UncheckedBox(known.first { $0.master === master }?.guest)
        }.value
        if let found {
            if let server, server != found.driver.shownServer {
                throw parameters.error(
                    "server",
                    #"found "\#(server)", but the pipeline's client is at "\#(found.driver.shownServer)"; "#
                        + "a pipeline talks to one server: name it at every jack node")
            }
            return found
        }
        let guest = JACKGuest(
            try JACKDriver(DriverRequest(pipeline: master.pipeline, nodes: []), server: server ?? ""))
        known.withLock { $0.append(Known(master: master, guest: guest)) }
        return guest
    }

    private init(_ driver: JACKDriver) {
        self.driver = driver
        bridges = JACKBridges(driver.ports.board, rate: driver.rate ?? 48_000)
    }

    // MARK: Seats

    /// Thread: control.
    func take(_ seat: JACKSeat) throws(PipelineError) {
        guard bridges.add(seat) else {
            throw PipelineError(.unavailable, at: "nodes.\(seat.id)", "there are too many jack nodes")
        }
        seats.withLock { seats in
            let number = (seats.values.map(\.number).max() ?? 0) + 1
            seats[ObjectIdentifier(seat)] = Seat(seat: seat, id: seat.id, number: number)
        }
    }

    /// From the return on nobody uses it. Thread: any but render.
    func release(_ seat: JACKSeat) {
        _ = seats.withLock { $0.removeValue(forKey: ObjectIdentifier(seat)) }
        bridges.remove(seat)
    }

    /// Lets the client run. Thread: a service's; ``leave()`` follows.
    func enter() throws(PipelineError) {
        try run.withLock { run throws(PipelineError) in
            if run.value.thread == nil { run.value.thread = try start() }
            run.value.users += 1
        }
    }

    /// The last one that leaves ends the client.
    func leave() {
        // The thread takes no part in the lock: it may be waited for inside, and nobody begins anew meanwhile.
        run.withLock { run in
            run.value.users -= 1
            guard run.value.users == 0, let thread = run.value.thread else { return }
            driver.stop()
            thread.join()
            run.value.thread = nil
        }
    }

    /// What ended the client for good. Thread: any.
    var failure: PipelineError? { end.withLock { $0 } }

    private func start() throws(PipelineError) -> SystemThread {
        driver.allowRun()
        end.withLock { $0 = nil }
        do {
            return try SystemThread(name: "jack-guest") { [self] in
                do throws(PipelineError) {
                    try driver.run(self)
                } catch {
                    end.withLock { $0 = error }
                }
            }
        } catch {
            throw PipelineError(.unavailable, at: "jack", "cannot start a thread", cause: error.cause)
        }
    }

    // MARK: DriverHost

    func engine(atRate rate: Int) throws(PipelineError) -> any Engine {
        bridges.setRate(rate)
        adapt(rate: rate)
        return bridges
    }

    var masterRate: Int { bridges.masterRate }

    /// Ways between the server's graph and what lies beyond the bridges: how late a sink's sound is when it comes, and
    /// how much later a source's goes on. In the server's frames; nobody knows more of them.
    func pathLatencies() -> [PathLatency] {
        latest.map { seat in
            let isSink = seat.bridging.direction == .playback
            let frames = JACKBridging.frames(
                seat.latencyFrames + seat.inputLatency, from: seat.bridging.masterRate, to: masterRate)
            return PathLatency(
                source: isSink ? JACKCallbacks.outside : seat.id, sink: isSink ? seat.id : JACKCallbacks.outside,
                frames: frames...frames)
        }
    }

    func xrun(_ xrun: Xrun) {
        for seat in latest {
            seat.countXrun()
            seat.events(
                "xrun",
                [.init("lost_frames", .integer(xrun.lostFrames))]
                    + (xrun.detail.map { [.init("detail", .string($0))] } ?? []))
        }
    }

    func tell(_ event: String, _ fields: [Value.Member], nodes: [String]) {
        if event == "period_changed" || event == "server_back" { adapt(rate: masterRate) }
        for seat in latest where nodes.isEmpty || nodes.contains(seat.id) { seat.events(event, fields) }
    }

    private func adapt(rate: Int) {
        let period = driver.ports.withClient { $0?.period } ?? period
        for seat in latest { seat.adapt(rate: rate, period: period) }
    }

    /// The seats, the latest of each id.
    private var latest: [JACKSeat] {
        // Kept until the lock is open: the last one to know a seat frees it, and that takes the lock.
        let all = seats.withLock { seats in
            UncheckedBox(seats.values.sorted { $0.number > $1.number }.map { (id: $0.id, seat: $0.seat) })
        }.value
        var seen: Set<String> = []
        return all.filter { seen.insert($0.id).inserted }.compactMap(\.seat).reversed()
    }
}
