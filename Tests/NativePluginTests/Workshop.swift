import CommandTestKit
import Foundation
import Testing

/// A folder of plugins that are built for one test, and the command that looks there.
struct Workshop {
    let folder: URL

    static let fixtures = Command.package.appendingPathComponent("Tests/NativePluginTests/Fixtures")
    static let header = Command.package.appendingPathComponent("Sources/SyrinxPlugin/include")

    /// Calls the body with a new workshop.
    static func with<T>(_ body: (Workshop) throws -> T) throws -> T {
        try Command.withFolder { try body(Workshop(folder: $0)) }
    }

    /// Compiles a fixture to `NAME.so`.
    @discardableResult
    func build(
        _ source: String = "faulty.c", as name: String = "faulty", _ defines: [String] = [], header: URL = Self.header
    ) throws -> URL {
        let file = folder.appendingPathComponent("\(name).so")
        let outcome = try Command.run(
            "/usr/bin/env",
            [
                "cc", "-std=c11", "-O1", "-Wall", "-fPIC", "-fvisibility=hidden", "-shared", "-D_GNU_SOURCE", "-o",
                file.path,
            ]
                + ["-I", header.path] + defines.map { "-D\($0)" }
                + [Self.fixtures.appendingPathComponent(source).path, "-lm"], in: folder)
        try #require(outcome.code == 0, "\(outcome.diagnostics)")
        return file
    }

    /// Runs the command, with this folder as the search path.
    func syrinx(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Command.Outcome {
        var all = ["SYRINX_PLUGIN_PATH": folder.path, "XDG_CACHE_HOME": folder.appendingPathComponent("cache").path]
        all.merge(environment) { $1 }
        return try Command.run(arguments, in: folder, environment: all)
    }

    /// Writes a pipeline: a tone of `seconds` through the node `plugin`, into `out.wav`; events into `log.jsonl`.
    func pipeline(_ plugin: String, seconds: Double = 1, engine: String = "", extraLinks: String = "") throws {
        try """
        { "syrinx": 1, "engine": { \(engine) },
          "nodes": {
            "tone": { "type": "signal", "frequency_hz": 440, "level_dbfs": -12, "rate_hz": 48000, "duration_s": \(seconds) },
            "plugin": { \(plugin) },
            "beside": { "type": "file.sink", "path": "beside.wav", "subtype": "f32" },
            "out": { "type": "file.sink", "path": "out.wav", "subtype": "f32" },
            "log": { "type": "events.sink", "path": "log.jsonl" } },
          "links": ["tone -> plugin -> out", "tone -> beside"\(extraLinks)] }
        """.write(to: folder.appendingPathComponent("p.json"), atomically: true, encoding: .utf8)
    }

    func samples(_ name: String) throws -> [Float] {
        let data = try Data(contentsOf: folder.appendingPathComponent(name))
        guard let start = data.range(of: Data("data".utf8)) else { throw CocoaError(.fileReadCorruptFile) }
        let bytes = data[(start.upperBound + 4)...]
        return stride(from: bytes.startIndex, to: bytes.endIndex - 3, by: 4).map { place in
            Float(bitPattern: bytes[place..<(place + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
    }
}
