internal import Synchronization
public import SyrinxCore
internal import SyrinxRealtime

/// Renders the graph at the pace of an ALSA device: capture, playback, or both on one clock.
///
/// The master is the device of `engine.clock`, else of the first `alsa` node; every other node that names the same device
/// shares it.
// SAFETY: what is not atomic or behind a lock belongs to the thread in `run`.
public final class ALSADriver: Driver, @unchecked Sendable {
    public static let name = "alsa"

    /// The driver as a plugin registers it.
    public static var type: DriverType {
        DriverType(
            name, open: { request throws(PipelineError) in try ALSADriver(request, ALSASystem(), SystemClock()) },
            devices: { () throws(PipelineError) in ALSADeviceList.devices() })
    }

    public let pipeline: String
    /// The master's nodes, by path, with what was asked of each.
    private let nodes: [String: String]
    private let stream: DeviceStream
    private let priority: Int
    let board = PortBoard()
    /// What was agreed on at last, also while the device is away.
    private let agreed: Mutex<OpenedDevice>
    private let scheduling = Mutex<RealtimeThread.Scheduling?>(nil)

    // Owned by the driver's thread.
    private var host: (any DriverHost)?
    private var engine: (any Engine)?
    private var ports: [PeriodPort] = []
    private var portsSeen = -1
    private var opened = 0

    init(
        _ request: DriverRequest, _ system: any PCMSystem, _ clock: any DeviceClock
    ) throws(PipelineError) {
        pipeline = request.pipeline
        let master = try Self.master(of: request)
        let (primary, direction) = try Self.read(master)
        var shared = [(direction: direction, parameters: primary)]
        var nodes = [master.parameters.path: master.id]
        for node in request.nodes where node.id != master.id {
            let (parameters, direction) = try Self.read(node)
            guard parameters.device == primary.device else { continue }
            shared.append((direction, parameters))
            nodes[node.parameters.path] = node.id
        }
        self.nodes = nodes
        priority = request.priority
        let wish = try DeviceParameters.request(shared, rate: request.rate, blockFrames: request.blockFrames)
        do throws(PipelineError) {
            stream = DeviceStream(try OpenedDevice.open(wish, system), wish, system, clock)
        } catch {
            guard let rate = request.rate, error.message.contains("\(rate) Hz") else { throw error }
            throw PipelineError(
                error.code, at: error.path, error.message + "; engine.rate_hz asks for \(rate) Hz", cause: error.cause)
        }
        guard let device = stream.opened else { throw PipelineError(.internal, at: "alsa", "opened, but not there") }
        agreed = Mutex(device)
    }

    private static func master(of request: DriverRequest) throws(PipelineError) -> DriverRequest.Node {
        if let clock = request.clock {
            if let node = request.nodes.first(where: { $0.id == clock }) { return node }
            let ids = request.nodes.map(\.id)
            throw PipelineError(
                .invalidParameter, at: "engine.clock",
                "found \(Shown.quoted(clock)), expected an alsa node: \(ids.joined(separator: ", "))"
                    + NearestName.suggestion(clock, among: ids))
        }
        if let node = request.nodes.first { return node }
        throw PipelineError(
            .invalidGraph, at: "engine.driver", "the driver alsa needs an alsa.source or alsa.sink to keep time by")
    }

    private static func read(_ node: DriverRequest.Node) throws(PipelineError) -> (DeviceParameters, PCMDirection) {
        (try DeviceParameters(node.parameters), node.type == ALSASourceNode.descriptor.type ? .capture : .playback)
    }

    // MARK: Driver

    public var rate: Int? { agreed.withLock { $0.rate } }

    public var facts: [(name: String, value: Value)] {
        let device = agreed.withLock { $0 }
        var facts: [(name: String, value: Value)] = [
            ("device", .string(device.name)), ("rate_hz", .integer(device.rate)),
            ("cycle_frames", .integer(device.cycleFrames)),
        ]
        for (name, side) in [("capture", device.capture), ("playback", device.playback)] {
            guard let side else { continue }
            facts.append((name, .object(side.agreement.facts.dropFirst(2).map { .init($0.name, $0.value) })))
        }
        if device.capture != nil, device.playback != nil { facts.append(("linked", .boolean(device.isLinked))) }
        if let scheduling = scheduling.withLock({ $0 }) { facts.append(("thread", .string(scheduling.words))) }
        return facts
    }

    public func run(_ host: any DriverHost) throws(PipelineError) {
        self.host = host
        let scheduling = RealtimeThread.schedule(priority: priority)
        self.scheduling.withLock { $0 = scheduling }
        if case .refused = scheduling {
            host.tell("not_realtime", [.init("reason", .string(scheduling.words))], nodes: ids)
        }
        _ = RealtimeThread.lockStack()
        defer {
            engine = nil
            self.host = nil
        }
        try stream.run(self)
    }

    public func stop() { stream.stop() }

    // MARK: Nodes

    /// The node at a path shares the driver's device.
    func serves(_ path: String) -> Bool { nodes[path] != nil }

    /// What the device agreed to in one direction.
    func agreement(_ direction: PCMDirection) -> PCMAgreement? { agreed.withLock { $0[direction]?.agreement } }

    /// How late sound comes in or goes out, in frames.
    func latency(_ direction: PCMDirection) -> Int {
        agreed.withLock { direction == .capture ? $0.cycleFrames : $0.prefillFrames }
    }

    private var ids: [String] { nodes.values.sorted() }
}

extension ALSADriver: DeviceClient {
    func opened(_ device: OpenedDevice) throws(PipelineError) {
        agreed.withLock { $0 = device }
        opened += 1
        portsSeen = -1
        if let engine, engine.masterRate == device.rate { return }
        engine = nil
        engine = try host?.engine(atRate: device.rate)
    }

    func cycle(_ frames: Int, capture: PeriodBuffer?, playback: PeriodBuffer?, lateness: Int, age: Int) {
        guard let engine else { return }
        if portsSeen != board.generation { take(capture, playback) }
        playback?.silence()
        let start = engine.position
        for port in ports { port.begin(at: start, frames: frames) }
        engine.render(
            frames, timing: CycleTiming(lateness: lateness, period: frames * 1_000_000_000 / engine.masterRate))
        for port in ports { port.end(into: port.direction == .playback ? playback : nil) }
    }

    func xrun(lostFrames: Int, detail: String) {
        host?.xrun(Xrun(lostFrames: lostFrames, node: ids.count == 1 ? ids[0] : nil, detail: detail))
    }

    func tell(_ event: String, _ fields: [Value.Member]) { host?.tell(event, fields, nodes: ids) }

    /// Nodes have come or gone, or the device is another.
    private func take(_ capture: PeriodBuffer?, _ playback: PeriodBuffer?) {
        portsSeen = board.generation
        ports = board.all
        for port in ports {
            if let buffer = port.direction == .capture ? capture : playback { port.open(buffer, generation: opened) }
        }
    }
}
