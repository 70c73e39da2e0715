import CommandTestKit
import Foundation
import Testing

/// A file of `Tests/Fixtures/broken` whose faults need the node types; the README there tells what stands beside it.
struct BrokenPipeline: CustomTestStringConvertible, Sendable {
    let folder: URL
    let name: String

    var testDescription: String { "\(folder.lastPathComponent)/\(name)" }

    func read(_ ending: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent("\(name).\(ending)"), encoding: .utf8)
    }

    static let all: [BrokenPipeline] = ["parameters", "links", "graph"].flatMap { part in
        let folder = Command.package.appendingPathComponent("Tests/Fixtures/broken/\(part)")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".json") }.sorted().map {
            BrokenPipeline(folder: folder, name: String($0.dropLast(5)))
        }
    }
}

@Suite("Broken pipelines")
struct BrokenPipelineTests {
    @Test("each gets its report, line for line, and exit code 65", arguments: BrokenPipeline.all)
    func report(pipeline: BrokenPipeline) throws {
        let outcome = try Command.run(["check", "\(pipeline.name).json"], in: pipeline.folder)
        #expect(outcome.diagnostics == (try pipeline.read("expected")))
        #expect(outcome.code == 65)
    }

    @Test("run refuses what check refuses, and writes nothing", arguments: BrokenPipeline.all)
    func run(pipeline: BrokenPipeline) throws {
        try Command.withFolder { folder in
            let file = folder.appendingPathComponent("\(pipeline.name).json")
            try Data(pipeline.read("json").utf8).write(to: file)
            let outcome = try Command.run(["run", file.lastPathComponent], in: folder)
            #expect(outcome.code == 65)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [file.lastPathComponent])
        }
    }

    @Test("a file with ten faults reports ten")
    func ten() throws {
        let file = try #require(BrokenPipeline.all.first { $0.name == "ten-faults" })
        #expect(try file.read("expected").split(separator: "\n").count == 10)
    }

    @Test("there are fifty of them")
    func count() { #expect(BrokenPipeline.all.count >= 50) }

    @Test("the schema of what is installed refuses those that it can, and no other")
    func schema() throws {
        try Command.withFolder { folder in
            try Command.run(["schema"], in: folder).output.write(to: folder.appendingPathComponent("schema.json"))
            let judge = """
                import json, sys
                from jsonschema import Draft202012Validator
                judge = Draft202012Validator(json.load(open("schema.json")))
                for path in sys.argv[1:]:
                    print("refuses" if any(judge.iter_errors(json.load(open(path)))) else "cannot")
                """
            let files = BrokenPipeline.all.map { $0.folder.appendingPathComponent("\($0.name).json").path }
            let verdict = try Command.run("/usr/bin/python3", ["-c", judge] + files, in: folder)
            #expect(verdict.code == 0, "\(verdict.diagnostics)")
            let words = verdict.text.split(separator: "\n")
            for (pipeline, word) in zip(BrokenPipeline.all, words) {
                #expect(try pipeline.read("schema") == "\(word)\n", "\(pipeline.testDescription)")
            }
        }
    }
}
