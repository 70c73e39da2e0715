import CommandTestKit
import Foundation
import Testing

@Suite("The template for node types of others")
struct TemplateNodeTests {
    @Test("it builds outside the package without a warning, and its tests pass", .timeLimit(.minutes(15)))
    func builds() throws {
        let folder = Command.package.appendingPathComponent("Examples/TemplateNode")
        let scratch = Command.package.appendingPathComponent(".build/template-node").path
        let outcome = try Command.run(
            "/usr/bin/env", ["swift", "test", "--scratch-path", scratch], in: folder,
            environment: ["HOME": ProcessInfo.processInfo.environment["HOME"] ?? NSTemporaryDirectory()])
        let said = outcome.text + outcome.diagnostics
        #expect(outcome.code == 0, "\(said.suffix(4000))")
        #expect(said.contains("Test run with 2 tests"))
        #expect(!said.contains("TemplateNode/Sources") || !said.contains("warning:"), "\(said.suffix(4000))")
    }
}
