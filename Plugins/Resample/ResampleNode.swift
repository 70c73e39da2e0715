public import SyrinxCore
internal import SyrinxDSP

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
            .choice(
                "engine", of: ["native", "libsamplerate"], default: "native",
                "Who does it: Syrinx's own filters, or the library."),
            .choice(
                "phase", of: ["linear", "minimum"], default: "linear",
                "Minimum: the least delay, and nothing rings before an impulse; for Syrinx's own filters."),
        ],
        details: """
            Syrinx's own filters, for any two rates up to a factor of 256 apart, by quality: how far aliases and images lie \
            below, up to where the gain is within 0.1 dB (as a share of half the lower rate), and the latency in frames of \
            the lower rate: `fast` 106 dB, 79 %, 24; `medium` 118 dB, 90 %, 48; `high` 125 dB, 93 %, 76; `best` 155 dB, \
            93 %, 92. The phase is linear; with `"phase": "minimum"` the gain is the same and the latency 4 frames at most for \
            low frequencies, while those near the band's end come later. A sample that is not finite counts as silence.

            `"engine": "libsamplerate"` takes that library's: `fast` (97 dB of signal to noise, 80 % of the band, latency \
            20), `medium` (121 dB, 90 %, 47), `high` and `best` (144 dB, 96 %, 144). `linear` draws straight lines between \
            samples (latency 2 frames of the input) and `hold` repeats them (1); both are the library's with either engine, \
            cheap, and let mirror images through.

            The output is late by the latency and otherwise aligned: the engine knows the exact figure and takes it off in \
            files and where paths join.
            """,
        example: #""to16k": { "type": "resample", "rate_hz": 16000, "quality": "medium" }"#)

    private let path: String
    private let rate: Int
    private let method: Method

    /// Who finds the values between samples, and how.
    private enum Method {
        case native(ResamplerQuality, ResamplerPhase)
        case library(Interpolation)
    }

    public init(_ parameters: Parameters) throws(PipelineError) {
        path = parameters.path
        rate = try parameters.integer("rate_hz")
        let isNative = try parameters.string("engine") == "native"
        let phase: ResamplerPhase = try parameters.string("phase") == "minimum" ? .minimum : .linear
        func either(_ quality: ResamplerQuality, _ interpolation: Interpolation) -> Method {
            isNative ? .native(quality, phase) : .library(interpolation)
        }
        method =
            switch try parameters.string("quality") {
            case "fast": either(.fast, .sincFastest)
            case "medium": either(.medium, .sincMedium)
            case "linear": .library(.linear)
            case "hold": .library(.hold)
            case "best": either(.best, .sincBest)
            default: either(.high, .sincBest)
            }
        if case .library = method, phase == .minimum {
            throw parameters.error(
                "phase",
                "found minimum, but libsamplerate's filters (with either engine `linear` and `hold`) have linear phase only; "
                    + "take engine native with fast, medium, high or best")
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
        switch method {
        case .native(let quality, let phase):
            let table = ResamplerTable.shared(
                ResamplerTable.Key(inputRate: input.format.rate, outputRate: rate, quality: quality, phase: phase))
            return Prepared(
                NativeResampleRenderer(
                    table, alignment, channels: output.format.channels, largestInput: input.largestBlock))
        case .library(let interpolation):
            return Prepared(
                try ResampleRenderer(
                    interpolation, alignment, channels: output.format.channels, largestInput: input.largestBlock,
                    largestOutput: output.largestBlock))
        }
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
        let (reach, inherentDelay) =
            switch method {
            case _ where rate == inputRate: (0, 0)
            case .native(let quality, let phase):
                (ResamplerTable.Key(inputRate: inputRate, outputRate: rate, quality: quality, phase: phase).reach, 0)
            case .library(let interpolation):
                (interpolation.reach(from: inputRate, to: rate), interpolation.inherentDelay)
            }
        return Alignment(
            inputRate: inputRate, outputRate: rate, inputLatency: inputLatency, reach: reach,
            inherentDelay: inherentDelay)
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
