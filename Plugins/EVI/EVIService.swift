internal import Synchronization
internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxRealtime

/// The half of ``EVINode`` that lives off the render thread: drives the session, and carries sound and words between it and
/// the renderer.
///
/// - Thread: ``run()`` is a task of its own; the members of ``SessionOutlet`` belong to the session runner, those of the
///   bridge to the driver; none but ``waitToTake(through:)`` waits.
final class EVIService: Service, SessionOutlet {
    struct State {
        var runner: SessionRunner?
        /// What came by events, not yet carried out.
        var commands: [PipelineEvent] = []
        /// The finite sources have ended; the run has.
        var sourcesEnded = false
        var isFinished = false
        /// Why the session is over, once its last speech was handed on.
        var reason: EndReason?
        /// The session's last words.
        var status: SessionStatus?
        /// The run's end, in frames of the input.
        var end = Int.max
        var figures = EVIFigures()
    }

    /// Commands that may wait; more are dropped with a warning.
    static let commandRoom = 256
    /// Events that may wait for their receivers; the newest are kept.
    private static let eventRoom = 4_096
    /// Nanoseconds until the first look.
    private static let firstPatience = 20_000_000

    let settings: EVISettings
    let renderer: EVIRenderer
    let state = Locked(State())
    /// True: nothing but the timer drives the run, and its clock can wait.
    let isTimed: Bool
    let inputRate: Int
    let options: SessionOptions
    /// How the session stands, and up to which frame of the input its clock waits for it: what every cycle asks for.
    let gauge = SessionGauge()
    let clockEnd = Atomic<Int>(.max)
    /// Rung when the session's status changes, for a clock that waits.
    let bell = Doorbell()
    private let transport: any Transport
    private let tools: any ToolRunner
    private let desk: AudioDesk
    private let rate: Int
    private let events: EventSender
    private let told: AsyncStream<(name: String, fields: [Value.Member])>
    private let teller: AsyncStream<(name: String, fields: [Value.Member])>.Continuation
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private let expressionPlaces: [String: Int]
    /// Speech that a cycle of the timer may take, in frames, the buffer and the fade included.
    let leastSpeech: Int

    /// - Throws: for files that cannot be read, or a proxy in the environment that is none.
    init(_ settings: EVISettings, _ setup: Setup, _ renderer: EVIRenderer) throws(PipelineError) {
        self.settings = settings
        self.renderer = renderer
        isTimed = setup.driver.map { type(of: $0).name == "timer" } ?? true
        inputRate = setup.inputs[0].format.rate
        rate = setup.outputs[0].format.rate
        leastSpeech = min(
            renderer.speech.capacity / 2,
            settings.bufferFrames(atRate: rate) + setup.outputs[0].largestBlock + rate / 50)
        options = settings.options(
            isTimed: isTimed, inputRate: inputRate, isRecorded: setup.outputs[3].isConnected)
        transport = try NetTransport.shared(
            NetTransport.Settings(
                authoritiesFile: settings.authorities, revocationListsFile: settings.revocations))
        tools = ToolProcess(settings.tools.programs, folder: settings.directory)
        desk = AudioDesk(renderer, inputRate: inputRate, sendRate: options.sendRate, rate: rate)
        events = setup.events
        (told, teller) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.eventRoom))
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        expressionPlaces = Dictionary(
            settings.expressions.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: The session

    func run() async throws {
        let runner = SessionRunner(options, transport: transport, tools: tools, outlet: self, gauge: gauge)
        let isFinished = state.withLock { state in
            state.runner = runner
            return state.isFinished
        }
        // Who receives an event may be slow; the session must not wait for that.
        let (told, events) = (told, events)
        let telling = Task { for await event in told { events(event.name, event.fields) } }
        let wakes = wakes
        let carrying = Task { for await _ in wakes { await self.carry(runner, comesAgain: false) } }
        let looking = Task {
            var patience = Self.firstPatience
            while !Task.isCancelled {
                await SharedBeat.shared.wait(until: .now + .nanoseconds(patience))
                patience = await self.carry(runner, comesAgain: true)
            }
        }
        bell.ring()
        if isFinished { await runner.feed(.stop) }
        let reason = await runner.run()
        looking.cancel()
        waker.finish()
        teller.finish()
        await looking.value
        await carrying.value
        await telling.value
        renderer.isListening.store(false, ordering: .relaxed)
        renderer.isDeaf.store(true, ordering: .relaxed)
        state.withLock { state in
            state.status = runner.status
            state.reason = reason
            state.runner = nil
            tellEnd(state)
        }
        bell.ring()
    }

    /// One exchange between session and renderer.
    @discardableResult
    private func carry(_ runner: SessionRunner, comesAgain: Bool) async -> Int {
        let (waiting, ended) = state.withLock { state in
            if state.commands.isEmpty { return ([PipelineEvent](), state.sourcesEnded) }
            let waiting = state.commands
            state.commands = []
            return (waiting, state.sourcesEnded)
        }
        var commands: [SessionCommand] = []
        for event in waiting {
            do throws(EVICommands.Fault) {
                if let command = try EVICommands.command(event) { commands.append(command) }
            } catch {
                warn(error.words)
            }
        }
        return await runner.exchange(
            with: desk, commands: commands, inputHasEnded: ended, comesAgain: comesAgain)
    }

    /// Tells of something that does not end the session. Thread: any.
    func warn(_ words: String) {
        let event = SessionEvent.warning(words)
        state.withLock { $0.figures.take(event, at: .now) }
        teller.yield((event.name, event.fields))
    }

    /// Makes the next exchange come at once.
    func wake() { waker.yield() }

    // MARK: The session's outlet

    func speechIsThere() {
        state.withLock { $0.figures.speechCame(at: .now) }
        wake()
    }

    func drop() { desk.drop() }

    func playOut() {
        desk.endTurn(isWhole: true)
        wake()
    }

    func breakOff() {
        desk.endTurn(isWhole: false)
        wake()
    }

    func tell(_ event: SessionEvent) {
        let fill = Double(desk.unplayed) / Double(rate)
        state.withLock { state in
            state.figures.take(event, at: .now)
            state.figures.note(fill: fill + gauge.waitingSpeech.inSeconds)
        }
        switch event {
        case .userMessage(let message) where !message.interim && !settings.hearsAssistant: show(message.models)
        case .assistantMessage(let message) where settings.hearsAssistant: show(message.models)
        case .assistantProsody(let prosody) where settings.hearsAssistant: show(prosody.models)
        default: break
        }
        teller.yield((event.name, event.fields))
    }

    func statusChanged() {
        renderer.isListening.store(gauge.flags.contains(.listening), ordering: .relaxed)
        bell.ring()
    }

    /// Gives scores to the control outputs.
    private func show(_ models: Inference) {
        guard let scores = models.prosody else { return }
        for (name, place) in expressionPlaces {
            guard let score = scores[name], score.isFinite else { continue }
            renderer.scores[place].store(Float(score).bitPattern, ordering: .relaxed)
        }
    }
}
