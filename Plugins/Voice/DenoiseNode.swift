public import SyrinxCore

/// Takes steady noise out from under a voice.
///
/// - Ports: `in`, `out`, same rate and channels; may run in place. Latency: one frame of 21 to 43 ms.
public struct DenoiseNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "denoise", summary: "Takes steady noise out from under a voice.",
        inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .number(
                "amount_db", in: 0...60, default: 18, unit: .decibels, live: true,
                "How much quieter noise gets at most; 0 changes nothing."),
            .boolean("linked", default: false, "One gain for all channels, so that places in the picture stay."),
        ],
        worksInPlace: true,
        details: """
            Frames of 21 to 43 ms, half overlapping; each bin is weighted by the optimally modified log-spectral amplitude \
            estimator (Ephraim and Malah 1985; Cohen and Berdugo 2001) over noise tracked by minima controlled recursive \
            averaging (Cohen and Berdugo 2002). The noise is learnt while it sounds, within 1 to 2 s; what does not last \
            (keys, other voices) is not taken out.

            `amount_db` is heard from the next frame on and crossfades within it. NaN and infinity count as 0.
            """,
        example: #""clean": { "type": "denoise", "amount_db": 15 }"#)

    private let amount: Double
    private let isLinked: Bool

    public init(_ parameters: Parameters) throws(PipelineError) {
        amount = try parameters.number("amount_db")
        isLinked = try parameters.boolean("linked")
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var resolution = Resolution.sameAsInput(request)
        let format = resolution.outputs[0].format
        if let rate = format.rate {
            resolution.outputs[0] = OutputStream(format, latency: DenoiseRenderer.frameLength(rate: rate))
        }
        return resolution
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        Prepared(DenoiseRenderer(setup.input.format, amount: amount, isLinked: isLinked))
    }
}
