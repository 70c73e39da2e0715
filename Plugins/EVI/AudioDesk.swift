internal import Synchronization
internal import SyrinxClocks
internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxRealtime

/// Where the session's side of both rings is kept.
///
/// - Thread: the session runner's; all members. The runner is an actor, so calls come one at a time.
// SAFETY: only reached from the runner's isolation: by ``SessionRunner/exchange(with:)``, and by calls of its outlet.
final class AudioDesk: @unchecked Sendable {
    private let renderer: EVIRenderer
    private let sendRate: Int
    fileprivate var microphone: MicrophoneReader
    private var speech: SpeechWriter
    fileprivate var isMuted: Bool
    private var rises = 0
    private var isHigh = false
    private var sent = 0
    fileprivate var hasToldEnd = false

    init(_ renderer: EVIRenderer, inputRate: Int, sendRate: Int, rate: Int) {
        self.renderer = renderer
        self.sendRate = sendRate
        microphone = MicrophoneReader(renderer, from: inputRate, to: sendRate)
        speech = SpeechWriter(renderer, rate: rate)
        isMuted = renderer.isMuted.load(ordering: .relaxed)
    }

    /// All speech that is not yet heard is to go. The renderer hears of it at its next cycle.
    func drop() { speech.drop() }

    /// No more speech comes in this turn.
    func endTurn(isWhole: Bool) { speech.endTurn(isWhole: isWhole) }

    /// Nanoseconds until it is worth looking again: when the cycle has come that completes a piece of 20 ms.
    ///
    /// Counted from the last cycle and not from now: a look that came late would be late for ever.
    var patience: Int {
        let passed = Int(renderer.clock.now() - renderer.microphoneTime.load(ordering: .relaxed))
        if passed > Self.standstill { return Self.most }
        let piece = sendRate / 50
        let missing = Double(piece - sent % piece) / Double(sendRate)
        return max(Self.least, min(Self.most, Int(missing * 1e9) + Self.margin - passed))
    }

    // Nanoseconds. The longest wait is no multiple of common cycles, so that none comes just before one.
    private static let least = 1_000_000
    private static let most = 25_000_000
    /// What a cycle may take after the one before was on time.
    private static let margin = 300_000
    /// No cycles come: the clock stands still.
    private static let standstill = 60_000_000

    /// Frames of speech that were handed over and not yet heard.
    var unplayed: Int { speech.unplayed }

    /// What the renderer has to say, in order.
    ///
    /// - Parameter takesMicrophone: false: what was said stays where it is, since the clock stands still.
    fileprivate func news(takesMicrophone: Bool) -> [SessionInput] {
        var news: [SessionInput] = []
        let muted = renderer.isMuted.load(ordering: .relaxed)
        if muted != isMuted {
            isMuted = muted
            news.append(.command(.mute(muted)))
        }
        let rises = renderer.bargeInRises.load(ordering: .acquiring)
        let isHigh = renderer.bargeInIsHigh.load(ordering: .relaxed)
        if rises != self.rises {
            self.rises = rises
            news.append(.bargeIn(true))
            if !isHigh { news.append(.bargeIn(false)) }
        } else if isHigh != self.isHigh {
            news.append(.bargeIn(isHigh))
        }
        self.isHigh = isHigh
        // What was played goes first: where EVI is not to hear itself, it counts for what was said meanwhile.
        while let heard = speech.heard() { news.append(.played(serial: heard.serial, frames: heard.frames)) }
        if takesMicrophone {
            let samples = microphone.take()
            if !samples.isEmpty { news.append(.microphone(samples)) }
            sent += samples.count
        }
        return news
    }

    fileprivate func wantedSpeech() -> Int { speech.wanted() }
    fileprivate func take(_ audio: PlaybackQueue.Audio) { speech.take(audio) }
    fileprivate func ranDry() { speech.ranDry() }
    fileprivate var hasTail: Bool { speech.hasTail }
    fileprivate func wantedTail() -> Int { speech.wantedTail() }
    fileprivate func takeTail(_ audio: PlaybackQueue.Audio) { speech.takeTail(audio) }
}

extension SessionRunner {
    /// Carries what the renderer left to the session, and speech to the renderer.
    ///
    /// - Parameters:
    ///   - commands: what was ordered since the last time.
    ///   - inputHasEnded: nothing but silence comes from the microphone any more.
    ///   - comesAgain: whoever calls does so again after the time that is returned, until ``run()`` has; then the session
    ///     needs no alarm before that.
    /// - Returns: nanoseconds until it is worth coming again.
    @discardableResult
    func exchange(with desk: AudioDesk, commands: [SessionCommand], inputHasEnded: Bool, comesAgain: Bool) -> Int {
        for command in commands { feed(.command(command)) }
        let takesMicrophone = !flags.contains(.holdsClock)
        feed(desk.news(takesMicrophone: takesMicrophone))
        if inputHasEnded, takesMicrophone, !desk.hasToldEnd {
            desk.hasToldEnd = true
            let rest = desk.microphone.finish()
            if !rest.isEmpty { feed(.microphone(rest)) }
            feed(.inputEnded)
        }
        while case let count = desk.wantedSpeech(), count > 0 {
            guard let audio = takeSpeech(upTo: count) else {
                desk.ranDry()
                break
            }
            if desk.hasTail { forgetDropped() }
            desk.take(audio)
        }
        while case let count = desk.wantedTail(), count > 0, let audio = takeDropped(upTo: count) {
            desk.takeTail(audio)
        }
        return comesAgain ? expectCall(within: desk.patience) : desk.patience
    }
}
