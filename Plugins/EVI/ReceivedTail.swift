internal import Synchronization
internal import SyrinxEVI
internal import SyrinxRealtime

/// Gives the renderer what a drop took away, so that a recording of what was received goes on where the listener's speech broke
/// off: until other speech comes.
///
/// - Thread: the session runner's; all members.
struct ReceivedTail: ~Copyable {
    private let renderer: EVIRenderer
    private let rate: Int
    /// Brings speech to the output's rate; that of the stream that was dropped, so that there is no seam.
    var changer: RateChanger
    /// Frames that are not yet in the ring.
    private var waiting = WaitingSamples()
    /// Frames in the ring since the beginning.
    private var written = 0
    /// What was dropped is still wanted.
    private(set) var isOpen = false

    init(_ renderer: EVIRenderer, rate: Int) {
        self.renderer = renderer
        self.rate = rate
        changer = RateChanger(from: rate, to: rate)
    }

    /// Begins with what was dropped: `samples`, the first of which is frame `place` of all speech. Before the renderer is told.
    mutating func open(at place: Int, _ samples: some Sequence<Float>) {
        waiting.replace(with: Array(samples))
        isOpen = true
        renderer.tailBegin.store(written, ordering: .relaxed)
        renderer.tailPlace.store(place, ordering: .relaxed)
        renderer.tails.add(1, ordering: .relaxed)
        flush()
    }

    /// Other speech comes.
    mutating func close() {
        waiting.replace()
        isOpen = false
    }

    /// How many samples may come now, at whatever rate they have.
    mutating func wanted() -> Int {
        guard isOpen else { return 0 }
        flush()
        return waiting.count > 0 || renderer.tail.writableCount < rate / 10 ? 0 : rate / 10
    }

    /// Takes the next speech that was dropped.
    mutating func take(_ audio: PlaybackQueue.Audio) {
        if audio.sampleRate != changer.inputRate {
            changer.finish(into: &waiting.samples)
            changer = RateChanger(from: audio.sampleRate, to: rate)
        }
        let samples = audio.samples.map { Float($0) / 32_768 }
        samples.withUnsafeBufferPointer { changer.add($0, into: &waiting.samples) }
        flush()
    }

    private mutating func flush() {
        while true {
            let run = waiting.copyRun(into: renderer.tail)
            if run.isEmpty { return }
            renderer.tail.didWrite(run.count)
            written += run.count
        }
    }
}
