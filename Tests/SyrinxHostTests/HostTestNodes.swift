import Synchronization
import SyrinxCore
import SyrinxGraph
import SyrinxHost
import SyrinxRealtime

/// What the test nodes of one run saw and shall do.
final class Scene: Sendable {
    struct State {
        var received: [PipelineEvent] = []
        var finishedReceivers = 0
        var finishedSinks = 0
        var cancelledSinks = 0
        var endedTasks = 0
    }

    let state = Mutex(State())
    /// What the sink's service throws after its first frames; nil: nothing.
    let sinkError: PipelineError?
    /// What the task throws at once; nil: nothing.
    let taskError: PipelineError?
    /// What the receiver throws at its first event; nil: nothing.
    let receiverError: PipelineError?

    init(sinkError: PipelineError? = nil, taskError: PipelineError? = nil, receiverError: PipelineError? = nil) {
        self.sinkError = sinkError
        self.taskError = taskError
        self.receiverError = receiverError
    }

    var seen: State.Copy { state.withLock { State.Copy($0) } }
}

extension Scene.State {
    /// A copy that can leave the lock.
    struct Copy: Sendable {
        let received: [PipelineEvent]
        let finishedReceivers: Int
        let finishedSinks: Int
        let cancelledSinks: Int
        let endedTasks: Int

        init(_ state: Scene.State) {
            received = state.received
            finishedReceivers = state.finishedReceivers
            finishedSinks = state.finishedSinks
            cancelledSinks = state.cancelledSinks
            endedTasks = state.endedTasks
        }
    }
}

/// A source that lasts `frames`, and tells an event every 100 of them, 30 frames after it happened.
struct TickNode: NodeInstance {
    static let descriptor = NodeDescriptor(
        type: "tick", summary: "Ticks.", outputs: [.audio("out"), .events("events")],
        parameters: [.integer("frames", in: 0...1_000_000_000, default: 1000, "How long it lasts.")],
        events: [EventDescriptor("tick", fields: ["number"], "Every 100 frames.")])
    let frames: Int

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [OutputStream(PartialFormat(rate: 8000, channels: 1))], end: .after(frames: frames))
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(TickRenderer()) }
}

final class TickRenderer: Renderer {
    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        output.silence()
        for frame in output.position..<output.position + output.frameCount where frame % 100 == 50 {
            block.emit(0, at: frame, rate: 8000, earlier: 30, (Double(frame / 100), 0, 0, 0))
        }
    }

    @_noLocks @_noAllocation
    func reset() {}
}

/// A sink with a thread that waits to be told that the stream is over.
struct HoldNode: NodeInstance {
    static let descriptor = NodeDescriptor(type: "hold", summary: "Takes sound.", inputs: [.audio("in")])
    let scene: Scene

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let sink = HoldSink(scene, setup.events)
        return Prepared(sink, blockingServices: [sink], sink: sink, reporter: sink)
    }
}

final class HoldSink: Renderer, BlockingService, SinkBridge, Reporter {
    private let scene: Scene
    private let events: EventSender
    private let frames = Atomic<Int>(0)
    private let isFinished = Atomic<Bool>(false)
    private let isCancelled = Atomic<Bool>(false)
    private let hasFailed = Atomic<Bool>(false)
    private let bell = Doorbell()

    init(_ scene: Scene, _ events: EventSender) {
        self.scene = scene
        self.events = events
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        frames.store(frames.load(ordering: .relaxed) &+ block.input.frameCount, ordering: .relaxed)
    }

    @_noLocks @_noAllocation
    func reset() {}

    func run() throws(PipelineError) {
        events("opened")
        while true {
            let ticket = bell.ticket()
            if isCancelled.load(ordering: .acquiring) {
                return scene.state.withLock { $0.cancelledSinks += 1 }
            }
            if let error = scene.sinkError, frames.load(ordering: .relaxed) > 0 {
                hasFailed.store(true, ordering: .releasing)
                throw error
            }
            if isFinished.load(ordering: .acquiring) {
                events("closed")
                return scene.state.withLock { $0.finishedSinks += 1 }
            }
            bell.wait(after: ticket, atMost: 1_000_000)
        }
    }

    func cancel() {
        isCancelled.store(true, ordering: .releasing)
        bell.ring()
    }

    func waitToTake(through frame: Int) -> Bool {
        !isCancelled.load(ordering: .acquiring) && !hasFailed.load(ordering: .acquiring)
    }

    func end(at frame: Int) {}

    func finish() {
        isFinished.store(true, ordering: .releasing)
        bell.ring()
    }

    func figures() -> [(name: String, value: Value)] { [("frames", .integer(frames.load(ordering: .relaxed)))] }
}

/// Keeps the events that are linked to it, and has a task of its own.
struct KeepNode: NodeInstance {
    static let descriptor = NodeDescriptor(type: "keep", summary: "Keeps events.", inputs: [.events("in")])
    let scene: Scene

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(nil, services: [KeepTask(scene: scene)], receiver: KeepReceiver(scene: scene))
    }
}

final class KeepTask: Service {
    let scene: Scene

    init(scene: Scene) { self.scene = scene }

    func run() async throws {
        if let error = scene.taskError { throw error }
        defer { scene.state.withLock { $0.endedTasks += 1 } }
        try await Task.sleep(for: .seconds(600))
    }
}

final class KeepReceiver: EventReceiver {
    let scene: Scene

    init(scene: Scene) { self.scene = scene }

    func receive(_ event: PipelineEvent) throws(PipelineError) {
        if let error = scene.receiverError { throw error }
        scene.state.withLock { $0.received.append(event) }
    }

    func finish() throws(PipelineError) { scene.state.withLock { $0.finishedReceivers += 1 } }
}

extension Scene {
    /// `tick -> hold`, and the events of both kept.
    func prepare(frames: Int = 1000, block: Int = 64, options: Run.Options = .init()) throws -> Run {
        var registry = NodeRegistry()
        try registry.register(
            NodeType(TickNode.descriptor) { parameters throws(PipelineError) in
                TickNode(frames: try parameters.integer("frames"))
            })
        try registry.register(NodeType(HoldNode.descriptor) { _ in HoldNode(scene: self) })
        try registry.register(NodeType(KeepNode.descriptor) { _ in KeepNode(scene: self) })
        let document = PipelineDocument(
            file: "test.json",
            engine: [DocumentMember("block_frames", DocumentValue(.number(Double(block), text: "\(block)")))],
            nodes: [
                DocumentNode(
                    id: "tick", type: "tick",
                    parameters: [DocumentMember("frames", DocumentValue(.number(Double(frames), text: "\(frames)")))]),
                DocumentNode(id: "hold", type: "hold"), DocumentNode(id: "keep", type: "keep"),
            ], links: [DocumentLink("tick -> hold"), DocumentLink("tick:events -> keep")])
        let (checked, faults) = PipelineChecker(registry: registry).check(document)
        guard let checked else { throw Faults(faults) }
        let (resolved, openFaults) = PipelineResolver(registry: registry).resolve(checked, access: .all)
        guard let resolved else { throw Faults(openFaults) }
        let (run, refusals) = Run.prepare(resolved, options: options)
        guard let run else { throw Faults(refusals) }
        return run
    }
}
