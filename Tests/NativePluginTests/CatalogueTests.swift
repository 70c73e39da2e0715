import CommandTestKit
import Foundation
import Testing

@Suite("Plugins on the search path")
struct CatalogueTests {
    @Test("a plugin's type is a type like any other")
    func types() throws {
        try Workshop.with { shop in
            try shop.build()
            #expect(try shop.syrinx(["plugins"]).text.contains("faulty  Has a fault."))
            #expect(try shop.syrinx(["nodes", "faulty"]).text.contains("gain\n"))
            #expect(try shop.syrinx(["schema"]).text.contains("\"faulty\""))
            try shop.pipeline(#""type": "faulty", "gian": 0.5"#)
            let fault = try shop.syrinx(["check", "p.json"])
            #expect(fault.code == 65)
            #expect(fault.diagnostics.contains("did you mean gain?"), "\(fault.diagnostics)")
            try shop.pipeline(#""type": "faulty", "gain": 0.5"#)
            #expect(try shop.syrinx(["check", "p.json"]).code == 0)
            #expect(try shop.syrinx(["explain", "p.json"]).text.contains("faulty"))
            #expect(try shop.syrinx(["run", "p.json"]).code == 0)
            #expect(try shop.samples("out.wav") == shop.samples("beside.wav").map { $0 * 0.5 })
        }
    }

    @Test("a start loads no file that it has seen; a changed one is looked at again")
    func cache() throws {
        try Workshop.with { shop in
            try shop.build()
            #expect(try shop.syrinx(["nodes"]).text.contains("faulty"))
            // A file of the same stamp and other content: only the cache can know what it was.
            let file = shop.folder.appendingPathComponent("faulty.so")
            let kept = try Data(contentsOf: shop.folder.appendingPathComponent("cache/syrinx/plugins"))
            #expect(kept.range(of: Data("Has a fault.".utf8)) != nil)
            try shop.build("faulty.c", as: "faulty", [#"NAME="changed""#])
            #expect(try shop.syrinx(["nodes"]).text.contains("changed"))
            // What others may write is not believed, and nonsense is nothing.
            let cache = shop.folder.appendingPathComponent("cache/syrinx/plugins")
            try Data("syrinx-plugins-1\u{0}9999999\u{0}x".utf8).write(to: cache)
            #expect(try shop.syrinx(["nodes"]).text.contains("changed"))
            try FileManager.default.removeItem(at: file)
            #expect(try !shop.syrinx(["nodes"]).text.contains("changed"))
        }
    }

    @Test(
        "what is no plugin is refused with a reason",
        arguments: [
            ("WRONG_MAJOR", "version 2.0"), ("WRONG_SIZE", "port.size is 3"),
            ("WILD_POINTER", "crashed with signal 11"),
            ("NULL_PORTS", "the array of ports is NULL"), ("MANY_PORTS", "4294967295 inputs"),
            ("ENDLESS_NAME", "longer than 400 bytes"), ("BAD_NAME", "\"In put\""), ("BAD_RANGE", "from 9.0 to 2.0"),
            ("NULL_PROCESS", "is NULL"), ("LOAD_CRASH", "crashed with signal 6"), ("NO_TYPES", "no node types"),
            ("TAKEN_NAME", "another node type has this name"),
        ])
    func refusals(_ fault: String, _ words: String) throws {
        try Workshop.with { shop in
            try shop.build("faulty.c", as: "faulty", ["FAULT=\(fault)"])
            let listed = try shop.syrinx(["plugins"])
            #expect(listed.code == 0)
            #expect(listed.text.contains("refused:"), "\(listed.text)")
            #expect(listed.text.contains(words), "\(listed.text)")
            if fault == "TAKEN_NAME" { return }
            try shop.pipeline(#""type": "faulty""#)
            let checked = try shop.syrinx(["check", "p.json"])
            #expect(checked.code == 65)
            #expect(checked.diagnostics.contains(words), "\(checked.diagnostics)")
        }
    }

    @Test("files without the function, and no libraries at all, are refused")
    func strangers() throws {
        try Workshop.with { shop in
            try Data("no library".utf8).write(to: shop.folder.appendingPathComponent("text.so"))
            let source = shop.folder.appendingPathComponent("other.c")
            try "int other(void) { return 1; }".write(to: source, atomically: true, encoding: .utf8)
            let other = shop.folder.appendingPathComponent("other.so").path
            #expect(
                try Command.run("/usr/bin/env", ["cc", "-shared", "-o", other, source.path], in: shop.folder).code == 0)
            let text = try shop.syrinx(["plugins"]).text
            #expect(text.contains("cannot load it"))
            #expect(text.contains("no function syrinx_plugin"))
        }
    }

    @Test("what every user may write is not loaded")
    func permissions() throws {
        try Workshop.with { shop in
            let file = try shop.build()
            #expect(chmod(file.path, 0o757) == 0)
            #expect(try shop.syrinx(["plugins"]).text.contains("every user may write to it"))
            #expect(chmod(file.path, 0o755) == 0)
            #expect(chmod(shop.folder.path, 0o777) == 0)
            #expect(try shop.syrinx(["plugins"]).text.contains("every user may put files into"))
            // As /tmp is: others may not take away what is there.
            #expect(chmod(shop.folder.path, 0o1777) == 0)
            #expect(try shop.syrinx(["plugins"]).text.contains("Has a fault."))
        }
    }

    @Test("the first folder has the name")
    func order() throws {
        try Workshop.with { first in
            try Workshop.with { second in
                try first.build()
                try second.build()
                let text = try first.syrinx(
                    ["plugins"], ["SYRINX_PLUGIN_PATH": "\(first.folder.path):\(second.folder.path)"]
                ).text
                #expect(text.components(separatedBy: "Has a fault.").count == 2)
                #expect(text.contains("another node type has this name already"))
            }
        }
    }
}
