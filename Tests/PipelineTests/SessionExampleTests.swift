import CommandTestKit
import Foundation
import Testing

/// The files of `pipelines/` that talk to EVI. SessionRunTests runs those that need no device.
enum SessionExample {
    static let all = [
        "conversation-recorder", "evi-barge-in", "evi-duet", "evi-emotions", "evi-file-to-file", "evi-half-duplex",
        "evi-room", "evi-studio", "evi-tools",
    ]
}

@Suite("Examples with a session")
struct SessionExampleTests {
    @Test(
        "every one is free of faults and warnings without a key, and explain says what it connects to",
        arguments: SessionExample.all)
    func check(example: String) throws {
        let path = Command.package.appendingPathComponent("pipelines/\(example).json").path
        let check = try Command.run(["check", path], in: Command.package)
        #expect(check.code == 0 && check.diagnostics == "", "\(check.diagnostics)")
        for format in ["text", "json", "dot", "mermaid"] {
            let explain = try Command.run(
                ["explain", path, "--format", format, "--rate", "48000"], in: Command.package)
            #expect(explain.code == 0 && explain.diagnostics == "", "\(format): \(explain.diagnostics)")
            if format == "text" { #expect(explain.text.contains("wss://api.hume.ai")) }
            if format == "text", example == "evi-tools" { #expect(explain.text.contains("date +%H:%M")) }
        }
    }
}
