import CommandTestKit
import Foundation
import Testing

@Suite("The binary interface")
struct ABITests {
    @Test("a plugin that was compiled with the first version's header runs")
    func first() throws {
        try Workshop.with { shop in
            // The copy of version 1.0 as it was; it never changes, whatever becomes of the header.
            try shop.build("faulty.c", as: "faulty", header: Workshop.fixtures.appendingPathComponent("first"))
            #expect(try shop.syrinx(["plugins"]).text.contains("header 1.0"))
            try shop.pipeline(#""type": "faulty", "gain": 0.25"#)
            #expect(try shop.syrinx(["run", "p.json"]).code == 0)
            #expect(try shop.samples("out.wav") == shop.samples("beside.wav").map { $0 * 0.25 })
            #expect(try shop.syrinx(["plugin", "check", "faulty.so"]).code == 0)
        }
    }

    @Test("one of a later minor version, with longer structures and an extension that nobody knows, runs")
    func later() throws {
        try Workshop.with { shop in
            try shop.build("future.c", as: "future")
            let listed = try shop.syrinx(["plugins"]).text
            #expect(listed.contains("header 1.7"), "\(listed)")
            let page = try shop.syrinx(["nodes", "future"]).text
            #expect(page.contains("side") && page.contains("odd") && page.contains("gain"), "\(page)")
            try shop.pipeline(#""type": "future", "gain": 2"#)
            let outcome = try shop.syrinx(["run", "p.json"])
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            #expect(try shop.samples("out.wav") == shop.samples("beside.wav").map { $0 * 2 })
        }
    }
}
