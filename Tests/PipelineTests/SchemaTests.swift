import CommandTestKit
import Foundation
import SyrinxConfig
import SyrinxCore
import Testing

@Suite("The schema of what is installed")
struct SchemaTests {
    @Test("it accepts every example, judged by a validator that is not ours")
    func accepts() throws {
        try Command.withFolder { folder in
            let schema = try Command.run(["schema"], in: folder)
            #expect(schema.code == 0)
            try schema.output.write(to: folder.appendingPathComponent("schema.json"))
            for example in Example.all {
                let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: example.path)))
                let root = try #require(JSONReader.read(bytes).root)
                try Data(root.plain.json().utf8).write(to: folder.appendingPathComponent("\(example.name).json"))
                let judge = """
                    import json, sys
                    from jsonschema import Draft202012Validator
                    schema = json.load(open("schema.json"))
                    Draft202012Validator.check_schema(schema)
                    for error in Draft202012Validator(schema).iter_errors(json.load(open(sys.argv[1]))):
                        print(error.json_path, error.message)
                    """
                let verdict = try Command.run(
                    "/usr/bin/python3", ["-c", judge, "\(example.name).json"], in: folder)
                #expect(
                    verdict.code == 0 && verdict.text == "", "\(example.name): \(verdict.text)\(verdict.diagnostics)")
            }
        }
    }
}
