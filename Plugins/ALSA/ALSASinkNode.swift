internal import Glibc
internal import Synchronization
internal import SyrinxClocks
public import SyrinxCore
internal import SyrinxDSP

/// Plays on an ALSA device.
///
/// - Ports: `in`; `drift` and `fill` (control) and `events` out.
public struct ALSASinkNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "alsa.sink", summary: "Plays on an ALSA device.",
        inputs: [.audio("in", "Goes to the device's first channels; the others are silent.")],
        outputs: DeviceParameters.control + [.events("events", "What happens with the device.")],
        parameters: DeviceParameters.common + [
            .integer("channels", in: Limits.channels, default: 2, "How many of the device's channels to play on.")
        ] + DeviceParameters.shape + [
            .number(
                "soft_start_ms", in: 0...10_000, default: 20, unit: .milliseconds,
                "Length of the ramp from silence, also when the device has come back."),
            .number(
                "ceiling_dbfs", in: -60...0, default: 0, unit: .decibelsFullScale,
                "No sample is louder; what would be is held there."),
            .integer("mute", in: 0...1, default: 0, live: true, "1: silence, within 5 ms."),
        ],
        events: DeviceParameters.events, pace: .device("alsa"), details: DeviceParameters.details,
        example: #""speakers": { "type": "alsa.sink", "device": "hw:CARD=PCH", "fallbacks": ["default"] }"#)

    private let parameters: DeviceParameters
    private let channels: Int
    private let softStart: Double
    private let ceiling: Float
    private let isMuted: Bool
    /// The device, where it is not the driver's.
    private let bridging: DeviceBridging

    /// Where `mute` stands among the parameters.
    static let muteIndex = descriptor.parameters.firstIndex { $0.name == "mute" } ?? -1

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = try DeviceParameters(parameters)
        bridging = DeviceBridging(self.parameters, .playback)
        channels = try parameters.integer("channels")
        softStart = try parameters.number("soft_start_ms") / 1000
        ceiling = Float(pow(10, try parameters.number("ceiling_dbfs") / 20))
        isMuted = try parameters.integer("mute") == 1
    }

    public func inputChannels(_ port: String) -> Int? { channels }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var facts = [(name: "device", value: Value.string(parameters.device))]
        if request.access == .all {
            if let driver = try parameters.master(request.driver) {
                facts = try parameters.agreement(.playback, driver).facts
                facts.append(("latency_frames", .integer(driver.latency(.playback))))
            } else {
                let hold = try bridging.look()
                if let rate = request.masterRate, let driver = request.driver {
                    let plan = bridging.configuration(hold, driver, rate: rate, channels: channels)
                    let delay = ClockBridge.latencyFrames(of: plan) + hold.device.prefill(at: rate)
                    facts = hold.facts(.playback, latency: delay)
                }
            }
        }
        return Resolution(outputs: [.control(), .control()], facts: facts)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let format = setup.input.format
        var output = OutputGuard(
            rate: format.rate, softStartFrames: Int(softStart * Double(format.rate)), ceiling: ceiling)
        // From the first frame on: there is nothing to fade out yet.
        output.setMute(isMuted)
        if let driver = try parameters.master(setup.driver) {
            let port = PeriodPort(.playback, channels: format.channels)
            let renderer = ALSASinkRenderer(port, on: driver.board, output)
            return Prepared(renderer, reporter: renderer)
        }
        let (bridge, device) = try bridging.make(setup, channels: format.channels)
        let renderer = BridgedSinkRenderer(
            bridge, output, rate: format.rate, largestBlock: setup.input.largestBlock)
        return Prepared(renderer, blockingServices: [device], reporter: device)
    }
}

/// The render half of an ``ALSASinkNode`` on the driver's device.
final class ALSASinkRenderer: Renderer, Reporter {
    private let port: PeriodPort
    private let board: PortBoard
    /// Samples that the guard replaced, and that it held at the ceiling.
    private let brokenSamples = Atomic<Int>(0)
    private let limitedSamples = Atomic<Int>(0)
    private let muteIndex = ALSASinkNode.muteIndex
    private let fresh: OutputGuard
    /// The port's; owned by the render thread, as are the others.
    private nonisolated(unsafe) let memory: UnsafeMutablePointer<PeriodMemory>
    private nonisolated(unsafe) var output: OutputGuard
    private nonisolated(unsafe) var generation = 0

    init(_ port: PeriodPort, on board: PortBoard, _ output: OutputGuard) {
        self.port = port
        self.board = board
        memory = port.memory
        fresh = output
        self.output = output
        board.attach(port)
    }

    deinit { board.detach(port) }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let input = block.input
        let count = input.frameCount
        let memory = memory.pointee
        if let planes = memory.planes, let offset = memory.offset(of: input.position, count: count) {
            var output = output
            if memory.generation != generation {
                generation = memory.generation
                output.restart()
            }
            for channel in 0..<min(input.channelCount, memory.channels) {
                guard let source = input[channel].baseAddress else { continue }
                output.process(source, into: planes + (channel &* memory.stride &+ offset), count: count)
            }
            output.advance(by: count)
            self.output = output
            brokenSamples.store(output.brokenSamples, ordering: .relaxed)
            limitedSamples.store(output.limitedSamples, ordering: .relaxed)
        }
        block.output(0).silence()
        block.output(1).silence()
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        if parameter == muteIndex { output.setMute(value >= 0.5) }
    }

    @_noLocks @_noAllocation
    func reset() { output = fresh }

    func figures() -> [(name: String, value: Value)] {
        [
            ("broken_samples", .integer(brokenSamples.load(ordering: .relaxed))),
            ("limited_samples", .integer(limitedSamples.load(ordering: .relaxed))),
        ]
    }
}
