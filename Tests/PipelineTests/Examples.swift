import BasicPlugin
import CommandTestKit
import ConvolvePlugin
import DynamicsPlugin
import FilePlugin
import Foundation
import LV2Plugin
import ResamplePlugin
import SyrinxConfig
import SyrinxCore
import SyrinxGraph
import SyrinxHost
import Testing
import VoicePlugin

/// One file of `pipelines/` and what it needs to be run in a folder of its own.
struct Example: Sendable, CustomTestStringConvertible {
    /// The file's name without its ending.
    let name: String
    /// The values of `--var`; paths are relative to the folder.
    var variables: [String: String] = [:]
    /// The values of `--set` that take the place of standard input and output where no shell stands around.
    var sets: [String] = []
    /// What it writes.
    let outputs: [String]
    /// What must be installed; empty: nothing.
    var needs = ""

    var testDescription: String { name }

    var path: String { Command.package.appendingPathComponent("pipelines/\(name).json").path }

    /// Those that can run here.
    static let all = whole.filter { $0.needs.isEmpty || FileManager.default.fileExists(atPath: $0.needs) }

    static let whole = [
        Example(name: "convert", variables: ["in": "stereo48.wav", "out": "out.wav"], outputs: ["out.wav"]),
        Example(name: "voice-preparation", variables: ["in": "stereo48.wav", "out": "out.wav"], outputs: ["out.wav"]),
        Example(
            name: "mixdown",
            variables: ["voice": "mono48.wav", "guitar": "mono44.wav", "room": "stereo48.wav", "out": "out.wav"],
            outputs: ["out.wav"]),
        Example(
            name: "loudness-report", variables: ["in": "stereo48.wav", "log": "log.jsonl"],
            sets: ["level.interval_s=0.1"], outputs: ["log.jsonl"]),
        Example(name: "podcast-voice", variables: ["in": "mono44.wav", "out": "out.wav"], outputs: ["out.wav"]),
        Example(
            name: "music-under-speech",
            variables: ["voice": "mono48.wav", "music": "stereo48.wav", "out": "out.wav"], outputs: ["out.wav"]),
        // Any sound is a response; a run's samples are looked at elsewhere.
        Example(
            name: "reverb", variables: ["in": "mono44.wav", "response": "stereo48.wav", "out": "out.wav"],
            outputs: ["out.wav"]),
        Example(
            name: "lv2-tremolo", variables: ["in": "stereo48.wav", "out": "out.wav"], outputs: ["out.wav"],
            needs: "/usr/lib/lv2/eg-amp.lv2"),
        Example(
            name: "speech-only", variables: ["in": "mono48.wav", "out": "out.wav", "log": "log.jsonl"],
            outputs: ["out.wav"]),
        Example(name: "equaliser", variables: ["in": "stereo48.wav", "out": "out.wav"], outputs: ["out.wav"]),
        Example(
            name: "stdin-to-stdout", sets: ["input.path=stereo48.wav", "output.path=out.wav"], outputs: ["out.wav"]),
        Example(name: "test-tones", variables: ["out": "out.wav", "seconds": "0.7"], outputs: ["out.wav"]),
    ]

    static subscript(name: String) -> Example {
        guard let example = all.first(where: { $0.name == name }) else { fatalError("no example \(name)") }
        return example
    }

    /// Puts the inputs into a folder: lengths that no block size divides.
    static func makeInputs(in folder: URL) throws {
        let files = [
            ("stereo48.wav", Wave.music(rate: 48_000, channels: 2, frames: 33_331, seed: 1)),
            ("mono48.wav", Wave.music(rate: 48_000, channels: 1, frames: 20_011, seed: 2)),
            ("mono44.wav", Wave.music(rate: 44_100, channels: 1, frames: 29_989, seed: 3)),
        ]
        for (name, content) in files { try content.write(to: folder.appendingPathComponent(name)) }
    }

    /// The arguments of `syrinx run`.
    func arguments(_ more: [String] = []) -> [String] {
        ["run", path] + variables.sorted { $0.key < $1.key }.flatMap { ["--var", "\($0.key)=\($0.value)"] }
            + sets.flatMap { ["--set", $0] } + more
    }

    /// Runs the command in the folder; the contents of what it wrote.
    func outputsOfCommand(in folder: URL, _ more: [String]) throws -> [Data] {
        let outcome = try Command.run(arguments(more), in: folder)
        guard outcome.code == 0 else { throw PipelineError(.internal, at: name, outcome.diagnostics) }
        return try outputs.map { try Data(contentsOf: folder.appendingPathComponent($0)) }
    }

    /// Runs the pipeline in this process with pieces of random length; the contents of what it wrote.
    func outputsOfRandomCuts(in folder: URL, seed: UInt64) throws -> [Data] {
        var registry = NodeRegistry()
        let plugins: [any NodePlugin.Type] = [
            BasicPlugin.self, ConvolvePlugin.self, DynamicsPlugin.self, FilePlugin.self, LV2Plugin.self,
            ResamplePlugin.self, VoicePlugin.self,
        ]
        for plugin in plugins {
            try registry.register(plugin)
        }
        func absolute(_ value: String) -> String {
            value.contains(".wav") || value.contains(".jsonl") ? folder.appendingPathComponent(value).path : value
        }
        let lookup = Lookup(.run, variables: variables.mapValues(absolute))
        var document = try DocumentReader.read(file: path, lookup).document
        let overrides = sets.map { set in
            let parts = set.split(separator: "=").map(String.init)
            return "\(parts[0])=\(absolute(parts[1]))"
        }
        var faults = Overrides.apply(overrides, to: &document, lookup)
        let (checked, checkFaults) = PipelineChecker(registry: registry).check(document)
        faults += checkFaults
        guard let checked else { throw Faults(faults) }
        let (resolved, resolveFaults) = PipelineResolver(registry: registry).resolve(checked, access: .all)
        guard let resolved else { throw Faults(resolveFaults) }
        var state = seed
        let cuts = (0..<997).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // Mostly short, now and then as long as the plan takes.
            let draw = Int(state >> 40)
            return draw % 11 == 0 ? 1024 : 1 + draw % 97
        }
        let (run, refusals) = Run.prepare(resolved, options: .init(cuts: cuts))
        guard let run else { throw Faults(refusals) }
        if case .failed(let error) = run.execute().outcome { throw error }
        return try outputs.map { try Data(contentsOf: folder.appendingPathComponent($0)) }
    }
}
