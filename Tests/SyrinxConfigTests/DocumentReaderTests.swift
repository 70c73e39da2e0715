import SyrinxConfig
import SyrinxCore
import Testing

@Suite("Document reader")
struct DocumentReaderTests {
    @Test("the example of the design is read as it stands")
    func example() {
        let result = read(
            #"""
            {
              "syrinx": 1, "name": "evi-studio", "description": "Everything on one clock.", "$schema": "s.json", "x-a": [1],
              "vars": { "room": "booth" },
              "engine": { "block_frames": 64, "x-b": 1 },
              "nodes": {
                "mic":  { "type": "jack.source", "channels": 1, "connect": ["system:capture_1"], "x-c": {} },
                "tape": { "type": "file.sink", "path": "${room}.flac", "channels": 2 },
              },
              "links": ["mic -> tape", { "from": "mic", "to": "tape:in[1]", "scale": 0.5, "offset": 1, "compensate": false }]
            }
            """#)
        let document = result.document
        #expect(result.lines == [])
        #expect(document.name == "evi-studio")
        #expect(document.engine.map(\.name) == ["block_frames"])
        #expect(document.nodes.map(\.id) == ["mic", "tape"])
        #expect(document.nodes[0].parameters.map(\.name) == ["channels", "connect"])
        #expect(document.nodes[0].position == SourcePosition(line: 6, column: 5))
        #expect(document.nodes[0].typePosition == SourcePosition(line: 6, column: 23))
        #expect(document.nodes[1].parameters[0].value.content == .string(DocumentText("booth.flac")))
        #expect(document.links[0] == DocumentLink("mic -> tape", at: SourcePosition(line: 9, column: 13), index: 0))
        #expect(document.links[1].text == "mic -> tape:in[1]")
        #expect(document.links[1].scale == 0.5 && document.links[1].offset == 1 && !document.links[1].compensate)
    }
}
