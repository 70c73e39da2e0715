import CommandTestKit
import Foundation
import Testing

/// Plugins of Debian's packages, beside programs that are not ours.
@Suite("lv2 with plugins of others")
struct RealPluginTests {
    /// What a test needs that is not there; nil: nothing.
    private static func missing(_ needs: [(path: String, package: String)]) -> String? {
        let packages = needs.filter { !FileManager.default.fileExists(atPath: $0.path) }.map(\.package)
        return packages.isEmpty ? nil : "not installed; apt-get install \(packages.joined(separator: " "))"
    }

    @Test(
        "each sounds as in lv2apply, bit for bit, at two block sizes",
        arguments: [
            "http://lv2plug.in/plugins/eg-amp", "http://drobilla.net/plugins/mda/Bandisto",
            "http://drobilla.net/plugins/mda/Dynamics", "http://drobilla.net/plugins/mda/Limiter",
            "http://drobilla.net/plugins/mda/MultiBand",
        ])
    func beside(uri: String) throws {
        let isStereo = uri.contains("/mda/")
        let bundle =
            isStereo ? ("/usr/lib/lv2/mda.lv2", "mda-lv2") : ("/usr/lib/lv2/eg-amp.lv2", "lv2-examples")
        if let reason = Self.missing([bundle, ("/usr/bin/lv2apply", "lilv-utils")]) { try Test.cancel("\(reason)") }
        try Command.withFolder { folder in
            func write(_ name: String, _ nodes: String, _ link: String) throws {
                let text = #"{ "syrinx": 1, "nodes": { \#(nodes) }, "links": ["\#(link)"] }"#
                try Data(text.utf8).write(to: folder.appendingPathComponent(name))
            }
            func sink(_ name: String) -> String {
                #""tape": { "type": "file.sink", "path": "\#(name)", "subtype": "f32" }"#
            }
            func data(_ name: String) throws -> Data {
                let file = try Data(contentsOf: folder.appendingPathComponent(name))
                return try #require(Wave.chunk("data", of: file))
            }
            let noise = """
                "noise": { "type": "signal", "shape": "pink", "channels": \(isStereo ? 2 : 1), "level_dbfs": -6,
                           "rate_hz": 48000, "duration_s": 2 }
                """
            try write("noise.json", "\(noise), \(sink("in.wav"))", "noise -> tape")
            #expect(try Command.run(["run", "noise.json"], in: folder).code == 0)
            let peer = try Command.run(
                "/usr/bin/lv2apply", ["-i", "in.wav", "-o", "theirs.wav", uri], in: folder,
                environment: ["LV2_PATH": "/usr/lib/lv2"])
            #expect(peer.code == 0, "\(peer.diagnostics)")
            let take = """
                "take": { "type": "file.source", "path": "in.wav" }, "plugin": { "type": "lv2", "uri": "\(uri)" }
                """
            try write("ours.json", "\(take), \(sink("ours.wav"))", "take -> plugin -> tape")
            for block in [64, 1024] {
                let outcome = try Command.run(
                    ["run", "ours.json", "--set", "engine.block_frames=\(block)"], in: folder,
                    environment: ["LV2_PATH": "/usr/lib/lv2"])
                #expect(outcome.code == 0, "\(outcome.diagnostics)")
                #expect(try data("ours.wav") == data("theirs.wav"), "blocks of \(block)")
                // The amplifier has no gain by default.
                #expect(try uri.hasSuffix("eg-amp") || data("ours.wav") != data("in.wav"))
            }
        }
    }

    @Test(
        "forty and more, 10 s at two rates and three block sizes, beside a reference that shares no code",
        .enabled(if: ProcessInfo.processInfo.environment["SYRINX_LONG"] == "1", "it takes minutes: SYRINX_LONG=1"))
    func many() throws {
        let needs = [
            ("/usr/lib/lv2/calf.lv2", "calf-plugins"), ("/usr/lib/lv2/fil4.lv2", "x42-plugins"),
            ("/usr/lib/lv2/lsp-plugins.lv2", "lsp-plugins-lv2"), ("/usr/lib/lv2/mda.lv2", "mda-lv2"),
            ("/usr/lib/lv2/ZamComp.lv2", "zam-plugins"), ("/usr/lib/lv2/eg-amp.lv2", "lv2-examples"),
            ("/usr/lib/python3/dist-packages/numpy", "python3-numpy"), ("/usr/bin/lv2apply", "lilv-utils"),
        ]
        if let reason = Self.missing(needs) { try Test.cancel("\(reason)") }
        try Command.withFolder { folder in
            let scripts = Command.package.appendingPathComponent("Benchmarks/lv2").path
            let reference = folder.appendingPathComponent("reference").path
            let built = try Command.run(
                "/usr/bin/env",
                [
                    "cc", "-O2", "-std=gnu17", "-I/usr/include/lilv-0", "-o", reference, "\(scripts)/reference.c",
                    "-llilv-0", "-lm",
                ], in: folder)
            #expect(built.code == 0, "\(built.diagnostics)")
            let outcome = try Command.run(
                "/usr/bin/python3", ["\(scripts)/compare.py", "--syrinx", Command.path, "--reference", reference],
                in: folder, environment: ["HOME": folder.path])
            // 56 plugins, 56 ran, 55 equal to the reference in all of their runs
            let numbers = (outcome.lines.last ?? "").split(separator: " ").compactMap { Int($0) }
            #expect(outcome.code == 0 && numbers.count == 3, "\(outcome.text)\(outcome.diagnostics)")
            guard numbers.count == 3 else { return }
            #expect(numbers[1] >= 40 && numbers[1] == numbers[0], "\(outcome.text)")
            // One plugin writes denormals, which the reference keeps and Syrinx flushes: see the README there.
            #expect(numbers[2] >= numbers[1] - 1, "\(outcome.text)")
        }
    }
}
