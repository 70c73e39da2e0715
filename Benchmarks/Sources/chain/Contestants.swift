import BasicPlugin
import SyrinxCore
import SyrinxDSP
import SyrinxGraph

/// −3 dB and +3 dB in turn, so that a long chain neither dies away nor clips, and no gain is 1.
func decibels(_ index: Int) -> Double { index.isMultiple(of: 2) ? -3 : 3 }

/// Something that puts blocks of two channels through `gains` gains.
protocol Contestant {
    /// Renders one block.
    func render()
}

/// The engine: a pipeline, compiled, its plan run by the executor.
struct EngineChain: Contestant {
    private let executor: Executor
    private let frames: Int

    init(gains: Int, frames: Int) throws {
        var registry = NodeRegistry()
        try registry.register(BasicPlugin.self)
        try registry.register(EndPlugin.self)
        var nodes = [DocumentNode(id: "source", type: "bench.source")]
        for index in 0..<gains {
            let value = DocumentValue(.number(decibels(index), text: "\(decibels(index))"))
            nodes.append(DocumentNode(id: "g\(index)", type: "gain", parameters: [DocumentMember("gain_db", value)]))
        }
        nodes.append(DocumentNode(id: "sink", type: "bench.sink"))
        let document = PipelineDocument(
            engine: [DocumentMember("block_frames", DocumentValue(.number(Double(frames), text: "\(frames)")))],
            nodes: nodes, links: [DocumentLink(nodes.map(\.id).joined(separator: " -> "))])
        let (checked, faults) = PipelineChecker(registry: registry).check(document)
        guard let checked else { throw Faults(faults) }
        let (resolved, more) = PipelineResolver(registry: registry).resolve(checked, access: .all)
        guard let resolved else { throw Faults(more) }
        let (plan, rest) = PlanCompiler.compile(resolved)
        guard let plan else { throw Faults(rest) }
        executor = Executor(plan)
        self.frames = frames
    }

    func render() { executor.render(frames) }
}

/// Two channels of memory that loops work on in place.
final class Channels {
    let left: UnsafeMutableBufferPointer<Float>
    let right: UnsafeMutableBufferPointer<Float>

    init(frames: Int) {
        left = .allocate(capacity: frames)
        right = .allocate(capacity: frames)
        left.initialize(repeating: 0.25)
        right.initialize(repeating: 0.25)
    }

    deinit {
        left.deallocate()
        right.deallocate()
    }
}

/// The gain node's kernel alone, called in a row.
struct KernelChain: Contestant {
    private let memory: Channels
    private let glides: [LinearGlide]

    init(gains: Int, frames: Int) {
        memory = Channels(frames: frames)
        glides = (0..<gains).map { LinearGlide(at: decibelsToLinear(decibels($0))) }
    }

    func render() {
        for glide in glides {
            multiply(UnsafeBufferPointer(memory.left), by: glide, into: memory.left)
            multiply(UnsafeBufferPointer(memory.right), by: glide, into: memory.right)
        }
    }
}

/// What one would write by hand for this one job.
struct HandChain: Contestant {
    private let memory: Channels
    private let factors: [Float]

    init(gains: Int, frames: Int) {
        memory = Channels(frames: frames)
        factors = (0..<gains).map { decibelsToLinear(decibels($0)) }
    }

    func render() {
        for factor in factors {
            Self.scale(memory.left, by: factor)
            Self.scale(memory.right, by: factor)
        }
    }

    /// Not inlined: the compiler would fuse the gains, which a pipeline of nodes cannot.
    @inline(never)
    private static func scale(_ samples: UnsafeMutableBufferPointer<Float>, by factor: Float) {
        guard let base = samples.baseAddress else { return }
        for k in 0..<samples.count { base[k] *= factor }
    }
}
