import SyrinxConfig
import SyrinxCore
import Testing

@Suite("JSON reader")
struct JSONReaderTests {
    /// The tree as one line of JSON, what was lost as `?`.
    func tree(_ text: String) -> String {
        func show(_ value: DocumentValue) -> String {
            switch value.content {
            case .null: "null"
            case .boolean(let boolean): "\(boolean)"
            case .number(_, let text): text
            case .string(let text): Value.string(text.text).json()
            case .list(let values): "[" + values.map(show).joined(separator: ",") + "]"
            case .object(let members): "{" + members.map { "\($0.name):\(show($0.value))" }.joined(separator: ",") + "}"
            case .unresolved: "?"
            }
        }
        return JSONReader.read(Array(text.utf8)).root.map(show) ?? "nothing"
    }

    func faults(_ text: String) -> [String] {
        JSONReader.read(Array(text.utf8)).faults.map { fault in
            "\(fault.position?.line ?? 0):\(fault.position?.column ?? 0): \(fault.error)"
        }
    }

    @Test(
        "well-formed JSON is read whole",
        arguments: [
            (#"{"a":[1,-0.5e+3,true,false,null,"x"],"b":{}}"#, #"{a:[1,-0.5e+3,true,false,null,"x"],b:{}}"#),
            ("\u{FEFF} [ ] \r\n", "[]"),
            ("// a\n[1, /* b\n */ 2,] // c", "[1,2]"),
            (#"{"a":1,}"#, "{a:1}"),
            (#""\"\\\/\b\f\n\r\t\u00e9\uD83C\udfa4""#, #""\"\\/\u0008\u000c\n\r\té🎤""#),
            ("\"é\u{7F}🎤\"", "\"é\\u007f🎤\""),
            ("/**/1/***/", "1"),
        ])
    func wellFormed(text: String, expected: String) {
        #expect(tree(text) == expected)
        #expect(faults(text) == [])
    }

    @Test("places count lines of every kind of ending and columns in characters")
    func places() {
        let text = "[1,\r\n 2,\r\"é🎤\", 3,\n\t/* é\n */ 4]"
        guard case .list(let values)? = JSONReader.read(Array(text.utf8)).root?.content else {
            Issue.record("no list")
            return
        }
        let places = values.compactMap(\.position).map { [$0.line, $0.column] }
        #expect(places == [[1, 2], [2, 2], [3, 1], [3, 7], [5, 5]])
    }

    @Test("a byte order mark takes no column")
    func byteOrderMark() {
        #expect(JSONReader.read(Array("\u{FEFF}1".utf8)).root?.position == SourcePosition(line: 1, column: 1))
    }

    static let syntaxFaults: [(String, String)] = [
        ("", #"1:1: found no value, expected a pipeline: { "syrinx": 1, "nodes": { … }, "links": [ … ] }"#),
        ("[1 2]", #"1:4: found 2, expected "," or "]""#),
        ("[1,,2]", #"1:4: found ",", expected a value"#),
        ("[1", #"1:3: found the end of the file, expected "]" to close the "[" at 1:1"#),
        ("[[1}]", #"1:4: found "}", expected "]" to close the "[" at 1:2"#),
        (#"{"a" 1}"#, #"1:6: found 1, expected ":" after the key "a""#),
        (#"{"a" = 1}"#, #"1:6: found "=", expected ":" after the key "a""#),
        (#"{"a"}"#, #"1:5: found "}", expected ":" after the key "a""#),
        (#"{"a":}"#, #"1:6: found "}", expected a value"#),
        (#"{a: 1}"#, #"1:2: found a without quotes, expected a key: "a""#),
        (#"{1: 1}"#, #"1:2: found 1 without quotes, expected a key: "1""#),
        (#"{[1]}"#, #"1:2: found "[", expected a key in double quotes"#),
        (#"{;"a":1}"#, #"1:2: found ";", expected a key in double quotes"#),
        (#"{"a":1;"b":2}"#, #"1:7: found ";", expected "," or "}""#),
        (#"["a":1]"#, #"1:5: found ":", expected "," or "]""#),
        ("{'a': 1}", "1:2: found a single quote, expected a double quote"),
        ("[1] 2", "1:5: found 2, expected the end of the file"),
        ("[\"a]", "1:2: found a string that does not end on its line, expected a closing quote"),
        (#"["\q"]"#, #"1:3: found the escape \q, expected one of \" \\ \/ \b \f \n \r \t \u0000"#),
        (#"["\u12g4"]"#, #"1:3: found \u without four hexadecimal digits, expected \u0000"#),
        (#"["\ud83c"]"#, #"1:3: found half a surrogate pair, \uD83C, expected both halves, as in \uD83C\uDFA4"#),
        (#"["\udfa4"]"#, #"1:3: found half a surrogate pair, \uDFA4, expected both halves, as in \uD83C\uDFA4"#),
        ("[\"a\tb\"]", #"1:4: found U+0009 in a string, expected it written as \t"#),
        ("[\"a\u{1}b\"]", #"1:4: found U+0001 in a string, expected it written as \u0001"#),
        ("[True]", "1:2: found True, expected true"),
        ("[no]", "1:2: found no, expected false"),
        ("[None]", "1:2: found None, expected null"),
        ("[NaN]", "1:2: found NaN, expected a number; JSON knows finite ones only"),
        ("[gain]", "1:2: found gain, expected a value; text stands in double quotes"),
        ("[01]", "1:2: found 01, expected a number as JSON writes it: -3, 0.5 or 1e3"),
        ("[+1]", "1:2: found +1, expected a number as JSON writes it: -3, 0.5 or 1e3"),
        ("[.5]", "1:2: found .5, expected a number as JSON writes it: -3, 0.5 or 1e3"),
        ("[1.]", "1:2: found 1., expected a number as JSON writes it: -3, 0.5 or 1e3"),
        ("[1e]", "1:2: found 1e, expected a number as JSON writes it: -3, 0.5 or 1e3"),
        ("[-]", "1:2: found -, expected a number as JSON writes it: -3, 0.5 or 1e3"),
        ("[0x10]", "1:2: found 0x10, expected a number as JSON writes it: -3, 0.5 or 1e3"),
        ("[1e999]", "1:2: found 1e999, expected a number of less than 1.8e308 in size"),
        ("# a\n[]", ##"1:1: found "#", expected "//" before a comment"##),
        ("[] /* a", #"1:4: found a comment that does not end, expected "*/""#),
        ("[\u{A0}1]", "1:2: found U+00A0, expected a value"),
        ("[/ 1]", #"1:2: found "/", expected a value"#),
        ("[1]\u{0}", "1:4: found U+0000, expected the end of the file"),
    ]

    @Test("every fault of syntax names its place, what was found and what was expected", arguments: syntaxFaults)
    func syntax(text: String, expected: String) {
        #expect(faults(text).first == expected)
        #expect(JSONReader.read(Array(text.utf8)).faults.first?.error.code == .syntax)
    }

    @Test(
        "one slip makes one fault",
        arguments: [
            "[1 2]", "[1,,2]", "[[1}]", #"{"a" 1}"#, #"{"a" = 1, "b": 2}"#, #"{"a", "b": 1}"#, #"{"a":, "b": 1}"#,
            "{a: 1}",
            #"{"a":1;"b":2}"#, "{'a': 1}", "[\"a\n,2]", "{\"a\": \"b,\n \"c\": 1}", "[True, 2]", "[01, 2]", "# a\n[]",
            "[[[[",
            #"{"a": [1, 2}"#, #"{"a": {"b": 1], "c": 2}"#,
        ])
    func oneFault(text: String) { #expect(faults(text).count == 1, "\(faults(text))") }

    @Test(
        "reading goes on after a fault",
        arguments: [
            ("[1 2]", "[1,2]"), ("[1,,2]", "[1,2]"), (#"{"a" 1, "b": [x, 3]}"#, "{a:1,b:[?,3]}"), ("{a: 1}", "{a:1}"),
            (#"{"a", "b": 1}"#, "{a:?,b:1}"), ("['x']", #"["x"]"#), (#"{"a": {"b": [1}, "c": 2}"#, "{a:{b:[1]},c:2}"),
            ("[1, 2", "[1,2]"),
        ])
    func recovery(text: String, expected: String) { #expect(tree(text) == expected) }

    @Test("ten faults of syntax are ten lines")
    func many() {
        #expect(faults("[" + String(repeating: "[True],\n", count: 10) + "]").count == 10)
    }

    @Test("a file of rubbish ends in a bounded report")
    func rubbish() {
        let lines = faults("[" + String(repeating: "? ", count: 100_000))
        #expect(lines.count == JSONReader.syntaxFaultLimit + 1)
        #expect(lines.last?.contains("too many faults of syntax") == true)
    }

    @Test("both values of a duplicate key are kept, the second is a fault with its path")
    func duplicates() {
        #expect(tree(#"{"a":1,"b":2,"a":3}"#) == "{a:1,b:2,a:3}")
        #expect(
            faults("{\"n\":[{\"a\":1,\n\"a\":2,\"\\u0061\":3}]}") == [
                "2:1: n[0].a: found this key a second time (first on line 1), expected it once",
                "2:7: n[0].a: found this key a second time (first on line 1), expected it once",
            ])
        #expect(JSONReader.read(Array(#"{"a":1,"a":2}"#.utf8)).faults.first?.error.code == .invalidParameter)
    }

    @Test("bytes that are not UTF-8 are named with their place")
    func encoding() {
        func first(_ bytes: [UInt8]) -> String? {
            JSONReader.read(bytes).faults.first.map { $0.line(file: "f") }
        }
        #expect(
            first([0x5B, 0x0A, 0x22, 0xC3, 0xA9, 0xE9, 0x22, 0x5D])
                == "f:2:3: found the byte 0xE9, which is not UTF-8; save the file as UTF-8")
        #expect(first([0xFF, 0xFE, 0x5B, 0x00]) == "f:1:1: found UTF-16, expected UTF-8; save the file as UTF-8")
        #expect(first([0x22, 0xED, 0xA0, 0x80, 0x22])?.contains("0xED") == true)
    }

    @Test("nesting to 64 is read, to 65 is one fault and the rest is read on")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(faults(nested(64)) == [])
        #expect(faults(nested(65)) == ["1:65: found brackets nested more than 64 deep, expected 64 at most"])
        #expect(tree(#"{"a":\#(nested(100_000)),"b":1}"#).hasSuffix(",b:1}"))
    }

    @Test("a file, its numbers and its values have limits")
    func limits() {
        #expect(
            faults(String(repeating: " ", count: 4 << 20) + "1") == [
                "1:1: found a file of more than 4 MiB, expected 4 MiB at most"
            ])
        #expect(faults("1" + String(repeating: " ", count: (4 << 20) - 1)) == [])
        #expect(faults(String(repeating: "1", count: 256)) == [])
        #expect(
            faults(String(repeating: "1", count: 257)) == [
                "1:1: found a number of 257 characters, expected 256 at most"
            ])
        let values = "[" + String(repeating: "1,", count: JSONReader.valueLimit) + "]"
        #expect(faults(values) == ["1:524288: found more than 262144 values in one file, expected 262144 at most"])
    }
}
