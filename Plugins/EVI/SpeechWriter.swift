internal import Synchronization
internal import SyrinxEVI
internal import SyrinxRealtime

/// Puts speech into the renderer's ring, in order and at its rate, and knows how far each piece has been heard.
///
/// Where somebody records what was received, it hands on to ``ReceivedTail`` what a drop takes away.
///
/// - Thread: the session runner's; all members.
struct SpeechWriter: ~Copyable {
    private struct Mark {
        /// The frame, counted since the beginning, by which so much of the piece has been handed on.
        let place: Int
        let serial: Int
        let frames: Int
    }

    /// Room that is worth a call: 100 ms, as a part of a second. The ring holds five times as much.
    private static let leastRoom = 10

    private let renderer: EVIRenderer
    private let rate: Int
    private var changer: RateChanger
    /// Frames of the changer's output that are not yet in the ring.
    private var waiting = WaitingSamples()
    /// Frames in the ring since the beginning, and the one at which the changer's output began.
    private var written = 0
    private var base = 0
    private var marks: [Mark] = []
    /// No more will come in this turn; what there is plays to its end.
    private var isEnding = false
    /// It ends where it should; else it broke off, and fades.
    private var isWhole = true
    /// The newest piece of which something was told as heard.
    private var begun = -1
    private var tail: ReceivedTail
    /// The last samples that went into the ring, where the tail needs them.
    private var history: [Float] = []

    /// - Parameter written: frames that were in the ring before.
    init(_ renderer: EVIRenderer, rate: Int, after written: Int = 0) {
        self.renderer = renderer
        self.written = written
        base = written
        self.rate = rate
        changer = RateChanger(from: rate, to: rate)
        tail = ReceivedTail(renderer, rate: rate)
    }

    /// Frames in the ring and before it that have not been played.
    var unplayed: Int { written + waiting.count - renderer.consumedSpeech.load(ordering: .acquiring) }

    /// How many samples of speech may come now, at whatever rate it has; 0: the ring is full.
    mutating func wanted() -> Int {
        flush()
        if waiting.count > 0 { return 0 }
        let room = renderer.speech.writableCount
        // Speech of a lower rate than the last gives more than fits; the rest waits here.
        return room < rate / Self.leastRoom ? 0 : max(1, room * changer.inputRate / rate)
    }

    /// Takes the next speech.
    mutating func take(_ audio: PlaybackQueue.Audio) {
        tail.close()
        if audio.sampleRate != changer.inputRate {
            finishStream()
            changer = RateChanger(from: audio.sampleRate, to: rate)
        }
        audio.samples.withUnsafeBufferPointer { add($0) }
        marks.append(
            Mark(
                place: base + changer.place(ofInput: changer.taken), serial: audio.serial,
                frames: audio.samples.endIndex))
        flush()
    }

    private mutating func add(_ samples: UnsafeBufferPointer<Int16>) {
        // At equal rates straight into the ring, behind what waits.
        flush()
        let direct = changer.isPlain && waiting.count == 0 ? put(samples) : 0
        if direct > 0 { changer.pass(direct) }
        if direct == samples.count { return }
        let rest = [Float](unsafeUninitializedCapacity: samples.count - direct) { floats, filled in
            for k in direct..<samples.count { floats[k - direct] = Float(samples[k]) / 32_768 }
            filled = samples.count - direct
        }
        rest.withUnsafeBufferPointer { changer.add($0, into: &waiting.samples) }
    }

    /// Puts samples into the ring as far as there is room. Returns: how many.
    private mutating func put(_ samples: UnsafeBufferPointer<Int16>) -> Int {
        let ring = renderer.speech
        var done = 0
        while done < samples.count {
            let run = ring.writableRun()
            let count = min(run.count, samples.count - done)
            if count == 0 { break }
            if let from = samples.baseAddress, let to = run.baseAddress { widen(from + done, into: to, count: count) }
            remember(run[..<count])
            ring.didWrite(count)
            done += count
            written += count
        }
        return done
    }

    /// No more speech comes in this turn, once ``wanted()`` has been given all there was.
    mutating func endTurn(isWhole: Bool = true) {
        // A turn that has ended, and is not all in the ring yet, does not break off any more.
        self.isWhole = isWhole || isEnding && self.isWhole
        isEnding = true
    }

    /// All speech that was asked for has been given: there is none now.
    mutating func ranDry() {
        guard isEnding else { return }
        finishStream()
        flush()
        if waiting.count == 0 {
            renderer.breaksOff.store(!isWhole, ordering: .relaxed)
            renderer.turnEnd.store(written, ordering: .releasing)
            isEnding = false
        }
    }

    /// All that is not yet heard is to go.
    mutating func drop() {
        if renderer.isRecorded {
            let unheard = min(history.count, written - renderer.consumedSpeech.load(ordering: .acquiring))
            // Dropped twice, nothing more is taken away: what there was goes on.
            if !tail.isOpen || unheard > 0 || waiting.count > 0 {
                tail.open(at: written - unheard, history.suffix(unheard) + waiting.rest)
                swap(&changer, &tail.changer)
                history = []
            }
        }
        waiting.replace()
        marks = []
        isEnding = false
        changer.restart()
        base = written
        renderer.dropEnd.store(written, ordering: .relaxed)
        renderer.drops.add(1, ordering: .releasing)
    }

    /// How many samples of dropped speech may come now; 0: none is wanted.
    mutating func wantedTail() -> Int { tail.wanted() }

    /// Takes the next speech that was dropped.
    mutating func takeTail(_ audio: PlaybackQueue.Audio) { tail.take(audio) }

    /// Dropped speech is still wanted.
    var hasTail: Bool { tail.isOpen }

    private mutating func remember(_ samples: Slice<UnsafeMutableBufferPointer<Float>>) {
        guard renderer.isRecorded else { return }
        history += samples
        let most = renderer.speech.capacity
        if history.count > 2 * most { history.removeFirst(history.count - most) }
    }

    /// The piece that was heard last, and how much of it; nil if there is nothing new.
    ///
    /// A piece is told of as soon as its first frame was played, and then as it was taken.
    mutating func heard() -> (serial: Int, frames: Int)? {
        let consumed = renderer.consumedSpeech.load(ordering: .acquiring)
        let passed = marks.prefix { $0.place <= consumed }
        let last = passed.last
        marks.removeFirst(passed.count)
        if let next = marks.first, next.serial > max(begun, last?.serial ?? -1) {
            let length = (next.frames * rate + changer.inputRate - 1) / changer.inputRate
            if consumed > next.place - length {
                begun = next.serial
                return (next.serial, 1)
            }
        }
        guard let last else { return nil }
        begun = max(begun, last.serial)
        return (last.serial, last.frames)
    }

    /// Gives the changer's last frames, so that what comes next begins a stream of its own.
    private mutating func finishStream() {
        changer.finish(into: &waiting.samples)
        base = written + waiting.count
    }

    /// Moves what waits into the ring as far as there is room.
    private mutating func flush() {
        while true {
            let run = waiting.copyRun(into: renderer.speech)
            if run.isEmpty { return }
            remember(run)
            renderer.speech.didWrite(run.count)
            written += run.count
        }
    }
}

/// 16 bits as floats: full scale is 32 768. Eight at once.
private func widen(_ samples: UnsafePointer<Int16>, into result: UnsafeMutablePointer<Float>, count: Int) {
    let (from, to) = (UnsafeRawPointer(samples), UnsafeMutableRawPointer(result))
    var k = 0
    while k &+ 8 <= count {
        let eight = from.loadUnaligned(fromByteOffset: 2 &* k, as: SIMD8<Int16>.self)
        let floats = SIMD8<Float>(SIMD8<Int32>(truncatingIfNeeded: eight)) * 0x1p-15
        to.storeBytes(of: floats, toByteOffset: 4 &* k, as: SIMD8<Float>.self)
        k &+= 8
    }
    while k < count {
        result[k] = Float(samples[k]) * 0x1p-15
        k &+= 1
    }
}
