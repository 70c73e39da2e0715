import CommandTestKit
import Foundation
import Testing

@Suite("Plugins in a process of their own")
struct IsolateTests {
    /// How often a helper fails in a row.
    private static let rows = ProcessInfo.processInfo.environment["SYRINX_LONG"] == "1" ? 100 : 10

    @Test("what comes out is what comes out in process, at any block size", arguments: [64, 1_000, 1_024, 4_096])
    func same(block: Int) throws {
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=EVENTS"])
            try shop.pipeline(
                #""type": "faulty", "gain": 0.5, "isolate": true"#, engine: #""block_frames": \#(block)"#,
                extraLinks: #", "plugin:events -> log""#)
            let outcome = try shop.syrinx(["run", "p.json"])
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            // Sinks leave the latency out, so that both files begin alike.
            #expect(try shop.samples("out.wav") == shop.samples("beside.wav").map { $0 * 0.5 })
            let events = try String(contentsOf: shop.folder.appendingPathComponent("log.jsonl"), encoding: .utf8)
                .split(separator: "\n")
            // What is told after the end, late by the block, is no part of the run.
            #expect(events.count >= 43 && events.count <= 48)
            #expect(events.first?.contains(#""frame":7,"#) == true, "\(events.first ?? "")")
        }
    }

    @Test("what it logs, and what its own thread tells, is heard", arguments: ["", #", "isolate": true"#])
    func words(isolate: String) throws {
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=TALKS"])
            try shop.pipeline(#""type": "faulty"\#(isolate)"#, extraLinks: #", "plugin:events -> log""#)
            let outcome = try shop.syrinx(["run", "p.json"])
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            let log = try String(contentsOf: shop.folder.appendingPathComponent("log.jsonl"), encoding: .utf8)
            #expect(log.contains(#""event":"plugin_log","level":"warning","text":"at work""#), "\(log)")
            #expect(log.contains(#""event":"tick""#) && log.contains("1234"), "\(log)")
        }
    }

    @Test("explain states block_frames as its latency")
    func latency() throws {
        try Workshop.with { shop in
            try shop.build()
            try shop.pipeline(#""type": "faulty", "isolate": true"#, engine: #""block_frames": 480"#)
            let text = try shop.syrinx(["explain", "p.json"]).text
            #expect(text.contains("latency 10.0 ms") || text.contains("latency 10.00 ms"), "\(text)")
        }
    }

    @Test(
        "one that fails again and again is started again, and the rest of the graph keeps every sample",
        arguments: ["CRASH", "ERROR_CODE", "WRITES_NAN"])
    func failures(_ fault: String) throws {
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=\(fault)"])
            let seconds = Double(Self.rows + 1) * 0.1
            try shop.pipeline(
                #""type": "faulty", "gain": 0.5, "isolate": true"#, seconds: seconds, engine: #""block_frames": 256"#)
            let outcome = try shop.syrinx(["run", "p.json", "--report", "r.json"])
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            #expect(outcome.lines.count { $0.contains("plugin restarted") } >= Self.rows, "\(outcome.diagnostics)")
            let (out, beside) = (try shop.samples("out.wav"), try shop.samples("beside.wav"))
            #expect(beside.count == Int(seconds * 48_000) && out.count == beside.count)
            #expect(beside.indices.allSatisfy { out[$0].isFinite })
            // It plays again with its value after each failure: most of the run is the input at half its level.
            #expect(zip(out, beside).count { $0 == $1 * 0.5 } > beside.count / 2)
            // Silence is faded into: no step is larger than a tone makes, and a little.
            let steepest = zip(beside, beside.dropFirst()).map { abs($0 - $1) }.max() ?? 0
            #expect(zip(out, out.dropFirst()).allSatisfy { abs($0 - $1) <= steepest })
        }
    }

    @Test("one that hangs is started again")
    func hang() throws {
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=HANG", "AFTER=20000"])
            try shop.pipeline(#""type": "faulty", "isolate": true"#, engine: #""block_frames": 256"#)
            let outcome = try shop.syrinx(["run", "p.json"])
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            #expect(outcome.diagnostics.contains("it hangs"), "\(outcome.diagnostics)")
            #expect(try shop.samples("beside.wav").count == 48_000)
        }
    }

    @Test("one that fails at once is given up, with one line")
    func futile() throws {
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=CRASH", "AFTER=0"])
            try shop.pipeline(#""type": "faulty", "isolate": true"#)
            let outcome = try shop.syrinx(["run", "p.json"])
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            #expect(outcome.lines.count { $0.contains("plugin muted") } == 1, "\(outcome.diagnostics)")
            #expect(try shop.samples("out.wav").allSatisfy { $0 == 0 })
            #expect(try shop.samples("beside.wav").contains { abs($0) > 0.2 })
        }
    }

    @Test("a process of its own knows paths and language, and no key of ours")
    func environment() throws {
        try Workshop.with { shop in
            let told = shop.folder.appendingPathComponent("environment").path
            try shop.build("faulty.c", as: "faulty", [#"TELLS_ENVIRONMENT="\#(told)""#])
            let secrets = ["HUME_API_KEY": "sesame", "AWS_SECRET_ACCESS_KEY": "sesame", "LC_SECRET": "sesame"]
            try shop.pipeline(#""type": "faulty", "isolate": true"#)
            // Looked at, run, checked: three processes, each of its own.
            #expect(try shop.syrinx(["plugins"], secrets).code == 0)
            #expect(try shop.syrinx(["run", "p.json"], secrets).code == 0)
            #expect(try shop.syrinx(["plugin", "check", "faulty.so"], secrets).code == 0)
            let lines = try String(contentsOfFile: told, encoding: .utf8).split(separator: "\n")
            #expect(lines.count { $0 == "LANG=C.UTF-8" } >= 3 && lines.count { $0.hasPrefix("PATH=") } >= 3)
            #expect(lines.filter { $0.contains("sesame") || $0.contains("SYRINX") } == [])
        }
    }
}
