public import SyrinxCore
internal import SyrinxDSP

/// Turns down sibilants: a dynamic band or shelf that is flat while nothing hisses.
///
/// - Ports: `in`, `out`, `listen`; `reduction` (control). Same rate and channels; `out` may be `in`'s memory. Latency: 0.
public struct DeesserNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "deesser", summary: "Turns down sibilants, and only them.",
        inputs: [.audio("in")],
        outputs: [
            .audio("out"),
            .audio("listen", "What is taken away: the input less the output."),
            .control(
                "reduction", unit: .decibels, "How much it turns the band down: the most of the last millisecond."),
        ],
        parameters: [
            .choice("shape", of: ["band", "shelf"], default: "band", "What is turned down: a band, or all above."),
            .number(
                "frequency_hz", in: 500...20_000, default: 6500, unit: .hertz,
                "Centre of the band, or corner of the shelf; below half the rate."),
            .number("q", in: 0.1...10, default: 1, "Quality of the band: how narrow it is."),
            .choice(
                "detection", of: ["absolute", "relative"], default: "absolute",
                "What the threshold is held against: the band's level, or that level relative to the whole sound's."),
            .number(
                "threshold_db", in: -80...0, default: -30, unit: .decibels, live: true,
                "From which level of the band on it is turned down; absolute: dBFS."),
            .number(
                "ratio", in: 1...100, default: 4, unit: .ratio, live: true,
                "How many dB more of the band going in make one more coming out."),
            .number("knee_db", in: 0...40, default: 6, unit: .decibels, live: true, "Width of the curve's soft bend."),
            .number("range_db", in: 0...60, default: 12, unit: .decibels, live: true, "The most that it turns down."),
            .number(
                "attack_ms", in: 0...1000, default: 1, unit: .milliseconds, live: true,
                "Time constant with which it turns down."),
            .number(
                "release_ms", in: 0...10_000, default: 40, unit: .milliseconds, live: true,
                "Time constant with which it comes back."),
            KeySettings.linkParameter,
        ],
        worksInPlace: true,
        details: """
            The band B is a second-order band-pass (`band`) or a first-order high-pass (`shelf`); what comes out is x + \
            (g - 1)·B(x). That is the equaliser of Regalia and Mitra, whose gain g can move at any speed: g at the band's \
            centre, or far above the shelf's corner, and exactly the input where g is 1. The detector follows the same band: \
            its magnitude (`absolute`), or its mean square over 10 ms as a part of the whole's (`relative`), which treats \
            soft and loud speech alike; below -70 dBFS it rests. Curve and smoothing are the compressor's. Sources: P. A. \
            Regalia, S. K. Mitra, "Tunable Digital Frequency Response Equalization Filters", IEEE Trans. ASSP 35 (1), \
            1987; D. Giannoulis, M. Massberg, J. D. Reiss, J. Audio Eng. Soc. 60 (6), 2012.

            `listen` lets you hear what is taken away while you look for `frequency_hz`. Threshold, ratio, knee and range \
            glide for 20 ms. What is turned down by nothing passes bit for bit. NaN and infinity count as 0.
            """,
        example: #""esses": { "type": "deesser", "frequency_hz": 7000, "threshold_db": -32 }"#)

    private let parameters: Parameters
    private let settings: DeesserSettings

    public init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        settings = try DeesserSettings(parameters)
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var resolution = Resolution.sameAsInput(request, outputs: 2)
        let rate = resolution.outputs[0].format.rate
        if let rate, settings.frequency >= Double(rate) / 2 {
            throw parameters.error(
                "frequency_hz",
                "found \(settings.frequency) Hz, expected less than \(Double(rate) / 2) Hz, half the rate")
        }
        resolution.outputs.append(ControlGrid.output(request, lookAhead: 0, rate: rate))
        return resolution
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(DeesserRenderer(settings, setup.input.format))
    }
}

/// A de-esser as its parameters describe it; times in ms, levels in dB.
struct DeesserSettings: Sendable {
    let isShelf: Bool
    let frequency: Double
    let q: Double
    let isRelative: Bool
    let threshold: Double
    let ratio: Double
    let knee: Double
    let range: Double
    let attack: Double
    let release: Double
    let link: Double

    init(_ parameters: Parameters) throws(PipelineError) {
        isShelf = try parameters.string("shape") == "shelf"
        frequency = try parameters.number("frequency_hz")
        q = try parameters.number("q")
        isRelative = try parameters.string("detection") == "relative"
        threshold = try parameters.number("threshold_db")
        ratio = try parameters.number("ratio")
        knee = try parameters.number("knee_db")
        range = try parameters.number("range_db")
        attack = try parameters.number("attack_ms")
        release = try parameters.number("release_ms")
        link = try parameters.number("link_percent") / 100
    }

    /// The band's filter: (1 − A)/2 of the all-pass A that Regalia and Mitra's equaliser is made of.
    func filter(rate: Int) -> BiquadCoefficients {
        let turns = frequency / Double(rate)
        return isShelf
            ? BiquadCoefficients(firstOrderHighpass: true, turns: turns)
            : BiquadCoefficients(.bandpass, turns: turns, inverseQ: 1 / q)
    }
}
