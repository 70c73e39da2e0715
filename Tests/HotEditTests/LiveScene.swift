import BasicPlugin
import FilePlugin
import JACKPlugin
import ResamplePlugin
import Synchronization
import SyrinxCore
import SyrinxGraph
import SyrinxHost
import SyrinxTestKit

/// A pipeline that runs under a driver while a test edits it, with all that was heard of it.
final class LiveScene: Sendable {
    let registry: NodeRegistry
    /// What the sink `z` hears.
    let tape: LiveTape
    private let engine: [DocumentMember]

    init(block: Int = 128, seconds: Int = 60) throws {
        tape = LiveTape(seconds: seconds)
        var registry = NodeRegistry()
        try registry.register(BasicPlugin.self)
        try registry.register(FilePlugin.self)
        try registry.register(JACKPlugin.self)
        try registry.register(ResamplePlugin.self)
        try registry.register(NodeType(TapeNode.descriptor) { [tape] _ in TapeNode(tape: tape) })
        try registry.register(NodeType(RefusingNode.descriptor) { _ in RefusingNode() })
        self.registry = registry
        engine = [DocumentMember("block_frames", DocumentValue(.number(Double(block), text: "\(block)")))]
    }

    struct Faults: Error, CustomStringConvertible {
        let description: String

        init(_ faults: [Fault]) { description = faults.map { $0.error.description }.joined(separator: "\n") }
    }

    /// A pipeline, checked; `z` is added.
    func checked(_ nodes: [DocumentNode], _ links: [DocumentLink]) throws -> CheckedPipeline {
        let document = PipelineDocument(
            file: "test.json", engine: engine, nodes: nodes + [DocumentNode(id: "z", type: "tape")], links: links)
        let (checked, faults) = PipelineChecker(registry: registry).check(document)
        guard let checked else { throw Faults(faults) }
        return checked
    }

    func checked(_ patch: RandomPatch) throws -> CheckedPipeline { try checked(patch.nodes, patch.links) }

    func run(_ checked: CheckedPipeline, driver: String = "timer", options: Run.Options = .init()) throws -> Run {
        let (run, faults) = try Run.prepare(checked, registry: registry, driver: driver, options: options)
        guard let run else { throw Faults(faults) }
        return run
    }
}

/// A node of a document in a few words.
func node(_ id: String, _ type: String, _ numbers: [String: Double] = [:], words: [String: String] = [:])
    -> DocumentNode
{
    DocumentNode(
        id: id, type: type,
        parameters: numbers.sorted { $0.key < $1.key }.map { name, value in
            DocumentMember(name, DocumentValue(.number(value, text: "\(value)")))
        }
            + words.sorted { $0.key < $1.key }.map { name, word in
                DocumentMember(name, DocumentValue(.string(DocumentText(word))))
            })
}

func links(_ texts: String...) -> [DocumentLink] { texts.map { DocumentLink($0) } }

/// Memory for what is heard, filled by the render thread.
// SAFETY: `render` writes behind `count` and then moves it, released; readers stay before it.
final class LiveTape: @unchecked Sendable {
    private let storage: UnsafeMutablePointer<Float>
    private let capacity: Int
    private let filled = Atomic<Int>(0)

    init(seconds: Int) {
        capacity = seconds * 48_000
        storage = .allocate(capacity: capacity)
        storage.initialize(repeating: 0.0, count: capacity)
    }

    deinit { storage.deallocate() }

    var count: Int { filled.load(ordering: .acquiring) }

    /// True: it takes no more. Thread: any.
    var isFull: Bool { count == capacity }

    /// Thread: any.
    func samples(_ range: Range<Int>) -> [Float] { range.clamped(to: 0..<count).map { storage[$0] } }

    /// Thread: render.
    @_noLocks @_noAllocation
    func append(_ samples: UnsafeBufferPointer<Float>) {
        let start = filled.load(ordering: .relaxed)
        let taken = min(samples.count, capacity - start)
        for frame in 0..<taken { storage[start + frame] = samples[frame] }
        filled.store(start + taken, ordering: .releasing)
    }
}

struct TapeNode: NodeInstance {
    static let descriptor = NodeDescriptor(type: "tape", summary: "Keeps what it hears.", inputs: [.audio("in")])
    let tape: LiveTape

    func inputChannels(_ port: String) -> Int? { 1 }
    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }
    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(TapeRenderer(tape)) }
}

final class TapeRenderer: Renderer {
    private let tape: LiveTape

    init(_ tape: LiveTape) { self.tape = tape }

    func render(_ block: RenderBlock) { tape.append(block.input[0]) }

    func reset() {}
}

/// Cannot be prepared.
struct RefusingNode: NodeInstance {
    static let descriptor = NodeDescriptor(
        type: "refusing", summary: "Refuses.", inputs: [.audio("in")], outputs: [.audio("out")])

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }
    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { throw PipelineError(.unavailable, "it is out") }
}
