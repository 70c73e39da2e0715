internal import SyrinxClocks
public import SyrinxCore

/// Takes sound from an ALSA device.
///
/// - Ports: `out`; `drift` and `fill` (control); `events`.
public struct ALSASourceNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "alsa.source", summary: "Takes sound from an ALSA device.",
        outputs: [.audio("out", "The device's first channels.")] + DeviceParameters.control + [
            .events("events", "What happens with the device.")
        ],
        parameters: DeviceParameters.common + [
            .integer(
                "channels", in: Limits.channels,
                "How many channels to take; left out: 2, or 1 where the device has no more.")
        ] + DeviceParameters.shape,
        events: DeviceParameters.events, pace: .device("alsa"), details: DeviceParameters.details,
        example: #""mic": { "type": "alsa.source", "device": "hw:CARD=USB", "channels": 1 }"#)

    private let parameters: DeviceParameters
    /// The device, where it is not the driver's.
    private let bridging: DeviceBridging

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = try DeviceParameters(parameters)
        bridging = DeviceBridging(self.parameters, .capture)
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var format = PartialFormat(rate: request.masterRate, channels: parameters.channels)
        var facts = [(name: "device", value: Value.string(parameters.device))]
        if request.access != .all {
            return Resolution(outputs: [OutputStream(format), .control(), .control()], facts: facts)
        }
        var latency = 0
        if let driver = try parameters.master(request.driver) {
            let agreement = try parameters.agreement(.capture, driver)
            format = PartialFormat(rate: driver.rate, channels: parameters.channels ?? min(2, agreement.channels))
            facts = agreement.facts + [("latency_frames", .integer(driver.latency(.capture)))]
        } else {
            let hold = try bridging.look()
            format.channels = parameters.channels ?? min(2, hold.device.capture?.agreement.channels ?? 1)
            // Where nothing else decides on R, its own rate may.
            format.rate = request.masterRate ?? hold.device.rate
            if let rate = request.masterRate, let channels = format.channels, let driver = request.driver {
                let plan = bridging.configuration(hold, driver, rate: rate, channels: channels)
                let delay = ClockBridge.latencyFrames(of: plan)
                // A device that drives shows a frame a cycle after it was recorded; only what is beyond that is late.
                latency = max(0, delay - plan.masterPeriod)
                facts = hold.facts(.capture, latency: delay)
            }
        }
        return Resolution(outputs: [OutputStream(format, latency: latency), .control(), .control()], facts: facts)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let format = setup.output.format
        if let driver = try parameters.master(setup.driver) {
            return Prepared(ALSASourceRenderer(PeriodPort(.capture, channels: format.channels), on: driver.board))
        }
        let (bridge, device) = try bridging.make(setup, channels: format.channels)
        let renderer = BridgedSourceRenderer(bridge, rate: format.rate)
        return Prepared(renderer, blockingServices: [device], reporter: device)
    }
}

/// The render half of an ``ALSASourceNode`` on the driver's device.
final class ALSASourceRenderer: Renderer {
    private let port: PeriodPort
    private let board: PortBoard
    /// The port's; owned by the render thread.
    private nonisolated(unsafe) let memory: UnsafeMutablePointer<PeriodMemory>

    init(_ port: PeriodPort, on board: PortBoard) {
        self.port = port
        self.board = board
        memory = port.memory
        board.attach(port)
    }

    deinit { board.detach(port) }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let output = block.output
        let count = output.frameCount
        let memory = memory.pointee
        if let planes = memory.planes, let offset = memory.offset(of: output.position, count: count) {
            for channel in 0..<output.channelCount {
                guard let target = output[channel].baseAddress else { continue }
                if channel < memory.channels {
                    UnsafeMutableRawPointer(target).copyMemory(
                        from: planes + (channel &* memory.stride &+ offset), byteCount: 4 &* count)
                } else {
                    target.update(repeating: 0, count: count)
                }
            }
        } else {
            output.silence()
        }
        block.output(1).silence()
        block.output(2).silence()
    }

    /// What comes next is what the device gives next.
    @_noLocks @_noAllocation
    func reset() {}
}
