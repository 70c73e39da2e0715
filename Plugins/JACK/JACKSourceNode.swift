public import SyrinxCore

/// Sound from other JACK clients and from the server's device.
///
/// - Ports: `out` at R; `events`. Latency: none of its own; the ports' is what JACK says.
public struct JACKSourceNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "jack.source", summary: "Takes sound from a JACK server: one input port a channel.",
        outputs: [
            .audio("out", "What the ports hear, at the server's rate."), .events("events", "What the driver tells."),
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
        pace: .device("jack"),
        details: """
            The ports are named by the node: `mic`, or `mic_1`, `mic_2` …; the client by the pipeline. Nothing is connected \
            that the file does not name, and connections of others are left alone.

            Events of the driver, at every jack node's events output: `server_lost`, `server_back`, `server_refused`, \
            `rate_changed`, `period_changed`, `freewheel_begin`, `freewheel_end`, `transport_start`, `transport_stop`, \
            `transport_locate` (with `transport_frame`); at the node's own: `connected`, `connect_pending`, \
            `connect_failed`.

            Source: JACK API 1.9, latency ranges as in jack/jack.h, "Managing and determining latency".
            """,
        example: #""mic": { "type": "jack.source", "connect": ["system:capture_1"] }"#)

    private let parameters: JACKParameters

    public init(_ parameters: Parameters) throws(PipelineError) { self.parameters = try JACKParameters(parameters) }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let format = PartialFormat(rate: JACKParameters.rate(request), channels: parameters.channels ?? 1)
        return Resolution(outputs: [OutputStream(format)])
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let ports = try parameters.ports(setup, isOutput: false, channels: setup.output.format.channels)
        return Prepared(JACKSourceRenderer(ports))
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
    }

    @_noLocks @_noAllocation
    func reset() {}
}
