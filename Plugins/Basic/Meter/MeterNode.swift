public import SyrinxCore
internal import SyrinxDSP

/// Measures peak, RMS and loudness, and passes its input through.
///
/// - Ports: `in`, `out`, same rate and channels, may run in place; `peak`, `rms`, `momentary`, `short_term` (control);
///   `events`. Latency: 0 frames.
public struct MeterNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "meter", summary: "Measures peak, RMS and loudness by EBU R128; passes its input through.",
        inputs: [.audio("in")],
        outputs: [
            .audio("out", "The input, unchanged."),
            .control("peak", unit: .decibelsFullScale, "Largest sample; falls by 20 dB in 1.7 s."),
            .control("rms", unit: .decibelsFullScale, "Over the last 300 ms, all channels together."),
            .control("momentary", unit: .loudness, "Over the last 400 ms, ten times a second."),
            .control("short_term", unit: .loudness, "Over the last 3 s, ten times a second."),
            .events("events", "A loudness event every interval_s."),
        ],
        parameters: [
            .number(
                "interval_s", in: 0...86_400, default: 0, unit: .seconds,
                "How often it tells a loudness event, to the next 0.1 s; 0: never."),
            .boolean("true_peak", default: true, "Measure true peaks too."),
            .boolean("dual_mono", default: false, "Measure mono as it sounds from two loudspeakers: 3 LU more."),
        ],
        events: [
            EventDescriptor(
                "loudness", fields: ["momentary_lufs", "short_term_lufs", "integrated_lufs", "max_true_peak_dbtp"],
                "The figures so far.")
        ],
        worksInPlace: true,
        details: """
            The report holds `integrated_lufs`, `range_lu`, `max_momentary_lufs`, `max_short_term_lufs`, \
            `max_true_peak_dbtp`, `max_sample_peak_dbfs`, `rms_dbfs`, `invalid_samples` and `measured_frames`, for the \
            frames from the run's start to its end; what is silent has no level (null). Six channels are taken as L R C \
            LFE Ls Rs, five as L R C Ls Rs. A full-scale sine has -3.01 dBFS RMS. Control outputs stand at -200 where \
            there is no level yet. NaN and infinity are passed through, counted, and measured as 0.

            Gates and range are told to 0.1 LU, everything else to what a double holds. Four channels are taken as L R Ls \
            Rs; what is beyond six does not count. Sources: EBU R 128, Tech 3341 and 3342; ITU-R BS.1770-5; peak \
            ballistics of IEC 60268-10 type I.
            """,
        example: #""level": { "type": "meter", "interval_s": 1 }"#)

    private let interval: Double
    private let truePeak: Bool
    private let dualMono: Bool
    private let path: String

    public init(_ parameters: Parameters) throws(PipelineError) {
        interval = try parameters.number("interval_s")
        truePeak = try parameters.boolean("true_peak")
        dualMono = try parameters.boolean("dual_mono")
        path = parameters.path
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        var resolution = Resolution.sameAsInput(request)
        resolution.outputs += Array(repeating: .control(), count: 4)
        return resolution
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let input = setup.input
        let loudness = try LoudnessMeter(input.format, truePeak: truePeak, dualMono: dualMono, at: path)
        let renderer = MeterRenderer(loudness, input.format, firstFrame: input.latency, interval: interval)
        let bridge = MeterBridge(renderer)
        return Prepared(renderer, sink: bridge, reporter: bridge)
    }
}
