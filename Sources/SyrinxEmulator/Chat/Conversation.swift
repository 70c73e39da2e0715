internal import SyrinxCore
internal import SyrinxEVI

/// EVI's side of one chat, as a plain value: takes what happened and the time, and returns what is to be done.
///
/// Turns are found in the audio itself, so what is said in answer to the same bytes is the same, whatever the pace.
///
/// - Thread: any; a value.
struct Conversation: Sendable {
    static let rates = 8_000...96_000
    /// From the words about inactivity to the end.
    static let grace: Moment = .seconds(15)
    /// The same fault so often ends the chat.
    static let faultLimit = 10
    static let queueLimit = 16
    /// Audio that was held up for so long may come at once.
    static let catchUp: Moment = .seconds(20)

    enum Input: Sendable {
        case opened
        case text([UInt8])
        case binary([UInt8])
        /// From the control plane.
        case command(ClientMessage)
        case speech(ticket: Int, Speech)
        case tick
    }

    enum Action: Sendable, Hashable {
        case send(ServerMessage)
        case sendText([UInt8])
        case sendBinary([UInt8])
        case synthesize(ticket: Int, text: String, voice: String)
        /// Neither send nor read for so long.
        case stall(Moment)
        case close(code: Int, reason: String)
        case cut
        case log(LogEntry)
        /// The user's samples, for the record.
        case heard([Int16], rate: Int)
        /// EVI's samples, and when in the chat's audio they are heard.
        case spoke([Int16], rate: Int, milliseconds: Int)
        /// What was to be heard from then on is not.
        case hushed(milliseconds: Int)
    }

    let setup: ChatSetup
    var random: SeededRandom
    var now: Moment = .zero
    var actions: [Action] = []

    // What the client said.
    var settings = SessionSettings()
    var ear: Ear
    var hasMetadata = false
    var isOver = false
    var isPaused = false
    var faultCounts: [String: Int] = [:]
    /// How far audio is ahead of the clock, and when that was.
    var ahead: Moment = .zero
    var lastAudio: Moment?

    // Turns.
    var turnCount = 0
    var turn: Turn?
    var queue: [Turn] = []
    var turnWhilePaused: Turn?
    var beganWhileAudible = false
    var wasInterrupted = false
    var lastInterim = 0
    var segment: Segment?
    var nextPiece: Moment = .zero
    var waitUntil: Moment?
    var ticketCount = 0
    var segmentCount = 0
    var awaited: (ticket: Int, words: Words)?
    var call: PendingCall?
    var lastTool = (name: "", content: "")
    /// Until then what was sent takes to play.
    var playedUntil: Moment = .zero

    // Limits.
    var lastUser: Moment = .zero
    var activeUntil: Moment = .zero
    var warnedAt: Moment?
    var nudgeAt: Moment?
    var timedPlace = 0
    var hasSaidFarewell = false
    /// The code of the error that was sent last.
    var lastError: String?

    init(_ setup: ChatSetup) {
        self.setup = setup
        random = SeededRandom(seed: setup.seed)
        var hearing = setup.persona.hearing
        if let silence = setup.scenario.endOfTurnSilenceMilliseconds { hearing.endOfTurnSilenceMilliseconds = silence }
        ear = Ear(settings: hearing, keepsTurns: setup.isParrot || setup.scenario.parrots)
    }

    /// Takes what happened.
    ///
    /// - Parameter now: since the chat's origin of time; never goes back.
    mutating func handle(_ input: Input, at now: Moment) -> [Action] {
        self.now = max(now, self.now)
        actions = []
        if isOver { return [] }
        switch input {
        case .opened: open()
        case .text(let bytes): take(bytes)
        case .binary(let bytes): hear(bytes)
        case .command(let message): take(message)
        case .speech(let ticket, let speech): begin(speech, ticket: ticket)
        case .tick: break
        }
        runTimers()
        advance()
        return actions
    }

    /// When ``Input/tick`` is wanted at the latest; nil: only what comes matters.
    var deadline: Moment? {
        if isOver { return nil }
        var moments = [call?.until, waitUntil, nextTimer].compactMap { $0 }
        if segment != nil { moments.append(nextPiece) }
        return moments.min()
    }

    /// Unix time in milliseconds.
    var unixMilliseconds: Int { setup.unixMilliseconds + now.inMilliseconds }

    // MARK: Start

    private mutating func open() {
        if let (code, message) = setup.failure {
            return end(code, message)
        }
        if setup.script.metadataMilliseconds == 0 { welcome() }
    }

    mutating func welcome() {
        guard !hasMetadata, setup.script.sendsMetadata else { return }
        hasMetadata = true
        lastUser = now
        settings.customSessionID = setup.settings.customSessionID
        send(
            .chatMetadata(
                ChatMetadata(chatID: setup.chatID, chatGroupID: setup.groupID, requestID: setup.requestID)))
        log("SYSTEM", "CHAT_START_MESSAGE")
        if let prompt = setup.persona.prompt { log("SYSTEM", "SYSTEM_PROMPT", fill(prompt)) }
        if !setup.settings.isEmpty { apply(setup.settings) }
        if !setup.script.onOpen.isEmpty {
            start(Turn(steps: setup.script.onOpen))
        } else if let text = setup.persona.newChatText, !setup.isResumed {
            start(Turn(steps: [.say(text.isEmpty ? "Hello. This is the emulator of EVI." : text, quick: false)]))
        }
    }

    // MARK: Messages

    private mutating func take(_ bytes: [UInt8]) {
        do throws(WireFault) {
            let message = try ClientMessage(decoding: bytes)
            if case .audioInput(let audio, _) = message { hear(audio) } else { take(message) }
        } catch {
            let code =
                switch error.kind {
                case .syntax: "E0100"
                case .shape: "E0101"
                case .audio: "E0201"
                }
            fail(code, error.description)
        }
    }

    private mutating func take(_ message: ClientMessage) {
        switch message {
        case .audioInput(let audio, _): hear(audio)
        case .sessionSettings(let change): apply(change)
        case .userInput(let text, let session):
            adopt(session)
            userSays(text)
        case .assistantInput(let text, let session):
            adopt(session)
            var turn = Turn(steps: [.say(text, quick: false)])
            turn.isFromText = true
            enqueue(turn)
        case .toolResponse(let response):
            adopt(response.customSessionID)
            answered(response.id, response.content, error: nil)
        case .toolError(let failure):
            adopt(failure.customSessionID)
            answered(failure.id, failure.content, error: failure.error)
        case .pauseAssistant(let session):
            adopt(session)
            pause()
        case .resumeAssistant(let session):
            adopt(session)
            resume()
        }
    }

    private mutating func adopt(_ session: String?) {
        if let session { settings.customSessionID = session }
    }

    private mutating func pause() {
        guard !isPaused else { return }
        isPaused = true
        log("SYSTEM", "PAUSE_ONSET")
        // What is under way is finished; the rest of the turn is not said.
        turn?.steps = []
        queue = []
        call = nil
        waitUntil = nil
        if segment == nil, awaited == nil { turn = nil }
    }

    private mutating func resume() {
        guard isPaused else { return }
        isPaused = false
        log("SYSTEM", "RESUME_ONSET")
        if let turn = turnWhilePaused { start(turn) }
        turnWhilePaused = nil
    }

    // MARK: Words out

    mutating func send(_ message: ServerMessage) { actions.append(.send(stamped(message))) }

    /// A fault of the client. Ten of the same end the chat.
    mutating func fail(_ code: String, _ words: String) {
        sendError(code, ErrorCodes.slug(code), words)
        faultCounts[code, default: 0] += 1
        if faultCounts[code] == Self.faultLimit { close(1008, "the same fault ten times: \(code)") }
    }

    mutating func sendError(_ code: String, _ slug: String, _ words: String) {
        lastError = code
        send(.error(ServerError(code: code, slug: slug, message: words, requestID: setup.requestID)))
    }

    /// An error that ends the chat.
    mutating func end(_ code: String, _ words: String) {
        sendError(code, ErrorCodes.slug(code), words)
        close(1000, ErrorCodes.slug(code))
    }

    mutating func close(_ code: Int, _ reason: String) {
        guard !isOver else { return }
        log("SYSTEM", "CHAT_END_MESSAGE")
        isOver = true
        actions.append(.close(code: code, reason: reason))
    }

    /// How the chat ended, in the words of its history.
    var status: String {
        switch lastError {
        case "E0714": "INACTIVITY_TIMEOUT"
        case "E0715": "MAX_DURATION_TIMEOUT"
        case let code? where RetryTable.rule(error: code) != .harmless && isOver: "ERROR"
        default: "USER_ENDED"
        }
    }

    mutating func log(
        _ role: String, _ type: String, _ text: String? = nil, scores: Scores? = nil, metadata: Value? = nil,
        key: String? = nil, related: String? = nil
    ) {
        actions.append(
            .log(
                LogEntry(
                    role: role, type: type, text: text, scores: scores, metadata: metadata, key: key,
                    relatedKey: related)))
    }

    private func stamped(_ message: ServerMessage) -> ServerMessage {
        guard let session = settings.customSessionID else { return message }
        switch message {
        case .chatMetadata(var it):
            it.customSessionID = session
            return .chatMetadata(it)
        case .error(var it):
            it.customSessionID = session
            return .error(it)
        case .userMessage(var it):
            it.customSessionID = session
            return .userMessage(it)
        case .userInterruption(var it):
            it.customSessionID = session
            return .userInterruption(it)
        case .assistantMessage(var it):
            it.customSessionID = session
            return .assistantMessage(it)
        case .assistantProsody(var it):
            it.customSessionID = session
            return .assistantProsody(it)
        case .audioOutput(var it):
            it.customSessionID = session
            return .audioOutput(it)
        case .assistantEnd: return .assistantEnd(customSessionID: session)
        case .toolCall(var it):
            it.customSessionID = session
            return .toolCall(it)
        case .toolResponse(var it):
            it.customSessionID = session
            return .toolResponse(it)
        case .toolError(var it):
            it.customSessionID = session
            return .toolError(it)
        case .sessionSettings, .unknown: return message
        }
    }
}
