import Foundation
import SyrinxCore
import SyrinxEVI
import Testing

/// The example messages that may lie beside the checkout, and their checker: a script that judges by the models of Hume's
/// own Python SDK. Where they are not there, the tests are skipped.
@Suite("EVI example messages")
struct ExampleTests {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["SYRINX_EVI_MESSAGES"] { return URL(fileURLWithPath: path) }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.deletingLastPathComponent().appendingPathComponent("shared/evi-messages")
    }()

    static func files(_ side: String) -> [URL] {
        let all = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return all.filter { $0.pathExtension == "json" && $0.lastPathComponent.hasPrefix(side + "-") }
            .sorted { $0.path < $1.path }
    }

    static let hasExamples = !files("server").isEmpty
    /// A Python that has the package `hume`, if there is one: `SYRINX_HUME_PYTHON`, or the usual one.
    static let python: String? = {
        let wanted = ProcessInfo.processInfo.environment["SYRINX_HUME_PYTHON"] ?? "/usr/bin/python3"
        return FileManager.default.isExecutableFile(atPath: wanted) && run(wanted, ["-c", "import hume"]).status == 0
            ? wanted : nil
    }()

    static func run(_ program: String, _ arguments: [String]) -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = pipe
        guard (try? process.run()) != nil else { return (-1, "cannot be started") }
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test(
        "11. every example message is read, and written again as the same JSON",
        .enabled(if: hasExamples, "no example messages beside the checkout; SYRINX_EVI_MESSAGES names their folder"))
    func examples() throws {
        for file in Self.files("server") {
            let bytes = try [UInt8](Data(contentsOf: file))
            let decoded = try ServerMessage.decode(bytes)
            #expect(decoded.notes == [], "\(file.lastPathComponent)")
            if case .unknown = decoded.message { Issue.record("\(file.lastPathComponent) is not known") }
            #expect(try json(decoded.message.encoded()) == json(bytes), "\(file.lastPathComponent)")
            if case .audioOutput(let output) = decoded.message {
                #expect(!(try WAVPiece(reading: output.data)).samples.isEmpty)
            }
        }
        for file in Self.files("client") {
            let bytes = try [UInt8](Data(contentsOf: file))
            #expect(try json(ClientMessage(decoding: bytes).encoded()) == json(bytes), "\(file.lastPathComponent)")
        }
        #expect(Self.files("client").count >= 16 && Self.files("server").count >= 26)
    }

    @Test(
        "what is sent passes the checker of the official SDK's types",
        .enabled(if: hasExamples && python != nil, "needs the example messages and a Python with the package hume"))
    func checker() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("evi-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // The checker wants every type; what is ours takes the place of the examples.
        for file in Self.files("server") + Self.files("connect") {
            try FileManager.default.copyItem(at: file, to: folder.appendingPathComponent(file.lastPathComponent))
        }
        for file in Self.files("client") {
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
        let script = Self.folder.appendingPathComponent("validate_messages.py").path
        let (status, output) = Self.run(Self.python!, [script, folder.path])
        #expect(status == 0, "\(output)")
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
