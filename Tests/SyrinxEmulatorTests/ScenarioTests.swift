import Foundation
import SyrinxCore
import Testing

@testable import SyrinxEmulator

@Suite("scenario")
struct ScenarioTests {
    private func faults(_ text: String) -> [String] {
        do {
            _ = try scenario(text)
            return []
        } catch {
            return (error as? Faults)?.all.map { $0.line(file: "s.json") } ?? ["\(error)"]
        }
    }

    @Test("everything that a scenario may say is read")
    func whole() throws {
        let read = try scenario(
            """
            {
              "syrinx_scenario": 1, "description": "all of it", "seed": 7, // with a comment
              "audio": { "rate_hz": 24000, "piece_ms": 100, "pace_ratio": 8, "header": "chunks" },
              "network": { "delay_ms": 300, "jitter_ms": 200, "malformed_percent": 1.5 },
              "interruption": "while_sending", "late_pieces": 2, "echo_settings": false, "burst_limit_s": 3,
              "end_of_turn_silence_ms": 500, "min_interruption_ms": 200, "inactivity_s": 30, "max_duration_s": 60,
              "after_chats": "repeat",
              "chats": [
                { "refuse": { "status": 429, "retry_after_s": 2 } },
                {
                  "metadata_ms": 50, "on_open": [{ "say": "Hello.", "quick": true }], "after_turns": "silence",
                  "turns": [
                    { "hears": "Lamp on", "emotions": { "Joy": 0.9 }, "steps": [
                      { "tool": "lamp", "parameters": { "on": true } }, { "wait_ms": 10 }, { "parrot": true },
                      { "answer": true }, { "error": "E0712" }, { "stall_ms": 5 }, { "send": { "type": "news", "n": 1 } },
                      { "send_text": "{" }, { "send_binary": 3 }, { "huge_bytes": 200 }, { "interrupt": true },
                      { "hang_up": true }, { "close": 1011, "reason": "x" }, { "cut": true },
                    ] },
                  ],
                  "at": [{ "s": 2, "steps": [{ "cut": true }] }, { "s": 1, "steps": [{ "say": "One." }] }],
                },
              ],
            }
            """)
        #expect(read.seed == 7 && read.audio == .init(rate: 24_000, pieceMilliseconds: 100, pace: 8, header: .chunks))
        #expect(read.network == .init(delayMilliseconds: 300, jitterMilliseconds: 200, malformedPercent: 1.5))
        #expect(read.interruption == .whileSending && read.latePieces == 2 && !read.echoesSettings)
        #expect(read.chat(0).refusal == .init(status: 429, retryAfterSeconds: 2))
        let chat = read.chat(3)
        #expect(chat.onOpen == [.say("Hello.", quick: true)] && chat.afterTurns == .silence)
        #expect(chat.turns[0].hears == "Lamp on" && chat.turns[0].emotions == ["Joy": 0.9])
        #expect(chat.turns[0].steps.count == 14)
        #expect(
            chat.turns[0].steps.first
                == .tool(
                    name: "lamp", parameters: #"{"on":true}"#, required: true, builtin: false,
                    timeoutMilliseconds: 30_000))
        #expect(
            chat.turns[0].steps.contains(
                .error(code: "E0712", slug: "custom_language_model_timed_out", message: "The scenario asked for E0712.")
            ))
        #expect(
            chat.turns[0].steps.contains(.send(.object([.init("type", .string("news")), .init("n", .integer(1))]))))
        #expect(chat.at.map(\.seconds) == [1, 2])
    }

    @Test("every fault is told, with its line, its column, what was found and what was expected")
    func allFaults() {
        let found = faults(
            """
            {
              "syrinx_scenario": 2,
              "interuption": "never",
              "audio": { "rate_hz": "fast", "header": "plane" },
              "chats": [
                { "turns": [ { "steps": [ { "sya": "Hello." }, { "say": "a", "cut": true }, "x" ] } ] },
                { "refuse": {} , "at": [ { "steps": [] } ] }
              ]
            }
            """)
        #expect(
            found == [
                "s.json:2:22: syrinx_scenario: found 2, expected 1",
                "s.json:3:3: interuption: no such member here; did you mean interruption?",
                #"s.json:4:25: audio.rate_hz: found "fast", expected an integer, 8000…192000"#,
                #"s.json:4:43: audio.header: found "plane", expected one of plain, chunks, streamed"#,
                "s.json:6:31: chats[0].turns[0].steps[0]: found no step, expected one of say, parrot, play, answer, "
                    + "wait_ms, tool, error, close, cut, stall_ms, send, send_text, send_binary, huge_bytes, interrupt, "
                    + "hang_up; did you mean say?",
                "s.json:6:52: chats[0].turns[0].steps[1]: found say and cut in one step, expected one of them; write two "
                    + "steps",
                #"s.json:6:81: chats[0].turns[0].steps[2]: found "x", expected an object such as { "say": "Hello." }"#,
                "s.json:7:17: chats[1].refuse.status: found nothing, expected this member",
                "s.json:7:30: chats[1].at[0].s: found nothing, expected this member",
            ])
    }

    @Test("the example on the emulator's page is read")
    func page() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/SyrinxEmulator/README.md")
        let parts = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```")
        let example = try #require(parts.first { $0.hasPrefix("json") })
        let read = try scenario(String(example.dropFirst(4)))
        #expect(read.chats.count == 3 && read.chat(0).turns.count == 2 && read.chat(1).refusal?.status == 503)
    }

    @Test(
        "text that is no JSON is a fault with its place, not a crash", arguments: ["", "{", "[1]", "{\"a\":}", "\u{0}"])
    func broken(text: String) {
        #expect(!faults(text).isEmpty)
    }

    @Test("a file to play that is missing or no WAV is named")
    func play() {
        let found = faults(
            #"{"syrinx_scenario": 1, "chats": [{"on_open": [{"play": "/nowhere.wav"}, {"play": "/dev/null"}]}]}"#)
        #expect(found.count == 2)
        #expect(found[0].contains("chats[0].on_open[0].play: /nowhere.wav: cannot read the file (No such file"))
        #expect(found[1].contains("no WAV file"))
    }
}
