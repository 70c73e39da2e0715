internal import SyrinxClocks
public import SyrinxCore
internal import SyrinxDSP

/// Sound to other JACK clients and to the server's device.
///
/// - Ports: `in` at R; `drift` and `fill` (control) and `events` out.
public struct JACKSinkNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "jack.sink", summary: "Gives sound to a JACK server: one output port a channel.",
        inputs: [.audio("in", "What the ports play.")],
        outputs: JACKParameters.control + [.events("events", "What the driver tells.")],
        parameters: [
            .integer(
                "channels", in: JACKParameters.channelRange,
                "How many ports; left out: as many as connect has entries if it has several, else those of the input.")
        ] + JACKParameters.shared + [
            .number(
                "soft_start_ms", in: 0...10_000, default: 20, unit: .milliseconds,
                "Length of the ramp from silence, at the start and whenever the server is back."),
            .number(
                "ceiling_dbfs", in: -60...60, default: 24, unit: .decibelsFullScale,
                "The largest magnitude that leaves; JACK's bus is float, and may go beyond full scale."),
            .integer("mute", in: 0...1, default: 0, live: true, "1: silence, within 5 ms."),
        ],
        events: JACKParameters.events, pace: .device("jack"),
        details: """
            The ports are named by the node: `phones`, or `phones_1`, `phones_2` …; the client by the pipeline. Nothing is \
            connected that the file does not name, and connections of others are left alone.

            NaN and infinity leave as silence, and the report counts them, as it counts samples held at the ceiling. JACK is \
            told the true latency of every path from a `jack.source` to a `jack.sink`, both ways. Where another driver leads, \
            a resampler joins the two clocks, as of `jack.source`, and JACK is told how late sound is when it comes.

            Source: JACK API 1.9, latency ranges as in jack/jack.h, "Managing and determining latency".
            """,
        example: #""phones": { "type": "jack.sink", "connect": ["system:playback_1", "system:playback_2"] }"#)

    private let parameters: JACKParameters
    private let softStart: Double
    private let ceiling: Double
    private let isMuted: Bool

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = try JACKParameters(parameters)
        softStart = try parameters.number("soft_start_ms")
        ceiling = try parameters.number("ceiling_dbfs")
        isMuted = try parameters.integer("mute") == 1
    }

    public func inputChannels(_ port: String) -> Int? { parameters.channels }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var facts: [(name: String, value: Value)] = []
        if request.access == .all, !(request.driver is JACKDriver) {
            let guest = try parameters.guest(beside: request.driver)
            if let rate = request.masterRate, let driver = request.driver {
                let bridging = parameters.bridging(.playback, guest, beside: driver, rate: rate, channels: 1)
                facts = parameters.facts(guest, latency: bridging.latency)
            }
        }
        return Resolution(outputs: [.control(), .control()], facts: facts)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let format = setup.input.format
        guard JACKParameters.channelRange.contains(format.channels) else {
            throw PipelineError(
                .invalidGraph, at: "nodes.\(setup.id)",
                "found \(format.channels) channels, expected at most \(JACKParameters.channelRange.upperBound)")
        }
        let guarded = guarded(rate: format.rate)
        if let driver = setup.driver as? JACKDriver {
            let ports = try parameters.ports(of: driver, setup.id, isOutput: true, channels: format.channels)
            let renderer = JACKSinkRenderer(ports, guarded)
            return Prepared(renderer, reporter: renderer)
        }
        let seat = try parameters.seat(
            .playback, setup, channels: format.channels, inputLatency: setup.input.latency)
        let renderer = JACKBridgedSinkRenderer(
            seat, guarded, rate: format.rate, largestBlock: setup.input.largestBlock)
        return Prepared(renderer, blockingServices: [seat], reporter: renderer)
    }

    /// The guard at its beginning.
    private func guarded(rate: Int) -> OutputGuard {
        var guarded = OutputGuard(
            rate: rate, softStartFrames: Int(softStart * Double(rate) / 1000), ceiling: decibelsToLinear(ceiling))
        if isMuted {
            // From the first frame on: there is nothing to fade out yet.
            guarded.setMute(true)
            guarded.advance(by: rate)
            guarded.restart()
        }
        return guarded
    }
}

/// The render half of ``JACKSinkNode``: writes into the cycle's buffers what may be heard.
final class JACKSinkRenderer: Renderer, Reporter {
    /// Keeps the ports.
    private let group: JACKPortGroup
    private let heard: JACKOutputFigures
    private nonisolated(unsafe) let meter: JACKOutputFigures.Meter
    private nonisolated(unsafe) let access: JACKPortGroup.Access
    private let fresh: OutputGuard
    /// Owned by the render thread, as is what follows.
    private nonisolated(unsafe) var guarded: OutputGuard
    private nonisolated(unsafe) var attachment = 0

    init(_ group: JACKPortGroup, _ guarded: OutputGuard) {
        self.group = group
        heard = JACKOutputFigures(channels: group.channels)
        meter = heard.meter
        access = group.access
        fresh = guarded
        self.guarded = guarded
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, access) = (block.input, access)
        let count = input.frameCount
        var guarded = guarded
        if access.cycle.pointee.attachment != attachment {
            if attachment != 0 { guarded.restart() }
            attachment = access.cycle.pointee.attachment
        }
        for channel in 0..<input.channelCount {
            guard let source = input[channel].baseAddress,
                let target = access.samples(channel, at: input.position, count: count)
            else { continue }
            guarded.process(source, into: target, count: count)
            meter.hear(UnsafeBufferPointer(start: target, count: count))
        }
        guarded.advance(by: count)
        self.guarded = guarded
        meter.count(count, guarded)
        block.output(0).silence()
        block.output(1).silence()
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) { guarded.setMute(value >= 0.5) }

    @_noLocks @_noAllocation
    func reset() {
        guarded = fresh
        attachment = 0
        meter.reset()
    }

    /// Thread: any.
    func figures() -> [(name: String, value: Value)] { heard.figures() }
}
