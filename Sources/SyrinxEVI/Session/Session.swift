internal import SyrinxCore

/// A conversation with EVI as a plain value: what happens goes in with its time, what is to be done comes out.
///
/// It outlives its sockets: it connects, proves who it is, keeps the audio flowing, resumes what was lost, rolls over
/// before the server's limit, and ends with a reason. It opens nothing, waits for nothing and looks at no clock.
///
/// Whoever drives it feeds ``handle(_:at:using:)`` with every event, carries out the actions in order, and sends `.tick`
/// when ``deadline`` is reached. Speech is fetched with ``takeAudio(upTo:)`` after `.play`, and `.played` tells how far it
/// was handed on; that goes on after `.end`, until ``isPlaying`` is false.
///
/// - Thread: control; a value. Times never go back; earlier ones count as now.
/// - Source: protocol 3–5; design 9.
package struct Session: Sendable {
    /// Where it stands.
    enum Phase: Sendable, Hashable {
        case idle
        case fetchingToken(until: Moment)
        case connecting(until: Moment)
        /// The handshake is done; `chat_metadata` has not come.
        case greeting(until: Moment)
        case live
        case closing(next: Next, until: Moment)
        case waiting(until: Moment)
        case asleep
        case ended(EndReason)
    }

    /// What follows a close of ours.
    enum Next: Sendable, Hashable {
        case end(EndReason)
        /// What the server's error asked for.
        case decide
        case rollOver
    }

    struct Chat: Sendable {
        let metadata: ChatMetadata
        let began: Moment
        /// It lived long enough to clear the counts of failures.
        var isProven = false
    }

    /// Texts that wait for a chat, with a bound.
    static let outboxCount = 32
    static let outboxBytes = 256 << 10
    /// An error this old says nothing about a close.
    static let errorMemory: Moment = .seconds(5)
    static let warningsPerChat = 20

    package let options: SessionOptions
    /// ``SessionOptions/rollOver``, which takes divisions.
    let rollOverAges: (from: Moment, at: Moment)
    var phase = Phase.idle
    var now = Moment.zero
    var actions: [SessionAction] = []

    // Connection.
    /// Names the socket; what belongs to another is ignored.
    var attempt = 0
    var attemptBegan = Moment.zero
    var isWritable = true
    /// Attempts in a row that led nowhere, and waits in a row.
    var failures = 0
    var waits = 0
    var how = SessionEvent.Connection.fresh
    var groupID: String?
    var chat: Chat?
    /// A chat that had proven itself is over, and no attempt has been made since.
    var lostProvenChat = false
    var lastError: (error: ServerError, at: Moment)?
    /// A server that said it would close is not waited for longer than this.
    var closeExpected: Moment?
    /// One retry after Hume's own trouble that ended with 1000.
    var usedInternalRetry = false
    var hangUpSeen = false
    /// Chat of earlier sockets.
    var spent = Moment.zero
    var warnings = 0
    var mask = SecretMask()

    // What must survive a socket.
    var settings: SessionSettings
    /// What was changed after the address of this attempt was made.
    var lateSettings = SessionSettings()
    var outbox = FIFO<ClientMessage>()
    var isPaused = false
    var isMuted: Bool

    // The turn.
    var isTurnOpen = false
    /// `assistant_end` came, and no speech since.
    var hasEndedTurn = false
    var lastSign = Moment.zero
    var lastUserSound = Moment.zero
    var hasDetector = false
    var detectorHears = false
    /// EVI is heard, or was until just now.
    var isHeard = false
    var heardUntil = Moment.zero

    // After the input's end.
    var inputEnd: Moment?
    var wasAnswered = false
    var lastQuiet = Moment.zero
    package internal(set) var isSettled = false

    var microphone: MicrophoneQueue
    var desk: ToolDesk
    var playback: PlaybackQueue
    package internal(set) var transcript = Transcript()
    package internal(set) var figures = Figures()
    /// Pieces that playback had given up when it was last looked at.
    var skippedBefore = 0
    let wakeMagnitude: Int?
    static let quietMagnitude = Loudness.magnitude(decibels: -45)

    /// What a report tells.
    package struct Figures: Sendable, Hashable {
        package var chats = 0
        package var attempts = 0
        package var rollOvers = 0
        package var losses = 0
        package var brokenMessages = 0
        package var unknownMessages = 0
        package var droppedTexts = 0
        package var chatTime = Moment.zero
        package var outage = Moment.zero
    }

    package init(_ options: SessionOptions) {
        self.options = options
        rollOverAges = options.rollOver
        settings = options.settings
        if settings.audio == nil { settings.audio = SessionSettings.AudioFormat(sampleRate: options.sendRate) }
        if settings.tools == nil, !options.tools.isEmpty { settings.tools = options.tools.map(\.tool) }
        groupID = options.resumedChatGroupID
        isMuted = options.startsMuted
        microphone = MicrophoneQueue(rate: options.sendRate, backlogBytes: options.backlogBytes)
        desk = ToolDesk(options.tools)
        playback = PlaybackQueue(limits: options.playback)
        wakeMagnitude = options.wakeLevel.map { Loudness.magnitude(decibels: $0) }
        for secret in options.credentials.secrets { hide(secret) }
        if let key = settings.languageModelKey { hide(key) }
        if case .keyAndSecret(let key, let secret) = options.credentials {
            hide(Secret(Base64.encode(Array("\(key.reveal()):\(secret.reveal())".utf8))))
        }
    }

    mutating func hide(_ secret: Secret) { mask.insert(secret.reveal()) }

    // MARK: What goes in

    /// Takes something that happened at `time`.
    ///
    /// - Parameter random: where chance is wanted; a seeded one makes the whole session repeatable.
    /// - Returns: what is to be done, in order.
    package mutating func handle(
        _ input: SessionInput, at time: Moment, using random: inout some RandomNumberGenerator
    ) -> [SessionAction] {
        now = max(now, time)
        actions = []
        switch input {
        case .start: if phase == .idle { beginAttempt() }
        case .token(let attempt, let result):
            if case .fetchingToken = phase, attempt == self.attempt { take(token: result, using: &random) }
        case .transport(let attempt, let event):
            if attempt == self.attempt { take(event, using: &random) }
        case .microphone(let samples): take(samples)
        case .inputEnded:
            inputEnd = now
            wasAnswered = false
        case .played(let serial, let frames): report(playback.advance(to: serial, frames: frames))
        case .bargeIn(let hears):
            hasDetector = true
            detectorHears = hears
            lastUserSound = now
            if hears { wake() }
        case .command(let command): if !isEnded { take(command) }
        case .tick: break
        case .stop: stop()
        }
        runTimers(using: &random)
        pump()
        defer { actions = [] }
        return actions
    }

    /// The next piece of speech, at most `count` samples.
    package mutating func takeAudio(upTo count: Int) -> PlaybackQueue.Audio? { playback.take(upTo: count) }

    /// The next samples of speech that was dropped, where ``PlaybackQueue/Limits/droppedSamples`` keeps it.
    package mutating func takeDropped(upTo count: Int) -> PlaybackQueue.Audio? { playback.takeDropped(upTo: count) }

    /// What was dropped is not wanted any more.
    package mutating func forgetDropped() { playback.forgetDropped() }

    // MARK: What it tells

    /// There is a chat: what the microphone says is heard.
    package var isLive: Bool { if case .live = phase { true } else { false } }
    package var isEnded: Bool { if case .ended = phase { true } else { false } }
    package var isAsleep: Bool { if case .asleep = phase { true } else { false } }
    /// Why it is over, once it is.
    package var endReason: EndReason? { if case .ended(let reason) = phase { reason } else { nil } }
    /// Speech waits or sounds.
    package var isPlaying: Bool { !playback.isEmpty }
    package var isSpeaking: Bool { playback.soundingID != nil }
    package var isListening: Bool { isLive && !isSilenced }
    /// The id of the message that sounds.
    package var soundingID: String? { playback.soundingID }
    package var chatGroupID: String? { groupID }
    package var microphoneFigures: MicrophoneQueue.Figures { microphone.figures }
    /// Samples of the microphone that wait to be sent.
    package var waitingMicrophone: Int { microphone.waitingSamples }
    /// Samples of the microphone for which memory is held: those that wait, and a little more.
    package var heldMicrophone: Int { microphone.heldSamples }
    package var playbackFigures: PlaybackQueue.Figures { playback.figures }
    /// Speech that waits to be taken.
    package var waitingSpeech: Moment { playback.waiting }

    /// A driver whose clock waits stands still: there is no chat to hear what would be lost, or the socket is behind.
    package var holdsClock: Bool {
        guard options.clockWaits else { return false }
        switch phase {
        case .live: return microphone.waitingSamples * 4 > options.backlogBytes  // half of it, two bytes a sample
        case .asleep, .ended: return false
        default: return true
        }
    }

    /// The microphone is not to be heard: it is muted, or EVI is.
    var isSilenced: Bool { isMuted || (options.isHalfDuplex && (isHeard || now < heardUntil)) }

    // MARK: Small helpers

    /// Tells of something, without a secret that the server may have put into it.
    mutating func emit(_ event: SessionEvent) { actions.append(.event(event.masked(by: mask))) }

    mutating func warn(_ text: String) {
        warnings += 1
        if warnings <= Self.warningsPerChat { emit(.warning(text)) }
    }

    /// Sends a message now; the caller knows that there is a chat.
    mutating func send(_ message: ClientMessage) {
        actions.append(.send(attempt: attempt, .text(message.encoded())))
    }

    /// Sends what is due of the microphone.
    mutating func pump() {
        guard isWritable, isLive else { return }
        while let piece = microphone.next(at: now) {
            switch options.sendFrames {
            case .binary: actions.append(.send(attempt: attempt, .binary(piece)))
            case .text: actions.append(.send(attempt: attempt, .text(ClientMessage.audioInput(piece).encoded())))
            }
        }
    }
}

extension Session: CustomStringConvertible, CustomReflectable {
    /// Where it stands. What it holds is not shown: keys are among it.
    package var description: String { "EVI session, \(phaseName)" }
    package var customMirror: Mirror { Mirror(self, children: ["phase": phaseName, "figures": figures]) }

    private var phaseName: String {
        switch phase {
        case .idle: "idle"
        case .fetchingToken: "fetching a token"
        case .connecting: "connecting"
        case .greeting: "waiting for chat_metadata"
        case .live: "live"
        case .closing: "closing"
        case .waiting: "waiting to reconnect"
        case .asleep: "asleep"
        case .ended(let reason): "ended: \(reason.name)"
        }
    }
}
