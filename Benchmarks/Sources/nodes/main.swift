// What a node costs: ns per frame of stereo at 48 kHz, pink noise in, in blocks of 64 and 480 frames.
//
//   nodes [--rounds N]
import BasicPlugin
import DynamicsPlugin
import Glibc
import SyrinxCore
import SyrinxGraph
import Timing

/// A sink that costs next to nothing: keeps the last sample.
struct NowhereNode: Node {
    static let descriptor = NodeDescriptor(
        type: "bench.sink", summary: "Keeps the last sample it hears.", inputs: [.audio("in")])

    init(_ parameters: Parameters) throws(PipelineError) {}

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(NowhereRenderer()) }
}

final class NowhereRenderer: Renderer {
    /// Owned by the render thread.
    private(set) nonisolated(unsafe) var last: Float = 0

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        if input.frameCount > 0 { last = input[0][input.frameCount - 1] }
    }

    @_noLocks @_noAllocation
    func reset() { last = 0 }
}

/// One node type with parameters, and the port that it listens by.
struct Candidate {
    let name: String
    let type: String
    var parameters: [(String, Value)] = []
    var key: String?

    static let all = [
        Candidate(name: "gain", type: "gain", parameters: [("gain_db", .number(-3))]),
        Candidate(name: "matrix, 2 × 2", type: "matrix", parameters: [("preset", .string("mid_side"))]),
        Candidate(
            name: "filter, 1 section", type: "filter",
            parameters: [("shape", .string("peak")), ("frequency_hz", .number(1_000)), ("gain_db", .number(3))]),
        Candidate(
            name: "filter, 4 sections", type: "filter",
            parameters: [("shape", .string("lowpass")), ("frequency_hz", .number(8_000)), ("order", .number(8))]),
        Candidate(name: "meter", type: "meter"),
        Candidate(name: "meter without true peak", type: "meter", parameters: [("true_peak", .boolean(false))]),
        Candidate(
            name: "limiter, bypassed: a delay of as long", type: "limiter", parameters: [("bypass", .boolean(true))]),
        Candidate(name: "compressor, at work", type: "compressor", parameters: [("threshold_dbfs", .number(-30))]),
        Candidate(name: "compressor, idle", type: "compressor", parameters: [("threshold_dbfs", .number(0))]),
        Candidate(name: "gate, open", type: "gate"),
        Candidate(name: "gate, closed", type: "gate", parameters: [("threshold_dbfs", .number(0))]),
        Candidate(name: "limiter, true peak, at work", type: "limiter", parameters: [("gain_db", .number(12))]),
        Candidate(name: "limiter, true peak, idle", type: "limiter", parameters: [("gain_db", .number(-20))]),
        Candidate(
            name: "limiter, sample peak, at work", type: "limiter",
            parameters: [("gain_db", .number(12)), ("true_peak", .boolean(false))]),
        Candidate(name: "deesser, at work", type: "deesser", parameters: [("threshold_db", .number(-50))]),
        Candidate(name: "duck, down", type: "duck", key: "key"),
        Candidate(name: "agc", type: "agc"),
    ]
}

/// `count` nodes side by side behind one source.
func executor(_ candidate: Candidate, count: Int, frames: Int) throws -> Executor {
    var registry = NodeRegistry()
    try registry.register(BasicPlugin.self)
    try registry.register(DynamicsPlugin.self)
    try registry.register(NowhereNode.self)
    func member(_ name: String, _ value: Value) -> DocumentMember {
        switch value {
        case .boolean(let flag): DocumentMember(name, DocumentValue(.boolean(flag)))
        case .string(let text): DocumentMember(name, DocumentValue(.string(DocumentText(text))))
        default: DocumentMember(name, DocumentValue(.number(value.double ?? 0, text: value.json())))
        }
    }
    var nodes = [
        DocumentNode(
            id: "source", type: "signal",
            parameters: [
                member("shape", .string("pink")), member("level_dbfs", .number(-6)), member("channels", .number(2)),
                member("rate_hz", .number(48_000)),
            ])
    ]
    var links: [DocumentLink] = []
    for index in 0..<max(count, 1) {
        nodes.append(DocumentNode(id: "s\(index)", type: "bench.sink"))
        if count == 0 {
            links.append(DocumentLink("source -> s\(index)"))
            continue
        }
        nodes.append(
            DocumentNode(
                id: "n\(index)", type: candidate.type, parameters: candidate.parameters.map { member($0.0, $0.1) }))
        links.append(DocumentLink("source -> n\(index) -> s\(index)"))
        if let key = candidate.key { links.append(DocumentLink("source -> n\(index):\(key)")) }
    }
    let document = PipelineDocument(
        engine: [DocumentMember("block_frames", DocumentValue(.number(Double(frames), text: "\(frames)")))],
        nodes: nodes, links: links)
    let (checked, faults) = PipelineChecker(registry: registry).check(document)
    guard let checked else { throw Faults(faults) }
    let (resolved, more) = PipelineResolver(registry: registry).resolve(checked, access: .all)
    guard let resolved else { throw Faults(more) }
    let (plan, rest) = PlanCompiler.compile(resolved)
    guard let plan else { throw Faults(rest) }
    return Executor(plan)
}

/// ns for one frame of one node: the slope between no node and 8 of them, the source cancels out.
func cost(_ candidate: Candidate, frames: Int, rounds: Int) throws -> Double {
    let (many, none) = (
        try executor(candidate, count: 8, frames: frames), try executor(candidate, count: 0, frames: frames)
    )
    let blocks = 9_600 / frames
    func time(_ executor: Executor) -> Double {
        let before = threadTime()
        for _ in 0..<blocks { executor.render(frames) }
        return threadTime() - before
    }
    var slopes: [Double] = []
    for round in -3..<rounds {
        let slope = (time(many) - time(none)) / Double(8 * blocks * frames)
        if round >= 0 { slopes.append(slope) }
    }
    return median(slopes)
}

let rounds = CommandLine.arguments.firstIndex(of: "--rounds").flatMap { index in
    index + 1 < CommandLine.arguments.count ? Int(CommandLine.arguments[index + 1]) : nil
}
do {
    print("| node | ns a frame, blocks of 64 | of 480 | share of a core at 48 kHz |")
    print("| --- | ---: | ---: | ---: |")
    for candidate in Candidate.all {
        let short = try cost(candidate, frames: 64, rounds: rounds ?? 25)
        let long = try cost(candidate, frames: 480, rounds: rounds ?? 25)
        func decimal(_ value: Double, _ scale: Double) -> String { "\((value * scale).rounded() / scale)" }
        print(
            "| \(candidate.name) | \(decimal(short, 10)) | \(decimal(long, 10)) | \(decimal(long * 48_000 / 1e7, 1_000)) % |"
        )
    }
} catch let faults as Faults {
    for fault in faults.all { print(fault.error) }
}
