import SyrinxCore
import SyrinxEVI
import SyrinxTestKit

let apiKey = "key-0123456789abcdef-must-stay-hidden"
let secretKey = "secret-fedcba9876543210-must-stay-hidden"
let accessToken = "token-5a5a5a5a-must-stay-hidden"

func options(_ change: (inout SessionOptions) -> Void = { _ in }) -> SessionOptions {
    var options = SessionOptions(credentials: .key(Secret(apiKey)))
    options.sendRate = 16_000
    change(&options)
    return options
}

/// A session with a scripted clock, and what it wanted done.
struct Stage {
    var session: Session
    var now: Moment = .seconds(1_000)
    var random = SeededRandom(seed: 1)
    var done: [(time: Moment, action: SessionAction)] = []
    /// The socket that the session opened last.
    var attempt = 0

    init(_ options: SessionOptions = options()) { session = Session(options) }

    @discardableResult
    mutating func feed(_ input: SessionInput) -> [SessionAction] {
        let actions = session.handle(input, at: now, using: &random)
        for action in actions {
            if case .connect(let attempt, _) = action { self.attempt = attempt }
            if case .fetchToken(let attempt, _) = action { self.attempt = attempt }
            done.append((now, action))
        }
        return actions
    }

    /// Lets time pass; every deadline on the way is kept.
    @discardableResult
    mutating func pass(_ span: Moment) -> [SessionAction] {
        let end = now + span
        let first = done.count
        var last: Moment?
        var repeats = 0
        while let deadline = session.deadline, deadline <= end {
            repeats = deadline == last ? repeats + 1 : 0
            precondition(repeats < 10, "a deadline that \(repeats) ticks did not settle: stuck")
            last = deadline
            now = max(now, deadline)
            feed(.tick)
        }
        now = end
        feed(.tick)
        return done[first...].map(\.action)
    }

    @discardableResult
    mutating func socket(_ event: TransportEvent) -> [SessionAction] { feed(.transport(attempt: attempt, event)) }

    @discardableResult
    mutating func hear(_ message: ServerMessage) -> [SessionAction] { socket(.text(message.encoded())) }

    @discardableResult
    mutating func hear(text: String) -> [SessionAction] { socket(.text(Array(text.utf8))) }

    @discardableResult
    mutating func error(_ code: String, _ message: String = "words") -> [SessionAction] {
        hear(.error(ServerError(code: code, slug: "slug", message: message)))
    }

    @discardableResult
    mutating func close(_ code: Int) -> [SessionAction] { socket(.closed(code: code, reason: "")) }

    /// The handshake succeeds, and `chat_metadata` comes.
    @discardableResult
    mutating func greet(chat: String = "chat-1", group: String = "group-1") -> [SessionAction] {
        socket(.opened)
        return hear(.chatMetadata(ChatMetadata(chatID: chat, chatGroupID: group)))
    }

    /// From nothing to a chat.
    mutating func begin() {
        feed(.start)
        greet()
    }

    /// EVI says something in pieces of 100 ms, as one segment; the turn ends if wished.
    mutating func answer(_ id: String = "A", pieces: Int = 3, ends: Bool = true) {
        hear(.assistantMessage(AssistantMessage("Words of \(id).", id: id)))
        for index in 0..<pieces { hear(speech(id, index)) }
        if ends { hear(.assistantEnd()) }
    }

    /// Plays what waits, in one go.
    mutating func playAll() {
        while let audio = session.takeAudio(upTo: 100_000) {
            feed(.played(serial: audio.serial, frames: audio.samples.count))
        }
    }

    var events: [SessionEvent] {
        done.compactMap { if case .event(let event) = $0.action { event } else { nil } }
    }
    var eventNames: [String] { events.map(\.name) }
    var connects: [ConnectRequest] {
        done.compactMap { if case .connect(_, let request) = $0.action { request } else { nil } }
    }
    var end: EndReason? {
        done.lazy.compactMap { if case .end(let reason) = $0.action { reason } else { nil } }.first
    }
    var texts: [ClientMessage] { Stage.texts(done.map(\.action)) }
    var binaries: [[UInt8]] { Stage.binaries(done.map(\.action)) }
    /// The waits before attempts.
    var delays: [Moment] {
        events.compactMap { if case .reconnecting(_, _, let delay) = $0 { delay } else { nil } }
    }
    var warnings: [String] { events.compactMap { if case .warning(let text) = $0 { text } else { nil } } }

    static func texts(_ actions: [SessionAction]) -> [ClientMessage] {
        actions.compactMap { action in
            guard case .send(_, .text(let bytes)) = action else { return nil }
            return try? ClientMessage(decoding: bytes)
        }
    }

    static func binaries(_ actions: [SessionAction]) -> [[UInt8]] {
        actions.compactMap { if case .send(_, .binary(let bytes)) = $0 { bytes } else { nil } }
    }
}

/// A piece of speech: 100 ms at 24 kHz that rises by one a sample, so that order shows.
func speech(_ id: String, _ index: Int, frames: Int = 2_400, rate: Int = 24_000) -> ServerMessage {
    let samples = (0..<frames).map { Int16(truncatingIfNeeded: index * frames + $0 + 1) }
    return .audioOutput(
        AudioOutput(id: id, index: index, data: WAVPiece(sampleRate: rate, samples: samples).encoded()))
}

func samples(_ bytes: [UInt8]) -> [Int16] {
    stride(from: 0, to: bytes.count - 1, by: 2).map {
        Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
    }
}

/// Members sorted and numbers alike, so that equal JSON is equal.
func normal(_ value: Value) -> Value {
    switch value {
    case .object(let members):
        .object(members.map { .init($0.name, normal($0.value)) }.sorted { $0.name < $1.name })
    case .list(let values): .list(values.map(normal))
    case .integer(let integer): .number(Double(integer))
    default: value
    }
}

func json(_ bytes: [UInt8]) throws -> Value { normal(try WireJSON.read(bytes).value) }
func json(_ text: String) throws -> Value { try json(Array(text.utf8)) }
