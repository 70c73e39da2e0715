public import SyrinxCore

/// Changes the sampling rate; what the compiler puts in by itself where rates meet.
///
/// - Ports: `in`, `out` at `rate_hz`, same channels. Latency: the filter's half length, rounded up so that what has come
///   together is a whole number of output frames; 0 frames where the rates are equal.
public struct ResampleNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "resample", summary: "Changes the sampling rate.",
        inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .integer("rate_hz", in: Limits.rates, unit: .hertz, required: true, "The rate that comes out."),
            .choice(
                "quality", of: ["fast", "medium", "high", "best", "linear", "hold"], default: "high",
                "How closely what lies between two samples is found."),
            .choice("engine", of: ["libsamplerate"], default: "libsamplerate", "The library that does it."),
        ],
        details: """
            libsamplerate's band-limited filters do the work for any two rates up to a factor of 256 apart: `fast` (97 \
            dB of signal to noise, 80 % of the band), `medium` (121 dB, 90 %), `high` and `best` (144 dB, 96 %). `linear` \
            draws straight lines between samples and `hold` repeats them; both are cheap and let mirror images through.

            The output is late by half the filter's length (144 frames of the lower rate for `best`, 47 for `medium`, 20 \
            for `fast`, 2 frames of the input for `linear`, 1 for `hold`) and otherwise aligned: the engine knows the exact \
            figure and takes it off in files and where paths join.
            """,
        example: #""to16k": { "type": "resample", "rate_hz": 16000, "quality": "medium" }"#)

    private let path: String
    private let rate: Int
    private let interpolation: Interpolation

    public init(_ parameters: Parameters) throws(PipelineError) {
        path = parameters.path
        rate = try parameters.integer("rate_hz")
        interpolation =
            switch try parameters.string("quality") {
            case "fast": .sincFastest
            case "medium": .sincMedium
            case "linear": .linear
            case "hold": .hold
            default: .sincBest
            }
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let input = request.inputs[0] ?? PartialFormat(rate: request.masterRate, channels: 1)
        let output = PartialFormat(rate: rate, channels: input.channels)
        guard let inputRate = input.rate else { return Resolution(outputs: [OutputStream(output)]) }
        let alignment = try alignment(inputRate: inputRate, inputLatency: request.inputLatencies[0])
        return Resolution(outputs: [OutputStream(output, latency: alignment.latency)])
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let (input, output) = (setup.input, setup.output)
        if input.format.rate == rate { return Prepared(SameRateRenderer()) }
        let alignment = try alignment(inputRate: input.format.rate, inputLatency: input.latency)
        return Prepared(
            try ResampleRenderer(
                interpolation, alignment, channels: output.format.channels, largestInput: input.largestBlock,
                largestOutput: output.largestBlock))
    }

    /// - Throws: `.invalidParameter` where the rates are too far apart.
    private func alignment(inputRate: Int, inputLatency: Int) throws(PipelineError) -> Alignment {
        let most = SampleRateConverter.largestRatio
        if rate > inputRate * most || inputRate > rate * most {
            let lowest = (inputRate + most - 1) / most
            throw PipelineError(
                .invalidParameter, at: "\(path).rate_hz",
                "found \(rate) Hz for an input of \(inputRate) Hz, expected \(lowest)…\(inputRate * most) Hz (a factor of "
                    + "\(most) at most); put two \"resample\" in a row")
        }
        return Alignment(
            inputRate: inputRate, outputRate: rate, inputLatency: inputLatency,
            reach: rate == inputRate ? 0 : interpolation.reach(from: inputRate, to: rate),
            inherentDelay: rate == inputRate ? 0 : interpolation.inherentDelay)
    }
}

/// Passes on what comes at the right rate already.
final class SameRateRenderer: Renderer {
    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        for channel in 0..<output.channelCount {
            let (source, result) = (input[channel], output[channel])
            guard let from = source.baseAddress, let to = result.baseAddress else { continue }
            for frame in 0..<source.count { to[frame] = from[frame] }
        }
    }

    @_noLocks @_noAllocation
    func reset() {}
}
