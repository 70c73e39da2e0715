import Foundation
import SyrinxConfig
import SyrinxCore
import Testing

@Suite("References")
struct ReferenceTests {
    static let environment: @Sendable (String) -> String? = {
        ["HOME_KEY": "sk-1", "EMPTY": "", "DOLLAR": "${a}$"][$0]
    }

    func run(_ variables: [String: String] = [:]) -> Lookup {
        Lookup(.run, variables: variables, environment: Self.environment)
    }

    @Test("a string that is one reference is marked as such, and tells where its text comes from")
    func origins() {
        let vars = #"{"room":"booth","gain":-3.50,"on":true,"key":"${env:HOME_KEY}"}"#
        func text(_ value: String, _ lookup: Lookup) -> DocumentText? {
            guard case .string(let text)? = parameter(value, vars: vars, lookup) else { return nil }
            return text
        }
        #expect(text(#""plain""#, run()) == DocumentText("plain"))
        #expect(text(#""${room}""#, run()) == DocumentText("booth", isReference: true))
        #expect(text(#""${gain}""#, run()) == DocumentText("-3.50", isReference: true))
        #expect(text(#""${on}""#, run()) == DocumentText("true", isReference: true))
        #expect(text(#""${room}.wav""#, run()) == DocumentText("booth.wav"))
        #expect(text(#""${room}${room}""#, run()) == DocumentText("boothbooth"))
        #expect(text(#""${key}""#, run()) == DocumentText("sk-1", isReference: true, comesFromOutside: true))
        #expect(text(#""a${env:HOME_KEY}""#, run()) == DocumentText("ask-1", comesFromOutside: true))
        #expect(text(#""${env:NONE|x y}""#, run()) == DocumentText("x y", isReference: true))
        #expect(text(#""${env:NONE|}""#, run()) == DocumentText("", isReference: true))
        #expect(text(#""${env:EMPTY|x}""#, run()) == DocumentText("", isReference: true, comesFromOutside: true))
        let given = run(["room": "hall"])
        #expect(
            text(#""${room}/a.wav""#, given)
                == DocumentText("hall/a.wav", beginsOnCommandLine: true, isTypedOnCommandLine: true))
        #expect(text(#""a/${room}""#, given) == DocumentText("a/hall", isTypedOnCommandLine: true))
        #expect(text(#""${env:EMPTY}${room}""#, given)?.beginsOnCommandLine == true)
        #expect(text(#""${room}""#, run(["room": ""]))?.text == "")
        #expect(
            text(#""${room}""#, run(["room": "${env:HOME_KEY}"]))
                == DocumentText("sk-1", isReference: true, beginsOnCommandLine: true, comesFromOutside: true))
    }

    @Test("two dollars are one, and what a reference brings is not read again")
    func dollars() {
        #expect(parameter(#""$$5 $${a}""#) == .string(DocumentText("$5 ${a}")))
        #expect(
            parameter(#""${env:DOLLAR}""#, run())
                == .string(DocumentText("${a}$", isReference: true, comesFromOutside: true)))
    }

    @Test("references are replaced in nested values, engine, links, name and description, not in keys or x- keys")
    func everywhere() {
        let document = read(
            #"""
            {"syrinx":1,"name":"${v}","description":"is ${v}","vars":{"v":"w"},"engine":{"clock":"${v}"},"x-k":"$",
             "nodes":{"a":{"type":"t","${v}":[{"k":["${v}"]}],"x-n":"$"}},
             "links":["${v} -> a",{"from":"${v}","to":"a","scale":"${env:NONE|0.5}","compensate":"${env:NONE|false}"}]}
            """#, run())
        #expect(document.lines == [])
        #expect(document.document.name == "w" && document.document.description == "is w")
        #expect(document.document.engine[0].value.content == .string(DocumentText("w", isReference: true)))
        #expect(document.document.nodes[0].parameters.map(\.name) == ["${v}"])
        guard case .list(let list) = document.document.nodes[0].parameters[0].value.content,
            case .object(let members) = list[0].content, case .list(let inner) = members[0].value.content
        else {
            Issue.record("not the shape that was written")
            return
        }
        #expect(inner[0].content == .string(DocumentText("w", isReference: true)))
        #expect(document.document.links.map(\.text) == ["w -> a", "w -> a"])
        #expect(document.document.links[1].scale == 0.5 && !document.document.links[1].compensate)
    }

    @Test("check and explain leave what is not set open, run says what to do")
    func modes() {
        let vars = #"{"room":"b"}"#
        for mode in [Lookup.Mode.check, .explain] {
            let lookup = Lookup(mode, environment: Self.environment)
            for value in ["${env:NONE}", "a${none}", "${file:none}", "${file:none|x}"] {
                #expect(parameter("\"\(value)\"", lookup) == .unresolved(value))
            }
            #expect(parameter(#""${env:HOME_KEY}""#, lookup) != .unresolved("${env:HOME_KEY}"))
            #expect(reportOfNode(#""p":"${env:NONE}${none}${file:none}""#, lookup) == [])
        }
        func lines(_ value: String) -> [String] {
            report(#"{"syrinx":1,"vars":\#(vars),"nodes":{"a":{"type":"t","p":"\#(value)"}}}"#, run())
        }
        #expect(
            lines("${rom}") == [
                "p.json:1:62: nodes.a.p: the variable rom is not set; give --var rom=…, or declare it in vars; did you mean room?"
            ])
        #expect(
            lines("${env:NONE}") == ["p.json:1:62: nodes.a.p: the environment variable NONE is not set; export NONE=…"])
        #expect(
            lines("${file:none}") == [#"p.json:1:62: nodes.a.p: cannot read "none": No such file or directory"#])
        #expect(lines("${none}${env:NONE}").count == 2)
        #expect(
            read(#"{"syrinx":1,"nodes":{"a":{"type":"t","p":"${b}"}}}"#, run()).faults[0].error.code == .missingVariable
        )
    }

    @Test("the document lists what it needs, in the order of the file")
    func list() {
        let text =
            #"{"syrinx":1,"vars":{"v":"${env:HOME_KEY}"},"nodes":{"a":{"type":"t","p":"${v} ${w} ${env:E|x} ${file:f}"}}}"#
        let references = read(text, Lookup(.explain, environment: Self.environment)).document.references
        #expect(
            references.map(\.source) == [
                .environment("HOME_KEY"), .variable("v"), .variable("w"), .environment("E"), .file("f"),
            ])
        #expect(references.map(\.isSet) == [true, true, false, false, true])
        #expect(references.map(\.hasDefault) == [false, false, false, true, false])
        #expect(references[0].position == SourcePosition(line: 1, column: 25))
    }

    @Test("a slip in a reference is a fault in every mode", arguments: slips)
    func isFault(value: String, expected: String) {
        #expect(reportOfNode(#""p":"\#(value)""#) == ["p.json:1:42: nodes.a.p: " + expected])
        #expect(reportOfNode(#""p":"\#(value)""#, run()) == ["p.json:1:42: nodes.a.p: " + expected])
    }

    static let slips: [(String, String)] = [
        ("$5", #"found a single "$", expected "$$" for a dollar, or ${name}, ${env:NAME}, ${file:PATH}"#),
        ("a$", #"found a single "$", expected "$$" for a dollar, or ${name}, ${env:NAME}, ${file:PATH}"#),
        ("${a", #"found "${" without "}", expected ${name}, ${env:NAME} or ${file:PATH}"#),
        ("${}", #"found "${}", expected ${name}, ${env:NAME} or ${file:PATH}"#),
        ("${a b}", #"found "${a b}", expected ${name}, ${env:NAME} or ${file:PATH}"#),
        ("${enw:A}", #"found "${enw:…}", expected ${name}, ${env:NAME} or ${file:PATH}; did you mean env?"#),
        ("${env:}", #"found "", expected the name of an environment variable"#),
        ("${env:A-B}", #"found "A-B", expected the name of an environment variable"#),
        ("${file:}", "found ${file:} without a path, expected ${file:PATH}"),
        ("${a|$b}", #"found "$b" as a default, expected text without references"#),
    ]

    @Test("files are read from the pipeline's folder, without the last line's end")
    func files() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("syrinx-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder + "/d", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func write(_ name: String, _ bytes: [UInt8]) {
            #expect(FileManager.default.createFile(atPath: folder + "/" + name, contents: Data(bytes)))
        }
        write("key", Array("sk\n\n".utf8))
        write("crlf", Array("sk\r\n".utf8))
        write("latin", [0xE9])
        write("most", [UInt8](repeating: 0x61, count: 1 << 20))
        write("more", [UInt8](repeating: 0x61, count: 1 << 20 + 1))
        func outcome(_ path: String) -> (text: String?, fault: String?) {
            let text = #"{"syrinx":1,"nodes":{"a":{"type":"t","p":"${file:\#(path)}"}}}"#
            let result = read(text, run(), folder: folder)
            guard case .string(let found) = result.document.nodes[0].parameters[0].value.content else {
                return (nil, result.faults.first?.error.message)
            }
            #expect(found.comesFromOutside != path.contains("|"))
            return (found.text, nil)
        }
        #expect(outcome("key").text == "sk\n")
        #expect(outcome("crlf").text == "sk")
        #expect(outcome(folder + "/crlf").text == "sk")
        #expect(outcome("most").text?.utf8.count == 1 << 20)
        #expect(outcome("none|x").text == "x")
        #expect(outcome("more|x").fault == #"found more than 1 MiB in "more", expected 1 MiB at most"#)
        #expect(outcome("latin").fault == #"found bytes in "latin" that are not UTF-8, expected text"#)
        #expect(outcome("d").fault == #"found a folder, expected a file: "d""#)
    }

    @Test("a variable that the file neither declares nor asks for is a usage fault")
    func unused() {
        let text = #"{"syrinx":1,"vars":{"room":"b"},"nodes":{"a":{"type":"t","p":"${take}"}}}"#
        #expect(report(text, run(["room": "x", "take": "2"])) == [])
        let lines = report(text, run(["rom": "x", "take": "2"]))
        #expect(lines == ["p.json: --var rom: the file has no variable of this name; did you mean room?"])
        #expect(read(text, run(["rom": "x", "take": "2"])).faults[0].error.code == .usage)
    }

    @Test("a declared variable that --var replaces is not looked up")
    func replaced() {
        let text = #"{"syrinx":1,"vars":{"key":"${env:NONE}"},"nodes":{"a":{"type":"t","p":"${key}"}}}"#
        #expect(report(text, run()).count == 1)
        #expect(report(text, run(["key": "x"])) == [])
    }

    @Test("what references add to a file is bounded")
    func growth() {
        let value = String(repeating: "a", count: 1 << 20)
        let many = String(repeating: "${v}", count: 20)
        let lines = report(#"{"syrinx":1,"vars":{"v":"\#(value)"},"nodes":{"a":{"type":"t","p":"\#(many)"}}}"#)
        #expect(
            lines.count == 1
                && lines[0].hasSuffix("found more than 16 MiB in the place of references, expected 16 MiB at most"))
        let lots = String(repeating: "${v|}", count: 20_000)
        let report = report(#"{"syrinx":1,"nodes":{"a":{"type":"t","p":"\#(lots)"}}}"#)
        #expect(report.count == 1 && report[0].hasSuffix("found more than 16384 references, expected 16384 at most"))
    }

    @Test("--var takes a name and a value")
    func variableArgument() throws {
        let pair = try Lookup.variable("room=a=b")
        #expect(pair.name == "room" && pair.value == "a=b")
        #expect(throws: PipelineError.self) { try Lookup.variable("room") }
        #expect(throws: PipelineError.self) { try Lookup.variable("1=x") }
    }
}

@Suite("--set")
struct OverrideTests {
    let text = #"{"syrinx":1,"vars":{"v":"w"},"nodes":{"trim":{"type":"gain","gain_db":-3,"b":1},"tape":{"type":"t"}}}"#

    func set(_ arguments: String..., lookup: Lookup = Lookup(.run, environment: ReferenceTests.environment)) -> (
        trim: [String: DocumentValue.Content], order: [String], faults: [String]
    ) {
        var document = read(text, lookup).document
        let faults = Overrides.apply(arguments, to: &document, lookup)
        let parameters = document.nodes[0].parameters
        #expect(faults.allSatisfy { $0.error.code == .usage || $0.error.code == .missingVariable })
        let pairs = parameters.map { ($0.name, $0.value.content) }
        return (Dictionary(uniqueKeysWithValues: pairs), parameters.map(\.name), faults.map { $0.line(file: "p.json") })
    }

    @Test("a value takes the place of the file's and is known as the command line's")
    func replaces() {
        let result = set("trim.gain_db=-6", "trim.path=a=b.wav")
        #expect(result.faults == [])
        #expect(result.order == ["gain_db", "b", "path"])
        func typed(_ text: String) -> DocumentValue.Content {
            .string(DocumentText(text, isReference: true, beginsOnCommandLine: true, isTypedOnCommandLine: true))
        }
        #expect(result.trim["gain_db"] == typed("-6"))
        #expect(result.trim["path"] == typed("a=b.wav"))
        #expect(set("trim.b=1", "trim.b=2").trim["b"] == typed("2"))
        #expect(set("trim.b=").trim["b"] == typed(""))
        #expect(set("trim.b=$5$$").trim["b"] == typed("$5$"))
    }

    @Test("a reference in a value is replaced, and is no literal")
    func references() {
        let result = set("trim.api_key=${env:HOME_KEY}", "trim.b=${v}")
        #expect(
            result.trim["api_key"]
                == .string(DocumentText("sk-1", isReference: true, beginsOnCommandLine: true, comesFromOutside: true)))
        #expect(
            set("trim.b=${env:NONE}").faults == [
                "p.json: --set trim.b: the environment variable NONE is not set; export NONE=…"
            ])
    }

    @Test("a slip on the command line is a usage fault")
    func slips() {
        #expect(
            set("trmi.gain_db=1").faults == [
                #"p.json: --set trmi.gain_db: there is no node "trmi"; did you mean trim?"#
            ])
        #expect(
            set("gain=1").faults == [
                #"p.json: --set: found "gain=1", expected NODE.PARAM=VALUE, as in trim.gain_db=-3"#
            ])
        #expect(set("trim.gain_db").faults.count == 1)
        #expect(set("trim.type=gain").faults == ["p.json: --set trim.type: the type of a node is set in the file only"])
    }
}
