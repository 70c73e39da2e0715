import Testing

@testable import SyrinxEmulator

@Suite("turn detector")
struct TurnDetectorTests {
    private func events(
        _ samples: [Int16], rate: Int = 16_000, cuts: [Int] = [320], settings: TurnDetector.Settings = .init()
    ) -> [TurnDetector.Event] {
        var detector = TurnDetector(rate: rate, settings: settings)
        var (events, place, number) = ([TurnDetector.Event](), 0, 0)
        while place < samples.count {
            let end = min(samples.count, place + cuts[number % cuts.count])
            events += detector.hear(samples[place..<end])
            (place, number) = (end, number + 1)
        }
        return events
    }

    private func turns(_ events: [TurnDetector.Event]) -> [TurnDetector.Utterance] {
        events.compactMap { if case .ended(let turn) = $0 { turn } else { nil } }
    }

    @Test(
        "a turn begins with the speech and ends with it, whatever the rate", arguments: [8_000, 16_000, 44_100, 48_000])
    func oneTurn(rate: Int) throws {
        let sound =
            Sound.silence(500, rate: rate) + Sound.tone(1_200, amplitude: 0.2, rate: rate)
            + Sound.silence(900, rate: rate)
        let found = turns(events(sound, rate: rate))
        let turn = try #require(found.first)
        #expect(found.count == 1)
        #expect(abs(turn.begin - 500) <= 20 && abs(turn.end - 1_700) <= 20, "\(turn)")
        // A triangle of 0.2: −14 dBFS at its peak, 4.8 dB less in power.
        #expect(abs(turn.decibels + 18.75) < 0.5)
    }

    @Test("what is heard does not depend on how the stream was cut", arguments: [[1], [7, 640, 33], [100_000]])
    func cuts(cuts: [Int]) {
        let sound =
            Sound.silence(300) + Sound.voice(1_500) + Sound.silence(1_000) + Sound.voice(700) + Sound.silence(1_000)
        let whole = events(sound)
        #expect(turns(whole).count == 2)
        #expect(events(sound, cuts: cuts) == whole)
    }

    @Test("a pause shorter than the end of turn does not end it, a longer one does")
    func pauses() {
        let (voice, end) = (Sound.tone(600, amplitude: 0.2), Sound.silence(900))
        #expect(turns(events(voice + Sound.silence(700) + voice + end)).count == 1)
        #expect(turns(events(voice + Sound.silence(900) + voice + end)).count == 2)
        let quick = TurnDetector.Settings(endOfTurnSilenceMilliseconds: 500)
        #expect(turns(events(voice + Sound.silence(700) + voice + end, settings: quick)).count == 2)
    }

    @Test("clicks, faint sound and steady noise are no turns")
    func noTurns() {
        let click = Sound.silence(400) + Sound.tone(20, amplitude: 0.9) + Sound.silence(1_000)
        #expect(events(click) == [])
        #expect(events(Sound.silence(300) + Sound.tone(1_000, amplitude: 0.001) + Sound.silence(1_000)) == [])
        // Noise that begins with the stream is learnt in half a minute; speech stands out of it all the same.
        var random = SeededRandom(seed: 3)
        let noise = (0..<16_000 * 40).map { _ in Int16.random(in: -300...300, using: &random) }
        let late = events(noise + Sound.tone(800, amplitude: 0.3).map { $0 } + noise.prefix(32_000)).filter {
            if case .began(let turn) = $0 { turn.begin > 39_000 } else { false }
        }
        #expect(late.count == 1)
    }
}
