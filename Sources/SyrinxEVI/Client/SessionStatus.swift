internal import Synchronization

/// What a driver asks of a session in every cycle: a few numbers, without a lock.
///
/// - Thread: any reads, the session's runner writes.
package final class SessionGauge: Sendable {
    private let bits = Atomic<UInt16>(SessionStatus.Flags.holdsClock.rawValue)
    private let waiting = Atomic<Int>(0)

    /// A session that has not begun holds the clock.
    package init() {}

    package var flags: SessionStatus.Flags { .init(rawValue: bits.load(ordering: .acquiring)) }

    /// Speech that waits to be taken.
    package var waitingSpeech: Moment { .nanoseconds(waiting.load(ordering: .relaxed)) }
    package var hasWaitingSpeech: Bool { waiting.load(ordering: .relaxed) > 0 }

    func renew(_ status: SessionStatus) {
        let time = status.waitingSpeech
        waiting.store(time == .zero ? 0 : time.inNanoseconds, ordering: .relaxed)
        bits.store(status.flags.rawValue, ordering: .releasing)
    }
}

/// Where a session stands, as a snapshot.
///
/// - Thread: any; a value.
package struct SessionStatus: Sendable, Hashable {
    /// What can be told by yes or no. A change of one is told by ``SessionOutlet/statusChanged()``.
    package struct Flags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        package static let live = Flags(rawValue: 1 << 0)
        package static let ended = Flags(rawValue: 1 << 1)
        package static let speaking = Flags(rawValue: 1 << 2)
        package static let listening = Flags(rawValue: 1 << 3)
        package static let playing = Flags(rawValue: 1 << 4)
        package static let settled = Flags(rawValue: 1 << 5)
        package static let asleep = Flags(rawValue: 1 << 6)
        package static let holdsClock = Flags(rawValue: 1 << 7)
    }

    package internal(set) var flags: Flags = []
    /// Why it is over, once it is.
    package internal(set) var endReason: EndReason?
    /// The id of the message that sounds.
    package internal(set) var soundingID: String?
    package internal(set) var chatGroupID: String?
    /// Speech that waits to be taken.
    package internal(set) var waitingSpeech = Moment.zero
    /// Samples of the microphone that wait to be sent.
    package internal(set) var waitingMicrophone = 0
    package internal(set) var figures = Session.Figures()
    package internal(set) var microphoneFigures = MicrophoneQueue.Figures()
    package internal(set) var playbackFigures = PlaybackQueue.Figures()
    /// The time from the last answered ping to its pong.
    package internal(set) var roundTrip: Moment?

    /// There is a chat: what the microphone says is heard.
    package var isLive: Bool { flags.contains(.live) }
    package var isEnded: Bool { flags.contains(.ended) }
    /// Speech sounds.
    package var isSpeaking: Bool { flags.contains(.speaking) }
    /// What the microphone says goes out as it is: there is a chat, nothing is muted, and EVI need not be waited for.
    package var isListening: Bool { flags.contains(.listening) }
    /// Speech waits or sounds.
    package var isPlaying: Bool { flags.contains(.playing) }
    /// After the input's end: the answer has been heard, or none came.
    package var isSettled: Bool { flags.contains(.settled) }
    package var isAsleep: Bool { flags.contains(.asleep) }
    /// A driver whose clock can wait stands still.
    package var holdsClock: Bool { flags.contains(.holdsClock) }
}

extension Session {
    /// Where it stands now.
    package var status: SessionStatus {
        var (status, session) = (SessionStatus(), self)
        session.renew(&status)
        return status
    }

    /// Brings a snapshot up to date. Names and reasons, which seldom change, are written only where they have.
    ///
    /// Mutating, though it changes nothing: so the session is looked at where it lies, and not copied first.
    ///
    /// - Returns: ``deadline``.
    @discardableResult
    mutating func renew(_ status: inout SessionStatus) -> Moment? {
        var flags: SessionStatus.Flags = []
        if isLive { flags.insert(.live) }
        if isEnded { flags.insert(.ended) }
        if isSpeaking { flags.insert(.speaking) }
        if isListening { flags.insert(.listening) }
        if isPlaying { flags.insert(.playing) }
        if isSettled { flags.insert(.settled) }
        if isAsleep { flags.insert(.asleep) }
        if holdsClock { flags.insert(.holdsClock) }
        status.flags = flags
        if isEnded, status.endReason == nil { status.endReason = endReason }
        if status.soundingID != soundingID { status.soundingID = soundingID }
        if status.chatGroupID != chatGroupID { status.chatGroupID = chatGroupID }
        status.waitingSpeech = waitingSpeech
        status.waitingMicrophone = waitingMicrophone
        status.figures = figures
        status.microphoneFigures = microphoneFigures
        status.playbackFigures = playbackFigures
        return deadline
    }
}
