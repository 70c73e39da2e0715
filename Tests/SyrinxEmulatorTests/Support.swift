import SyrinxCore
import SyrinxEVI
import SyrinxNet
import Testing

@testable import SyrinxEmulator

let testKey = "rehearsal-key-0123456789"
let testSecret = "rehearsal-secret-0123456789"

/// A scenario from its JSON.
func scenario(_ text: String) throws -> Scenario { try ScenarioReader.read(Array(text.utf8)) }

/// Calls the body with an emulator that listens.
func withEmulator<T: Sendable>(
    _ text: String = #"{"syrinx_scenario": 1, "burst_limit_s": false}"#,
    change: (inout EmulatorOptions) -> Void = { _ in },
    _ body: (Emulator) async throws -> T
) async throws -> T {
    var options = EmulatorOptions(apiKey: Secret(testKey), secretKey: Secret(testSecret))
    options.scenario = try scenario(text)
    options.usesEspeak = false
    change(&options)
    let emulator = Emulator(options)
    try await emulator.start()
    do {
        let result = try await body(emulator)
        await emulator.stop()
        return result
    } catch {
        await emulator.stop()
        throw error
    }
}

/// A client of SyrinxNet that reads what comes as SyrinxEVI does.
final class Client {
    let socket: WebSocket
    private var iterator: WebSocket.Messages.Iterator
    /// Everything that came, in order.
    private(set) var messages: [ServerMessage] = []
    private(set) var texts: [String] = []
    private(set) var broken = 0

    static let net = Result {
        try NetClient(timeouts: NetTimeouts(connect: .seconds(60), tls: .seconds(60), upgrade: .seconds(60)))
    }

    init(
        _ emulator: Emulator, _ query: String = "", key: String = testKey, net: NetClient? = nil,
        path: String = "/v0/evi/chat"
    )
        async throws
    {
        let net = try net ?? Self.net.get()
        var options = WebSocketOptions()
        options.messageLimit = 32 << 20
        socket = try await net.webSocket(
            emulator.baseURL + path + (query.isEmpty ? "" : "?" + query), headers: ["X-Hume-Api-Key": key],
            options: options)
        iterator = socket.messages.makeAsyncIterator()
    }

    /// The next message; nil: the chat is over.
    func next() async -> ServerMessage? {
        while let message = await iterator.next() {
            guard case .text(let text) = message else {
                broken += 1
                continue
            }
            texts.append(text)
            guard let decoded = try? ServerMessage.decode(Array(text.utf8)) else {
                broken += 1
                continue
            }
            #expect(decoded.notes == [])
            messages.append(decoded.message)
            return decoded.message
        }
        return nil
    }

    /// Reads until something is there.
    @discardableResult
    func until<T>(_ pick: (ServerMessage) -> T?) async throws -> T {
        while let message = await next() {
            if let found = pick(message) { return found }
        }
        throw Missing(messages: messages)
    }

    struct Missing: Error {
        let messages: [ServerMessage]
    }

    /// Reads to the end of the chat.
    func drain() async -> WebSocket.Closure? {
        while await next() != nil {}
        return try? await socket.closed
    }

    func send(_ message: ClientMessage) async throws {
        try await socket.send(text: String(decoding: message.encoded(), as: UTF8.self))
    }

    func begin() async throws -> ChatMetadata {
        try await until { if case .chatMetadata(let metadata) = $0 { metadata } else { nil } }
    }

    func userMessage() async throws -> UserMessage {
        try await until { if case .userMessage(let message) = $0 { message } else { nil } }
    }

    func assistantMessage() async throws -> AssistantMessage {
        try await until { if case .assistantMessage(let message) = $0 { message } else { nil } }
    }

    func end() async throws {
        try await until { if case .assistantEnd = $0 { () } else { nil } }
    }

    /// Sends sound in pieces of 20 ms, as fast as the socket takes it.
    func hear(_ samples: [Int16], asText: Bool = false) async throws {
        for start in stride(from: 0, to: samples.count, by: 320) {
            var bytes: [UInt8] = []
            PCM16.append(samples[start..<min(samples.count, start + 320)], to: &bytes)
            if asText { try await send(.audioInput(bytes)) } else { try await socket.send(binary: bytes) }
        }
    }
}

/// The query that announces 16 kHz.
let sixteenKilohertz =
    "session_settings%5Baudio%5D%5Bencoding%5D=linear16&session_settings%5Baudio%5D%5Bsample_rate%5D=16000"
    + "&session_settings%5Baudio%5D%5Bchannels%5D=1"

enum Sound {
    static func silence(_ milliseconds: Int, rate: Int = 16_000) -> [Int16] {
        [Int16](repeating: 0, count: milliseconds * rate / 1_000)
    }

    /// Voice-like sound of about a length, at 16 kHz.
    static func voice(_ milliseconds: Int, rate: Int = 16_000) -> [Int16] {
        var samples: [Int16] = []
        while samples.count < milliseconds * rate / 1_000 {
            samples += FormantVoice(voice: "user").speak("banana amela nomina ").resampled(to: rate).samples
        }
        return Array(samples.prefix(milliseconds * rate / 1_000))
    }

    static func tone(_ milliseconds: Int, amplitude: Double, rate: Int = 16_000) -> [Int16] {
        // A triangle of 250 Hz: loud enough, and without libm.
        let period = rate / 250
        return (0..<milliseconds * rate / 1_000).map { index in
            let place = Double(index % period) / Double(period)
            return Int16(amplitude * 32_767 * (place < 0.5 ? 4 * place - 1 : 3 - 4 * place))
        }
    }
}

extension ServerMessage {
    var type: String { value["type"]?.string ?? "" }
}
