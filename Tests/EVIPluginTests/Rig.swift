import BasicPlugin
import SyrinxConfig
import SyrinxCore
import SyrinxGraph
import SyrinxHost
import SyrinxRealtime
import Testing
import VoicePlugin

@testable import EVIPlugin

/// A pipeline with a session in it, run under the timer: a microphone that plays given samples, a tape, a log.
final class Rig: Sendable {
    let take: [Float]
    let rate: Int
    let tape = Locked<[Float]>([])
    let controls = Locked<[Float]>([])
    let log = Locked<[PipelineEvent]>([])

    init(_ take: [Float] = [], rate: Int = 48_000) {
        self.take = take
        self.rate = rate
    }

    var samples: [Float] { tape.withLock { $0 } }
    var events: [PipelineEvent] { log.withLock { $0 } }

    func event(_ name: String) -> PipelineEvent? { events.first { $0.event == name } }

    func registry() throws -> NodeRegistry {
        var registry = NodeRegistry()
        try registry.register(EVIPlugin.self)
        try registry.register(BasicPlugin.self)
        try registry.register(VoicePlugin.self)
        let descriptors = (
            NodeDescriptor(type: "take", summary: "Plays a take.", outputs: [.audio("out")]),
            NodeDescriptor(type: "tape", summary: "Keeps samples.", inputs: [.audio("in", mixesDown: true)]),
            NodeDescriptor(type: "trace", summary: "Keeps control values.", inputs: [.control("in")]),
            NodeDescriptor(type: "ears", summary: "Keeps events.", inputs: [.events("in")])
        )
        try registry.register(NodeType(descriptors.0) { _ in TakeNode(rig: self) })
        try registry.register(NodeType(descriptors.1) { _ in TapeNode(rig: self, isControl: false) })
        try registry.register(NodeType(descriptors.2) { _ in TapeNode(rig: self, isControl: true) })
        try registry.register(NodeType(descriptors.3) { _ in EarsNode(rig: self) })
        return registry
    }

    /// Checks a pipeline file's text.
    func check(_ text: String, variables: [String: String] = [:]) throws -> (CheckedPipeline?, [Fault]) {
        let read = DocumentReader.read(Array(text.utf8), named: "test.json", Lookup(.run, variables: variables))
        let (checked, faults) = PipelineChecker(registry: try registry()).check(read.document)
        return (checked, read.faults + faults)
    }

    func prepare(_ text: String, options: Run.Options = .init()) throws -> Run {
        let (checked, faults) = try check(text)
        let pipeline = try #require(checked, "\(faults.map(\.error.description))")
        let (run, refusals) = try Run.prepare(pipeline, registry: try registry(), options: options)
        return try #require(run, "\(refusals.map(\.error.description))")
    }

    /// A pipeline around a session.
    static func text(_ parameters: String, nodes: String = "", links: String = "", engine: String = "") -> String {
        """
        { "syrinx": 1, "engine": { "block_frames": 480\(engine) },
          "nodes": { "mic": { "type": "take" }, "tape": { "type": "tape" }, "log": { "type": "ears" }, \(nodes)
            "evi": { "type": "evi", "api_key": "k-123", \(parameters) } },
          "links": ["mic -> evi -> tape", "evi:events -> log"\(links)] }
        """
    }
}

private struct TakeNode: NodeInstance {
    let rig: Rig

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        Resolution(
            outputs: [OutputStream(PartialFormat(rate: rig.rate, channels: 1))], end: .after(frames: rig.take.count))
    }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(TakeRenderer(rig.take)) }
}

private final class TakeRenderer: Renderer {
    private nonisolated(unsafe) let samples: UnsafeMutableBufferPointer<Float>

    init(_ samples: [Float]) {
        self.samples = .allocate(capacity: samples.count)
        _ = self.samples.initialize(from: samples)
    }

    deinit { samples.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        for k in 0..<output.frameCount {
            let place = output.position + k
            output[0][k] = place < samples.count ? samples[place] : 0
        }
    }

    @_noLocks @_noAllocation
    func reset() {}
}

private struct TapeNode: NodeInstance {
    let rig: Rig
    let isControl: Bool

    func inputChannels(_ port: String) -> Int? { 1 }
    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let keeper = TapeKeeper(rig, setup.input.format.rate, latency: setup.input.latency, isControl: isControl)
        return Prepared(keeper, sink: keeper)
    }
}

/// A minute of samples, which the test finds when the run is over.
private final class TapeKeeper: Renderer, SinkBridge {
    private let rig: Rig
    private let latency: Int
    private let isControl: Bool
    private nonisolated(unsafe) let samples: UnsafeMutableBufferPointer<Float>
    private nonisolated(unsafe) var count = 0

    init(_ rig: Rig, _ rate: Int, latency: Int, isControl: Bool) {
        self.rig = rig
        self.latency = latency
        self.isControl = isControl
        samples = .allocate(capacity: 60 * rate)
        samples.initialize(repeating: 0)
    }

    deinit { samples.deallocate() }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        for k in 0..<input.frameCount {
            let place = input.position + k - latency
            if place >= 0, place < samples.count {
                samples[place] = input[0][k]
                count = place + 1
            }
        }
    }

    @_noLocks @_noAllocation
    func reset() {}

    func waitToTake(through frame: Int) -> Bool { true }
    func end(at frame: Int) {}

    func finish() {
        let kept = Array(samples[..<count])
        if isControl { rig.controls.withLock { $0 = kept } } else { rig.tape.withLock { $0 = kept } }
    }
}

private struct EarsNode: NodeInstance {
    let rig: Rig

    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }
    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(nil, receiver: Ears(rig)) }
}

private final class Ears: EventReceiver {
    private let rig: Rig
    init(_ rig: Rig) { self.rig = rig }
    func receive(_ event: PipelineEvent) throws(PipelineError) { rig.log.withLock { $0.append(event) } }
    func finish() throws(PipelineError) {}
}
