import CommandTestKit
import Foundation
import Testing

@Suite("Examples with a session, rehearsed", .timeLimit(.minutes(3)))
struct SessionRunTests {
    /// Runs an example in a folder of sounds, and looks at what it left.
    private func run(
        _ name: String, _ options: [String], in folder: URL
    ) async throws -> (outcome: Command.Outcome, figures: [String: Any]) {
        let outcome = try await Rehearsed.run(
            ["run", Rehearsed.pipeline(name), "--emulate", "--report", "report.json"] + options, in: folder)
        #expect(outcome.code == 0, "\(outcome.diagnostics)")
        let report = try JSONSerialization.jsonObject(
            with: Data(contentsOf: folder.appendingPathComponent("report.json")))
        return (outcome, try #require((report as? [String: Any])?["nodes"] as? [String: Any]))
    }

    private func energy(_ samples: [Float]) -> Float {
        (samples.reduce(0) { $0 + $1 * $1 } / Float(max(samples.count, 1))).squareRoot()
    }

    @Test("evi-file-to-file writes the answer beside the question, and the log, without a key and without a scenario")
    func fileToFile() async throws {
        try await Rehearsed.withFolder { folder in
            try Rehearsed.makeSounds(in: folder)
            let options = ["--var", "in=question.wav", "--var", "out=answer.wav", "--var", "log=log.jsonl"]
            let (outcome, nodes) = try await run(
                "evi-file-to-file", options + ["--set", "evi.linger_s=0.3", "--set", "tape.subtype=f32"], in: folder)
            #expect(outcome.diagnostics.contains("emulate: every evi node talks to ws://127.0.0.1:"))
            let tape = try FloatWave.read(folder.appendingPathComponent("answer.wav"))
            #expect(energy(Array(tape[0][..<48_000])) > 0.05 && energy(tape[0].suffix(24_000)) == 0)
            #expect(energy(Array(tape[1][..<24_000])) == 0 && energy(tape[1]) > 0.01)
            let log = try String(contentsOf: folder.appendingPathComponent("log.jsonl"), encoding: .utf8)
            for event in ["connected", "user_message", "assistant_message", "playback_finished", "assistant_end"] {
                #expect(log.contains("\"event\":\"\(event)\""), "\(event)")
            }
            let figures = try #require(nodes["evi"] as? [String: Any])
            #expect(figures["chats"] as? Int == 1 && figures["errors"] as? Int == 0)
        }
    }

    @Test("a parrot gives the user's own words back")
    func parrot() async throws {
        try await Rehearsed.withFolder { folder in
            try Rehearsed.makeSounds(in: folder)
            let options = ["--var", "in=question.wav", "--var", "out=answer.wav", "--var", "log=log.jsonl"]
            _ = try await run(
                "evi-file-to-file",
                options + ["--parrot", "--set", "evi.linger_s=0.3", "--set", "tape.subtype=f32"], in: folder)
            let tape = try FloatWave.read(folder.appendingPathComponent("answer.wav"))
            // The spoken part of the question is found again in the answer, sample by sample.
            let words = Array(tape[0][19_200..<24_000])
            let answer = tape[1]
            let place = try #require(answer.firstIndex { abs($0) > 0.01 })
            let match = (max(0, place - 4_800)..<min(answer.count - words.count, place + 24_000)).first { start in
                stride(from: 0, to: words.count, by: 7).allSatisfy { abs(answer[start + $0] - words[$0]) < 1e-3 }
            }
            #expect(match != nil)
        }
    }

    @Test("evi-tools runs its program, and the answer is spoken")
    func tools() async throws {
        try await Rehearsed.withFolder { folder in
            try Rehearsed.makeSounds(in: folder)
            let scenario = """
                {"syrinx_scenario": 1, "end_of_turn_silence_ms": 300, "chats": [{"turns": [{"hears": "What time is it?",
                 "steps": [{"tool": "time"}, {"say": "It is {{tool}}."}]}]}]}
                """
            try Data(scenario.utf8).write(to: folder.appendingPathComponent("s.json"))
            let (_, nodes) = try await run(
                "evi-tools",
                [
                    "--scenario", "s.json", "--var", "in=question.wav", "--var", "out=answer.wav",
                    "--set", "evi.linger_s=0.3", "--set", "answer.subtype=f32",
                ], in: folder)
            let figures = try #require(nodes["evi"] as? [String: Any])
            #expect(figures["tool_calls"] as? Int == 1 && figures["errors"] as? Int == 0)
            #expect(energy(try FloatWave.read(folder.appendingPathComponent("answer.wav"))[0]) > 0.01)
        }
    }

    @Test("evi-emotions lets joy open the filter")
    func emotions() async throws {
        try await Rehearsed.withFolder { folder in
            try Rehearsed.makeSounds(in: folder)
            var brightness: [Float] = []
            for joy in [0.0, 1.0] {
                let scenario = """
                    {"syrinx_scenario": 1, "end_of_turn_silence_ms": 300, "chats": [{"turns": [{
                     "emotions": {"Joy": \(joy), "Sadness": 0}, "steps": [{"play": "half.wav"}]}]}]}
                    """
                try Data(scenario.utf8).write(to: folder.appendingPathComponent("s.json"))
                _ = try await run(
                    "evi-emotions",
                    [
                        "--scenario", "s.json", "--var", "in=question.wav", "--var", "out=mood.wav",
                        "--set", "evi.linger_s=1", "--set", "mix.subtype=f32",
                    ], in: folder)
                let mood = try FloatWave.read(folder.appendingPathComponent("mood.wav"))[0]
                // The last half second holds the filtered noise alone: how steep it is tells how bright.
                let end = Array(mood.suffix(24_000))
                brightness.append(energy(zip(end, end.dropFirst()).map { $1 - $0 }))
            }
            #expect(brightness[1] > 3 * brightness[0] && brightness[0] > 0, "\(brightness)")
        }
    }

    @Test("evi-duet: two sessions hear each other")
    func duet() async throws {
        try await Rehearsed.withFolder { folder in
            let words = #"{"event": "speak", "text": "Good morning!"}"# + "\n"
            try Data(words.utf8).write(to: folder.appendingPathComponent("opening.jsonl"))
            let (_, nodes) = try await run(
                "evi-duet",
                [
                    "--var", "script=opening.jsonl", "--var", "out=duet.wav", "--duration", "6",
                    "--set", "tape.subtype=f32",
                ], in: folder)
            let tape = try FloatWave.read(folder.appendingPathComponent("duet.wav"))
            #expect(tape.allSatisfy { energy($0) > 0.005 })
            for name in ["ada", "ben"] { #expect((nodes[name] as? [String: Any])?["chats"] as? Int == 1) }
        }
    }

    @Test("what belongs to --emulate is refused without it, and a faulty scenario is told with line and column")
    func usage() async throws {
        try await Rehearsed.withFolder { folder in
            try Rehearsed.makeSounds(in: folder)
            let base = [
                "run", Rehearsed.pipeline("evi-file-to-file"), "--var", "in=question.wav", "--var", "out=answer.wav",
                "--var", "log=log.jsonl",
            ]
            for option in [["--scenario", "s.json"], ["--parrot"]] {
                let refused = try await Rehearsed.run(base + option, in: folder, environment: ["HUME_API_KEY": "k"])
                #expect(refused.code == 64 && refused.lines.count == 1)
                #expect(refused.diagnostics.contains("\(option[0]): belongs to --emulate; give that too"))
            }
            let text = "{\"syrinx_scenario\": 1,\n \"chats\": [{\"on_open\": [{\"sya\": \"x\"}],\n  \"turns\": 3}]}"
            try Data(text.utf8).write(to: folder.appendingPathComponent("s.json"))
            let faulty = try await Rehearsed.run(base + ["--emulate", "--scenario", "s.json"], in: folder)
            #expect(faulty.code == 65 && faulty.lines.count == 2, "\(faulty.diagnostics)")
            #expect(faulty.lines.first?.hasPrefix("s.json:2:25: chats[0].on_open[0]: ") == true)
            #expect(faulty.lines.last?.hasPrefix("s.json:3:12: chats[0].turns: ") == true)
            let missing = try await Rehearsed.run(base + ["--emulate", "--scenario", "no.json"], in: folder)
            #expect(missing.code == 66 && missing.diagnostics.contains("no.json"))
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(!files.contains("answer.wav") && !files.contains("log.jsonl"))
        }
    }
}
