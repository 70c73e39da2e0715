import CommandTestKit
import Foundation
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import LV2Plugin

/// Plugins that do one thing each, compiled once from `probe.lv2`; lilv finds them and what is installed.
enum Probe {
    /// The folders of bundles.
    static let path: String = {
        let manager = FileManager.default
        let folder = manager.temporaryDirectory.appendingPathComponent(
            "syrinx-lv2-\(ProcessInfo.processInfo.processIdentifier)")
        let bundle = folder.appendingPathComponent("probe.lv2")
        let source = Command.package.appendingPathComponent("Tests/LV2PluginTests/probe.lv2")
        do {
            try manager.createDirectory(at: folder, withIntermediateDirectories: true)
            try? manager.removeItem(at: bundle)
            try manager.copyItem(at: source, to: bundle)
            let outcome = try Command.run(
                "/usr/bin/env", ["clang", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", "probe.so", "probe.c"],
                in: bundle)
            if outcome.code != 0 { Issue.record("the probe does not compile: \(outcome.diagnostics)") }
        } catch {
            Issue.record(error)
        }
        atexit { try? FileManager.default.removeItem(atPath: String(Probe.path.prefix { $0 != ":" })) }
        return folder.path + ":/usr/lib/lv2"
    }()

    /// Makes this process find them; before lilv is asked for the first time.
    static let isFound: Bool = {
        setenv("LV2_PATH", path, 1)
        return (try? LV2World.shared.get().uris.contains("urn:syrinx:probe:gain")) ?? false
    }()

    /// A node with a probe in it, ready to render.
    static func node(
        _ name: String, _ values: [String: Value] = [:],
        inputs: [StreamFormat?] = [StreamFormat(rate: 48_000, channels: 1)],
        largestBlock: Int = 4096, isPaced: Bool = false
    ) throws -> NodeHarness {
        try #require(isFound)
        return try NodeHarness(
            LV2Node.self, values.merging(["uri": .string("urn:syrinx:probe:\(name)")]) { first, _ in first },
            inputs: inputs, largestBlock: largestBlock, isPaced: isPaced)
    }

    /// What the node's own descriptor says.
    static func descriptor(_ name: String, _ values: [String: Value] = [:]) throws -> NodeDescriptor {
        try #require(isFound)
        let all = values.merging(["uri": .string("urn:syrinx:probe:\(name)")]) { first, _ in first }
        return try LV2Node.descriptor(for: Parameters(path: "nodes.test", values: all))
    }

    /// The message of an error that `work` throws.
    static func fault(_ work: () throws -> Void) -> String {
        do {
            try work()
        } catch {
            return "\(error)"
        }
        return ""
    }
}
