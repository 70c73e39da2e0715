import CommandTestKit
import Foundation
import Testing

@Suite("Packages outside the house", .serialized)
struct OutsidePackageTests {
    @Test("the template for node types builds without a warning, and its tests pass")
    func templateNode() throws {
        let said = try Self.swift("test", in: "TemplateNode")
        #expect(said.contains("Test run with 2 tests"))
    }

    @Test("a program with an engine in it builds without a warning, and says what its page says")
    func embeddedEngine() throws {
        let said = try Self.swift("run", in: "EmbeddedEngine")
        let page = try String(
            contentsOf: Self.folder("EmbeddedEngine").appendingPathComponent("README.md"), encoding: .utf8)
        let promised = try #require(
            page.components(separatedBy: "prints\n\n```\n").last?.components(separatedBy: "```").first)
        #expect(promised.contains("onset at frame 36100") && said.contains(promised), "\(said.suffix(2000))")
    }

    private static func folder(_ example: String) -> URL {
        Command.package.appendingPathComponent("Examples").appendingPathComponent(example)
    }

    /// What `swift VERB` says in the folder of an example; all of them share their products.
    private static func swift(_ verb: String, in example: String) throws -> String {
        let scratch = Command.package.appendingPathComponent(".build/outside").path
        let outcome = try Command.run(
            "/usr/bin/env", ["swift", verb, "--scratch-path", scratch], in: folder(example),
            environment: ["HOME": ProcessInfo.processInfo.environment["HOME"] ?? NSTemporaryDirectory()], atMost: 1200)
        let said = outcome.text + outcome.diagnostics
        #expect(outcome.code == 0, "\(said.suffix(4000))")
        #expect(!said.contains("\(example)/Sources") || !said.contains("warning:"), "\(said.suffix(4000))")
        return said
    }
}
