import CommandTestKit
import Foundation
import Testing

@Suite("Who speaks when, rehearsed", .timeLimit(.minutes(3)))
struct TurnTests {
    private static let scenario = """
        {"syrinx_scenario": 1, "end_of_turn_silence_ms": 300, "interruption": "never", "chats": [{
         "after_turns": "silence", "turns": [{"steps": [{"play": "two.wav"}]}]}]}
        """

    /// The question, and something said while the answer sounds.
    private static func makeSounds(in folder: URL) throws {
        try Rehearsed.makeSounds(in: folder)
        try Data(scenario.utf8).write(to: folder.appendingPathComponent("s.json"))
        let voice = (0..<192_000).map { frame -> Float in
            let seconds = Double(frame) / 48_000
            let isSpoken = (0.2..<1).contains(seconds) || (2.0..<2.6).contains(seconds)
            let syllable = abs(sin(2 * .pi * 2.5 * seconds)).squareRoot()
            let sound = isSpoken ? syllable * (sin(2 * .pi * 180 * seconds) + 0.4 * sin(2 * .pi * 900 * seconds)) : 0
            // A room that is never quite still.
            return Float(0.27 * sound) + Float(frame % 7 - 3) / 32_768
        }
        try FloatWave.write([voice], rate: 48_000, to: folder.appendingPathComponent("voice.wav"))
    }

    @Test("evi-half-duplex: while EVI sounds, what it hears is exactly zero, and else what was said")
    func halfDuplex() async throws {
        try await Rehearsed.withFolder { folder in
            try Self.makeSounds(in: folder)
            let outcome = try await Rehearsed.run(
                [
                    "run", Rehearsed.pipeline("evi-half-duplex"), "--emulate", "--scenario", "s.json", "--bind",
                    "mic=voice.wav", "--bind", "speakers=heard.wav", "--var", "tape=tape.wav", "--set",
                    "tape.subtype=f32", "--set", "evi.linger_s=0.3", "--set", "evi.answer_wait_s=1",
                ], in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let tape = try FloatWave.read(folder.appendingPathComponent("tape.wav"))
            let (said, heard, answer) = (tape[0], tape[1], tape[2])
            // The tape leaves out evi's own 60 ms of buffer, by which the answer was later than it stands there.
            let buffer = 2_880
            let first = try #require(answer.firstIndex { $0 != 0 }) + buffer
            let last = try #require(answer.lastIndex { $0 != 0 }) + buffer
            #expect(last - first >= 95_000)
            let isSame = heard[240..<first].elementsEqual(said[240..<first])
            #expect(isSame)
            // Shut within its fade of 5 ms, for as long as there is sound and the tail.
            let shut = (first + 48 + 240)..<min(last + 299 * 48, heard.count)
            let isZero = heard[shut].allSatisfy { $0.bitPattern == 0 }
            let isSpoken = said[shut].contains { abs($0) > 0.1 }
            #expect(isZero && isSpoken)
        }
    }

    @Test("evi-barge-in: EVI gives way to a voice within the network's time, and only speech leaves")
    func bargeIn() async throws {
        try await Rehearsed.withFolder { folder in
            try Self.makeSounds(in: folder)
            let outcome = try await Rehearsed.run(
                [
                    "run", Rehearsed.pipeline("evi-barge-in"), "--emulate", "--scenario", "s.json", "--bind",
                    "mic=voice.wav", "--bind", "phones=heard.wav", "--set", "phones.subtype=f32", "--set",
                    "evi.linger_s=0.3", "--set", "evi.answer_wait_s=1", "--var", "log=log.jsonl", "--report",
                    "report.json",
                ], in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let heard = try FloatWave.read(folder.appendingPathComponent("heard.wav"))[0]
            // By 2.2 s the voice that began at 2 s is heard; the file leaves out 60 ms of buffer.
            let ducked = heard[104_000..<115_200].map { abs($0) }.max() ?? 1
            #expect(ducked < Rehearsed.height * 0.04 && ducked > 0)
            let before = heard[86_400..<93_000].map { abs($0) }.max() ?? 0
            #expect(before > Rehearsed.height * 0.99)
            // It was not confirmed: it comes back, and to the end of the two seconds.
            let first = heard.firstIndex { abs($0) > Rehearsed.height * 0.9 } ?? 0
            let last = heard.lastIndex { abs($0) > Rehearsed.height * 0.9 } ?? 0
            // Its beginning may still be a little quieter, while the question's last sound is held: 300 ms at most.
            #expect((80_600..<97_000).contains(last - first))
            let log = try String(contentsOf: folder.appendingPathComponent("log.jsonl"), encoding: .utf8)
            #expect(log.components(separatedBy: "\"event\":\"speech_begin\"").count == 3)
            let report = try JSONSerialization.jsonObject(
                with: Data(contentsOf: folder.appendingPathComponent("report.json")))
            let nodes = try #require((report as? [String: Any])?["nodes"] as? [String: Any])
            let figures = try #require(nodes["evi"] as? [String: Any])
            // The stream did not stop where nothing was to leave: 4 s in pieces of 20 ms.
            #expect((figures["sent_pieces"] as? Int ?? 0) >= 195)
        }
    }
}
