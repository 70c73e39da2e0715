import Foundation
import SyrinxCore
import SyrinxEVI
import Testing

@testable import SyrinxEmulator

/// Hume's own Python SDK, where it is installed, judges what the emulator says.
@Suite("emulator and the official SDK", .serialized, .timeLimit(.minutes(4)))
struct SDKTests {
    /// A Python that has the package `hume`, if there is one: `SYRINX_HUME_PYTHON`, or the usual one.
    static let python: String? = {
        let wanted = ProcessInfo.processInfo.environment["SYRINX_HUME_PYTHON"] ?? "/usr/bin/python3"
        return FileManager.default.isExecutableFile(atPath: wanted)
            && runProgram(wanted, ["-c", "import hume"]).status == 0
            ? wanted : nil
    }()

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The example messages that may lie beside the checkout, with their checker.
    static let examples: URL = {
        if let path = ProcessInfo.processInfo.environment["SYRINX_EVI_MESSAGES"] { return URL(fileURLWithPath: path) }
        return root.deletingLastPathComponent().appendingPathComponent("shared/evi-messages")
    }()

    static let hasChecker = FileManager.default.fileExists(
        atPath: examples.appendingPathComponent("validate_messages.py").path)

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("emulator-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    @Test(
        "the SDK holds a conversation: text, sound, tool, interruption, pause, resume, control plane, REST",
        .enabled(if: python != nil, "needs a Python with the package hume; SYRINX_HUME_PYTHON names it"))
    func conversation() async throws {
        try await withFolder { folder in
            func write(_ samples: [Int16], _ name: String) throws -> String {
                var bytes: [UInt8] = []
                PCM16.append(samples[...], to: &bytes)
                let file = folder.appendingPathComponent(name)
                try Data(bytes).write(to: file)
                return file.path
            }
            let voice = try write(Sound.voice(1_500), "voice.pcm")
            let silence = try write(Sound.silence(1_000), "silence.pcm")
            try await withEmulator { emulator in
                let script = Self.root.appendingPathComponent("Tests/SyrinxEmulatorTests/conversation.py").path
                let arguments = [script, emulator.address, testKey, voice, silence]
                let (status, output) = await withCheckedContinuation { continuation in
                    OwnThread.run { continuation.resume(returning: runProgram(Self.python!, arguments)) }
                }
                #expect(status == 0, "\(output.suffix(4_000))")
            }
        }
    }

    @Test(
        "every kind of message that is sent passes the checker of the SDK's types",
        .enabled(if: python != nil && hasChecker, "needs the example messages and a Python with the package hume"))
    func checker() async throws {
        let sent = Self.everything()
        let types = Set(sent.map(\.type))
        #expect(
            types.isSuperset(of: [
                "chat_metadata", "session_settings", "error", "user_message", "user_interruption", "assistant_message",
                "assistant_prosody", "audio_output", "assistant_end", "tool_call", "tool_response", "tool_error",
            ]))
        try await withFolder { folder in
            // The checker wants every type; what is ours lies beside the examples.
            for file in try FileManager.default.contentsOfDirectory(at: Self.examples, includingPropertiesForKeys: nil)
            where file.pathExtension == "json" {
                try FileManager.default.copyItem(at: file, to: folder.appendingPathComponent(file.lastPathComponent))
            }
            for (number, message) in sent.enumerated() {
                try Data(message.encoded()).write(
                    to: folder.appendingPathComponent("server-\(message.type).sent\(number).json"))
            }
            let script = Self.examples.appendingPathComponent("validate_messages.py").path
            let (status, output) = runProgram(Self.python!, [script, folder.path])
            #expect(status == 0, "\(output)")
        }
    }

    /// Whatever the emulator says of itself, in one conversation.
    static func everything() -> [ServerMessage] {
        var talk = Talk { $0.isVerbose = true }
        talk.announce()
        var settings = SessionSettings()
        settings.customSessionID = "mine"
        settings.systemPrompt = "Be {{kind}}."
        settings.variables = [.init("kind", .integer(3))]
        settings.context = .set(.init("Rain", type: SessionSettings.Context.persistent))
        settings.tools = [
            .init("lamp", parameters: #"{"type":"object"}"#, description: "Light", fallbackContent: "dark")
        ]
        settings.builtinTools = [.init("web_search"), .init("hang_up")]
        settings.voiceID = "00000000-0000-4000-8000-000000000009"
        talk.feed(.sessionSettings(settings))
        var forget = SessionSettings()
        forget.context = .remove
        talk.feed(.sessionSettings(forget))
        talk.hear(Sound.voice(1_500) + Sound.silence(1_000))
        talk.pass(.seconds(20))
        talk.feed(.userInput("The lamp"))
        talk.feed(.toolError(ToolFailure("none", error: "x")))
        if case .toolCall(let call)? = talk.sent.last(where: { $0.type == "tool_call" }) {
            talk.feed(.toolResponse(ToolResponse(call.id, content: "on")))
        }
        talk.pass(.seconds(20))
        talk.feed(.userInput("Search the web"))
        talk.pass(.seconds(20))
        talk.feed(.assistantInput("This sentence is long and will not be heard to its end."))
        talk.hear(Sound.voice(1_200) + Sound.silence(1_000))
        talk.pass(.seconds(20))
        talk.feed(.text(Array("{".utf8)))
        talk.feed(.userInput("Goodbye"))
        talk.pass(.seconds(5))
        #expect(talk.closes == [1000])
        return talk.sent
    }
}
