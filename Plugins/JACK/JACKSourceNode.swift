internal import SyrinxClocks
public import SyrinxCore

/// Sound from other JACK clients and from the server's device.
///
/// - Ports: `out` at R; `drift` and `fill` (control); `events`. Latency: none of its own where JACK leads, the bridge's where
///   another driver does; the ports' is what JACK says.
public struct JACKSourceNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "jack.source", summary: "Takes sound from a JACK server: one input port a channel.",
        outputs: [.audio("out", "What the ports hear.")] + JACKParameters.control + [
            .events("events", "What the driver tells.")
        ],
        parameters: [
            .integer(
                "channels", in: JACKParameters.channelRange,
                "How many ports; left out: as many as connect has entries, at least one.")
        ] + JACKParameters.shared + [
            .boolean(
                "follow_transport", default: false,
                "True: the pipeline's sources run while JACK's transport rolls, and stand still while it does not.")
        ],
        events: JACKParameters.events, pace: .device("jack"),
        details: """
            The ports are named by the node: `mic`, or `mic_1`, `mic_2` …; the client by the pipeline. Nothing is connected \
            that the file does not name, and connections of others are left alone.

            The driver's events come at every jack node's events output, those of connections at the node's own. Where \
            another driver leads (`engine.clock`, `--driver`), an adaptive resampler joins the server's clock to the graph \
            with a constant delay, compensated as any latency; `drift` and `fill` tell how it goes (0 where JACK leads).

            Source: JACK API 1.9, latency ranges as in jack/jack.h, "Managing and determining latency".
            """,
        example: #""mic": { "type": "jack.source", "connect": ["system:capture_1"] }"#)

    private let parameters: JACKParameters

    public init(_ parameters: Parameters) throws(PipelineError) { self.parameters = try JACKParameters(parameters) }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let channels = parameters.channels ?? 1
        var format = PartialFormat(rate: request.masterRate, channels: channels)
        var latency = 0
        var facts: [(name: String, value: Value)] = []
        if let driver = request.driver as? JACKDriver {
            format.rate = driver.rate
        } else if request.access == .all {
            let guest = try parameters.guest(beside: request.driver)
            // Where nothing else decides on R, the server's rate may.
            format.rate = request.masterRate ?? guest.masterRate
            if let rate = request.masterRate, let driver = request.driver {
                let bridging = parameters.bridging(.capture, guest, beside: driver, rate: rate, channels: channels)
                // A device that leads shows a frame a cycle after it was recorded; only what is beyond that is late.
                latency = max(0, bridging.latency - bridging.masterPeriod)
                facts = parameters.facts(guest, latency: bridging.latency)
            }
        }
        return Resolution(outputs: [OutputStream(format, latency: latency), .control(), .control()], facts: facts)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let format = setup.output.format
        if let driver = setup.driver as? JACKDriver {
            let ports = try parameters.ports(of: driver, setup.id, isOutput: false, channels: format.channels)
            return Prepared(JACKSourceRenderer(ports))
        }
        let seat = try parameters.seat(.capture, setup, channels: format.channels, inputLatency: 0)
        return Prepared(JACKBridgedSourceRenderer(seat, rate: format.rate), blockingServices: [seat], reporter: seat)
    }
}

/// The render half of ``JACKSourceNode``: copies what the cycle's buffers hold.
final class JACKSourceRenderer: Renderer {
    /// Keeps the ports.
    private let group: JACKPortGroup
    private nonisolated(unsafe) let access: JACKPortGroup.Access

    init(_ group: JACKPortGroup) {
        self.group = group
        access = group.access
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (output, access) = (block.output, access)
        let count = output.frameCount
        for channel in 0..<output.channelCount {
            guard let target = output[channel].baseAddress else { continue }
            if let source = access.samples(channel, at: output.position, count: count) {
                UnsafeMutableRawPointer(target).copyMemory(
                    from: source, byteCount: count &* MemoryLayout<Float>.stride)
            } else {
                for frame in 0..<count { target[frame] = 0 }
            }
        }
        block.output(1).silence()
        block.output(2).silence()
    }

    @_noLocks @_noAllocation
    func reset() {}
}
