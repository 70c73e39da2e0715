import CommandTestKit
import Foundation
import Testing

@Suite("EVI over a loudspeaker in a room", .timeLimit(.minutes(3)))
struct RoomTests {
    /// A question, and the session's own voice on four ways back to the microphone: three walls, and a corner that rings.
    private static let pipeline = """
        { "syrinx": 1, "engine": { "rate_hz": 48000, "block_frames": 480 },
          "nodes": {
            "question": { "type": "file.source", "path": "question.wav" },
            "evi": { "type": "evi", "api_key": "k-123", "linger_s": 0.5, "answer_wait_s": 4 },
            "front": { "type": "delay", "delay_ms": 21, "least_ms": 10 },
            "side": { "type": "delay", "delay_ms": 24.4, "least_ms": 10 },
            "back": { "type": "delay", "delay_ms": 29.7, "least_ms": 10 },
            "corner": { "type": "delay", "delay_ms": 17.3, "least_ms": 10, "feedback_ratio": 0.5 },
            "direct": { "type": "gain", "gain_db": -10 }, "near": { "type": "gain", "gain_db": -15 },
            "far": { "type": "gain", "gain_db": -17 }, "ring": { "type": "gain", "gain_db": -24 },
            "aec": { "type": "echo_cancel", "mute_unlearnt": true },
            "raw": { "type": "file.sink", "path": "raw.wav", "subtype": "f32" },
            "clean": { "type": "file.sink", "path": "clean.wav", "subtype": "f32" },
            "log": { "type": "events.sink", "path": "log.jsonl" } },
          "links": [
            "question -> aec -> evi", "evi -> aec:reference", "aec -> clean", "direct -> raw",
            "evi -> front -> direct -> aec", "evi -> side -> near -> aec", "evi -> back -> far -> aec",
            "evi -> corner -> ring -> aec", "evi:events -> log" ] }
        """

    /// How often EVI heard a turn, and an interruption, in a talk with one question.
    private func talk(bypass: Bool) async throws -> (turns: Int, interruptions: Int, comment: String) {
        try await Rehearsed.withFolder { folder in
            try Rehearsed.makeSounds(in: folder)
            try Data(Self.pipeline.utf8).write(to: folder.appendingPathComponent("room.json"))
            let words = "I will tell you a rather long story about a house with two doors, a garden and seven windows. "
            let scenario = """
                {"syrinx_scenario": 1, "end_of_turn_silence_ms": 300, "min_interruption_ms": 300, "chats": [{
                 "turns": [{"steps": [{"say": "\(words)\(words)"}]}]}]}
                """
            try Data(scenario.utf8).write(to: folder.appendingPathComponent("s.json"))
            let outcome = try await Rehearsed.run(
                [
                    "run", "room.json", "--emulate", "--scenario", "s.json", "--duration", "16", "--set",
                    "aec.bypass=\(bypass)",
                ], in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let log = try String(contentsOf: folder.appendingPathComponent("log.jsonl"), encoding: .utf8)
            let events = log.split(separator: "\n").compactMap { line in
                (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["event"] as? String
            }
            return (
                events.count { $0 == "user_message" }, events.count { $0 == "interruption" },
                "\(events)\n\(outcome.diagnostics)"
            )
        }
    }

    @Test("it hears the one question and never itself; without the canceller it does")
    func hearsOnlyTheUser() async throws {
        let without = try await talk(bypass: true)
        #expect(without.turns + without.interruptions > 1, "\(without.comment)")
        let with = try await talk(bypass: false)
        #expect(with.turns == 1 && with.interruptions == 0, "\(with.comment)")
    }
}
