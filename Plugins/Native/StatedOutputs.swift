internal import SyrinxCore
internal import SyrinxPlugin

/// Holds what a plugin states of its outputs against what can be.
enum StatedOutputs {
    /// The longest latency and tail, in seconds.
    static let longestSeconds = 600

    /// - Throws: `.invalidGraph` that names the output.
    static func check(
        _ outputs: [syrinx_output], ports: [PortDescriptor], request: FormatRequest
    ) throws(PipelineError) -> [OutputStream] {
        var streams: [OutputStream] = []
        for (output, port) in zip(outputs, ports) { streams.append(try check(output, port, request)) }
        return streams
    }

    private static func check(
        _ output: syrinx_output, _ port: PortDescriptor, _ request: FormatRequest
    ) throws(PipelineError) -> OutputStream {
        func wrong(_ what: String) -> PipelineError {
            PipelineError(.invalidGraph, "the plugin states for its output \(port.name) \(what)")
        }
        let (rate, channels) = (Int(output.format.rate), Int(output.format.channels))
        if rate != 0, !Limits.rates.contains(rate) { throw wrong("\(rate) Hz") }
        if channels > Limits.channels.upperBound { throw wrong("\(channels) channels") }
        let audio = request.inputs.enumerated().first { index, input in
            input != nil && input?.rate != Limits.controlRate
        }
        if port.kind == .control, rate != Limits.controlRate || channels != 1 {
            throw wrong("\(rate) Hz and \(channels) channels; a control output has 1000 Hz and 1")
        }
        if port.kind == .audio, let given = audio?.element?.rate, rate != given {
            throw wrong("\(rate) Hz with an input of \(given) Hz; put a resample behind it instead")
        }
        let longest = longestSeconds * max(rate, Limits.controlRate)
        if output.latency > longest { throw wrong("a latency of \(output.latency) frames") }
        if output.tail > longest { throw wrong("a tail of \(output.tail) frames") }
        let count = request.inputs.count
        let all = UInt64.max >> UInt64(64 - max(1, count))
        let needs = count == 0 ? [] : (0..<count).filter { output.needs >> UInt64($0) & 1 == 1 }
        if count > 0, output.needs & ~all != 0 { throw wrong("that it needs inputs beyond its \(count)") }
        let needsAll = needs.count == count
        if !needsAll, output.delay < 1 {
            throw wrong("that it does not need every input, but no delay by which it follows them")
        }
        let format = PartialFormat(rate: rate == 0 ? nil : rate, channels: channels == 0 ? nil : channels)
        var latency = Rational(Int128(output.latency))
        if port.kind == .control, let index = audio?.offset, let given = audio?.element?.rate {
            // Values lie on whole milliseconds: the fraction that the input is late by is taken up here.
            let late = OutputStream.wholeLatency(
                lookAhead: 0, inputLatency: request.inputLatencies[index], inputRate: given, rate: rate)
            latency = latency + late.own
        }
        return OutputStream(
            format, latency: latency, tail: Int(output.tail), needs: needsAll ? nil : needs,
            delay: needsAll ? 0 : Int(output.delay))
    }
}
