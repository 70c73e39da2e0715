import SyrinxEVI
import Testing

@Suite("EVI microphone")
struct MicrophoneTests {
    /// Feeds `count` samples that count up from 1, in cuts of `cut`, at the pace of real time.
    static func speak(_ stage: inout Stage, rate: Int, count: Int, cut: Int) -> [Int16] {
        var spoken: [Int16] = []
        var place = 0
        let start = stage.now
        while place < count {
            let size = min(cut, count - place)
            let piece = (place..<place + size).map { Int16($0 % 30_000 + 1) }
            stage.now = start + .seconds(Double(place + size) / Double(rate))
            stage.feed(.microphone(piece))
            spoken += piece
            place += size
        }
        return spoken
    }

    @Test("6. no audio goes before chat_metadata, and none before the settings that describe it")
    func order() {
        var stage = Stage(options { $0.settingsByMessage = true })
        stage.feed(.start)
        stage.feed(.microphone([Int16](repeating: 9, count: 3_200)))
        stage.pass(.seconds(1))
        stage.socket(.opened)
        stage.feed(.microphone([Int16](repeating: 9, count: 3_200)))
        stage.pass(.seconds(1))
        #expect(stage.binaries.isEmpty && stage.texts.isEmpty)
        stage.hear(.chatMetadata(ChatMetadata(chatID: "c", chatGroupID: "g")))
        stage.feed(.microphone([Int16](repeating: 9, count: 320)))
        let sent = stage.done.compactMap { if case .send(_, let frame) = $0.action { frame } else { nil } }
        guard case .text? = sent.first, case .binary? = sent.dropFirst().first else {
            Issue.record("expected settings, then audio, found \(sent.count) frames")
            return
        }
        #expect(sent.count == 2)
    }

    @Test("7. what was captured while connecting is not sent")
    func fresh() {
        var stage = Stage()
        stage.feed(.start)
        stage.feed(.microphone([Int16](repeating: 7, count: 16_000)))
        stage.greet()
        stage.feed(.microphone([Int16](repeating: 5, count: 640)))
        #expect(stage.binaries.map(samples) == [[Int16]](repeating: [Int16](repeating: 5, count: 320), count: 2))
        #expect(stage.session.microphoneFigures.outageSamples == 16_000)
    }

    @Test(
        "8. 10 s of input make 500 pieces of 20 ms, and no sample is lost or doubled",
        arguments: [8_000, 16_000, 24_000, 44_100, 48_000], [64, 441, 1_024])
    func rhythm(rate: Int, cut: Int) {
        var stage = Stage(options { $0.sendRate = rate })
        stage.begin()
        let spoken = Self.speak(&stage, rate: rate, count: 10 * rate, cut: cut)
        let pieces = stage.binaries
        #expect((499...501).contains(pieces.count))
        #expect(pieces.allSatisfy { $0.count == 2 * rate / 50 })
        let sent = pieces.flatMap(samples)
        #expect(sent[...] == spoken.prefix(sent.count))
        #expect(spoken.count - sent.count < rate / 50)
        #expect(stage.session.microphoneFigures.zeroPieces == 0)
    }

    @Test("8. a source that falls silent is replaced by zeros in the same rhythm")
    func zeros() {
        var stage = Stage()
        stage.begin()
        _ = Self.speak(&stage, rate: 16_000, count: 16_000, cut: 160)
        stage.pass(.seconds(9))
        #expect((499...501).contains(stage.binaries.count))
        #expect(stage.binaries.dropFirst(51).allSatisfy { $0.allSatisfy { $0 == 0 } })
        // And the voice is heard again at once.
        stage.done = []
        _ = Self.speak(&stage, rate: 16_000, count: 320, cut: 320)
        #expect(stage.binaries.last.map(samples)?.first == 1)
    }

    @Test("9. binary and Base64 carry the same bytes")
    func bothForms() {
        var binary = Stage()
        var text = Stage(options { $0.sendFrames = .text })
        binary.begin()
        _ = Self.speak(&binary, rate: 16_000, count: 4_000, cut: 100)
        text.begin()
        _ = Self.speak(&text, rate: 16_000, count: 4_000, cut: 100)
        let carried = text.texts.compactMap { if case .audioInput(let bytes, _) = $0 { bytes } else { nil } }
        #expect(carried.count == 12)
        #expect(carried == binary.binaries)
    }

    @Test("10. a muted microphone sends zeros in the same rhythm, and comes back")
    func mute() {
        var stage = Stage()
        stage.begin()
        var counts: [Int] = []
        for muted in [false, true, false] {
            stage.feed(.command(.mute(muted)))
            stage.done = []
            _ = Self.speak(&stage, rate: 16_000, count: 16_000, cut: 320)
            counts.append(stage.binaries.count)
            #expect(stage.binaries.allSatisfy { piece in samples(piece).allSatisfy { ($0 == 0) == muted } })
        }
        #expect(counts == [50, 50, 50])
    }

    @Test("30. a socket that does not take anything for 5 s costs the oldest audio, counted, and the delay recovers")
    func slowServer() {
        var stage = Stage(options { $0.sendRate = 48_000 })
        stage.begin()
        stage.socket(.writable(false))
        for second in 0..<5 {
            let start = stage.now
            for block in 1...100 {
                stage.now = start + .milliseconds(10 * block)
                stage.feed(.microphone([Int16](repeating: Int16(second + 1), count: 480)))
            }
        }
        #expect(stage.binaries.isEmpty)
        let waiting = 256 << 10
        let late = stage.session.microphoneFigures.lateSamples
        #expect(late >= (5 * 96_000 - waiting) / 2 && late < (5 * 96_000 - waiting) / 2 + 960)
        stage.socket(.writable(true))
        #expect(samples(stage.binaries[0])[0] == 3)  // the oldest 2.3 s are gone
        // Real time goes on; the backlog melts at a quarter over real time.
        for _ in 1...1_200 {
            stage.now += .milliseconds(10)
            stage.feed(.microphone([Int16](repeating: 9, count: 480)))
        }
        let sent = stage.binaries.count * 960
        #expect(sent + late >= 17 * 48_000 - 2 * 960)
        #expect(stage.session.microphoneFigures.lateSamples == late)
    }

    @Test("30. memory stays below the cap however long the socket takes nothing")
    func stalledForLong() {
        var stage = Stage()
        stage.begin()
        stage.socket(.writable(false))
        for _ in 0..<6_000 {
            stage.now += .milliseconds(100)
            stage.feed(.microphone([Int16](repeating: 1, count: 1_600)))
            if stage.session.heldMicrophone > 131_072 + 16 * 320 {
                Issue.record("\(stage.session.heldMicrophone) samples are held")
                return
            }
        }
        #expect(stage.session.waitingMicrophone > 100_000)
    }

    @Test("32. half duplex sends zeros from the first sample played until the queue is empty and the tail is over")
    func halfDuplex() {
        var stage = Stage(
            options {
                $0.isHalfDuplex = true
                $0.halfDuplexTail = .milliseconds(300)
            })
        stage.begin()
        func isHeard(_ stage: inout Stage) -> Bool {
            stage.done = []
            _ = Self.speak(&stage, rate: 16_000, count: 320, cut: 320)
            return stage.binaries.contains { $0.contains { $0 != 0 } }
        }
        #expect(isHeard(&stage))
        stage.answer(pieces: 2, ends: false)
        #expect(isHeard(&stage))  // it has come, but nothing sounds yet
        let first = stage.session.takeAudio(upTo: 10_000)!
        stage.feed(.played(serial: first.serial, frames: 1))
        #expect(!isHeard(&stage))
        stage.hear(.assistantEnd())
        #expect(!isHeard(&stage))  // sent is not played
        stage.feed(.played(serial: first.serial, frames: 2_400))
        #expect(!isHeard(&stage))
        let second = stage.session.takeAudio(upTo: 10_000)!
        stage.feed(.played(serial: second.serial, frames: 2_400))
        #expect(!stage.session.isPlaying)
        #expect(!isHeard(&stage))  // the tail
        stage.pass(.milliseconds(320))
        #expect(isHeard(&stage))
    }

    @Test("a burst is not sent faster than a quarter over real time")
    func burst() {
        var stage = Stage()
        stage.begin()
        stage.feed(.microphone([Int16](repeating: 1, count: 2 * 16_000)))
        #expect(stage.binaries.count == 25)
        stage.pass(.milliseconds(800))
        #expect((73...76).contains(stage.binaries.count))
    }

    @Test("a clock that waits stands still without a chat, and while the socket is behind")
    func clockWaits() {
        var stage = Stage(options { $0.clockWaits = true })
        stage.feed(.start)
        #expect(stage.session.holdsClock)
        stage.greet()
        #expect(!stage.session.holdsClock)
        stage.socket(.writable(false))
        for _ in 0..<50 { stage.feed(.microphone([Int16](repeating: 1, count: 1_600))) }
        #expect(stage.session.holdsClock)
        stage.close(1006)
        #expect(stage.session.holdsClock)
    }
}
