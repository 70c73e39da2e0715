import BasicPlugin
import Foundation
import SyrinxConfig
import SyrinxCore
import Testing

/// A file of `Tests/Fixtures/broken`; its README tells what stands beside it.
struct BrokenFile: CustomTestStringConvertible {
    /// `document/no-version`.
    let name: String
    let bytes: [UInt8]
    /// The report, line by line.
    let expected: [String]
    /// True: a JSON Schema states at least one of its faults.
    let isForSchema: Bool

    var testDescription: String { name }
    /// What the report calls it.
    var file: String { name.split(separator: "/").last.map { "\($0).json" } ?? name }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/broken")

    /// The files of one folder, by name. A fixture without its sidecars is a mistake that stops the tests.
    static func all(in part: String) -> [BrokenFile] {
        let folder = Self.folder.appendingPathComponent(part)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".json") }.sorted().map { name in
            let base = folder.appendingPathComponent(String(name.dropLast(5)))
            func read(_ ending: String) -> Data { try! Data(contentsOf: base.appendingPathExtension(ending)) }
            let word = String(decoding: read("schema"), as: UTF8.self)
            precondition(["refuses\n", "cannot\n"].contains(word), "\(name): .schema is neither refuses nor cannot")
            let lines = String(decoding: read("expected"), as: UTF8.self).split(separator: "\n").map(String.init)
            return BrokenFile(
                name: "\(part)/\(name.dropLast(5))", bytes: Array(read("json")), expected: lines,
                isForSchema: word == "refuses\n")
        }
    }

    /// The file as a schema sees it: plain JSON, comments and trailing commas gone.
    var plain: String? { JSONReader.read(bytes).root?.plain.json() }
}

@Suite("Broken files")
struct BrokenFileTests {
    static let files = BrokenFile.all(in: "syntax") + BrokenFile.all(in: "document")

    @Test("a broken file gets its report, line for line", arguments: files)
    func report(file: BrokenFile) {
        let lookup = Lookup(.run, environment: { _ in nil })
        let result = DocumentReader.read(file.bytes, named: file.file, lookup)
        #expect(result.lines == file.expected)
        #expect(result.faults.contains { $0.severity == .error })
    }

    @Test("the schema refuses every broken file that it can, and no other", arguments: [BrokenFile.all(in: "document")])
    func schema(files: [BrokenFile]) throws {
        let source = NodeDescriptor(
            type: "file.source", summary: "Reads a file.", outputs: [.audio("out")],
            parameters: [.path("path", .read, required: true, "The file.")])
        let documents = files.map { $0.plain ?? "" }
        let complaints = try JSONSchemaTests.validate(documents, nodes: [GainNode.descriptor, source])
        for (file, complaints) in zip(files, complaints) {
            #expect(complaints.isEmpty != file.isForSchema, "\(file.name): \(complaints)")
        }
    }

    @Test("a file with ten faults reports ten", arguments: ["syntax/ten-faults", "document/ten-faults"])
    func ten(name: String) throws {
        let file = try #require(Self.files.first { $0.name == name })
        #expect(file.expected.count == 10)
    }

    @Test("at least thirty broken files are read")
    func count() { #expect(Self.files.count >= 30) }
}
