import Glibc
import Synchronization
import SyrinxCore
import SyrinxGraph
import SyrinxHost
import SyrinxRealtime

/// What one live test sees and does.
final class Stage: Sendable {
    /// The driver's part: it gets the host and calls the engine as it likes.
    let script: @Sendable (any DriverHost, FakeDriver) throws(PipelineError) -> Void
    let rate: Int
    /// Processor work of the node `burn`, in nanoseconds of the next block; then 0 again.
    let burn = Atomic<Int>(0)
    /// What `level` gave out last, as bits.
    let level = Atomic<UInt32>(0)
    let mute = Atomic<Bool>(false)
    let isBlocked = Atomic<Bool>(false)
    var isMuted: Bool { mute.load(ordering: .acquiring) }
    let received = Mutex<[PipelineEvent]>([])
    /// Called by the receiver for every event, on the control thread.
    let onReceive: @Sendable (Stage, PipelineEvent) -> Void

    init(
        rate: Int = 8000, onReceive: @escaping @Sendable (Stage, PipelineEvent) -> Void = { _, _ in },
        script: @escaping @Sendable (any DriverHost, FakeDriver) throws(PipelineError) -> Void
    ) {
        self.rate = rate
        self.onReceive = onReceive
        self.script = script
    }

    var events: [PipelineEvent] { received.withLock { $0 } }

    /// A run of the given nodes under the fake driver.
    func prepare(
        nodes: [DocumentNode], links: [String], block: Int = 64, scene: Scene = Scene(), options: Run.Options = .init()
    ) throws -> Run {
        var registry = NodeRegistry()
        try registry.register(DriverType("fake") { _ in FakeDriver(self) })
        try registry.register(
            NodeType(TickNode.descriptor) { parameters throws(PipelineError) in
                TickNode(frames: try parameters.integer("frames"))
            })
        try registry.register(NodeType(HoldNode.descriptor) { _ in HoldNode(scene: scene) })
        try registry.register(NodeType(LevelNode.descriptor) { _ in LevelNode(stage: self) })
        try registry.register(NodeType(SpeakerNode.descriptor) { _ in SpeakerNode(stage: self) })
        try registry.register(NodeType(RecordNode.descriptor) { _ in RecordNode(stage: self) })
        let document = PipelineDocument(
            file: "test.json",
            engine: [DocumentMember("block_frames", DocumentValue(.number(Double(block), text: "\(block)")))],
            nodes: nodes, links: links.map { DocumentLink($0) })
        let (checked, faults) = PipelineChecker(registry: registry).check(document)
        guard let checked else { throw Faults(faults) }
        let (run, refusals) = try Run.prepare(checked, registry: registry, driver: "fake", options: options)
        guard let run else { throw Faults(refusals) }
        return run
    }
}

/// A driver that does what its stage's script says, on the thread of `run`.
final class FakeDriver: Driver {
    static let name = "fake"
    let stage: Stage
    let isStopped = Atomic<Bool>(false)

    init(_ stage: Stage) { self.stage = stage }

    var rate: Int? { stage.rate }
    var facts: [(name: String, value: Value)] { [("period_frames", .integer(64))] }

    func run(_ host: any DriverHost) throws(PipelineError) { try stage.script(host, self) }

    func stop() { isStopped.store(true, ordering: .releasing) }

    var hasStopped: Bool { isStopped.load(ordering: .acquiring) }

    /// Renders cycles until somebody stops the driver, with a rest between them so that others get on.
    func render(_ engine: any Engine, frames: Int = 64, period: Int = 0) {
        while !hasStopped {
            engine.render(frames, timing: CycleTiming(period: period))
            usleep(200)
        }
    }
}

/// A source with a live parameter; works as long as its stage says.
struct LevelNode: NodeInstance {
    static let descriptor = NodeDescriptor(
        type: "level", summary: "Gives out a value.", outputs: [.audio("out")],
        parameters: [
            .number("value", in: -1...1, default: 0, live: true, "The value."),
            .string("name", "No number."),
        ])
    let stage: Stage

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(outputs: [OutputStream(PartialFormat(rate: request.masterRate, channels: 1))])
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(LevelRenderer(stage)) }
}

final class LevelRenderer: Renderer {
    private let stage: Stage
    private nonisolated(unsafe) var value: Float = 0

    init(_ stage: Stage) { self.stage = stage }

    func render(_ block: RenderBlock) {
        let output = block.output
        for frame in 0..<output.frameCount { output[0][frame] = value }
        burn()
    }

    private func burn() {
        stage.level.store(value.bitPattern, ordering: .releasing)
        let nanoseconds = stage.burn.exchange(0, ordering: .relaxed)
        if nanoseconds == 0 { return }
        var start = timespec()
        clock_gettime(CLOCK_MONOTONIC, &start)
        var now = start
        while (now.tv_sec - start.tv_sec) * 1_000_000_000 + now.tv_nsec - start.tv_nsec < nanoseconds {
            clock_gettime(CLOCK_MONOTONIC, &now)
        }
    }

    func set(_ parameter: Int, to value: Double) { self.value = Float(value) }

    func reset() { value = 0 }
}

/// A device's output.
struct SpeakerNode: NodeInstance {
    static let descriptor = NodeDescriptor(
        type: "speaker", summary: "A device.", inputs: [.audio("in")], outputs: [.events("events")],
        parameters: [.integer("mute", in: 0...1, default: 0, live: true, "Silence.")], pace: .device("fake"))
    let stage: Stage

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(SpeakerRenderer(stage)) }
}

final class SpeakerRenderer: Renderer {
    private let stage: Stage

    init(_ stage: Stage) { self.stage = stage }

    func render(_ block: RenderBlock) {}

    func set(_ parameter: Int, to value: Double) {
        stage.mute.store(value == 1, ordering: .releasing)
    }

    func reset() {}
}

/// Keeps the events that are linked to it.
struct RecordNode: NodeInstance {
    static let descriptor = NodeDescriptor(type: "record", summary: "Keeps events.", inputs: [.events("in")])
    let stage: Stage

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(nil, receiver: Recorder(stage)) }
}

final class Recorder: EventReceiver {
    private let stage: Stage

    init(_ stage: Stage) { self.stage = stage }

    func receive(_ event: PipelineEvent) throws(PipelineError) {
        stage.onReceive(stage, event)
        stage.received.withLock { $0.append(event) }
    }

    func finish() throws(PipelineError) {}
}
