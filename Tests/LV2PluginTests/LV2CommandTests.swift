import CommandTestKit
import Foundation
import Testing

@Suite("syrinx with lv2")
struct LV2CommandTests {
    /// Runs the command on a pipeline whose nodes stand between `take`, a file of 16-bit samples, and `tape`.
    private func run(
        _ nodes: String, links: String, _ samples: [Int16], in folder: URL, _ arguments: [String] = ["run"]
    ) throws -> (outcome: Command.Outcome, samples: [Int16]) {
        let text = """
            { "syrinx": 1, "nodes": {
              "take": { "type": "file.source", "path": "in.wav" },
              \(nodes)
              "tape": { "type": "file.sink", "path": "out.wav", "subtype": "s16", "dither": "none" } },
              "links": [\(links)] }
            """
        try Data(text.utf8).write(to: folder.appendingPathComponent("p.json"))
        try Wave.s16(rate: 48_000, channels: [samples]).write(to: folder.appendingPathComponent("in.wav"))
        let outcome = try Command.run(
            arguments + ["p.json"], in: folder, environment: ["LV2_PATH": Probe.path])
        let file = (try? Data(contentsOf: folder.appendingPathComponent("out.wav"))) ?? Data()
        let data = [UInt8](Wave.chunk("data", of: file) ?? Data())
        return (
            outcome,
            stride(from: 0, to: data.count - 1, by: 2).map {
                Int16(bitPattern: UInt16(data[$0]) | UInt16(data[$0 + 1]) << 8)
            }
        )
    }

    private func probe(_ id: String, _ name: String, _ more: String = "") -> String {
        #""\#(id)": { "type": "lv2", "uri": "urn:syrinx:probe:\#(name)"\#(more) },"#
    }

    @Test("a control link moves a plugin's parameter")
    func controlLink() throws {
        try Command.withFolder { folder in
            let lfo = #""lfo": { "type": "lfo", "shape": "square", "frequency_hz": 10, "low": 0, "high": 1 },"#
            let (outcome, out) = try run(
                probe("amp", "gain") + lfo, links: #""take -> amp -> tape", "lfo -> amp.factor""#,
                [Int16](repeating: 8_192, count: 9_600), in: folder)
            #expect(outcome.code == 0 && outcome.diagnostics == "", "\(outcome.diagnostics)")
            #expect(out.count == 9_600 && out.allSatisfy { $0 == 0 || $0 == 8_192 })
            #expect(out.filter { $0 == 0 }.count == 4_800)
        }
    }

    @Test("what runs beside a plugin with latency is late by as much")
    func compensation() throws {
        try Command.withFolder { folder in
            let nodes = probe("late", "late", #", "frames": 333"#) + probe("turned", "gain", #", "factor": -1"#)
            let noise = (0..<5_000).map { Int16(truncatingIfNeeded: $0 &* 7_919 % 20_011) }
            let links = #""take -> late -> tape", "take -> turned -> tape""#
            let (outcome, out) = try run(nodes, links: links, noise, in: folder)
            #expect(outcome.code == 0 && out == [Int16](repeating: 0, count: 5_000), "\(outcome.diagnostics)")
            let apart =
                #""take -> late -> tape", "take -> turned", {"from": "turned", "to": "tape", "compensate": false}"#
            #expect(try run(nodes, links: apart, noise, in: folder).samples.contains { $0 != 0 })
        }
    }

    @Test("faults have their place: the plugin, its parameter, its word, its port")
    func faults() throws {
        try Command.withFolder { folder in
            let nodes =
                probe("a", "gian") + probe("b", "gain", #", "fcator": 1"#) + probe("c", "gain", #", "shape": "Hihg""#)
                + probe("d", "gain")
            let links = #""take -> a -> tape", "b -> c -> d", "d:level -> b.shape", "d:levle -> b.factor""#
            let (outcome, _) = try run(nodes, links: links, [0], in: folder, ["check"])
            #expect(outcome.code == 65)
            let expected = [
                "nodes.a.uri: found \"urn:syrinx:probe:gian\", no such LV2 plugin is installed; did you mean urn:syrinx:probe:gain?",
                "nodes.b.fcator: no such parameter of \"lv2\"; did you mean factor?", "did you mean High?",
                "\"b.shape\" cannot change while it sounds", "has no output \"levle\"; did you mean level?",
            ]
            for words in expected { #expect(outcome.diagnostics.contains(words), "\(outcome.diagnostics)") }
        }
    }

    @Test("explain loads no plugin, and tells what is passed over and what only a run can know")
    func explain() throws {
        try Command.withFolder { folder in
            let nodes = probe("late", "late") + probe("amp", "gain")
            let (outcome, _) = try run(nodes, links: #""take -> late -> amp -> tape""#, [0], in: folder, ["explain"])
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            #expect(outcome.text.contains("latency known when it runs"))
            #expect(outcome.text.contains("passed_over atom ports (MIDI, messages): notes"))
        }
    }

    @Test("lists and shows plugins")
    func pages() throws {
        try Command.withFolder { folder in
            let environment = ["LV2_PATH": Probe.path]
            let list = try Command.run(["lv2", "list", "probe", "cv"], in: folder, environment: environment)
            #expect(list.code == 0 && list.text.split(separator: "\n").count == 1 && list.text.contains("Probe CV"))
            let show = try Command.run(
                ["lv2", "show", "urn:syrinx:probe:gain"], in: folder, environment: environment)
            for words in ["Probe Gain", "passed over  notes", "one of Low, Mid, High", "−2…2 ratio; default 0.5; live"]
            {
                #expect(show.text.contains(words), "\(show.text)")
            }
            let none = try Command.run(["lv2", "show", "probe:gani"], in: folder, environment: environment)
            #expect(none.code == 65 && none.diagnostics.contains("did you mean urn:syrinx:probe:gain?"))
        }
    }
}
