internal import Synchronization
internal import SyrinxClocks
internal import SyrinxCore
internal import SyrinxEVI
internal import SyrinxRealtime

/// The render half of ``EVINode``: takes in the microphone, gives out speech, and knows nothing of a network.
///
/// Two rings lie between it and the service, one each way; words travel by atomics. Speech is counted in frames since the
/// beginning, so that "drop all up to here" and "the turn ends here" mean the same on both sides.
///
/// In a loop the inputs come after the outputs: `render` reads only values of `barge_in` that are a whole millisecond old,
/// which `absorb` has kept where the slice does not hold them.
final class EVIRenderer: Renderer {
    /// What is fixed when it is made.
    struct Layout {
        var inputRate: Int
        var rate: Int
        var inputRoom: Int
        var speechRoom: Int
        var hasBargeIn: Bool
        var hasHint: Bool
        /// One of the two.
        var hearsUser: Bool
        /// Somebody wants `received`.
        var isRecorded: Bool
        var expressionCount: Int
        var head: PlayoutHead
        /// What comes before this frame belongs to no sink, since it is the latency that the output states.
        var firstFrame: Int
        var bargeIn: BargeIn
        /// Where `barge_in` and its hint begin to mean that the user is heard.
        var threshold: Float
        /// Index of `barge_in_threshold` among the parameters.
        var thresholdParameter: Int
        /// Index of `mute` among the parameters.
        var muteParameter: Int
        var isMuted: Bool
    }

    /// Samples of the input. Render writes, the service reads.
    let microphone: SampleRing.Ends
    /// Speech at the output's rate. The service writes, render reads.
    let speech: SampleRing.Ends
    /// What drops took away, for `received`: how often that was, and where the last of it begins, which is frame
    /// ``tailPlace`` of all speech. The service writes, before it tells of the drop.
    let tail: SampleRing.Ends
    let tails = Atomic<Int>(0)
    let tailBegin = Atomic<Int>(0)
    let tailPlace = Atomic<Int>(0)
    /// Somebody wants `received`.
    let isRecorded: Bool
    /// Samples that found no room in ``microphone``. Render writes.
    let droppedMicrophone = Atomic<Int>(0)
    /// When the last samples went into ``microphone``, by ``clock``. Render writes.
    let microphoneTime = Atomic<Int64>(0)
    let clock = TickClock.shared
    /// Frames of speech that were played or dropped since the beginning. Render writes.
    let consumedSpeech = Atomic<Int>(0)
    /// How often all speech was to be dropped, and up to which frame the last time. The service writes.
    let drops = Atomic<Int>(0)
    let dropEnd = Atomic<Int>(0)
    /// The frame at which a turn ends: nothing follows for now. The service writes.
    let turnEnd = Atomic<Int>(-1)
    /// There the turn breaks off, so that it fades. The service writes, before ``turnEnd``.
    let breaksOff = Atomic<Bool>(false)
    /// Times that speech ran dry within a turn. Render writes.
    let dryCount = Atomic<Int>(0)
    /// How often `barge_in` has told of the user, and whether it does. Render writes.
    let bargeInRises = Atomic<Int>(0)
    let bargeInIsHigh = Atomic<Bool>(false)
    /// What the parameter `mute` says. Render writes.
    let isMuted: Atomic<Bool>
    /// Nobody takes what the microphone says any more: the session is over. The service writes.
    let isDeaf = Atomic<Bool>(false)
    /// What the microphone says is heard. The service writes.
    let isListening = Atomic<Bool>(false)
    /// Bits of the last score of each emotion that has an output. The service writes.
    nonisolated(unsafe) let scores: UnsafeMutablePointer<Atomic<UInt32>>

    private let layout: Layout
    /// What keeps the rings' memory.
    private let rings: (SampleRing, SampleRing, SampleRing)

    // Owned by the render thread, all that follows.
    private nonisolated(unsafe) var head: PlayoutHead
    private nonisolated(unsafe) var bargeIn: BargeIn
    private nonisolated(unsafe) var threshold: Float
    private nonisolated(unsafe) var consumed = 0
    private nonisolated(unsafe) var handledDrops = 0
    private nonisolated(unsafe) var isSounding = false
    /// Frames of ``tail`` that were read or passed over, how many are still to be passed over, and whether it goes on.
    private nonisolated(unsafe) var tailRead = 0
    private nonisolated(unsafe) var tailSkip = 0
    private nonisolated(unsafe) var tailIsOpen = false
    private nonisolated(unsafe) var handledTails = 0
    /// The next value of `barge_in` and its hint to heed; −1: before the first block.
    private nonisolated(unsafe) var nextValue = -1
    private nonisolated(unsafe) var turns = LateValues(input: 1)
    private nonisolated(unsafe) var hints = LateValues(input: 2)

    init(_ layout: Layout) {
        self.layout = layout
        rings = (
            SampleRing(minimumCapacity: layout.inputRoom), SampleRing(minimumCapacity: layout.speechRoom),
            SampleRing(minimumCapacity: layout.isRecorded ? layout.speechRoom : 1)
        )
        tail = rings.2.ends
        isRecorded = layout.isRecorded
        microphone = rings.0.ends
        speech = rings.1.ends
        isMuted = Atomic(layout.isMuted)
        scores = .allocate(capacity: max(layout.expressionCount, 1))
        for index in 0..<max(layout.expressionCount, 1) { (scores + index).initialize(to: Atomic(0)) }
        head = layout.head
        bargeIn = layout.bargeIn
        threshold = layout.threshold
    }

    deinit { scores.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (output, speaking) = (block.output(0), block.output(1))
        takeDrops()
        // The turn's end first: what was written before it was told is in the ring by then.
        let turnEnd = turnEnd.load(ordering: .acquiring)
        let breaksOff = breaksOff.load(ordering: .relaxed)
        let waiting = speech.readableCount
        let written = consumed &+ waiting
        var done = 0
        for value in 0..<speaking.frameCount {
            let edge = firstFrame(ofValue: speaking.position + value) - output.position
            play(block, from: done, to: edge, written: written, hasEnded: turnEnd == written, breaksOff: breaksOff)
            done = max(done, edge)
            speaking[0][value] = isSounding ? 1 : 0
        }
        play(
            block, from: done, to: output.frameCount, written: written, hasEnded: turnEnd == written,
            breaksOff: breaksOff)
        consumedSpeech.store(consumed, ordering: .releasing)
        dryCount.store(head.dryCount, ordering: .relaxed)
        tellLevels(block)
    }

    @_noLocks @_noAllocation
    func absorb(_ block: RenderBlock) {
        let samples = block.input(0)[0]
        var taken = isDeaf.load(ordering: .relaxed) ? samples.count : 0
        let ring = microphone
        while taken < samples.count {
            let run = ring.writableRun()
            let count = min(run.count, samples.count &- taken)
            if count == 0 { break }
            if let to = run.baseAddress, let from = samples.baseAddress {
                UnsafeMutableRawPointer(to).copyMemory(from: from + taken, byteCount: count &* 4)
            }
            ring.didWrite(count)
            taken &+= count
        }
        microphoneTime.store(clock.now(), ordering: .relaxed)
        if taken < samples.count {
            let missed = samples.count &- taken
            droppedMicrophone.store(droppedMicrophone.load(ordering: .relaxed) &+ missed, ordering: .relaxed)
        }
        if layout.hasBargeIn { turns.keep(block) }
        if layout.hasHint { hints.keep(block) }
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        if parameter == layout.muteParameter { isMuted.store(value >= 0.5, ordering: .relaxed) }
        if parameter == layout.thresholdParameter { threshold = Float(value) }
    }

    /// What waits to be heard is the conversation's, and stays.
    @_noLocks @_noAllocation
    func reset() {
        head = layout.head
        bargeIn = layout.bargeIn
        threshold = layout.threshold
        isSounding = false
        tailIsOpen = false
        nextValue = -1
        turns.reset()
        hints.reset()
        isMuted.store(layout.isMuted, ordering: .relaxed)
    }

    /// Counts speech as consumed that was taken out of the ring by other hands, between blocks; for tests of the contract.
    func skip(_ frames: Int) {
        consumed &+= frames
        consumedSpeech.store(consumed, ordering: .releasing)
    }

    // MARK: Speech

    /// Hears that all is to go; it fades, and then the ring is emptied up to where it was then.
    @_noLocks @_noAllocation
    private func takeDrops() {
        let told = drops.load(ordering: .acquiring)
        if told == handledDrops { return }
        handledDrops = told
        head.drop()
    }

    /// Frames of the block from one to another.
    @_noLocks @_noAllocation
    private func play(
        _ block: RenderBlock, from first: Int, to last: Int, written: Int, hasEnded: Bool, breaksOff: Bool
    ) {
        if first >= last { return }
        let output = block.output(0)
        let samples = output[0]
        let received = block.output(3)[0]
        var (head, bargeIn, consumed) = (head, bargeIn, consumed)
        var isSounding = isSounding
        let threshold = threshold
        var due = dueFrame(block)
        if written == consumed, head.isGathering, bargeIn.isIdle(), due >= output.position &+ last {
            for frame in first..<last { samples[frame] = 0 }
            receiveTail(received, from: first, to: last)
            self.isSounding = false
            return
        }
        let ring = speech
        var run = ring.readableRun()
        var taken = 0
        var frame = first
        while frame < last {
            // Speech that sounds as it is, in one go.
            let steady = head.steadyFrames(available: written &- consumed, ended: hasEnded, breaksOff: breaksOff)
            if steady > 0, bargeIn.isIdle() {
                if taken == run.count {
                    ring.didRead(taken)
                    run = ring.readableRun()
                    taken = 0
                }
                let upTo = min(last, min(due &- output.position, frame &+ min(steady, run.count &- taken)))
                if upTo > frame {
                    if let to = samples.baseAddress, let from = run.baseAddress {
                        UnsafeMutableRawPointer(to + frame).copyMemory(
                            from: from + taken, byteCount: (upTo &- frame) &* 4)
                    }
                    if tailIsOpen { closeTail() }
                    for k in frame..<upTo { received[k] = samples[k] }
                    taken &+= upTo &- frame
                    consumed &+= upTo &- frame
                    isSounding = true
                    frame = upTo
                    continue
                }
            }
            while output.position &+ frame >= due {
                if layout.hasHint { bargeIn.hearHint(hints.value(nextValue, block), threshold: threshold) }
                if layout.hasBargeIn {
                    let rose = bargeIn.hear(turns.value(nextValue, block), threshold: threshold)
                    noteBargeIn(bargeIn.isHigh(), rose: rose)
                }
                nextValue &+= 1
                due = firstFrame(ofValue: nextValue &+ 1)
            }
            if head.isDropped {
                // All that was there when it was to be dropped goes; what came later stays.
                ring.didRead(taken)
                openTail(at: consumed)
                let rest = max(0, dropEnd.load(ordering: .relaxed) &- consumed)
                ring.didRead(rest)
                consumed &+= rest
                run = ring.readableRun()
                taken = 0
                head.restart()
                bargeIn.confirm()
            }
            let gain = bargeIn.next()
            let isEarly = output.position &+ frame < layout.firstFrame
            if isEarly ? head.isGathering : (bargeIn.isHolding() ? head.isPlaying : false) {
                samples[frame] = 0
                receiveTail(received, from: frame, to: frame &+ 1)
                isSounding = false
                frame &+= 1
                continue
            }
            let end = head.isDropping ? dropEnd.load(ordering: .relaxed) : written
            let next = head.next(available: max(0, end &- consumed), ended: hasEnded, breaksOff: breaksOff)
            isSounding = next.takes
            if !next.takes {
                samples[frame] = 0
                receiveTail(received, from: frame, to: frame &+ 1)
                frame &+= 1
                continue
            }
            if taken == run.count {
                ring.didRead(taken)
                run = ring.readableRun()
                taken = 0
            }
            let sample = taken < run.count ? run[taken] : 0
            if tailIsOpen { closeTail() }
            received[frame] = sample
            samples[frame] = sample * next.gain * gain
            taken &+= 1
            consumed &+= 1
            frame &+= 1
        }
        ring.didRead(taken)
        (self.head, self.bargeIn, self.consumed, self.isSounding) = (head, bargeIn, consumed, isSounding)
    }

    // MARK: What was received

    /// Speech broke off before frame `place`; what was received goes on there.
    @_noLocks @_noAllocation
    private func openTail(at place: Int) {
        let told = tails.load(ordering: .relaxed)
        if told == handledTails { return }
        handledTails = told
        let begin = tailBegin.load(ordering: .relaxed) &+ max(0, place &- tailPlace.load(ordering: .relaxed))
        tailSkip = max(0, begin &- tailRead)
        tailIsOpen = true
    }

    /// Other speech sounds: what is left ends here.
    @_noLocks @_noAllocation
    private func closeTail() {
        let ring = tail
        let rest = ring.readableCount
        ring.didRead(rest)
        tailRead &+= rest
        tailIsOpen = false
    }

    /// Frames of `received` while nothing is taken from ``speech``.
    @_noLocks @_noAllocation
    private func receiveTail(_ received: UnsafeMutableBufferPointer<Float>, from first: Int, to last: Int) {
        var frame = first
        let ring = tail
        while tailIsOpen, frame < last {
            let run = ring.readableRun()
            if run.count == 0 { break }
            let passed = min(run.count, tailSkip)
            let count = min(run.count &- passed, last &- frame)
            for k in 0..<count { received[frame &+ k] = run[passed &+ k] }
            ring.didRead(passed &+ count)
            tailRead &+= passed &+ count
            tailSkip &-= passed
            frame &+= count
        }
        while frame < last {
            received[frame] = 0
            frame &+= 1
        }
    }

    @_noLocks @_noAllocation
    private func tellLevels(_ block: RenderBlock) {
        let listening: Float = isListening.load(ordering: .relaxed) ? 1 : 0
        let values = block.output(2)
        for k in 0..<values.frameCount { values[0][k] = listening }
        for index in 0..<layout.expressionCount {
            let level = Float(bitPattern: scores[index].load(ordering: .relaxed))
            let values = block.output(4 &+ index)
            for k in 0..<values.frameCount { values[0][k] = level }
        }
    }

    // MARK: Barge-in

    /// The first frame of the output that does not lie before a value's instant.
    @_noLocks @_noAllocation
    private func firstFrame(ofValue index: Int) -> Int {
        (index &* layout.rate &+ Limits.controlRate &- 1) / Limits.controlRate
    }

    /// The frame at which the next value is heeded: one value after its own instant. `Int.max`: none ever comes.
    @_noLocks @_noAllocation
    private func dueFrame(_ block: RenderBlock) -> Int {
        guard layout.hearsUser else { return Int.max }
        if nextValue < 0 { nextValue = block.input(layout.hasBargeIn ? 1 : 2).position }
        return firstFrame(ofValue: nextValue &+ 1)
    }

    @_noLocks @_noAllocation
    private func noteBargeIn(_ isHigh: Bool, rose: Bool) {
        bargeInIsHigh.store(isHigh, ordering: .relaxed)
        if rose { bargeInRises.store(bargeInRises.load(ordering: .relaxed) &+ 1, ordering: .releasing) }
    }
}
