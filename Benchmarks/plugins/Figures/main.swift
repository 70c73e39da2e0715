// What a gain costs, built in and as a C plugin in process; and a small command for figures.py. See ../README.md.
//
//   plugin-figures [ROUNDS [FRAMES …]]
//                                ns a block of mono, by the slope between 33 gains in a row and one
//   plugin-figures run FILE      runs a pipeline
import BasicPlugin
import Glibc
import JACKPlugin
import NativePlugin
import SyrinxCore
import SyrinxHost

NativePlugin.serveIfHelper()
var registry = NodeRegistry()
try registry.register(BasicPlugin.self)
try registry.register(JACKPlugin.self)
try registry.register(NativePlugin.self)

/// Gains in a row, between samples of this program.
struct Chain {
    private let engine: EmbeddedEngine
    private let frames: Int

    init(_ type: String, gains: Int, frames: Int, _ registry: NodeRegistry) throws {
        let names = (0..<gains).map { "g\($0)" }
        // By turns up and down, so that nothing dies away.
        let nodes = names.enumerated().map { index, name in
            DocumentNode(name, type, ["gain_db": DocumentValue(index.isMultiple(of: 2) ? -3 : 3)])
        }
        engine = try EmbeddedEngine(
            PipelineDocument(
                nodes: [DocumentNode("in", "app.source")] + nodes + [DocumentNode("out", "app.sink")],
                links: [DocumentLink((["in"] + names + ["out"]).joined(separator: " -> "))]),
            registry: registry, options: .init(rate: 48_000, largestCycle: frames))
        self.frames = frames
        if let input = engine.input("in") { for frame in 0..<frames { input[0][frame] = 0.25 } }
    }

    /// ns of this thread.
    func time(blocks: Int) -> Double {
        let before = Self.now()
        for _ in 0..<blocks { engine.process(frames) }
        return Self.now() - before
    }

    private static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

let arguments = CommandLine.arguments
if arguments.count > 2, arguments[1] == "run" {
    let (run, faults) = try Run.prepare(PipelineReader(registry: registry).read(file: arguments[2]), registry: registry)
    guard let run else { throw Faults(faults) }
    _ = run.execute()
} else {
    print("| frames | gain, built in | c_gain, in process | difference |")
    print("| --- | --- | --- | --- |")
    let numbers = arguments.dropFirst().compactMap { Int($0) }
    for frames in numbers.count > 1 ? Array(numbers.dropFirst()) : [64, 256] {
        let chains = try ["gain", "c_gain"].map { type in
            (
                long: try Chain(type, gains: 33, frames: frames, registry),
                short: try Chain(type, gains: 1, frames: frames, registry)
            )
        }
        var costs: [[Double]] = [[], []]
        for round in 0..<(numbers.first ?? 101) {
            for (index, chain) in chains.enumerated() {
                let cost = (chain.long.time(blocks: 1_000) - chain.short.time(blocks: 1_000)) / 32_000
                if round > 0 { costs[index].append(cost) }
            }
        }
        let (own, plugin) = (median(costs[0]), median(costs[1]))
        print("| \(frames) | \(tenths(own)) | \(tenths(plugin)) | \(tenths(plugin - own)) |")
    }
}
