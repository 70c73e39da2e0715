import CommandTestKit
import Foundation
import Testing

@Suite("Plugins with faults")
struct FaultTests {
    @Test(
        "one that returns an error or writes NaN is silent and named, the rest plays",
        arguments: [("ERROR_CODE", "the error -42"), ("WRITES_NAN", "NaN or infinity")])
    func muted(_ fault: String, _ words: String) throws {
        try Workshop.with { shop in
            let file = try shop.build("faulty.c", as: "faulty", ["FAULT=\(fault)"])
            try shop.pipeline(#""type": "faulty""#, engine: #""block_frames": 100"#)
            let outcome = try shop.syrinx(["run", "p.json", "--report", "r.json"])
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            #expect(outcome.diagnostics.contains(file.lastPathComponent))
            #expect(outcome.diagnostics.contains(words), "\(outcome.diagnostics)")
            let report = try String(contentsOf: shop.folder.appendingPathComponent("r.json"), encoding: .utf8)
            #expect(report.contains(words))
            let (out, beside) = (try shop.samples("out.wav"), try shop.samples("beside.wav"))
            #expect(out.count == 48_000 && beside.count == 48_000)
            #expect(Array(out[..<3_900]) == Array(beside[..<3_900]))
            #expect(out[4_000...].allSatisfy { $0 == 0 })
            #expect(beside[4_000...].contains { abs($0) > 0.2 })
        }
    }

    @Test("one that writes NaN over its own input is named too")
    func covered() throws {
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=WRITES_NAN", "FLAGS=SYRINX_WORKS_IN_PLACE"])
            // Nobody else hears the tone, so that the plugin may work in place.
            try """
            { "syrinx": 1, "engine": { "block_frames": 100 },
              "nodes": { "tone": { "type": "signal", "rate_hz": 48000, "duration_s": 1 }, "plugin": { "type": "faulty" },
                "out": { "type": "file.sink", "path": "out.wav", "subtype": "f32" } },
              "links": ["tone -> plugin -> out"] }
            """.write(to: shop.folder.appendingPathComponent("p.json"), atomically: true, encoding: .utf8)
            let outcome = try shop.syrinx(["run", "p.json"])
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            #expect(outcome.diagnostics.contains("NaN or infinity"), "\(outcome.diagnostics)")
            let out = try shop.samples("out.wav")
            #expect(out[..<3_900].contains { abs($0) > 0.05 })
            #expect(out[4_000...].allSatisfy { $0 == 0 })
        }
    }

    @Test("an event of a kind that its type does not state is dropped, and the sound goes on")
    func undeclared() throws {
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=UNDECLARED"])
            try shop.pipeline(#""type": "faulty""#)
            let outcome = try shop.syrinx(["run", "p.json"])
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            #expect(try shop.samples("out.wav") == shop.samples("beside.wav"))
        }
    }

    @Test(
        "lies about ports and refusals are faults with a place",
        arguments: [
            ("WILD_FORMAT", "2147483647 channels"), ("WILD_NEEDS", "needs inputs beyond its 1"),
            ("NO_CREATE", "no gain today"),
        ])
    func lies(_ fault: String, _ words: String) throws {
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=\(fault)"])
            for isolate in ["", #", "isolate": true"#] {
                try shop.pipeline(#""type": "faulty"\#(isolate)"#)
                let outcome = try shop.syrinx(["check", "p.json"])
                #expect(outcome.code != 0)
                #expect(outcome.diagnostics.contains("nodes.plugin"), "\(outcome.diagnostics)")
                #expect(outcome.diagnostics.contains(words), "\(outcome.diagnostics)")
            }
        }
    }

    @Test(
        "plugin check finds what is wrong",
        arguments: [
            ("HEAP", "calls of the heap, the first of malloc"),
            ("LOCK", "calls of locks, the first of pthread_mutex_lock"),
            ("SYSTEM", "calls of the system, the first of usleep"),
            ("OUTSIDE", "writes outside the slice of output out"),
            ("UNWRITTEN", "does not write output out"), ("INPUT", "writes to input in"), ("BLOCKY", "expected"),
            ("NO_RESET", "reset is a fresh start"), ("ERROR_CODE", "returns the error -42"),
            ("WRITES_NAN", "NaN or infinity"), ("CRASH", "crashed with signal 11"), ("WRONG_MAJOR", "version 2.0"),
        ])
    func check(_ fault: String, _ words: String) throws {
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=\(fault)"])
            let outcome = try shop.syrinx(["plugin", "check", "faulty.so"])
            #expect(outcome.code == 65)
            #expect(outcome.text.contains("FAILED"))
            #expect(outcome.text.contains(words), "\(outcome.text)")
        }
    }

    @Test("plugin check passes one without a fault, and one with events")
    func sound() throws {
        try Workshop.with { shop in
            for fault in ["NONE", "EVENTS"] {
                try shop.build("faulty.c", as: "faulty", ["FAULT=\(fault)"])
                let outcome = try shop.syrinx(["plugin", "check", "faulty.so"])
                #expect(outcome.code == 0, "\(outcome.text)")
            }
        }
    }
}
