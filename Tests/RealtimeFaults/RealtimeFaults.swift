import Glibc
import SyrinxCore
import SyrinxGraph

/// Renders one block with a node that does what no renderer may: under RealtimeSanitizer every one of these must end the
/// program, or the proof that the pipelines pass would be worth nothing. `none` must not.
///
/// Usage: `RealtimeFaults none|allocation|lock|file|sleep|print`. Exit code 0: nobody objected.
@main
struct RealtimeFaults {
    static func main() throws {
        guard let name = CommandLine.arguments.dropFirst().first, let fault = FaultRenderer.Fault(rawValue: name) else {
            print(FaultRenderer.Fault.allCases.map(\.rawValue).joined(separator: "\n"))
            exit(64)
        }
        var registry = NodeRegistry()
        try registry.register(
            NodeType(FaultNode.descriptor) { parameters throws(PipelineError) in
                FaultNode(fault: fault, parameters)
            })
        let document = PipelineDocument(nodes: [DocumentNode(id: "a", type: "fault")])
        guard let checked = PipelineChecker(registry: registry).check(document).pipeline,
            let resolved = PipelineResolver(registry: registry).resolve(checked, access: .all).pipeline,
            let plan = PlanCompiler.compile(resolved).plan
        else { exit(70) }
        Executor(plan).render(64)
    }
}

/// A source whose renderer breaks one rule of the render section.
struct FaultNode: NodeInstance {
    static let descriptor = NodeDescriptor(type: "fault", summary: "Breaks a rule.", outputs: [.audio("out")])
    let fault: FaultRenderer.Fault

    init(fault: FaultRenderer.Fault, _ parameters: Parameters) { self.fault = fault }

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [OutputStream(PartialFormat(rate: 48_000, channels: 1))])
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(FaultRenderer(fault)) }
}

/// Without the attributes that a renderer carries: the compiler would refuse it.
final class FaultRenderer: Renderer {
    enum Fault: String, CaseIterable {
        case none
        case allocation
        case lock
        case file
        case sleep
        case print
    }

    private let fault: Fault
    /// Where the allocation goes, so that it is not optimised away.
    private nonisolated(unsafe) var kept: UnsafeMutableRawPointer?
    private nonisolated(unsafe) let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init(_ fault: Fault) {
        self.fault = fault
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        free(kept)
    }

    func render(_ block: RenderBlock) {
        block.output.silence()
        switch fault {
        case .none: break
        case .allocation: kept = malloc(1000)
        case .lock:
            pthread_mutex_lock(mutex)
            pthread_mutex_unlock(mutex)
        case .file: close(open("/dev/null", O_RDONLY))
        case .sleep: usleep(1)
        case .print: puts("from the render thread")
        }
    }

    func reset() {}
}
