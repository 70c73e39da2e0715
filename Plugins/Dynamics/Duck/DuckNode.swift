public import SyrinxCore

/// Turns its input down while something else sounds: music under speech.
///
/// - Ports: `in`, `key` (audio), `active` (control), `out`; `reduction` (control). `in` and `out` have the same rate and
///   channels, and may be one memory. Latency: `lookahead_ms`.
public struct DuckNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "duck", summary: "Turns its input down while something else sounds.",
        inputs: [
            .audio("in"), .audio("key", "What makes way for itself: speech."),
            .control("active", "0.5 and more: make way, whatever the key does. A voice detector's word."),
        ],
        outputs: [
            .audio("out"),
            .control("reduction", unit: .decibels, "How much it turns down: the most of the last millisecond."),
        ],
        parameters: [
            .number(
                "threshold_dbfs", in: -100...0, default: -40, unit: .decibelsFullScale, live: true,
                "Level of the key from which on it makes way."),
            .number(
                "hysteresis_db", in: 0...40, default: 6, unit: .decibels, live: true,
                "How much softer the key must become before it is over."),
            .number(
                "depth_db", in: 0...120, default: 12, unit: .decibels, live: true, "How much it turns down."),
            .number(
                "attack_ms", in: 0...10_000, default: 80, unit: .milliseconds, live: true,
                "Time constant with which it turns down."),
            .number(
                "hold_ms", in: 0...60_000, default: 500, unit: .milliseconds, live: true,
                "How long it stays down after the key's last sound."),
            .number(
                "release_ms", in: 0...60_000, default: 600, unit: .milliseconds, live: true,
                "Time constant with which it comes back."),
            .number(
                "lookahead_ms", in: 0...1000, default: 0, unit: .milliseconds,
                "How much earlier than the key it makes way; the latency."),
            .choice("detector", of: ["peak", "rms"], default: "peak", "What it follows of the key."),
            .number("rms_ms", in: 0.1...1000, default: 10, unit: .milliseconds, "Time constant of the rms detector."),
            .number(
                "key_highpass_hz", in: 10...20_000, unit: .hertz,
                "Leaves what lies below out of the key, 12 dB an octave: pops and rumble."),
            .number(
                "key_lowpass_hz", in: 10...20_000, unit: .hertz,
                "Leaves what lies above out of the key, 12 dB an octave."),
        ],
        worksInPlace: true,
        details: """
            While the key is above its threshold, and `hold_ms` longer, the input is turned down by `depth_db`; how loud the \
            key is otherwise makes no difference, so that every word is treated alike. Key and `active` work alone or \
            together. The key's level is an envelope that takes peaks at once and falls with 10 ms. The reduction moves in \
            dB: 63 % of its way in `attack_ms` and `release_ms`, which the ear hears as an even fade. With \
            `lookahead_ms` the music is down when the first word comes; what the key is mixed with waits for it by itself. \
            Sources: the state machine of a noise gate turned round (U. Zölzer (ed.), "DAFX", 2nd ed. 2011, section 4.2.3); \
            smoothing in the log domain after D. Giannoulis, M. Massberg, J. D. Reiss, J. Audio Eng. Soc. 60 (6), 2012.

            Threshold, hysteresis and depth glide for 20 ms. NaN and infinity at the inputs count as 0.
            """,
        example: #""under": { "type": "duck", "depth_db": 14, "lookahead_ms": 150 }"#)

    private let parameters: Parameters
    private let settings: DuckSettings

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        settings = try DuckSettings(parameters)
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        // A node that nothing is linked to at all is told of as such.
        if request.inputs[0] != nil, request.inputs[1] == nil, request.inputs[2] == nil {
            throw PipelineError(
                .invalidParameter, at: parameters.path,
                "nothing tells it when to make way; link what it listens to into key or active")
        }
        return try settings.key.resolve(request, parameters, lookahead: settings.lookahead, controls: 1)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(DuckRenderer(settings, setup.input.format, keyChannels: KeySettings.channels(setup)))
    }
}

/// A ducker as its parameters describe it; times in ms, levels in dB.
struct DuckSettings: Sendable {
    let threshold: Double
    let hysteresis: Double
    let depth: Double
    let attack: Double
    let hold: Double
    let release: Double
    let lookahead: Double
    let key: KeySettings

    init(_ parameters: Parameters) throws(PipelineError) {
        threshold = try parameters.number("threshold_dbfs")
        hysteresis = try parameters.number("hysteresis_db")
        depth = try parameters.number("depth_db")
        attack = try parameters.number("attack_ms")
        hold = try parameters.number("hold_ms")
        release = try parameters.number("release_ms")
        lookahead = try parameters.number("lookahead_ms")
        key = try KeySettings(parameters)
    }
}
