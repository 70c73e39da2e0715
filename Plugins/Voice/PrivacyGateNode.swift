public import SyrinxCore

/// Lets sound through only while it may be heard elsewhere; otherwise exact zeros go out.
///
/// - Ports: `in`, `out` (audio, same rate and channels, may run in place); `mute_while`, `pass_while` (control, in);
///   `open`, `muted` (control, out). Latency: 0 frames.
public struct PrivacyGateNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "privacy_gate", summary: "Mutes a microphone: by hand, while something is so, unless something is so.",
        inputs: [
            .audio("in"),
            .control(
                "mute_while", isImmediate: true,
                "0.5 and more: nothing passes, and for `tail_ms` after. evi:speaking for half duplex."),
            .control("pass_while", "Linked: nothing passes but while it is 0.5 and more. vad:speech, a foot switch."),
        ],
        outputs: [
            .audio("out", "The input, or zeros."),
            .control("open", "1 while sound passes, fades included; at 0 every sample is zero."),
            .control("muted", "1 while `mute` or `mute_while` shuts it, tail included."),
        ],
        parameters: [
            .integer("mute", in: 0...1, default: 0, live: true, "1: nothing passes, whatever else is said."),
            .number(
                "tail_ms", in: 0...10_000, default: 0, unit: .milliseconds,
                "How much longer `mute_while` shuts it: the device's delay and the room."),
            .number("fade_ms", in: 0...1_000, default: 5, unit: .milliseconds, "How sound goes and comes back."),
        ],
        worksInPlace: true,
        details: """
            Where it is shut it gives zeros, frame by frame: what follows goes on, a session's stream among it. It shuts \
            within `fade_ms` of the frame at which a control value says so, and begins shut where either control input is \
            linked. In doubt it is shut: NaN in `mute_while` mutes, NaN in `pass_while` lets nothing pass.

            `pass_while` is aligned with `in` like any control link, so that a detector's look-ahead keeps first syllables; \
            `mute_while` counts as soon as it is known. `evi:speaking -> privacy:mute_while` is no loop without delay, \
            since no output of a session needs an input of the same slice.
            """,
        example: #""privacy": { "type": "privacy_gate", "tail_ms": 300 }"#)

    private let settings: PrivacySettings

    public init(_ parameters: Parameters) throws(PipelineError) { settings = try PrivacySettings(parameters) }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var resolution = Resolution.sameAsInput(request)
        var control = OutputStream.control()
        if let rate = resolution.outputs[0].format.rate {
            control = OutputStream(
                control.format,
                latency: OutputStream.wholeLatency(
                    lookAhead: 0, inputLatency: request.inputLatencies[0], inputRate: rate, rate: Limits.controlRate
                ).own)
        }
        resolution.outputs += [control, control]
        return resolution
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(PrivacyGateRenderer(settings, setup))
    }
}

/// The parameters of ``PrivacyGateNode``.
struct PrivacySettings: Sendable {
    let isMuted: Bool
    let tailMilliseconds: Double
    let fadeMilliseconds: Double

    init(_ parameters: Parameters) throws(PipelineError) {
        isMuted = try parameters.integer("mute") == 1
        tailMilliseconds = try parameters.number("tail_ms")
        fadeMilliseconds = try parameters.number("fade_ms")
    }
}
