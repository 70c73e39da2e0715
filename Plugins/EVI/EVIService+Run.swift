internal import Synchronization
internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxRealtime

/// What the run sees of a session: a sink that may hold the clock, a keeper of the end, a receiver of commands, figures.
extension EVIService: SinkBridge, RunKeeper, EventReceiver, Reporter {
    /// An end that comes within this part of a second is not waited for.
    private static let nearness = 5

    // MARK: The clock

    /// Under the timer: waits while there is no chat to hear what would be said, while it is behind, and while speech that
    /// is there has not been brought.
    ///
    /// - Thread: driver.
    func waitToTake(through frame: Int) -> Bool {
        guard isTimed else { return true }
        let mostWaiting = min(renderer.microphone.capacity / 2, inputRate / 10)
        while true {
            let ticket = bell.ticket()
            if frame + inputRate / Self.nearness >= clockEnd.load(ordering: .acquiring) { return true }
            let isBehind = renderer.microphone.readableCount > mostWaiting
            let isShort = gauge.hasWaitingSpeech && renderer.speech.readableCount < leastSpeech
            if !gauge.flags.contains(.holdsClock), !isBehind, !isShort { return true }
            if isBehind || isShort { wake() }
            bell.wait(after: ticket, atMost: isBehind || isShort ? 2_000_000 : 20_000_000)
        }
    }

    func end(at frame: Int) {
        state.withLock { state in
            state.end = frame
            tellEnd(state)
        }
        bell.ring()
    }

    /// Tells the clock how far it waits for this session: not at all once it is over. Called under the state's lock.
    func tellEnd(_ state: State) {
        let isOver = state.isFinished || state.reason != nil
        clockEnd.store(isOver ? 0 : state.end, ordering: .releasing)
    }

    func finish() {
        let runner = state.withLock { state in
            state.isFinished = true
            tellEnd(state)
            return state.runner
        }
        if let runner { Task { await runner.feed(.stop) } }
        bell.ring()
    }

    var missedFrames: Int { renderer.droppedMicrophone.load(ordering: .relaxed) }

    // MARK: The end

    var isSource: Bool { false }

    var wish: RunWish {
        let (runner, reason, sourcesEnded) = state.withLock { ($0.runner, $0.reason, $0.sourcesEnded) }
        if let reason {
            let ends = (settings.onClose ?? (isTimed ? .end : .stay)) == .end
            return ends ? .over(reason.error) : .done
        }
        // One that has ended counts as settled, but its last speech and its reason are still to come.
        guard sourcesEnded, let status = runner?.status, status.isSettled, !status.isEnded else { return .waiting }
        return .done
    }

    func sourcesEnded() {
        let isNews = state.withLock { state in
            defer { state.sourcesEnded = true }
            return !state.sourcesEnded
        }
        if isNews { wake() }
    }

    // MARK: Commands

    func receive(_ event: PipelineEvent) throws(PipelineError) {
        let isTaken = state.withLock { state in
            if state.commands.count >= Self.commandRoom { return false }
            state.commands.append(event)
            return true
        }
        if !isTaken { warn("a command was dropped: \(Self.commandRoom) wait already") }
        wake()
    }

    // MARK: The report

    func figures() -> [(name: String, value: Value)] {
        let (runner, last, reason, figures) = state.withLock { ($0.runner, $0.status, $0.reason, $0.figures) }
        guard let status = runner?.status ?? last else { return [] }
        var members = figures.members(
            status, dropped: missedFrames, dry: renderer.dryCount.load(ordering: .relaxed), sendRate: options.sendRate)
        members.append(("send_rate_hz", .integer(options.sendRate)))
        if let reason { members.append(("closed", .string(reason.name))) }
        return members
    }
}
