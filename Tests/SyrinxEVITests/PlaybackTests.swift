import SyrinxCore
import SyrinxEVI
import SyrinxTestKit
import Testing

@Suite("EVI playback")
struct PlaybackTests {
    static func piece(_ samples: [Int16], rate: Int = 48_000) -> WAVPiece {
        WAVPiece(sampleRate: rate, samples: samples)
    }

    /// Takes all that waits, in cuts of at most `cut`.
    static func drain(_ queue: inout PlaybackQueue, cut: Int = 777) -> [PlaybackQueue.Audio] {
        var all: [PlaybackQueue.Audio] = []
        while let audio = queue.take(upTo: cut) { all.append(audio) }
        return all
    }

    @Test(
        "16. a sound cut into pieces of 1 to 48 000 frames plays back sample for sample",
        arguments: 1...4 as ClosedRange<UInt64>)
    func gapless(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let sound = (0..<400_000).map { Int16(truncatingIfNeeded: ($0 * 7_919) ^ ($0 >> 3)) }
        var queue = PlaybackQueue()
        var heard: [Int16] = []
        var (place, index) = (0, 0)
        while place < sound.count {
            let longest = [1, 64, 2_400, 48_000].randomElement(using: &random)!
            let end = min(sound.count, place + Int.random(in: 1...longest, using: &random))
            _ = queue.add(Self.piece(Array(sound[place..<end])), id: "A", index: index, at: .zero)
            (place, index) = (end, index + 1)
            if index % 3 == 0 {
                heard += Self.drain(&queue, cut: Int.random(in: 1...5_000, using: &random)).flatMap(\.samples)
            }
        }
        heard += Self.drain(&queue).flatMap(\.samples)
        #expect(heard == sound)
    }

    @Test("17. pieces 0, 2, 1, 3 of A, then 0 of B, play as A0 A1 A2 A3 B0")
    func order() {
        var queue = PlaybackQueue()
        for (id, index) in [("A", 0), ("A", 2), ("A", 1), ("A", 3), ("B", 0)] {
            _ = queue.add(Self.piece([Int16(index)]), id: id, index: index, at: .zero)
        }
        let heard = Self.drain(&queue).map { "\($0.id)\($0.samples.first!)" }
        #expect(heard == ["A0", "A1", "A2", "A3", "B0"])
        #expect(queue.figures.outOfOrder == 1)
        #expect(queue.deadline == nil)
    }

    @Test("17. a missing piece is skipped after the deadline, and counted; one that comes after that is not heard")
    func missing() {
        var queue = PlaybackQueue()
        for index in [0, 2, 3] { _ = queue.add(Self.piece([Int16(index)]), id: "A", index: index, at: .seconds(1)) }
        #expect(Self.drain(&queue).flatMap(\.samples) == [0])
        #expect(queue.deadline == .seconds(1) + queue.limits.gap)
        queue.expire(at: .seconds(1) + queue.limits.gap - .milliseconds(1))
        #expect(!queue.isReady)
        queue.expire(at: .seconds(1) + queue.limits.gap)
        #expect(Self.drain(&queue).flatMap(\.samples) == [2, 3])
        #expect(queue.figures.skipped == 1)
        #expect(queue.add(Self.piece([1]), id: "A", index: 1, at: .seconds(2)) == .repeated)
        #expect(!queue.isReady)
    }

    @Test("17. a segment whose first piece never comes does not mute what follows")
    func headless() {
        var stage = Stage()
        stage.begin()
        stage.hear(speech("A", 5))
        stage.hear(speech("B", 0))
        #expect(stage.session.takeAudio(upTo: 10) == nil)
        #expect(stage.pass(.seconds(1)).contains(.play))
        var ids: [String] = []
        while let audio = stage.session.takeAudio(upTo: 100_000) { ids.append(audio.id) }
        #expect(ids == ["A", "B"])
        #expect(stage.session.playbackFigures.skipped == 5)
    }

    /// Plays a ring through a head: frames that come in at given times, and what is heard.
    static func listen(
        _ head: inout PlayoutHead, ring: inout ArraySlice<Float>, frames: Int, ended: Bool
    ) -> [Float] {
        (0..<frames).map { _ in
            let frame = head.next(available: ring.count, ended: ended)
            guard frame.takes, let sample = ring.popFirst() else { return 0 }
            return sample * frame.gain
        }
    }

    @Test("18. a ring that runs dry gives zeros, repeats nothing, and goes on without a click")
    func dry() {
        var head = PlayoutHead(bufferFrames: 960, fadeFrames: 240, dropFadeFrames: 480)
        var ring = ArraySlice([Float](repeating: 1, count: 2_000))
        var heard = Self.listen(&head, ring: &ring, frames: 3_000, ended: false)
        #expect(head.dryCount == 1)
        #expect(heard.suffix(1_000).allSatisfy { $0 == 0 })
        #expect(heard.reduce(0) { $0 + ($1 == 1 ? 1 : 0) } == 2_000 - 240)
        ring += [Float](repeating: 1, count: 959)
        heard += Self.listen(&head, ring: &ring, frames: 100, ended: false)
        #expect(heard.last == 0)  // too little to begin again
        ring += [Float](repeating: 1, count: 2_000)
        heard += Self.listen(&head, ring: &ring, frames: 4_000, ended: true)
        // The start of an answer and its end are the speech's own; everything between must be smooth.
        let inner = heard.dropFirst()
        let steps = zip(inner, inner.dropFirst()).map { abs($0 - $1) }
        #expect(steps.filter { $0 > 1.5 / 240 }.count == 1)  // the last sample of the turn
        #expect(heard.reduce(0) { $0 + ($1 > 0 ? 1 : 0) } >= 2_000 + 2_959 - 2)
    }

    @Test("18. what the head does depends on what is there, not on how time is cut")
    func cuts() {
        func run(_ cut: Int) -> [Float] {
            var head = PlayoutHead(bufferFrames: 96, fadeFrames: 24, dropFadeFrames: 48)
            var ring = ArraySlice<Float>()
            var heard: [Float] = []
            for k in stride(from: 0, to: 1_200, by: cut) {
                if k % 300 == 0 { ring += (0..<200).map { Float(k + $0) } }
                if k == 720 { head.drop() }
                if k == 840 {
                    ring = []
                    head.restart()
                }
                heard += Self.listen(&head, ring: &ring, frames: cut, ended: false)
            }
            return heard
        }
        let whole = run(60)
        #expect(whole.contains { $0 > 900 } && run(1) == whole && run(4) == whole && run(20) == whole)
    }

    @Test("frames that are called steady are what the head would do one by one", arguments: [false, true])
    func steady(ended: Bool) {
        var head = PlayoutHead(bufferFrames: 96, fadeFrames: 24, dropFadeFrames: 48)
        for available in [10, 95, 400, 25, 3, 200, 500] {
            var left = available
            while left > 0 {
                let steady = head.steadyFrames(available: left, ended: ended)
                #expect(steady <= left)
                for _ in 0..<steady {
                    let before = head
                    #expect(head.next(available: left, ended: ended) == .init(takes: true, gain: 1))
                    #expect(head == before)
                    left -= 1
                }
                if left > 0, !head.next(available: left, ended: ended).takes { break }
                left -= 1
            }
        }
        head.drop()
        #expect(head.steadyFrames(available: 1_000, ended: ended) == 0)
    }

    @Test("19. an interruption fades, is silent within the fade, empties the queue, and the next segment plays whole")
    func interruption() {
        var head = PlayoutHead(bufferFrames: 960, fadeFrames: 240, dropFadeFrames: 1_440)  // 30 ms at 48 kHz
        var ring = ArraySlice([Float](repeating: 1, count: 48_000))
        _ = Self.listen(&head, ring: &ring, frames: 5_000, ended: false)
        head.drop()
        let fade = Self.listen(&head, ring: &ring, frames: 1_440, ended: false)
        #expect(head.isDropped)
        #expect(Self.listen(&head, ring: &ring, frames: 100, ended: false).allSatisfy { $0 == 0 })
        #expect(zip(fade, fade.dropFirst()).allSatisfy { $0 > $1 && $0 - $1 < 1.5 / 1_440 })
        #expect(abs(fade[1_439]) < 0.001)
        ring = ArraySlice([Float](repeating: 1, count: 2_000))
        head.restart()
        #expect(Self.listen(&head, ring: &ring, frames: 2_000, ended: true) == [Float](repeating: 1, count: 2_000))

        var stage = Stage()
        stage.begin()
        stage.answer("A", pieces: 20, ends: false)
        let first = stage.session.takeAudio(upTo: 1_000)!
        stage.feed(.played(serial: first.serial, frames: 500))
        let actions = stage.hear(.userInterruption(UserInterruption(time: .integer(1))))
        #expect(actions.contains(.drop))
        #expect(actions.contains(.event(.interruption(dropped: ["A"], cause: .server))))
        #expect(stage.session.takeAudio(upTo: 1_000) == nil)
        #expect(!stage.session.isPlaying && !stage.session.isSpeaking)
        stage.answer("B", pieces: 2)
        var heard: [Int16] = []
        while let audio = stage.session.takeAudio(upTo: 999) { heard += audio.samples }
        #expect(heard == (1...4_800).map { Int16($0) })
    }

    @Test("20. late pieces of what was interrupted are not heard, nor is what was announced before it")
    func late() {
        var stage = Stage()
        stage.begin()
        stage.answer("A", pieces: 2, ends: false)
        stage.hear(.assistantMessage(AssistantMessage("Announced.", id: "A2")))
        stage.hear(.userInterruption(UserInterruption(time: nil)))
        for index in 2..<10 { stage.hear(speech("A", index)) }
        stage.hear(speech("A2", 0))
        stage.hear(speech("A", 0))
        #expect(stage.session.takeAudio(upTo: 1) == nil)
        #expect(stage.session.playbackFigures.late == 10)
        stage.hear(speech("C", 0))
        #expect(stage.session.takeAudio(upTo: 1)?.id == "C")
    }

    @Test("what was dropped can be taken where it is to be kept: the rest, what was early, what came late, in order")
    func dropped() {
        func piece(_ first: Int16) -> WAVPiece {
            WAVPiece(sampleRate: 24_000, samples: Array(first..<first + 10))
        }
        var limits = PlaybackQueue.Limits()
        for kept in [0, 45] {
            limits.droppedSamples = kept
            var queue = PlaybackQueue(limits: limits)
            let now = Moment.zero
            for (index, first) in [(0, 0), (1, 10), (3, 30)] as [(Int, Int16)] {
                _ = queue.add(piece(first), id: "A", index: index, at: now)
            }
            #expect(queue.take(upTo: 7)?.samples.count == 7)
            _ = queue.interrupt()
            // Dropping nothing takes nothing away; what finds no room any more is not kept.
            _ = queue.interrupt()
            _ = queue.add(piece(40), id: "A", index: 4, at: now)
            _ = queue.add(piece(50), id: "A", index: 5, at: now)
            #expect(queue.take(upTo: 1) == nil && queue.isEmpty)
            var taken: [Int16] = []
            while let audio = queue.takeDropped(upTo: 4) { taken += audio.samples }
            #expect(taken == (kept == 0 ? [] : Array(7..<20) + Array(30..<60)), "\(taken)")
        }
        var queue = PlaybackQueue(limits: limits)
        _ = queue.add(piece(0), id: "A", index: 0, at: .zero)
        _ = queue.interrupt()
        queue.forgetDropped()
        #expect(queue.takeDropped(upTo: 1) == nil)
    }

    @Test("21. an interim user message does not stop playback; a final one does if wished, once EVI has sent its turn")
    func userMessages() {
        for (wished, stops) in [(false, false), (true, true)] {
            var stage = Stage(options { $0.stopsOnUserMessage = wished })
            stage.begin()
            stage.answer("A", pieces: 5, ends: false)
            stage.hear(.userMessage(UserMessage("He", interim: true, time: 0...1)))
            stage.hear(.userMessage(UserMessage("Hello", time: 0...2)))
            #expect(stage.session.isPlaying)  // EVI is still sending: its own interruption decides
            stage.hear(.assistantEnd())
            stage.hear(.userMessage(UserMessage("He", interim: true, time: 0...1)))
            stage.hear(.userMessage(UserMessage("typed", fromText: true, time: 2...2)))
            #expect(stage.session.isPlaying)
            stage.hear(.userMessage(UserMessage("Hello?", time: 0...3)))
            #expect(stage.session.isPlaying == !stops)
        }
    }

    @Test("22. assistant_end is told at once, playback_finished only when the last sample was handed on")
    func end() {
        var stage = Stage()
        stage.begin()
        stage.answer("A", pieces: 2)
        #expect(stage.eventNames.contains("assistant_end"))
        let first = stage.session.takeAudio(upTo: 9_999)!
        let second = stage.session.takeAudio(upTo: 9_999)!
        stage.feed(.played(serial: first.serial, frames: 1))
        #expect(stage.eventNames.last == "playback_began")
        stage.feed(.played(serial: second.serial, frames: second.samples.count - 1))
        #expect(!stage.eventNames.contains("playback_finished") && stage.session.isSpeaking)
        stage.feed(.played(serial: second.serial, frames: second.samples.count))
        #expect(stage.eventNames.filter { $0 == "playback_finished" }.count == 1)
        #expect(!stage.session.isSpeaking)
    }

    @Test("31. 60 s of answer in one second are all kept, and reading goes on")
    func slowPlayer() {
        var stage = Stage()
        stage.begin()
        for index in 0..<600 {
            stage.now += .milliseconds(1)
            stage.hear(speech("A", index))
        }
        #expect(abs(stage.session.waitingSpeech.inSeconds - 60) < 0.001)
        #expect(stage.session.playbackFigures.refused == 0)
        stage.hear(.userMessage(UserMessage("still read", time: 0...1)))
        #expect(stage.eventNames.last == "user_message")
        var count = 0
        while let audio = stage.session.takeAudio(upTo: 480) { count += audio.samples.count }
        #expect(count == 60 * 24_000)
    }

    @Test("a queue that is full refuses the newest, with a warning")
    func full() {
        var stage = Stage(options { $0.playback.samples = 10_000 })
        stage.begin()
        for index in 0..<10 { stage.hear(speech("A", index)) }
        #expect(stage.session.playbackFigures.refused == 6)
        #expect(stage.warnings.count == 6)
    }

    @Test("a change of rate is passed on with the samples it belongs to")
    func rates() {
        var queue = PlaybackQueue()
        for (index, rate) in [24_000, 24_000, 48_000].enumerated() {
            _ = queue.add(Self.piece([Int16(index)], rate: rate), id: "A", index: index, at: .zero)
        }
        #expect(Self.drain(&queue).map(\.sampleRate) == [24_000, 24_000, 48_000])
        #expect(queue.figures.rateChanges == 1)
    }
}
