import CommandTestKit
import Foundation
import SyrinxCore
import SyrinxEVI
import Testing

/// The example messages that may lie beside the checkout, and their checker: a script that judges by the models of Hume's
/// own Python SDK. Where they are not there, the tests are skipped.
@Suite("EVI example messages")
struct ExampleTests {
    @Test(
        "11. every example message is read, and written again as the same JSON",
        .enabled(
            if: HumeSDK.hasExamples, "no example messages beside the checkout; SYRINX_EVI_MESSAGES names their folder"))
    func examples() throws {
        for file in HumeSDK.files("server") {
            let bytes = try [UInt8](Data(contentsOf: file))
            let decoded = try ServerMessage.decode(bytes)
            #expect(decoded.notes == [], "\(file.lastPathComponent)")
            if case .unknown = decoded.message { Issue.record("\(file.lastPathComponent) is not known") }
            #expect(try json(decoded.message.encoded()) == json(bytes), "\(file.lastPathComponent)")
            if case .audioOutput(let output) = decoded.message {
                #expect(!(try WAVPiece(reading: output.data)).samples.isEmpty)
            }
        }
        for file in HumeSDK.files("client") {
            let bytes = try [UInt8](Data(contentsOf: file))
            #expect(try json(ClientMessage(decoding: bytes).encoded()) == json(bytes), "\(file.lastPathComponent)")
        }
        #expect(HumeSDK.files("client").count >= 16 && HumeSDK.files("server").count >= 26)
    }

    @Test(
        "what is sent passes the checker of the official SDK's types",
        .enabled(if: HumeSDK.hasChecker, "needs the example messages and a Python with the package hume"))
    func checker() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("evi-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // The checker wants every type; what is ours takes the place of the examples.
        for file in HumeSDK.files("server") + HumeSDK.files("connect") {
            try FileManager.default.copyItem(at: file, to: folder.appendingPathComponent(file.lastPathComponent))
        }
        for file in HumeSDK.files("client") {
            let message = try ClientMessage(decoding: [UInt8](Data(contentsOf: file)))
            try Data(message.encoded()).write(to: folder.appendingPathComponent(file.lastPathComponent))
        }
        var sent = MessageTests.client.filter {
            if case .audioInput(let bytes, _) = $0 { !bytes.isEmpty } else { true }
        }
        sent += Self.conversation()
        for (number, message) in sent.enumerated() {
            let type = message.value["type"]?.string ?? ""
            try Data(message.encoded()).write(to: folder.appendingPathComponent("client-\(type).sent\(number).json"))
        }
        #expect(Set(sent.compactMap { $0.value["type"]?.string }).count == 8)
        let verdict = try HumeSDK.check(folder)
        #expect(verdict.code == 0, "\(verdict.text)\(verdict.diagnostics)")
    }

    /// Whatever a session sends in a conversation with everything in it.
    static func conversation() -> [ClientMessage] {
        var stage = Stage(
            options {
                $0.settingsByMessage = true
                $0.sendFrames = .text
                $0.settings = MessageTests.settings
                $0.settings.tools = nil
                $0.tools = [TurnTests.lamp]
            })
        stage.begin()
        stage.feed(.microphone([Int16](repeating: 3, count: 640)))
        stage.hear(TurnTests.call("c1"))
        stage.feed(.command(.toolResponse(id: "c1", content: "done")))
        stage.hear(TurnTests.call("c2"))
        stage.feed(.command(.toolError(id: "c2", error: "dark", content: nil)))
        stage.hear(TurnTests.call("c3", "hal"))
        for command in [
            SessionCommand.say("Hello."), .speak("Hello."), .pause, .resume, .settings(MessageTests.settings),
        ] {
            stage.feed(.command(command))
        }
        return stage.texts
    }
}
