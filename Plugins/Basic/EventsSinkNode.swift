internal import Glibc
public import SyrinxCore

/// Writes every event that is linked to it as one JSON line.
///
/// - Ports: `in` (events). Takes part in no cycle.
public struct EventsSinkNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "events.sink", summary: "Writes events as JSON lines.",
        inputs: [.events("in")],
        parameters: [.path("path", .write, required: true, "The file; - is standard output.")],
        details: """
            A line holds `frame` (at the graph's rate R, from the run's start), `time_s`, `node`, `event`, and the \
            event's own members. The file begins empty and is written under its own name: under a clock (JACK, ALSA, \
            timer) and on standard output line by line, else in larger pieces, and complete when the run has ended.
            """,
        example: #""log": { "type": "events.sink", "path": "take.jsonl" }"#)

    private let path: String
    private let place: String

    public init(_ parameters: Parameters) throws(PipelineError) {
        path = try parameters.string("path")
        place = "\(parameters.path).path"
        if path.isEmpty { throw parameters.error("path", "found an empty path, expected a file's name or -") }
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        var descriptor = STDOUT_FILENO
        if path != "-" {
            descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
            if descriptor < 0 {
                throw PipelineError(
                    .cannotCreate, at: place, "cannot create \(path)", cause: String(cString: strerror(errno)))
            }
        }
        return Prepared(
            nil,
            receiver: LineWriter(descriptor, path: path, place: place, writesEachLine: setup.isPaced || path == "-"))
    }
}

/// Writes events to a file descriptor, which it closes unless it is standard output.
// SAFETY: the contract of EventReceiver: one thread at a time calls it.
final class LineWriter: EventReceiver, @unchecked Sendable {
    private static let bufferSize = 1 << 16

    private let descriptor: Int32
    private let path: String
    private let place: String
    private let writesEachLine: Bool
    private var buffer: [UInt8] = []

    init(_ descriptor: Int32, path: String, place: String, writesEachLine: Bool) {
        self.descriptor = descriptor
        self.path = path
        self.place = place
        self.writesEachLine = writesEachLine
    }

    deinit { if path != "-" { close(descriptor) } }

    func receive(_ event: PipelineEvent) throws(PipelineError) {
        buffer += event.value.json().utf8
        buffer.append(UInt8(ascii: "\n"))
        if writesEachLine || buffer.count >= Self.bufferSize { try flush() }
    }

    func finish() throws(PipelineError) { try flush() }

    private func flush() throws(PipelineError) {
        var written = 0
        while written < buffer.count {
            let count = buffer.withUnsafeBytes { bytes in
                bytes.baseAddress.map { write(descriptor, $0 + written, bytes.count - written) } ?? 0
            }
            if count < 0 {
                if errno == EINTR { continue }
                let cause = String(cString: strerror(errno))
                buffer = []
                throw PipelineError(.inputOutput, at: place, "cannot write to \(path)", cause: cause)
            }
            written += count
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
