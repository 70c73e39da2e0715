internal import Glibc
internal import Synchronization
public import SyrinxCore
internal import SyrinxEVI
internal import SyrinxRealtime

/// Reads events from JSON lines and tells them to whatever is linked: a script for a session, or the keyboard's words.
///
/// - Ports: `out` (events). Takes part in no cycle.
public struct EventsSourceNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "events.source", summary: "Reads events from JSON lines: commands for a session.",
        outputs: [.events("out", "The lines, in their order.")],
        parameters: [.path("path", .read, required: true, "The file; - is standard input.")], pace: .wallClock,
        details: """
            A line is an object with `event`, the event's name, and its members: {"event": "say", "text": "Hello"}. It is \
            told when it has been read, or, with `time_s`, when that time of the run has come; `delay_s` counts from the \
            line before. Time is the run's: where a session makes the clock wait, lines wait as well. Lines that \
            events.sink has written can be read again; their `frame` and `node` are left out. A line that cannot be \
            read is a `warning` with its number. A run under the timer does not end before the last line is told.
            """,
        example: #""script": { "type": "events.source", "path": "commands.jsonl" }"#)

    private let path: String
    private let place: String

    public init(_ parameters: Parameters) throws(PipelineError) {
        path = try parameters.string("path")
        place = "\(parameters.path).path"
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        guard setup.isPaced else {
            throw PipelineError(
                .invalidGraph, "events come at the pace of a clock; leave engine.driver out, or give timer")
        }
        var descriptor = STDIN_FILENO
        if path != "-" {
            descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            if descriptor < 0 {
                throw PipelineError(
                    .missingInput, at: place, "cannot open \(path)", cause: String(cString: strerror(errno)))
            }
        }
        let reader = LineReader(descriptor, path: path, place: place, setup.events)
        return Prepared(nil, blockingServices: [reader], keeper: reader)
    }
}

/// Reads lines and tells them. Closes its file unless it is standard input.
// SAFETY: what is not atomic belongs to the thread of `run`.
final class LineReader: BlockingService, RunKeeper, @unchecked Sendable {
    /// A longer line is passed over.
    static let lineLimit = 1 << 20
    /// Between two looks at what has come, while nothing does.
    private static let interval: Int32 = 50

    private let descriptor: Int32
    private let path: String
    private let place: String
    private let events: EventSender
    private let isCancelled = Atomic<Bool>(false)
    private let isDone = Atomic<Bool>(false)
    private let bell = Doorbell()
    private var buffer: [UInt8] = []
    private var isTooLong = false
    private var lineNumber = 0
    /// When the line before was told, in seconds of the run.
    private var lastTime = 0.0

    init(_ descriptor: Int32, path: String, place: String, _ events: EventSender) {
        self.descriptor = descriptor
        self.path = path
        self.place = place
        self.events = events
    }

    deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

    // MARK: The run

    let isSource = true
    var wish: RunWish { isDone.load(ordering: .acquiring) ? .done : .waiting }
    func sourcesEnded() {}

    func cancel() {
        isCancelled.store(true, ordering: .releasing)
        bell.ring()
    }

    func run() throws(PipelineError) {
        defer { isDone.store(true, ordering: .releasing) }
        while !isCancelled.load(ordering: .acquiring) {
            guard let bytes = try read() else { break }
            take(bytes)
        }
        if !buffer.isEmpty { tell(buffer) }
    }

    /// What has come; nil at the end.
    private func read() throws(PipelineError) -> [UInt8]? {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let count = Glibc.poll(&poll, 1, Self.interval)
        if count == 0 || (count < 0 && errno == EINTR) { return [] }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let taken = Glibc.read(descriptor, &bytes, bytes.count)
        if taken < 0 {
            if errno == EINTR || errno == EAGAIN { return [] }
            throw PipelineError(
                .inputOutput, at: place, "cannot read \(path)", cause: String(cString: strerror(errno)))
        }
        return taken == 0 ? nil : Array(bytes[..<taken])
    }

    private func take(_ bytes: [UInt8]) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                tell(buffer)
                buffer.removeAll(keepingCapacity: true)
                isTooLong = false
            } else if buffer.count < Self.lineLimit {
                buffer.append(byte)
            } else {
                isTooLong = true
            }
        }
    }

    // MARK: A line

    private func tell(_ line: [UInt8]) {
        lineNumber += 1
        if isTooLong { return warn("found more than \(Self.lineLimit) bytes in a line, expected fewer") }
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return }
        do throws(WireFault) {
            guard case .object(let members) = try WireJSON.read(line).value else {
                return warn("found no object, expected {\"event\": …}")
            }
            guard let name = members.last(where: { $0.name == "event" })?.value.string, !name.isEmpty else {
                return warn("found no event, expected its name: {\"event\": \"say\", …}")
            }
            wait(members)
            if isCancelled.load(ordering: .acquiring) { return }
            lastTime = events.time()
            let own: Set = ["event", "frame", "time_s", "delay_s", "node"]
            events(name, members.filter { !own.contains($0.name) })
        } catch {
            warn(error.description)
        }
    }

    /// Waits until the run has come to the line's time.
    private func wait(_ members: [Value.Member]) {
        func seconds(_ name: String) -> Double? { members.last { $0.name == name }?.value.double }
        let due = max(seconds("time_s") ?? 0, seconds("delay_s").map { lastTime + $0 } ?? 0)
        while !isCancelled.load(ordering: .acquiring), events.time() < due {
            let ticket = bell.ticket()
            if isCancelled.load(ordering: .acquiring) { return }
            bell.wait(after: ticket, atMost: 5_000_000)
        }
    }

    private func warn(_ words: String) {
        let file = path == "-" ? "standard input" : path
        events("warning", [.init("message", .string("\(file):\(lineNumber): \(words)"))])
    }
}
