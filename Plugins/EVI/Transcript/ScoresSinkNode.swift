public import SyrinxCore
internal import SyrinxEVI

/// Writes how things were said: the scores of every message, as a table.
///
/// - Ports: `in` (events). Takes part in no cycle.
public struct ScoresSinkNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "scores.sink", summary: "Writes the scores of a conversation as CSV.",
        inputs: [.events("in", "From evi:events; several sessions may be linked.")],
        parameters: [.path("path", .write, required: true, "The file; - is standard output.")],
        details: """
            One row for each final message of the user, and each of EVI's, that came with scores: `time_s`, `node`, \
            `speaker`, `id`, `text`, then the 48 scores by their names, empty where one did not come. Scores of EVI that \
            come after their message make a row of their own. Commas, quotes and line breaks are quoted as RFC 4180 says.
            """,
        example: #""scores": { "type": "scores.sink", "path": "talk.csv" }"#)

    private let path: String
    private let place: String

    public init(_ parameters: Parameters) throws(PipelineError) {
        path = try parameters.string("path")
        place = "\(parameters.path).path"
        if path.isEmpty { throw parameters.error("path", "found an empty path, expected a file's name or -") }
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(nil, receiver: try ScoresWriter(TextOutput(path, place: place)))
    }
}

/// Writes a row for every event that holds scores.
// SAFETY: the contract of EventReceiver: one thread at a time calls it.
final class ScoresWriter: EventReceiver, @unchecked Sendable {
    /// Messages whose scores may still come.
    private static let remembered = 256

    private let output: TextOutput
    private var texts: [(id: String, text: String)] = []

    init(_ output: TextOutput) throws(PipelineError) {
        self.output = output
        try output.append(Self.row(["time_s", "node", "speaker", "id", "text"] + Scores.names))
    }

    func receive(_ event: PipelineEvent) throws(PipelineError) {
        let id = event.field("id")?.string ?? ""
        var text = event.field("text")?.string ?? ""
        let speaker: TranscriptCue.Speaker
        switch event.event {
        case "user_message": speaker = .user
        case "assistant_message":
            speaker = .assistant
            texts.append((id, text))
            if texts.count > Self.remembered { texts.removeFirst() }
        case "assistant_prosody":
            speaker = .assistant
            text = texts.last { $0.id == id }?.text ?? ""
        default: return
        }
        guard case .object(let members)? = event.field("scores"), !members.isEmpty else { return }
        let scores = Scores(members)
        let cells = [Value.number(event.time).json(), event.node, speaker.rawValue, id, text]
        try output.append(
            Self.row(cells + Scores.names.map { name in scores[name].map { Value.number($0).json() } ?? "" }))
    }

    func finish() throws(PipelineError) {}

    private static func row(_ cells: [String]) -> String {
        cells.map(quoted).joined(separator: ",") + "\n"
    }

    private static func quoted(_ cell: String) -> String {
        guard cell.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return cell }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }
}
