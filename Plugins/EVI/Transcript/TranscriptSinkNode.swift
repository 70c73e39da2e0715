public import SyrinxCore
internal import SyrinxEVI

/// Writes what was said in a conversation, as text or subtitles.
///
/// - Ports: `in` (events). Takes part in no cycle.
public struct TranscriptSinkNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "transcript.sink", summary: "Writes a conversation as text, SRT or WebVTT.",
        inputs: [.events("in", "From evi:events; several sessions may be linked.")],
        parameters: [
            .path("path", .write, required: true, "The file; - is standard output."),
            .choice(
                "format", of: TranscriptFormat.allCases.map(\.rawValue),
                "If left out, the name's ending decides: .srt, .vtt, else text."),
            .string("user_name", default: "User", "What the user is called."),
            .string("assistant_name", default: "EVI", "What EVI is called."),
        ],
        details: """
            A line of the user is written when it is final, one of EVI when it was heard to its end or cut off; then it is \
            marked [interrupted], or [not heard] if none of it was. Lines of a second session name its node. Times are on the \
            pipeline's clock: EVI's as its sound left the node, the user's as the server places them in the audio. Every \
            line is on disk when the next begins.

            Sources: SubRip as players read it; W3C WebVTT.
            """,
        example: #""subtitles": { "type": "transcript.sink", "path": "talk.vtt" }"#)

    private let path: String
    private let place: String
    private let format: TranscriptFormat
    private let names: [TranscriptCue.Speaker: String]

    public init(_ parameters: Parameters) throws(PipelineError) {
        path = try parameters.string("path")
        place = "\(parameters.path).path"
        if path.isEmpty { throw parameters.error("path", "found an empty path, expected a file's name or -") }
        let word = try parameters.optionalString("format")
        format = word.flatMap { TranscriptFormat(rawValue: $0) } ?? TranscriptFormat(path: path) ?? .text
        names = [
            .user: try parameters.string("user_name"), .assistant: try parameters.string("assistant_name"),
        ]
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(facts: [("format", .string(format.rawValue))])
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(nil, receiver: try TranscriptWriter(TextOutput(path, place: place), format, names))
    }
}

/// Writes cues as they become complete.
// SAFETY: the contract of EventReceiver: one thread at a time calls it.
final class TranscriptWriter: EventReceiver, @unchecked Sendable {
    private let output: TextOutput
    private let format: TranscriptFormat
    private let names: [TranscriptCue.Speaker: String]
    private var editor = TranscriptEditor()
    private var firstNode: String?
    private var count = 0
    private var lastTime = 0.0

    init(_ output: TextOutput, _ format: TranscriptFormat, _ names: [TranscriptCue.Speaker: String])
        throws(PipelineError)
    {
        self.output = output
        self.format = format
        self.names = names
        try output.append(format.head)
    }

    func receive(_ event: PipelineEvent) throws(PipelineError) {
        lastTime = max(lastTime, event.time)
        try write(editor.take(event))
    }

    func finish() throws(PipelineError) { try write(editor.finish(at: lastTime)) }

    private func write(_ cues: [TranscriptCue]) throws(PipelineError) {
        for cue in cues {
            count += 1
            if firstNode == nil { firstNode = cue.node }
            let name = names[cue.speaker] ?? cue.speaker.rawValue
            let speaker = cue.node == firstNode ? name : "\(name) (\(cue.node))"
            let text = cue.text + cue.state.mark
            try output.append(format.cue(text, by: speaker, from: cue.begin, to: cue.end, number: count))
        }
    }
}
