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

    package let flags: Flags
    /// Why it is over, once it is.
    package let endReason: EndReason?
    /// The id of the message that sounds.
    package let soundingID: String?
    package let chatGroupID: String?
    /// Speech that waits to be taken.
    package let waitingSpeech: Moment
    /// Samples of the microphone that wait to be sent.
    package let waitingMicrophone: Int
    package let figures: Session.Figures
    package let microphoneFigures: MicrophoneQueue.Figures
    package let playbackFigures: PlaybackQueue.Figures
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
        var flags: SessionStatus.Flags = []
        if isLive { flags.insert(.live) }
        if isEnded { flags.insert(.ended) }
        if isSpeaking { flags.insert(.speaking) }
        if isListening { flags.insert(.listening) }
        if isPlaying { flags.insert(.playing) }
        if isSettled { flags.insert(.settled) }
        if isAsleep { flags.insert(.asleep) }
        if holdsClock { flags.insert(.holdsClock) }
        return SessionStatus(
            flags: flags, endReason: endReason, soundingID: soundingID, chatGroupID: chatGroupID,
            waitingSpeech: waitingSpeech, waitingMicrophone: waitingMicrophone, figures: figures,
            microphoneFigures: microphoneFigures, playbackFigures: playbackFigures)
    }
}
