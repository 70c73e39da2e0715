import Foundation
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import EVIPlugin

/// An event of a session in a few words.
private func event(_ time: Double, _ name: String, node: String = "evi", _ fields: [String: Value] = [:])
    -> PipelineEvent
{
    PipelineEvent(
        frame: Int(time * 48_000), time: time, node: node, event: name,
        fields: fields.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) })
}

/// A chat in which the user cuts EVI's second sentence off, and a third is never heard.
private let chat = [
    event(1, "connected", ["chat_id": .string("c")]),
    event(2.4, "user_message_interim", ["text": .string("Hello th")]),
    event(
        3, "user_message",
        ["text": .string("Hello there & <you>."), "begin_ms": .integer(500), "end_ms": .integer(1250)]),
    event(3.5, "assistant_message", ["id": .string("A"), "text": .string("Good\nmorning.")]),
    event(3.6, "assistant_message", ["id": .string("B"), "text": .string("How are you?")]),
    event(3.6, "assistant_message", ["id": .string("C"), "text": .string("I am well.")]),
    event(4, "playback_began", ["id": .string("A")]),
    event(5.25, "playback_began", ["id": .string("B")]),
    event(
        6, "interruption", ["dropped": .list([.string("A"), .string("B"), .string("C")]), "cause": .string("server")]),
    event(7, "user_message", ["text": .string("Wait.")]),
]

@Suite("transcript.sink")
struct TranscriptTests {
    private func written(_ events: [PipelineEvent], _ name: String, _ parameters: [String: Value] = [:]) throws
        -> String
    {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)-\(name)").path
        defer { unlink(path) }
        let sink = try NodeHarness(TranscriptSinkNode.self, parameters.merging(["path": .string(path)]) { $1 })
        let receiver = try #require(sink.prepared.receiver)
        for event in events { try receiver.receive(event) }
        try receiver.finish()
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test("text holds a line each, in order, with what was cut off and not heard marked; interim lines are left out")
    func text() throws {
        #expect(
            try written(chat, "talk.txt") == """
                [00:00:01.500] User: Hello there & <you>.
                [00:00:04.000] EVI: Good morning.
                [00:00:05.250] EVI: How are you? [interrupted]
                [00:00:03.600] EVI: I am well. [not heard]
                [00:00:07.000] User: Wait.

                """)
    }

    @Test("SRT numbers its cues and gives begin and end with commas")
    func srt() throws {
        let text = try written(chat, "talk.SRT")
        #expect(text.hasPrefix("1\n00:00:01,500 --> 00:00:02,250\nUser: Hello there & <you>.\n\n2\n"))
        #expect(text.contains("3\n00:00:05,250 --> 00:00:06,000\nEVI: How are you? [interrupted]\n\n"))
    }

    @Test("WebVTT begins with its name, has voices, and escapes what would be a tag")
    func vtt() throws {
        let text = try written(chat, "talk", ["format": .string("vtt"), "user_name": .string("Ann")])
        #expect(text.hasPrefix("WEBVTT\n\n00:00:01.500 --> 00:00:02.250\n<v Ann>Hello there &amp; &lt;you&gt;.\n\n"))
    }

    @Test("a line is on disk when it is complete, not only when the run has ended")
    func early() throws {
        var editor = TranscriptEditor()
        let counts = chat.map { editor.take($0).count }
        #expect(counts == [0, 0, 1, 0, 0, 0, 0, 1, 2, 1])
        #expect(editor.finish(at: 9).isEmpty)
    }

    @Test("what is still heard when the run ends is told as cut off there")
    func unfinished() throws {
        var editor = TranscriptEditor()
        for event in chat.dropLast(2) { _ = editor.take(event) }
        let last = editor.finish(at: 5.5)
        #expect(last.map(\.state) == [.interrupted, .unheard])
        #expect(last.first?.end == 5.5)
    }

    @Test("two sessions keep apart, and the second one's lines name its node")
    func two() throws {
        let other = [
            event(2, "connected", node: "bob"),
            event(3, "assistant_message", node: "bob", ["id": .string("A"), "text": .string("Hi.")]),
            event(3.1, "playback_began", node: "bob", ["id": .string("A")]),
            event(4.5, "playback_finished", node: "bob"),
        ]
        let text = try written((chat + other).sorted { $0.time < $1.time }, "talk.txt")
        #expect(text.contains("EVI (bob): Hi.\n"))
        #expect(text.contains("EVI: How are you? [interrupted]\n"))
    }

    @Test("more lines than can wait do not grow for ever")
    func bounded() {
        var editor = TranscriptEditor()
        var count = 0
        for number in 0..<10_000 {
            let line = event(
                Double(number), "assistant_message", ["id": .string("\(number)"), "text": .string("x")])
            count += editor.take(line).count
        }
        #expect(count >= 10_000 - 256)
    }
}

@Suite("scores.sink")
struct ScoresTests {
    @Test("every scored message is a row of 53 cells, quoted where it must be")
    func rows() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).csv").path
        defer { unlink(path) }
        let sink = try NodeHarness(ScoresSinkNode.self, ["path": .string(path)])
        let receiver = try #require(sink.prepared.receiver)
        let scores = Value.object([
            .init("Joy", .number(0.5)), .init("Surprise (positive)", .number(0.25)), .init("New", .number(1)),
        ])
        try receiver.receive(event(1, "user_message", ["text": .string("Well, \"yes\""), "scores": scores]))
        try receiver.receive(event(1.5, "user_message", ["text": .string("no scores")]))
        try receiver.receive(event(2, "assistant_message", ["text": .string("Fine."), "id": .string("A")]))
        try receiver.receive(event(2.5, "assistant_prosody", ["id": .string("A"), "scores": scores]))
        try receiver.finish()
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(lines.count == 3)
        let names = lines[0].split(separator: ",")
        #expect(names.count == 53 && names.prefix(6) == ["time_s", "node", "speaker", "id", "text", "Admiration"])
        #expect(lines[1].hasPrefix(#"1,evi,user,,"Well, ""yes""","#))
        #expect(lines[2].hasPrefix("2.5,evi,assistant,A,Fine.,"))
        let cells = lines[2].split(separator: ",", omittingEmptySubsequences: false)
        #expect(cells.count == 53)
        let joy = try #require(names.firstIndex(of: "Joy"))
        #expect(cells[joy] == "0.5" && cells[joy + 1] == "")
    }
}
