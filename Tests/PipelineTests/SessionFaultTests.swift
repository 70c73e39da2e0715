import CommandTestKit
import Foundation
import Testing

/// A conversation from file to file while things go wrong. What EVI says is a sine, so that every click shows.
@Suite("A session in a faulty network", .timeLimit(.minutes(3)))
struct SessionFaultTests {
    private static let half = #"{"play": "half.wav", "text": "Hm."}"#

    @Test(
        "a connection that is lost is made again, nothing that came is lost, and the report tells",
        arguments: [
            #"{"cut": true}"#, #"{"close": 1012}"#, #"{"error": "I0118", "message": "busy"}, {"close": 1011}"#,
        ])
    func lost(fault: String) async throws {
        let talk = try await Talk(
            scenario: """
                "chats": [{"turns": [{"steps": [\(Self.half), {"wait_ms": 300}, \(fault)]}]},
                          {"on_open": [\(Self.half)], "after_turns": "silence"}]
                """)
        #expect(talk.outcome.code == 0, talk.comment)
        #expect(talk.figure("chats") == 2 && talk.figure("reconnects") == 1, talk.comment)
        #expect(talk.figure("errors") == (fault.contains("error") ? 1 : 0), talk.comment)
        #expect(talk.count("reconnecting") == 1 && talk.count("reconnected") == 1, talk.comment)
        #expect(talk.bend < Rehearsed.sharpest, talk.comment)
        // Both halves; twice in 100 samples the sine is zero.
        #expect((46_000...48_000).contains(talk.sounding), talk.comment)
    }

    @Test("a connection that goes in the middle of a word fades out")
    func cutWord() async throws {
        let talk = try await Talk(
            scenario: """
                "audio": {"pace_ratio": 1, "piece_ms": 50},
                "chats": [{"turns": [{"steps": [{"play": "two.wav", "text": "Hm."}]}],
                           "at": [{"s": 2.5, "steps": [{"cut": true}]}]}, {"after_turns": "silence"}]
                """, sets: ["evi.answer_wait_s=1"])
        #expect(talk.outcome.code == 0 && talk.figure("reconnects") == 1, talk.comment)
        #expect(talk.bend < Rehearsed.sharpest, talk.comment)
        #expect((5_000...90_000).contains(talk.sounding), talk.comment)
    }

    @Test("a stall of two seconds in an answer is silence in it, and nothing else")
    func stall() async throws {
        let talk = try await Talk(
            scenario: """
                "chats": [{"turns": [{"steps": [\(Self.half), {"stall_ms": 2000}, \(Self.half)]}]}]
                """)
        #expect(talk.outcome.code == 0, talk.comment)
        #expect(talk.figure("chats") == 1 && talk.figure("reconnects") == 0, talk.comment)
        #expect(talk.figure("speech_dry") == 1, talk.comment)
        #expect(talk.bend < Rehearsed.sharpest, talk.comment)
        #expect((46_000...48_000).contains(talk.sounding), talk.comment)
    }

    @Test("speech that is 300 ± 200 ms late is heard whole, and where it waits it fades")
    func jitter() async throws {
        let talk = try await Talk(
            scenario: """
                "seed": 3, "network": {"delay_ms": 100, "jitter_ms": 400}, "audio": {"pace_ratio": 1, "piece_ms": 50},
                "chats": [{"turns": [{"steps": [{"play": "two.wav", "text": "Hm."}]}]}]
                """, sets: ["evi.playback_buffer_ms=20"])
        #expect(talk.outcome.code == 0, talk.comment)
        #expect(talk.figure("speech_pieces") == 40 && talk.figure("reconnects") == 0, talk.comment)
        #expect(talk.figure("speech_dry") >= 1, talk.comment)
        #expect(talk.bend < Rehearsed.sharpest, talk.comment)
        #expect((92_000...96_000).contains(talk.sounding), talk.comment)
    }

    @Test("broken messages are counted and told, and take nothing with them")
    func malformed() async throws {
        let talk = try await Talk(
            scenario: """
                "network": {"malformed_percent": 40}, "audio": {"piece_ms": 20},
                "chats": [{"turns": [{"steps": [\(Self.half)]}]}]
                """)
        #expect(talk.outcome.code == 0, talk.comment)
        #expect(talk.figure("broken_messages") >= 3 && talk.figure("warnings") >= 1, talk.comment)
        #expect(talk.figure("speech_pieces") == 25 && talk.figure("reconnects") == 0, talk.comment)
        #expect(talk.bend < Rehearsed.sharpest, talk.comment)
        #expect((22_500...24_000).contains(talk.sounding), talk.comment)
    }

    @Test("messages that nobody knows, and speech that is none, change nothing")
    func strange() async throws {
        let talk = try await Talk(
            scenario: """
                "chats": [{"turns": [{"steps": [
                    {"send": {"type": "novelty", "depth": [[[1]]]}}, {"send_text": "{"}, {"send_binary": 100},
                    {"send": {"type": "audio_output", "id": "x", "index": 0, "data": "!!!"}},
                    {"send": {"type": "audio_output", "id": "y", "index": 0, "data": "UklGRg=="}},
                    {"send": [1]}, {"huge_bytes": 100000}, \(Self.half)]}]}]
                """)
        #expect(talk.outcome.code == 0 && talk.figure("chats") == 1, talk.comment)
        #expect(talk.figure("broken_messages") >= 1, talk.comment)
        #expect(talk.bend < Rehearsed.sharpest, talk.comment)
        #expect((22_500...24_000).contains(talk.sounding), talk.comment)
    }

    @Test("an interruption fades what is being said and drops the rest")
    func interruption() async throws {
        let talk = try await Talk(
            scenario: """
                "chats": [{"turns": [{"steps": [{"play": "two.wav", "text": "Hm."}, {"wait_ms": 200},
                                                {"interrupt": true}, {"wait_ms": 500}, \(Self.half)]}]}]
                """)
        #expect(talk.outcome.code == 0 && talk.figure("interruptions") == 1, talk.comment)
        #expect(talk.count("interruption") == 1, talk.comment)
        #expect(talk.bend < Rehearsed.sharpest, talk.comment)
        // Not all of the first, and all of the second.
        #expect((23_000...90_000).contains(talk.sounding), talk.comment)
    }

    @Test("a server that refuses for now is asked again")
    func refusedForNow() async throws {
        let talk = try await Talk(
            scenario: """
                "chats": [{"refuse": {"status": 503}}, {"turns": [{"steps": [\(Self.half)]}]}]
                """)
        #expect(talk.outcome.code == 0, talk.comment)
        #expect(talk.figure("chats") == 1 && talk.figure("attempts") == 2, talk.comment)
        #expect((22_500...24_000).contains(talk.sounding), talk.comment)
    }

    @Test(
        "an error that is final ends the run with its code, and is told in words, log and report",
        arguments: [("E0300", Int32(77), "no_credit"), ("E0101", 69, "error")])
    func final(error: String, code: Int32, reason: String) async throws {
        let talk = try await Talk(
            scenario: """
                "chats": [{"turns": [{"steps": [\(Self.half), {"wait_ms": 100},
                    {"error": "\(error)", "slug": "so_it_is", "message": "that was it"}, {"close": 1008}]}]}]
                """)
        #expect(talk.outcome.code == code, talk.comment)
        let told = talk.outcome.lines.contains {
            $0.contains("evi-file-to-file.json:") && $0.contains("nodes.evi: ") && $0.contains(error)
                && $0.contains("so_it_is: that was it")
        }
        #expect(told, talk.comment)
        #expect(talk.figures["closed"] == reason && talk.figure("errors") == 1, talk.comment)
    }

    @Test("a server that stays away ends the run after the stated attempts")
    func away() async throws {
        let refuse = #"{"refuse": {"status": 500}}"#
        let talk = try await Talk(
            scenario: """
                "chats": [{"turns": [{"steps": [\(Self.half), {"wait_ms": 100}, {"cut": true}]}]}, \(refuse), \(refuse)]
                """, sets: ["evi.max_attempts=2"])
        #expect(talk.outcome.code == 69, talk.comment)
        #expect(talk.outcome.diagnostics.contains("no connection after 2 attempts"), talk.comment)
        #expect(talk.figures["closed"] == "gave_up" && talk.figure("reconnects") == 1, talk.comment)
    }
}
