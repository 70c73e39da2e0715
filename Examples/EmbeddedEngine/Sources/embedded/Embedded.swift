import BasicPlugin
import NativePlugin
import SyrinxCore
import SyrinxHost

/// A program with an engine in it: it feeds and pulls buffers, hears events, turns a knob, and has a node type of its own.
@main
enum Embedded {
    static func main() throws {
        // This program is started once more for every run-time plugin that needs a process of its own.
        NativePlugin.serveIfHelper()
        // The node types that pipelines may use here: a plugin's, one that lives in this program, and what is installed.
        var registry = NodeRegistry()
        try registry.register(BasicPlugin.self)
        try registry.register(OnsetNode.self)
        try registry.register(NativePlugin.self)

        let engine: EmbeddedEngine
        do {
            engine = try EmbeddedEngine(
                json: """
                    {
                      "syrinx": 1,
                      "nodes": {
                        "mic":   { "type": "app.source" },
                        "trim":  { "type": "gain", "gain_db": -6 },
                        "onset": { "type": "onset", "threshold_dbfs": -20 },
                        "told":  { "type": "app.events" },
                        "out":   { "type": "app.sink" }
                      },
                      "links": ["mic -> trim -> out", "trim -> onset", "onset:events -> told"]
                    }
                    """,
                registry: registry,
                options: .init(rate: 48_000, largestCycle: 480) { event in
                    print("\(event.event) at frame \(event.frame)")
                })
        } catch {
            // All that is wrong with the text, each with its line and column.
            for fault in error.all { print(fault.line(file: "pipeline")) }
            return
        }
        guard let mic = engine.input("mic"), let out = engine.output("out") else { return }

        // A second in cycles of 10 ms: a click every quarter of a second. A real program does this in its device's callback.
        var loudest: Float = 0
        for cycle in 0..<100 {
            mic.silence()
            if cycle % 25 == 0 { mic[0][100] = 1 }
            if cycle == 50 { try engine.set("trim", "gain_db", to: -12) }
            engine.process(480)
            loudest = out[0][..<480].reduce(loudest) { max($0, abs($1)) }
        }
        let report = engine.finish()
        print("\(report.frames) frames, loudest sample \(loudest)")

        // The same without a clock and without text: a pipeline in code, as fast as it goes.
        let quiet = try EmbeddedEngine(
            PipelineDocument(
                nodes: [
                    DocumentNode("tone", "signal", ["shape": "sine", "frequency_hz": 1000, "level_dbfs": -20]),
                    DocumentNode("out", "app.sink"),
                ],
                links: ["tone -> out"]),
            registry: registry)
        guard let tone = quiet.output("out") else { return }
        quiet.process(4096, waits: true)
        print("tone's peak \(tone[0].max() ?? 0)")
        quiet.finish()
    }
}
