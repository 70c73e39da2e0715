internal import Synchronization
public import SyrinxCore
internal import SyrinxDSP

/// Sound to other JACK clients and to the server's device.
///
/// - Ports: `in` at R; `events`.
public struct JACKSinkNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "jack.sink", summary: "Gives sound to a JACK server: one output port a channel.",
        inputs: [.audio("in", "What the ports play, at the server's rate.")],
        outputs: [.events("events", "What the driver tells.")],
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
        pace: .device("jack"),
        details: """
            The ports are named by the node: `phones`, or `phones_1`, `phones_2` …; the client by the pipeline. Nothing is \
            connected that the file does not name, and connections of others are left alone.

            NaN and infinity leave as silence, and the report counts them, as it counts samples held at the ceiling. JACK is \
            told the true latency of every path from a `jack.source` to a `jack.sink`, both ways. Events as of `jack.source`.

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

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { Resolution() }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let format = setup.input.format
        guard JACKParameters.channelRange.contains(format.channels) else {
            throw PipelineError(
                .invalidGraph, at: "nodes.\(setup.id)",
                "found \(format.channels) channels, expected at most \(JACKParameters.channelRange.upperBound)")
        }
        let ports = try parameters.ports(setup, isOutput: true, channels: format.channels)
        let guarded = OutputGuard(
            rate: format.rate, softStartFrames: Int(softStart * Double(format.rate) / 1000),
            ceiling: decibelsToLinear(ceiling))
        let renderer = JACKSinkRenderer(ports, guarded, rate: format.rate, isMuted: isMuted)
        return Prepared(renderer, reporter: renderer)
    }
}

/// The render half of ``JACKSinkNode``: writes into the cycle's buffers what may be heard.
final class JACKSinkRenderer: Renderer, Reporter {
    /// Keeps the ports.
    private let group: JACKPortGroup
    private nonisolated(unsafe) let access: JACKPortGroup.Access
    private let fresh: OutputGuard
    /// Owned by the render thread, as is what follows.
    private nonisolated(unsafe) var guarded: OutputGuard
    private nonisolated(unsafe) var attachment = 0
    private nonisolated(unsafe) var loudest: Float = 0
    /// What reports see. Written by the render thread.
    private let frames = Atomic<Int>(0)
    private let peak = Atomic<UInt32>(0)
    private let limited = Atomic<Int>(0)
    private let broken = Atomic<Int>(0)

    init(_ group: JACKPortGroup, _ guarded: OutputGuard, rate: Int, isMuted: Bool) {
        self.group = group
        access = group.access
        var fresh = guarded
        if isMuted {
            fresh.setMute(true)
            fresh.advance(by: rate)
            fresh.restart()
        }
        self.fresh = fresh
        self.guarded = fresh
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
        var loudest = loudest
        for channel in 0..<input.channelCount {
            guard let source = input[channel].baseAddress,
                let target = access.samples(channel, at: input.position, count: count)
            else { continue }
            guarded.process(source, into: target, count: count)
            let heard = SyrinxDSP.peak(UnsafeBufferPointer(start: target, count: count))
            loudest = heard > loudest ? heard : loudest
        }
        guarded.advance(by: count)
        self.guarded = guarded
        self.loudest = loudest
        frames.store(frames.load(ordering: .relaxed) &+ count, ordering: .relaxed)
        peak.store(loudest.bitPattern, ordering: .relaxed)
        limited.store(guarded.limitedSamples, ordering: .relaxed)
        broken.store(guarded.brokenSamples, ordering: .relaxed)
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) { guarded.setMute(value >= 0.5) }

    @_noLocks @_noAllocation
    func reset() {
        guarded = fresh
        attachment = 0
        loudest = 0
    }

    /// Thread: any.
    func figures() -> [(name: String, value: Value)] {
        let peak = Float(bitPattern: peak.load(ordering: .relaxed))
        return [
            ("channels", .integer(group.channels)), ("frames", .integer(frames.load(ordering: .relaxed))),
            ("peak_dbfs", peak > 0 ? .number(linearToDecibels(Double(peak))) : .null),
            ("clipped", .integer(limited.load(ordering: .relaxed))),
            ("not_a_number", .integer(broken.load(ordering: .relaxed))),
        ]
    }
}
