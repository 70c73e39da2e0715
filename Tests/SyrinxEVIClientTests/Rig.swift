import SyrinxCore
import SyrinxEVI
import SyrinxRealtime
import Testing

let apiKey = "key-0123456789abcdef-must-stay-hidden"
let secretKey = "secret-fedcba9876543210-must-stay-hidden"
let accessToken = "token-5a5a5a5a-must-stay-hidden"

/// Hears what a session tells.
final class Ears: SessionOutlet {
    enum Note: Sendable, Hashable {
        case speech, drop, playOut, status
        case event(SessionEvent)
    }

    let notes = Log<Note>()

    func speechIsThere() { notes.append(.speech) }
    func drop() { notes.append(.drop) }
    func playOut() { notes.append(.playOut) }
    func breakOff() { notes.append(.playOut) }
    func tell(_ event: SessionEvent) { notes.append(.event(event)) }
    func statusChanged() { notes.append(.status) }

    var events: [SessionEvent] { Self.events(notes.all) }
    var names: [String] { events.map(\.name) }
    var warnings: [String] { events.compactMap { if case .warning(let text) = $0 { text } else { nil } } }

    static func events(_ notes: [Note]) -> [SessionEvent] {
        notes.compactMap { if case .event(let event) = $0 { event } else { nil } }
    }

    /// Waits for an event of this name.
    func hear(_ name: String, times: Int = 1) async -> Bool {
        await notes.wait { Self.events($0).lazy.filter { $0.name == name }.count >= times }
    }
}

/// A session that runs against a peer.
final class Rig: Sendable {
    let runner: SessionRunner
    let ears: Ears
    let task: Task<EndReason, Never>

    init(
        _ peer: Peer, tools: any ToolRunner = NoTools(), transport: NetTransport? = nil,
        _ change: (inout SessionOptions) -> Void = { _ in }
    ) throws {
        var options = SessionOptions(credentials: .key(Secret(apiKey)))
        options.base = try peer.base
        options.sendRate = 16_000
        // Slow machines are not the point.
        (options.handshakeLimit, options.metadataLimit) = (.seconds(60), .seconds(60))
        options.backOff.first = .milliseconds(10)
        options.backOff.greatest = .milliseconds(20)
        change(&options)
        let ears = Ears()
        let runner = SessionRunner(options, transport: try transport ?? peer.transport, tools: tools, outlet: ears)
        (self.ears, self.runner) = (ears, runner)
        task = Task { await runner.run() }
    }

    func feed(_ input: SessionInput) async { await runner.feed(input) }

    func command(_ command: SessionCommand) async { await runner.feed(.command(command)) }

    /// Feeds a line of samples that rises from `first`.
    func speak(_ count: Int, from first: Int = 1) async {
        await feed(.microphone((0..<count).map { Int16(truncatingIfNeeded: first + $0) }))
    }

    /// Takes speech and says that it was heard, until as many samples came, or until there is none.
    func play(_ most: Int = .max) async -> [Int16] {
        var heard: [Int16] = []
        while heard.count < most, let audio = await runner.takeSpeech(upTo: min(4_800, most - heard.count)) {
            heard += audio.samples
            let frames = audio.samples.endIndex
            await feed(.played(serial: audio.serial, frames: frames))
        }
        return heard
    }

    /// Stops in good order.
    @discardableResult
    func end() async -> EndReason {
        task.cancel()
        return await task.value
    }

    /// The end that comes by itself.
    var ended: EndReason {
        get async { await task.value }
    }
}

/// Leaves every call to commands.
struct NoTools: ToolRunner {
    func run(_ call: ToolCall) async -> ToolResult { .notMine }
}
