import SyrinxCore
import SyrinxEVI
import Testing

@Suite("Transcripts of stored chats")
struct ChatTranscriptTests {
    private func event(_ type: String, _ text: String?, at milliseconds: Int, chat: String = "c") throws -> ChatEvent {
        var members: [Value.Member] = [
            .init("id", .string("e\(milliseconds)\(type)")), .init("type", .string(type)), .init("role", .string("X")),
            .init("timestamp", .integer(1_765_000_000_000 + milliseconds)), .init("chat_id", .string(chat)),
        ]
        if let text { members.append(.init("message_text", .string(text))) }
        return try ChatEvent(reading: .object(members))
    }

    private func talk() throws -> ChatTranscript {
        ChatTranscript(
            [
                try event("CHAT_START_MESSAGE", nil, at: 0), try event("SYSTEM_PROMPT", "You are a host.", at: 1),
                try event("AGENT_MESSAGE", "Fine & <b>you</b>?", at: 4_250),
                try event("USER_MESSAGE", "How are you?", at: 1_000),
                try event("USER_MESSAGE", "", at: 5_000), try event("FUNCTION_CALL", "{}", at: 5_100),
                try event("AGENT_MESSAGE", "One line\nand a second.", at: 3_725_500),
            ], start: Timestamp(wire: 1_765_000_000_000))
    }

    @Test("as text there is a line for each message, in the order of time")
    func text() throws {
        #expect(
            try talk().encoded(.text) == """
                [00:00:01.000] User: How are you?
                [00:00:04.250] EVI: Fine & <b>you</b>?
                [01:02:05.500] EVI: One line and a second.

                """)
    }

    @Test("as SubRip lines are numbered and stand until the next, or as long as reading takes")
    func subRip() throws {
        #expect(
            try talk().encoded(.srt) == """
                1
                00:00:01,000 --> 00:00:02,000
                User: How are you?

                2
                00:00:04,250 --> 00:00:05,450
                EVI: Fine & <b>you</b>?

                3
                01:02:05,500 --> 01:02:06,967
                EVI: One line and a second.


                """)
    }

    @Test("as WebVTT speakers are voices, and what would be markup is escaped")
    func webVTT() throws {
        let text = try talk().encoded(.vtt)
        #expect(text.hasPrefix("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v User>How are you?\n\n"))
        #expect(text.contains("<v EVI>Fine &amp; &lt;b&gt;you&lt;/b&gt;?\n"))
    }

    @Test("a long line stands until the next one begins")
    func cut() throws {
        let long = String(repeating: "word ", count: 60)
        let transcript = ChatTranscript([
            try event("AGENT_MESSAGE", long, at: 0), try event("USER_MESSAGE", "Stop.", at: 2_500),
        ])
        #expect(transcript.lines.map(\.end) == [2.5, 3.5])
    }

    @Test("nothing in a text steers a terminal or breaks a cue; what joins letters and pictures stays")
    func harmless() throws {
        let transcript = ChatTranscript([
            try event("USER_MESSAGE", "\u{1B}]0;x\u{7}a\u{9B}31mb\r\n\n2\u{2028}\u{202E}c\u{200B} 👩\u{200D}💻", at: 0)
        ])
        #expect(transcript.lines.map(\.text) == ["]0;x a 31mb 2 c 👩\u{200D}💻"])
    }

    @Test("in text, chats of a group are told apart")
    func group() throws {
        let transcript = ChatTranscript([
            try event("USER_MESSAGE", "One.", at: 0, chat: "a"),
            try event("USER_MESSAGE", "Two.", at: 60_000, chat: "b"),
        ])
        #expect(
            transcript.encoded(.text)
                == "# chat a\n[00:00:00.000] User: One.\n\n# chat b\n[00:01:00.000] User: Two.\n")
    }

    @Test("times from anywhere in the range of integers are shown or marked, without a crash")
    func oddTimes() throws {
        #expect(Timestamp(wire: 1_765_016_812_999).text == "2025-12-06 10:26:52Z")
        #expect(Timestamp(wire: -1).text == "1969-12-31 23:59:59Z")
        #expect(Timestamp(wire: .max).text == "?" && Timestamp(wire: .min).text == "?")
        let value = Value.object([
            .init("id", .string("e")), .init("type", .string("USER_MESSAGE")), .init("message_text", .string("Hi")),
            .init("timestamp", .integer(.max)),
        ])
        let events = [try ChatEvent(reading: value), try event("USER_MESSAGE", "Ho", at: 0)]
        #expect(ChatTranscript(events, start: Timestamp(wire: .min)).encoded(.srt).hasPrefix("1\n00:00:00,000 --> "))
    }
}
