import Synchronization
import SyrinxCore
import SyrinxGraph
import Testing

/// Puts a graph together in a few words, and renders it.
struct Bench {
    var nodes: [DocumentNode] = []
    var links: [DocumentLink] = []
    var engine: [DocumentMember] = []

    /// - Parameter nodes: id, type, parameters.
    init(_ nodes: [(String, String, [String: Double])], _ links: [String]) {
        self.nodes = nodes.map { id, type, parameters in
            DocumentNode(
                id: id, type: type,
                parameters: parameters.sorted { $0.key < $1.key }.map { name, value in
                    DocumentMember(name, DocumentValue(.number(value, text: "\(value)")))
                })
        }
        self.links = links.map { DocumentLink($0) }
    }

    var document: PipelineDocument { PipelineDocument(engine: engine, nodes: nodes, links: links) }

    static let registry: NodeRegistry = {
        var registry = NodeRegistry()
        do {
            try registry.register(ProbePlugin.self)
        } catch {
            Issue.record(error)
        }
        return registry
    }()

    /// Sets `engine.name`.
    func setting(_ name: String, _ value: DocumentValue.Content) -> Self {
        var copy = self
        copy.engine.append(DocumentMember(name, DocumentValue(value)))
        return copy
    }

    /// Sets a word of a node's.
    func word(_ node: String, _ name: String, _ word: String) -> Self {
        var copy = self
        for index in copy.nodes.indices where copy.nodes[index].id == node {
            copy.nodes[index].parameters.append(DocumentMember(name, DocumentValue(.string(DocumentText(word)))))
        }
        return copy
    }

    func block(_ frames: Int) -> Self { setting("block_frames", .number(Double(frames), text: "\(frames)")) }

    func checked(_ registry: NodeRegistry = registry) throws -> CheckedPipeline {
        let (checked, faults) = PipelineChecker(registry: registry).check(document)
        return try #require(checked, "\(faults.map { $0.error.description })")
    }

    func resolved(_ registry: NodeRegistry = registry) throws -> ResolvedPipeline {
        let (resolved, faults) = PipelineResolver(registry: registry).resolve(try checked(registry), access: .all)
        return try #require(resolved, "\(faults.map { $0.error.description })")
    }

    func plan(_ registry: NodeRegistry = registry, threads: Int = 1) throws -> Plan {
        let (plan, faults) = PlanCompiler.compile(try resolved(registry), options: .init(threads: threads))
        return try #require(plan, "\(faults.map { $0.error.description })")
    }

    /// All messages of check and resolve.
    func faults(_ registry: NodeRegistry = registry) -> [String] {
        let (checked, faults) = PipelineChecker(registry: registry).check(document)
        guard let checked else { return faults.map { $0.error.description } }
        let more = PipelineResolver(registry: registry).resolve(checked, access: .all).faults
        return (faults + more).filter { $0.severity == .error }.map { $0.error.description }
    }

    struct Outcome {
        var tapes: [String: [[Float]]] = [:]
        var events: [RenderEvent] = []
        var position = 0
    }

    /// Renders the whole run.
    func run(
        duration: Double? = nil, cuts: [Int] = [], threads: Int = 1, team: (any RenderTeam)? = nil,
        registry: NodeRegistry = registry
    ) throws -> Outcome {
        let plan = try plan(registry, threads: threads)
        let executor = Executor(plan)
        let events = Mutex<[RenderEvent]>([])
        let length = duration.map { Rational(Int128(($0 * 1_000_000).rounded()), over: 1_000_000) }
        try OfflineDriver(executor, duration: length, cuts: cuts, team: team) { executor, _ in
            executor.takeEvents { event in events.withLock { $0.append(event) } }
        }.run()
        var outcome = Outcome()
        for node in plan.nodes {
            guard let tape = node.prepared.sink as? Tape else { continue }
            #expect(tape.isFinished)
            outcome.tapes[node.id] = tape.samples
        }
        outcome.events = events.withLock { $0 }
        outcome.position = executor.position
        return outcome
    }
}

/// The cuts that every promise about time is held against; the plan's block is 4096 for them.
let cuts: [[Int]] = [[1], [7], [64], [480], [4096], [3, 700, 1, 64, 129, 4096, 2, 33]]
