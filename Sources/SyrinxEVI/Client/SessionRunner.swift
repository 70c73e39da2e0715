internal import SyrinxRealtime

/// Drives a ``Session`` over a transport: gives it the time, its socket's words and its tools' answers, and carries out what
/// it wants, in order. It decides nothing.
///
/// Sockets, tools and token requests have a task each; one more waits for the session's deadline. All have ended when
/// ``run()`` returns.
///
/// - Thread: any but render. ``status`` never waits for the actor.
package actor SessionRunner {
    private var session: Session
    /// The session's deadline after the last step.
    private var deadline: Moment?
    private let transport: any Transport
    private let tools: any ToolRunner
    private var outlet: (any SessionOutlet)?
    private let origin = ContinuousClock.now
    private var random = SystemRandomNumberGenerator()
    private let snapshot: Locked<Snapshot>
    private let gauge: SessionGauge
    private var toldFlags: SessionStatus.Flags

    /// The socket in use.
    private var socket: (attempt: Int, connection: any TransportConnection)?
    /// Attempts whose socket has not told its last.
    private var openAttempts: Set<Int> = []
    private var tokenFetches: [Int: Task<Void, Never>] = [:]
    private var toolTasks: [String: Task<Void, Never>] = [:]
    private var alarm: (time: Moment, task: Task<Void, Never>)?
    private var alarmSerial = 0
    /// When somebody calls again who makes the session's ticks; nil: nobody does.
    private var expectedCall: Moment?
    private var hasStarted = false
    private var isStopping = false
    private var waiters: [CheckedContinuation<EndReason, Never>] = []

    /// How long a socket may take to close in good order.
    private static let closeLimit: Moment = .milliseconds(800)
    /// The least time between two calls that are expected.
    private static let leastWait: Moment = .milliseconds(1)

    package init(
        _ options: SessionOptions, transport: any Transport, tools: any ToolRunner, outlet: any SessionOutlet,
        gauge: SessionGauge = SessionGauge()
    ) {
        let session = Session(options)
        let status = session.status
        self.session = session
        self.transport = transport
        self.tools = tools
        self.outlet = outlet
        snapshot = Locked(Snapshot(status: status))
        self.gauge = gauge
        gauge.renew(status)
        toldFlags = status.flags
    }

    private struct Snapshot {
        var status: SessionStatus
        var connection: (any TransportConnection)?
    }

    /// Where the session stands; renewed after every step.
    package nonisolated var status: SessionStatus {
        var (status, connection) = snapshot.withLock { ($0.status, $0.connection) }
        status.roundTrip = connection?.roundTrip
        return status
    }

    /// Of the same, what is cheap to ask for.
    package nonisolated var flags: SessionStatus.Flags { gauge.flags }

    /// Drives the session until it is over and its last speech was handed on.
    ///
    /// Cancelling the task stops it in good order within a second, with close code 1000. The outlet is let go at the end.
    package func run() async -> EndReason {
        await withTaskCancellationHandler {
            if !hasStarted {
                hasStarted = true
                step(.start)
            }
            return await withCheckedContinuation { waiter in
                waiters.append(waiter)
                finishIfOver()
            }
        } onCancel: {
            Task { await self.stop() }
        }
    }

    /// Feeds something and carries out what the session wants: `.microphone`, `.inputEnded`, `.played`, `.bargeIn`,
    /// `.command`, `.stop`.
    ///
    /// After `.stop`, ``run()`` returns as soon as the session is over, whatever still plays.
    package func feed(_ input: SessionInput) {
        if case .stop = input { stop() } else { step(input) }
    }

    /// The same for several at once.
    package func feed(_ inputs: [SessionInput]) {
        if inputs.isEmpty { return }
        for input in inputs { advance(input) }
        settle()
    }

    /// Ticks if it is time to, and relies on the caller to come again: no alarm is set for what is due after that.
    ///
    /// - Parameter nanoseconds: when the caller would come.
    /// - Returns: nanoseconds after which the caller is to come, until ``run()`` has returned.
    package func expectCall(within nanoseconds: Int) -> Int {
        let now = now
        if let deadline, deadline <= now { step(.tick) }
        var call = now + .nanoseconds(nanoseconds)
        if let deadline, deadline < call { call = max(deadline, now + Self.leastWait) }
        expectedCall = call
        return (call - now).inNanoseconds
    }

    /// The next speech to play, at its own rate: at most `samples` of one piece. `.played` tells when it was handed on.
    package func takeSpeech(upTo samples: Int) -> PlaybackQueue.Audio? {
        guard let audio = session.takeAudio(upTo: samples) else { return nil }
        renewStatus()
        return audio
    }

    /// The next samples of speech that was dropped, where the options keep it.
    package func takeDropped(upTo samples: Int) -> PlaybackQueue.Audio? { session.takeDropped(upTo: samples) }

    /// What was dropped is not wanted any more.
    package func forgetDropped() { session.forgetDropped() }

    /// What was said so far.
    package var transcript: Transcript { session.transcript }

    // MARK: Steps

    private var now: Moment { ContinuousClock.now - origin }

    private func step(_ input: SessionInput) {
        advance(input)
        settle()
    }

    private func advance(_ input: SessionInput) {
        let actions = session.handle(input, at: now, using: &random)
        // Who is told of something looks at the status.
        if actions.contains(where: { $0.isForOutlet }) { renewStatus() }
        for action in actions { carryOut(action) }
    }

    private func settle() {
        renewStatus()
        tellFlags()
        arm()
        finishIfOver()
    }

    private func renewStatus() {
        let connection = socket?.connection
        snapshot.withLock { snapshot in
            deadline = session.renew(&snapshot.status)
            snapshot.connection = connection
            gauge.renew(snapshot.status)
        }
    }

    private func tellFlags() {
        let flags = flags
        if flags == toldFlags { return }
        toldFlags = flags
        outlet?.statusChanged()
    }

    private func carryOut(_ action: SessionAction) {
        switch action {
        case .fetchToken(let attempt, let request): fetchToken(attempt, request)
        case .connect(let attempt, let request): connect(attempt, request)
        case .send(let attempt, let frame):
            if let socket, socket.attempt == attempt { socket.connection.send(frame) }
        case .close(let attempt, let code, let reason):
            guard let socket, socket.attempt == attempt else { return }
            socket.connection.close(code: code, reason: reason, limit: Self.closeLimit)
        case .abandon(let attempt):
            guard let socket, socket.attempt == attempt else { return }
            self.socket = nil
            socket.connection.abandon()
        case .play: outlet?.speechIsThere()
        case .drop: outlet?.drop()
        case .playOut: outlet?.playOut()
        case .breakOff: outlet?.breakOff()
        case .runTool(let call): run(call)
        case .cancelTool(let id): toolTasks[id]?.cancel()
        case .event(let event): outlet?.tell(event)
        case .end:
            socket?.connection.abandon()
            for task in tokenFetches.values { task.cancel() }
            for task in toolTasks.values { task.cancel() }
        }
    }

    // MARK: Connection

    private func fetchToken(_ attempt: Int, _ request: HTTPRequest) {
        let (transport, limit) = (transport, session.options.metadataLimit)
        tokenFetches[attempt] = Task {
            let result: Result<HTTPResponse, TransportFailure>
            do throws(TransportFailure) {
                result = .success(try await transport.fetch(request, limit: limit))
            } catch {
                result = .failure(error)
            }
            tokenFetches[attempt] = nil
            step(.token(attempt: attempt, result))
        }
    }

    private func connect(_ attempt: Int, _ request: ConnectRequest) {
        // The session opens a socket only when it has done with the one before; should that linger, it goes now.
        socket?.connection.abandon()
        openAttempts.insert(attempt)
        let connection = transport.open(request) { [weak self] event in await self?.take(event, from: attempt) }
        socket = (attempt, connection)
    }

    private func take(_ event: TransportEvent, from attempt: Int) {
        switch event {
        case .refused, .failed, .closed:
            openAttempts.remove(attempt)
            if socket?.attempt == attempt { socket = nil }
        case .opened, .text, .binary, .writable: break
        }
        step(.transport(attempt: attempt, event))
    }

    // MARK: Tools

    private func run(_ call: ToolCall) {
        let tools = tools
        toolTasks[call.id]?.cancel()
        toolTasks[call.id] = Task {
            let result = await tools.run(call)
            toolTasks[call.id] = nil
            let wasCancelled = Task.isCancelled
            switch result {
            case _ where wasCancelled: finishIfOver()
            case .answer(let content): step(.command(.toolResponse(id: call.id, content: content)))
            case .failed(let error, let content):
                outlet?.tell(.warning("the tool \(call.name) failed: \(error)"))
                step(.command(.toolError(id: call.id, error: error, content: content)))
            case .notMine: finishIfOver()
            }
        }
    }

    // MARK: Time

    /// Sees to it that the session is asked again at its deadline.
    ///
    /// One task sleeps from deadline to deadline. A deadline that moves away is found when the task wakes up; only one that
    /// comes nearer replaces it.
    private func arm() {
        guard let deadline else { return }
        if let alarm, alarm.time <= deadline { return }
        if let expectedCall, expectedCall <= deadline { return }
        alarm?.task.cancel()
        alarmSerial += 1
        let (serial, origin) = (alarmSerial, origin)
        let task = Task { [weak self] in
            var next = deadline
            while true {
                await SharedBeat.shared.wait(until: origin + next)
                if Task.isCancelled { return }
                guard let later = await self?.ring(serial) else { return }
                next = later
            }
        }
        alarm = (deadline, task)
    }

    /// Ticks if it is time to.
    ///
    /// - Returns: when to come again; nil: never, another has taken over or there is no deadline.
    private func ring(_ serial: Int) -> Moment? {
        guard serial == alarmSerial, alarm != nil else { return nil }
        if let deadline, deadline <= now {
            // This task looks again after the tick, so nothing else need be armed meanwhile.
            alarm?.time = .zero
            step(.tick)
        }
        guard serial == alarmSerial, let task = alarm?.task, let deadline else {
            if serial == alarmSerial { alarm = nil }
            return nil
        }
        if let expectedCall, expectedCall <= deadline {
            alarm = nil
            return nil
        }
        alarm = (deadline, task)
        return deadline
    }

    // MARK: The end

    private func stop() {
        isStopping = true
        // A session that is over has its speech still out: nobody waits for it now.
        if session.isEnded, session.isPlaying { outlet?.drop() }
        step(.stop)
    }

    private func finishIfOver() {
        guard flags.contains(.ended), let reason = session.endReason, openAttempts.isEmpty, tokenFetches.isEmpty,
            toolTasks.isEmpty, isStopping || !session.isPlaying
        else { return }
        alarm?.task.cancel()
        alarm = nil
        outlet = nil
        let waiters = waiters
        self.waiters = []
        for waiter in waiters { waiter.resume(returning: reason) }
    }
}
