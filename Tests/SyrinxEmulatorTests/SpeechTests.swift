import Testing

@testable import SyrinxEmulator

@Suite("emulator's speech")
struct SpeechTests {
    @Test("the built-in voice says the same for the same text, differs by voice, and is heard as one turn")
    func formants() {
        let text = "This is a voice, but no words."
        let speech = FormantVoice(voice: "one").speak(text)
        #expect(speech == FormantVoice(voice: "one").speak(text))
        #expect(speech != FormantVoice(voice: "two").speak(text))
        #expect((1_000...6_000).contains(speech.milliseconds))
        var detector = TurnDetector(rate: speech.rate, settings: .init())
        let events = detector.hear((speech.samples + Sound.silence(1_000, rate: speech.rate))[...])
        #expect(events.filter { if case .ended = $0 { true } else { false } }.count == 1)
        #expect(speech.samples.allSatisfy { abs(Int($0)) < 32_000 })
    }

    @Test("whatever is said, no voice breaks", arguments: ["", " ", "?", "123", "日本語", "\u{0}\n", "🎧🎧", "aaaaaaaa"])
    func oddTexts(text: String) async {
        #expect(!FormantVoice(voice: text).speak(text).samples.isEmpty)
        for usesEspeak in [false, true] {
            let speech = await SpeechDesk(usesEspeak: usesEspeak).speak(text, voice: "v", rate: 24_000)
            #expect(speech.rate == 24_000 && !speech.samples.isEmpty)
        }
    }

    @Test("resampling keeps length, level and silence", arguments: [8_000, 22_050, 24_000, 48_000])
    func resampling(rate: Int) {
        let tone = Speech(rate: 16_000, samples: Sound.tone(500, amplitude: 0.5)).resampled(to: rate)
        #expect(tone.samples.count == 500 * rate / 1_000)
        func power(_ samples: ArraySlice<Int16>) -> Double {
            samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(samples.count)
        }
        let before = power(Sound.tone(500, amplitude: 0.5)[1_600..<6_400])
        let after = power(tone.samples[(rate / 10)..<(rate * 4 / 10)])
        // A triangle's overtones above 4 kHz hold less than a thousandth of its power.
        #expect(abs(after / before - 1) < 0.01)
        #expect(Speech(rate: 16_000, samples: Sound.silence(100)).resampled(to: rate).samples.allSatisfy { $0 == 0 })
    }

    @Test(
        "espeak-ng speaks where it is installed, and longer texts take longer",
        .enabled(if: ChildProgram.find("espeak-ng") != nil, "espeak-ng is not installed"))
    func espeak() async {
        let desk = SpeechDesk(usesEspeak: true)
        let short = await desk.speak("Hello.", voice: "a", rate: 48_000)
        let long = await desk.speak(
            "-v Hello, this is a much longer text than the other one.", voice: "a", rate: 48_000)
        #expect(short.milliseconds > 200 && long.milliseconds > 2 * short.milliseconds)
        #expect(short != FormantVoice(voice: "a").speak("Hello.").resampled(to: 48_000))
    }

    @Test("a child program's failure is told, and one that hangs is killed")
    func children() throws {
        #expect(try ChildProgram.run("/bin/cat", [], input: Array("x".utf8), limit: 10, seconds: 10) == Array("x".utf8))
        func words(_ script: String, limit: Int = 10, seconds: Int = 10) -> String {
            do {
                _ = try ChildProgram.run("/bin/sh", ["-c", script], input: [], limit: limit, seconds: seconds)
                return ""
            } catch { return error.words }
        }
        #expect(words("exit 3") == "it ended with status 3")
        #expect(words("exec sleep 600", seconds: 0).hasPrefix("it took longer than"))
        #expect(words("echo 12345678901234567890").hasPrefix("it said more than 10 bytes"))
        // What this process ignores, the child does not.
        #expect(words("kill -PIPE $$; exit 0").hasPrefix("it was ended by signal 13"))
    }

    @Test("a text is cut into sentences, however long and odd it is")
    func sentences() {
        #expect(Sentences.split("One. Two!  Three?\nFour") == ["One.", "Two!", "Three?", "Four"])
        #expect(Sentences.split("It is 3.5 here.") == ["It is 3.5 here."])
        #expect(Sentences.split(" \n ") == [])
        let long = Sentences.split(String(repeating: "x", count: 2_000))
        #expect(long.allSatisfy { $0.count <= 601 } && long.joined().count == 2_000)
    }
}
