import Synchronization
import SyrinxCore

@testable import ALSAPlugin

/// A source, a sink or both on one ALSA driver, and everything that was told.
final class Rig: DriverHost {
    struct Told: Sendable {
        var events: [String] = []
        var fields: [[Value.Member]] = []
        var xruns: [Xrun] = []
        var engines: [TestEngine] = []
    }

    let driver: ALSADriver
    let told = Mutex(Told())
    private let source: ALSASourceNode?
    private let sink: ALSASinkNode?
    private let block: Int
    private let signal: (@Sendable (Int, Int) -> Float)?
    private let onCycle: @Sendable (Rig, Int) -> Void

    /// - Parameters:
    ///   - source, sink: parameters of the nodes; nil: there is none.
    ///   - onCycle: after each cycle, with P.
    init(
        source: [String: Value]? = nil, sink: [String: Value]? = nil, rate: Int? = nil, blockFrames: Int = 100,
        on system: any PCMSystem, _ clock: any DeviceClock, signal: (@Sendable (Int, Int) -> Float)? = nil,
        onCycle: @escaping @Sendable (Rig, Int) -> Void = { _, _ in }
    ) throws(PipelineError) {
        var nodes: [DriverRequest.Node] = []
        var (sourceNode, sinkNode): (ALSASourceNode?, ALSASinkNode?)
        if let source {
            let parameters = parameters("mic", source, of: ALSASourceNode.descriptor)
            nodes.append(.init(id: "mic", type: "alsa.source", parameters: parameters))
            sourceNode = try ALSASourceNode(parameters)
        }
        if let sink {
            let parameters = parameters("speakers", sink, of: ALSASinkNode.descriptor)
            nodes.append(.init(id: "speakers", type: "alsa.sink", parameters: parameters))
            sinkNode = try ALSASinkNode(parameters)
        }
        driver = try ALSADriver(
            DriverRequest(pipeline: "test", nodes: nodes, rate: rate, blockFrames: blockFrames, priority: 0), system,
            clock)
        (self.source, self.sink, self.signal, self.onCycle) = (sourceNode, sinkNode, signal, onCycle)
        block = blockFrames
    }

    func run() throws(PipelineError) { try driver.run(self) }

    var engines: [TestEngine] { told.withLock { $0.engines } }
    var events: [String] { told.withLock { $0.events } }
    var xruns: [Xrun] { told.withLock { $0.xruns } }

    /// A member of the first event of a name.
    func field(_ event: String, _ name: String) -> Value? {
        told.withLock { told in
            told.events.firstIndex(of: event).flatMap { index in
                told.fields[index].first { $0.name == name }?.value
            }
        }
    }

    // MARK: DriverHost

    func engine(atRate rate: Int) throws(PipelineError) -> any Engine {
        var heard: (renderer: any Renderer, channels: Int)?
        if let source {
            let request = FormatRequest(access: .all, inputs: [], masterRate: rate, driver: driver)
            let channels = try source.resolve(request).outputs[0].format.channels ?? 1
            let setup = setup("mic", rate, inputs: [], outputs: [StreamFormat(rate: rate, channels: channels)])
            if let renderer = try source.prepare(setup).renderer { heard = (renderer, channels) }
        }
        var played: (renderer: any Renderer, channels: Int)?
        if let sink {
            let channels = sink.inputChannels("in") ?? 1
            let input = PartialFormat(rate: rate, channels: channels)
            _ = try sink.resolve(FormatRequest(access: .all, inputs: [input], masterRate: rate, driver: driver))
            let setup = setup("speakers", rate, inputs: [StreamFormat(rate: rate, channels: channels)], outputs: [])
            if let renderer = try sink.prepare(setup).renderer { played = (renderer, channels) }
        }
        let engine = TestEngine(
            rate: rate, source: heard, sink: played, signal: signal,
            afterCycle: { [onCycle, unowned self] position in onCycle(self, position) })
        told.withLock { $0.engines.append(engine) }
        return engine
    }

    private func setup(_ id: String, _ rate: Int, inputs: [StreamFormat], outputs: [StreamFormat]) -> Setup {
        let control = StreamFormat(rate: Limits.controlRate, channels: 1)
        return Setup(
            id: id, inputs: inputs.map { .init(format: $0, latency: 0, largestBlock: block, isConnected: true) },
            outputs: (outputs + [control, control]).map { .init(format: $0, largestBlock: block, isConnected: true) },
            masterRate: rate, isPaced: true, driver: driver)
    }

    var masterRate: Int { driver.rate ?? 48_000 }

    func pathLatencies() -> [PathLatency] { [] }

    func xrun(_ xrun: Xrun) { told.withLock { $0.xruns.append(xrun) } }

    func tell(_ event: String, _ fields: [Value.Member], nodes: [String]) {
        told.withLock {
            $0.events.append(event)
            $0.fields.append(fields)
        }
    }
}

/// A node's parameters as the checker makes them: defaults filled in.
func parameters(_ id: String, _ values: [String: Value], of descriptor: NodeDescriptor) -> Parameters {
    var complete = values
    for parameter in descriptor.parameters where complete[parameter.name] == nil {
        complete[parameter.name] = parameter.defaultValue
    }
    return Parameters(path: "nodes.\(id)", values: complete)
}

/// Interleaved f32 bytes as channels.
func channels(_ bytes: [UInt8], _ count: Int) -> [[Float]] {
    let samples = stride(from: 0, to: bytes.count, by: 4).map { at in
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: Float.self) }
    }
    return (0..<count).map { channel in stride(from: channel, to: samples.count, by: count).map { samples[$0] } }
}
