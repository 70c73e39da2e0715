import CommandTestKit
import Foundation
import SyrinxCore
import SyrinxEVI
import Testing

@testable import SyrinxEmulator

/// Hume's own Python SDK, where it is installed, judges what the emulator says.
@Suite("emulator and the official SDK", .serialized, .timeLimit(.minutes(4)))
struct SDKTests {
    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("emulator-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    @Test(
        "the SDK holds a conversation: text, sound, tool, interruption, pause, resume, control plane, REST",
        .enabled(if: HumeSDK.python != nil, "needs a Python with the package hume; SYRINX_HUME_PYTHON names it"))
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
                let script = Command.package.appendingPathComponent("Tests/SyrinxEmulatorTests/conversation.py").path
                let arguments = [script, emulator.address, testKey, voice, silence]
                let python = try #require(HumeSDK.python)
                // Off the tasks' threads: the emulator needs them.
                let outcome = try await withCheckedThrowingContinuation { continuation in
                    OwnThread.run {
                        continuation.resume(with: Result { try Command.run(python, arguments, in: folder) })
                    }
                }
                #expect(outcome.code == 0, "\((outcome.text + outcome.diagnostics).suffix(4_000))")
            }
        }
    }

    @Test(
        "every kind of message that is sent passes the checker of the SDK's types",
        .enabled(if: HumeSDK.hasChecker, "needs the example messages and a Python with the package hume"))
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
            for file in HumeSDK.files() {
                try FileManager.default.copyItem(at: file, to: folder.appendingPathComponent(file.lastPathComponent))
            }
            for (number, message) in sent.enumerated() {
                try Data(message.encoded()).write(
                    to: folder.appendingPathComponent("server-\(message.type).sent\(number).json"))
            }
            let verdict = try HumeSDK.check(folder)
            #expect(verdict.code == 0, "\(verdict.text)\(verdict.diagnostics)")
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
