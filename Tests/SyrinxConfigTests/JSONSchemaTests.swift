import BasicPlugin
import Foundation
import SyrinxConfig
import SyrinxCore
import Testing

/// The schema is judged by Python's `jsonschema`, which is not ours (Debian: python3-jsonschema).
@Suite("JSON Schema")
struct JSONSchemaTests {
    /// A node type with a parameter of every kind.
    static let everything = NodeDescriptor(
        type: "every.kind", summary: "Has a parameter of every kind.", inputs: [.audio("in")],
        parameters: [
            .number("level_db", in: -60...0, default: -3, unit: .decibels, live: true, "A level."),
            .number("free", in: -.infinity ... .infinity, "Any number."),
            .integer("count", in: 1...8, required: true, "How many."),
            .integer("seed", in: Int.min...Int.max, "Any whole number."),
            .boolean("loop", default: false, "Again."),
            .string("title", "A title."),
            .choice("shape", of: ["sine", "square"], default: "sine", "A shape."),
            .path("path", .read, "A file."),
            .secret("key", "A key."),
            ParameterDescriptor("pair", .list(.number(-1...1), count: 2...2), "Two numbers."),
            ParameterDescriptor(
                "point", .object([.number("x", in: 0...1, required: true, "X."), .string("label", "Y.")]), "A point."),
            ParameterDescriptor("tags", .map(.string), "Names and texts."),
            ParameterDescriptor("extra", .any, "Whatever."),
        ])

    static func validate(_ documents: [String], nodes: [NodeDescriptor] = [everything, GainNode.descriptor]) throws
        -> [[String]]
    {
        let schema = JSONSchema.make(nodes: nodes).json(pretty: true)
        return try SchemaJudge.complaints(schema: schema, documents: documents)
    }

    static func node(_ members: String) -> String { #"{"syrinx":1,"nodes":{"a":{\#(members)}}}"# }
    static func every(_ members: String) -> String { node(#""type":"every.kind","count":1,\#(members)"#) }

    static let accepted: [String] = [
        #"{"syrinx":1,"nodes":{"a":{"type":"gain"}}}"#,
        #"{"syrinx":1.0,"x-a":[],"$schema":"s","name":"n","description":"d","vars":{"a":"x","b":1,"c":true},"engine":{"driver":"offline","block_frames":65536,"rate_hz":1,"clock":"a","convert":"forbid","x-e":1},"nodes":{"a":{"type":"gain","x-n":{},"bypass":true,"gain_db":-3.5}},"links":[]}"#,
        #"{"syrinx":1,"nodes":{"a-b_1":{"type":"gain"}},"links":["a -> b",{"from":"a","to":"b:in[0]"},{"from":"a","to":"b","scale":-1.5,"offset":"${o}","compensate":false,"x-l":1}]}"#,
        every(#""level_db":-60,"free":1e300,"seed":-9007199254740993,"loop":true,"title":"${a}b","shape":"square""#),
        every(#""level_db":"${l}","free":"${env:F|1}","seed":"${s}","loop":"${file:l}","title":"","shape":"s${rest}""#),
        every(
            #""path":"-","key":"${env:K}","pair":[-1,"${y}"],"point":{"x":0.5,"label":"l"},"tags":{"any thing":"x"}"#),
        every(#""pair":"${p}","point":"${p}","tags":"${t}","extra":[{"a":null}]"#),
        node(#""type":"gain","gain_db":"${g}","bypass":"${b}""#),
        node(#""type":"every.kind","count":"${c}""#),
    ]

    static let refused: [String] = [
        "[]", "1", "{}", #"{"syrinx":1}"#, #"{"nodes":{"a":{"type":"gain"}}}"#, #"{"syrinx":1,"nodes":{}}"#,
        #"{"syrinx":2,"nodes":{"a":{"type":"gain"}}}"#, #"{"syrinx":"1","nodes":{"a":{"type":"gain"}}}"#,
        #"{"syrinx":1,"nodez":{},"nodes":{"a":{"type":"gain"}}}"#, #"{"syrinx":1,"nodes":{"A":{"type":"gain"}}}"#,
        #"{"syrinx":1,"nodes":{"1":{"type":"gain"}}}"#, #"{"syrinx":1,"nodes":[{"type":"gain"}]}"#,
        #"{"syrinx":1,"nodes":{"a":"gain"}}"#, #"{"syrinx":1,"name":1,"nodes":{"a":{"type":"gain"}}}"#,
        #"{"syrinx":1,"vars":{"a b":1},"nodes":{"a":{"type":"gain"}}}"#,
        #"{"syrinx":1,"vars":{"a":null},"nodes":{"a":{"type":"gain"}}}"#,
        #"{"syrinx":1,"engine":{"block_frames":0},"nodes":{"a":{"type":"gain"}}}"#,
        #"{"syrinx":1,"engine":{"block_frames":65537},"nodes":{"a":{"type":"gain"}}}"#,
        #"{"syrinx":1,"engine":{"driver":"coreaudio"},"nodes":{"a":{"type":"gain"}}}"#,
        #"{"syrinx":1,"engine":{"blocks":1},"nodes":{"a":{"type":"gain"}}}"#,
        #"{"syrinx":1,"nodes":{"a":{"type":"gain"}},"links":{}}"#,
        #"{"syrinx":1,"nodes":{"a":{"type":"gain"}},"links":[1]}"#,
        #"{"syrinx":1,"nodes":{"a":{"type":"gain"}},"links":[{"from":"a"}]}"#,
        #"{"syrinx":1,"nodes":{"a":{"type":"gain"}},"links":[{"from":"a -> b","to":"c"}]}"#,
        #"{"syrinx":1,"nodes":{"a":{"type":"gain"}},"links":[{"from":"a","to":"b","scale":"1"}]}"#,
        #"{"syrinx":1,"nodes":{"a":{"type":"gain"}},"links":[{"from":"a","to":"b","gain":1}]}"#,
        node(""), node(#""type":"gian""#), node(#""type":1"#), node(#""type":"${t}""#),
        node(#""type":"gain","gain_bd":1"#),
        node(#""type":"gain","gain_db":"-3""#), node(#""type":"gain","gain_db":25"#),
        node(#""type":"gain","bypass":1"#),
        node(#""type":"every.kind""#), every(#""bypass":true"#), every(#""level_db":-60.5"#),
        every(#""level_db":null"#),
        every(#""seed":0.5"#), every(#""loop":"yes""#), every(#""title":1"#), every(#""shape":"saw""#),
        every(#""path":true"#),
        every(#""pair":[0]"#), every(#""pair":[0,0,0]"#), every(#""pair":[0,2]"#), every(#""point":{}"#),
        every(#""point":{"x":1,"y":1}"#), every(#""tags":{"a":1}"#), every(#""level_db":"a${l}""#),
    ]

    @Test("what Syrinx reads is accepted")
    func accepts() throws {
        for (document, complaints) in zip(Self.accepted, try Self.validate(Self.accepted)) {
            #expect(complaints == [], "\(document)")
        }
    }

    @Test("what a schema can see is refused")
    func refuses() throws {
        for (document, complaints) in zip(Self.refused, try Self.validate(Self.refused)) {
            #expect(complaints != [], "\(document)")
        }
    }

    @Test("the reader finds no fault in what the schema accepts")
    func agrees() {
        for document in Self.accepted { #expect(report(document) == [], "\(document)") }
    }

    @Test("one wrong parameter makes one complaint, at its place")
    func usable() throws {
        let document = #"{"syrinx":1,"nodes":{"a":{"type":"gain","gain_db":99},"b":{"type":"every.kind","count":1}}}"#
        let complaints = try Self.validate([document])[0]
        #expect(complaints.count == 1)
        #expect(complaints.first?.hasPrefix("nodes/a/gain_db: ") == true)
    }

    @Test("descriptions, defaults and secrets are told")
    func annotations() {
        let schema = JSONSchema.make(nodes: [Self.everything])
        let properties = schema["$defs"]?["node.every.kind"]?["properties"]
        #expect(properties?["level_db"]?["description"] == .string("A level. In dB."))
        #expect(properties?["level_db"]?["default"] == .number(-3))
        #expect(properties?["key"]?["writeOnly"] == .boolean(true))
        #expect(schema["$defs"]?["node.every.kind"]?["description"] == .string("Has a parameter of every kind."))
    }
}

/// A JSON Schema validator that is not ours.
enum SchemaJudge {
    struct Missing: Error { let words: String }

    /// For each document the places and words of what the schema refuses.
    static func complaints(schema: String, documents: [String]) throws -> [[String]] {
        let program = """
            import json, sys
            from jsonschema import Draft202012Validator as V
            job = json.load(sys.stdin)
            V.check_schema(job["schema"])
            judge = V(job["schema"])
            out = []
            for text in job["documents"]:
                errors = judge.iter_errors(json.loads(text))
                out.append(["/".join(map(str, e.absolute_path)) + ": " + e.message[:200] for e in errors])
            json.dump(out, sys.stdout)
            """
        let job = #"{"schema":\#(schema),"documents":\#(Value.list(documents.map(Value.string)).json())}"#
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", program]
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, errors)
        try process.run()
        let writer = Thread {
            input.fileHandleForWriting.write(Data(job.utf8))
            try? input.fileHandleForWriting.close()
        }
        writer.start()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        let words = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Missing(words: "needs Debian's python3-jsonschema: " + String(decoding: words, as: UTF8.self))
        }
        return try JSONDecoder().decode([[String]].self, from: answer)
    }
}
