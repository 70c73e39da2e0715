import CommandTestKit
import Foundation
import SyrinxCore
import Testing

@testable import LV2Plugin

@Suite("lv2 metadata")
struct LV2MetadataTests {
    /// A world of one bundle with these words about one plugin.
    private func metadata(_ words: String) throws -> LV2Metadata {
        try Command.withFolder { folder in
            let bundle = folder.appendingPathComponent("odd.lv2")
            try FileManager.default.createDirectory(at: bundle, withIntermediateDirectories: true)
            let text = """
                @prefix doap: <http://usefulinc.com/ns/doap#> .
                @prefix lv2: <http://lv2plug.in/ns/lv2core#> .
                @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
                @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
                <urn:odd> a lv2:Plugin ; lv2:binary <odd.so> ; \(words) .
                """
            try Data(text.utf8).write(to: bundle.appendingPathComponent("manifest.ttl"))
            return try LV2World(path: folder.path).metadata("urn:odd")
        }
    }

    private func port(_ index: Int, _ words: String, _ symbol: String, _ more: String = "") -> String {
        "lv2:port [ a \(words) ; lv2:index \(index) ; lv2:symbol \"\(symbol)\" ; lv2:name \"\(symbol)\" \(more) ]"
    }

    private let audio = "lv2:AudioPort, lv2:InputPort"
    private let control = "lv2:ControlPort, lv2:InputPort"

    @Test("odd ranges become ranges that hold: none, turned round, not a number, endless")
    func ranges() throws {
        let ranges = [
            "", "; lv2:minimum 5 ; lv2:maximum -5", "; lv2:default \"loud\" ; lv2:minimum \"NaN\"",
            "; lv2:minimum -1e38 ; lv2:maximum 1e38 ; lv2:default 1e30",
            "; lv2:default 9 ; lv2:minimum 0 ; lv2:maximum 1",
            "; lv2:portProperty lv2:integer ; lv2:minimum 0.2 ; lv2:maximum 0.4",
            "; lv2:portProperty lv2:enumeration",
        ]
        let ports = ranges.enumerated().map { port($0 + 1, control, "Odd_\($0)", $1) }
        let shape = try LV2Shape(
            metadata("doap:name \"Odd\" ; " + ([port(0, audio, "in")] + ports).joined(separator: " ; ")))
        let parameters = shape.descriptor().parameters.dropFirst(3)
        #expect(parameters.count == ranges.count)
        for parameter in parameters {
            guard let value = parameter.defaultValue?.double else {
                Issue.record("\(parameter.name) has no default")
                continue
            }
            switch parameter.kind {
            case .number(let range): #expect(range.contains(value) && range.upperBound <= 1e9)
            case .integer(let range): #expect(range.contains(Int(value)))
            default: Issue.record("\(parameter.kind)")
            }
            #expect(parameter.name.hasPrefix("odd_"))
        }
    }

    @Test("names never meet, whatever symbols do")
    func names() throws {
        let symbols = ["type", "Type", "uri", "x", "X", "_", "port_x"]
        let ports = symbols.enumerated().map { port($0 + 1, control, $1) }
        let shape = try LV2Shape(metadata(([port(0, audio, "in")] + ports).joined(separator: " ; ")))
        let names = shape.descriptor().parameters.map(\.name)
        #expect(Set(names).count == names.count && names.count == symbols.count + 3)
        #expect(names.allSatisfy { $0.utf8.first.map { (97...122).contains($0) } ?? false })
    }

    @Test("too many ports, and ports of no known kind, are refused with the reason")
    func refused() throws {
        let many = (0..<2_100).map { port($0, audio, "p\($0)") }.joined(separator: " ; ")
        #expect(Probe.fault { _ = try metadata(many) }.contains("at most 2048"))
        let odd = port(0, "lv2:InputPort, <urn:odd:Port>", "strange")
        #expect(Probe.fault { _ = try LV2Shape(metadata(odd)) }.contains("\"strange\""))
        #expect(Probe.fault { _ = try LV2Shape(metadata(port(0, control, "gain"))) }.contains("no audio ports"))
        let wide = (0..<300).map { port($0, audio, "p\($0)") }.joined(separator: " ; ")
        #expect(Probe.fault { _ = try LV2Shape(metadata(wide)) }.contains("more than 256 channels"))
    }

    @Test("long texts are cut at a whole character")
    func texts() throws {
        let name = String(repeating: "ä", count: 5_000)
        #expect(
            try metadata("doap:name \"\(name)\" ; " + port(0, audio, "in")).name == String(repeating: "ä", count: 127))
    }

    @Test("a plugin that is not there at all is known to be missing")
    func empty() throws {
        try Command.withFolder { folder in
            let fault = Probe.fault { _ = try LV2World(path: folder.path).metadata("urn:odd") }
            #expect(fault.contains("no such LV2 plugin") && fault.contains("none at all"))
        }
    }
}
