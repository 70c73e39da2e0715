internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxNet

/// Drives one chat over its socket: hands in what comes and what time it is, and does what the conversation wants.
actor ChatRunner {
    private let line: Line
    private let socket: WebSocket
    private let speech: SpeechDesk
    private let record: ChatRecordKeeper
    private let audioRate: Int
    private var conversation: Conversation
    private let origin = ContinuousClock.now
    private var alarm: (moment: Moment, task: Task<Void, Never>)?
    private var stalledUntil: ContinuousClock.Instant?
    private var observers: [Int: Line] = [:]
    private var observerCount = 0
    /// What those who join later are told first: everything but sound.
    private var history: [[UInt8]] = []
    private var isOver = false

    private static let historyLimit = 1_000
    private static let tooBig = Line.Item.close(code: 1009, reason: "a message is over the limit of 16 MiB")

    init(_ socket: WebSocket, _ setup: ChatSetup, speech: SpeechDesk, record: ChatRecordKeeper) {
        self.socket = socket
        self.speech = speech
        self.record = record
        audioRate = setup.scenario.audio.rate
        conversation = Conversation(setup)
        line = Line(socket, setup.scenario.network, seed: setup.seed)
    }

    /// Until the socket is closed.
    func run() async {
        let line = line
        async let sending: Void = line.run()
        feed(.opened)
        for await message in socket.messages {
            switch message {
            case .text(let text) where text.utf8.count > Reception.messageLimit: line.put(Self.tooBig)
            case .binary(let bytes) where bytes.count > Reception.messageLimit: line.put(Self.tooBig)
            case .text(let text): feed(.text(Array(text.utf8)))
            case .binary(let bytes): feed(.binary(bytes))
            }
            // Nobody reads meanwhile, and the client's socket fills up.
            if let until = stalledUntil {
                stalledUntil = nil
                try? await Task.sleep(until: until, clock: .continuous)
            }
        }
        isOver = true
        alarm?.task.cancel()
        line.finish()
        for observer in observers.values { observer.put(.close(code: 1000, reason: "the chat is over")) }
        observers = [:]
        record.end(status: conversation.status)
        await sending
    }

    /// A message by the control plane.
    ///
    /// - Returns: false: the chat is over.
    func command(_ message: ClientMessage) -> Bool {
        guard !isOver else { return false }
        feed(.command(message))
        return true
    }

    /// Lets somebody listen and write until they go, or the chat is over.
    func attach(_ socket: WebSocket) async {
        guard !isOver else { return }
        let observer = Line(socket, Scenario.Network(), seed: 0)
        observerCount += 1
        let number = observerCount
        for message in history { observer.put(.text(message)) }
        observers[number] = observer
        async let sending: Void = observer.run()
        for await message in socket.messages {
            guard case .text(let text) = message, !text.isEmpty else { continue }
            do throws(WireFault) {
                let message = try ClientMessage(decoding: Array(text.utf8))
                if case .audioInput = message {
                    let error = ServerError(
                        code: "E0101", slug: ErrorCodes.slug("E0101"), message: "audio_input is not taken here")
                    observer.put(.text(ServerMessage.error(error).encoded()))
                } else {
                    _ = command(message)
                }
            } catch {
                let code = error.kind == .syntax ? "E0100" : "E0101"
                let fault = ServerError(code: code, slug: ErrorCodes.slug(code), message: error.description)
                observer.put(.text(ServerMessage.error(fault).encoded()))
            }
        }
        observers[number] = nil
        observer.finish()
        await sending
    }

    private func feed(_ input: Conversation.Input) {
        guard !isOver else { return }
        for action in conversation.handle(input, at: origin.duration(to: .now)) { perform(action) }
        setAlarm()
    }

    private func perform(_ action: Conversation.Action) {
        switch action {
        case .send(let message):
            let bytes = message.encoded()
            if case .audioOutput = message {
            } else if record.allowsConnection, history.count < Self.historyLimit {
                history.append(bytes)
            }
            line.put(.text(bytes))
            for observer in observers.values { observer.put(.text(bytes)) }
        case .sendText(let bytes): line.put(.text(bytes))
        case .sendBinary(let bytes): line.put(.binary(bytes))
        case .synthesize(let ticket, let text, let voice):
            let (speech, rate) = (speech, audioRate)
            Task { [weak self] in
                let sound = await speech.speak(text, voice: voice, rate: rate)
                await self?.feed(.speech(ticket: ticket, sound))
            }
        case .stall(let length):
            line.put(.stall(length))
            stalledUntil = max(stalledUntil ?? .now, .now.advanced(by: length))
        case .close(let code, let reason): line.put(.close(code: code, reason: reason))
        case .cut: line.cut()
        case .log(let entry): record.log(entry, at: conversation.unixMilliseconds)
        case .heard(let samples, let rate): record.record { $0.add(user: samples, rate: rate) }
        case .spoke(let samples, let rate, let milliseconds):
            record.record { $0.add(assistant: samples, rate: rate, at: milliseconds) }
        case .hushed(let milliseconds): record.record { $0.hush(at: milliseconds) }
        }
    }

    private func setAlarm() {
        let moment = conversation.deadline
        guard moment != alarm?.moment else { return }
        alarm?.task.cancel()
        alarm = nil
        guard let moment else { return }
        // A moment at least: whatever is due now was done already.
        let due = max(origin.advanced(by: moment), .now.advanced(by: .milliseconds(1)))
        let task = Task { [weak self] in
            try? await Task.sleep(until: due, clock: .continuous)
            if !Task.isCancelled { await self?.ring() }
        }
        alarm = (moment, task)
    }

    private func ring() {
        alarm = nil
        feed(.tick)
    }
}
