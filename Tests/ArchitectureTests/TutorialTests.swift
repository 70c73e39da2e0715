import Foundation
import Testing

@Suite("The tutorials")
struct TutorialTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test(
        "show code that stands word for word in an example that is built",
        arguments: ["SyrinxCore/SyrinxCore.docc/FirstNode.md", "SyrinxHost/SyrinxHost.docc/FirstEngine.md"])
    func code(page: String) throws {
        let text = try Self.text("Sources/" + page)
        let folder = Self.root.appendingPathComponent("Examples/EmbeddedEngine/Sources/embedded")
        let example = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
        let blocks = Self.blocks("swift", of: text)
        #expect(blocks.count >= 4)
        for block in blocks { #expect(example.contains(block), "not in the example:\n\(block)") }
    }

    @Test("show a pipeline that is the example of its name")
    func pipeline() throws {
        let blocks = Self.blocks("json", of: try Self.text("Sources/SyrinxHost/SyrinxHost.docc/FirstPipeline.md"))
        let example = try Self.text("pipelines/voice-preparation.json")
        for line in try #require(blocks.first).split(separator: "\n") where line.contains("\"type\"") {
            let node = line.trimmingCharacters(in: CharacterSet(charactersIn: " ,"))
            #expect(example.contains(node), "not in the example: \(node)")
        }
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The fenced blocks of a language.
    private static func blocks(_ language: String, of text: String) -> [String] {
        text.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
    }
}
