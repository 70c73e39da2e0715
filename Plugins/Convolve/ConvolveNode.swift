internal import Glibc
public import SyrinxCore

/// Convolves its input with an impulse response from a file: a room, a plate, a cabinet.
///
/// - Ports: `in`, `out`; how many channels come out is the routing's affair. Latency: 0 frames. Tail: the response's length.
public struct ConvolveNode: Node {
    public static let descriptor = NodeDescriptor(
        type: "convolve", summary: "Convolves its input with impulse responses from files: rooms, plates, cabinets.",
        inputs: [.audio("in")], outputs: [.audio("out")],
        parameters: [
            .path("path", .read, required: true, "The file with the response."),
            .path("path_b", .read, "A second response, to change to while it plays."),
            .path("path_c", .read, "A third one."),
            .path("path_d", .read, "A fourth one."),
            .integer("select", in: 0...3, default: 0, live: true, "The response that plays: 0 is path, 1 path_b, ...."),
            .choice(
                "routing", of: Routing.Kind.allCases.map(\.rawValue), default: "auto",
                "Which channel of the file leads where."),
            .number("gain_db", in: -120...60, default: 0, unit: .decibels, "A gain for what comes out."),
            .choice(
                "normalize", of: ["none", "peak", "energy"], default: "none",
                "What is brought to 1 in each file: nothing, its largest sample, or its loudest channel's energy."),
            .number("fade_ms", in: 1...10_000, default: 20, unit: .milliseconds, "How long a change takes at least."),
        ],
        details: """
            Nothing is delayed, at any block size, and the work is spread over the cycles. Routing `each`: every channel \
            has a response, or all share the one of a mono file. `matrix`: for every input one channel an output, input by \
            input; so four channels make true stereo (left to left, left to right, right to left, right to right), and \
            mono gets as many outputs as the file has channels. `auto` is `each` where it fits, else `matrix`. A response \
            at another rate than the stream's is brought to it. A change of response fades: the first taps at once, those \
            that are heard t later within one and a half t, or fade_ms where that is longer.
            """,
        example: #""hall": { "type": "convolve", "path": "hall.wav", "gain_db": -12 }"#)

    private static let selectIndex = descriptor.parameters.firstIndex { $0.name == "select" } ?? -1

    private let paths: [String]
    private let select: Int
    private let routing: Routing.Kind
    private let gain: Float
    private let normalize: String
    private let fade: Double

    public init(_ parameters: Parameters) throws(PipelineError) {
        var paths = [try parameters.string("path")]
        for (index, name) in ["path_b", "path_c", "path_d"].enumerated() {
            guard let path = try parameters.optionalString(name) else { continue }
            if paths.count != index + 1 {
                throw parameters.error(name, "found a response after one that is missing; give them in their order")
            }
            paths.append(path)
        }
        self.paths = paths
        select = try parameters.integer("select")
        if select >= paths.count {
            throw parameters.error(
                "select",
                "found \(select), but there \(paths.count == 1 ? "is 1 response" : "are \(paths.count) responses")")
        }
        routing = Routing.Kind(rawValue: try parameters.string("routing")) ?? .auto
        gain = Float(pow(10, try parameters.number("gain_db") / 20))
        normalize = try parameters.string("normalize")
        fade = try parameters.number("fade_ms") / 1_000
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let input = request.inputs.first.flatMap { $0 }
        var format = PartialFormat(
            rate: input?.rate ?? request.masterRate, channels: routing == .each ? input?.channels : nil)
        guard request.access == .all || (request.access == .headers && paths.allSatisfy(ResponseFile.isRegular)) else {
            return Resolution(outputs: [OutputStream(format)])
        }
        var files: [ResponseFile] = []
        for path in paths { files.append(try ResponseFile(headerOf: path)) }
        if let channels = input?.channels { format.channels = try routing(files, inputs: channels).outputs }
        var tail = 0
        if let rate = format.rate {
            for file in files {
                let frames = (file.frames * rate + file.rate - 1) / file.rate
                tail = max(tail, frames - 1)
            }
        }
        let seconds = files.map { Double($0.frames) / Double($0.rate) }.max() ?? 0
        return Resolution(
            outputs: [OutputStream(format, tail: tail)],
            facts: [
                ("responses", .list(paths.map(Value.string))),
                ("response_channels", .integer(files[0].channels)), ("response_rate_hz", .integer(files[0].rate)),
                ("response_seconds", .number(seconds)),
            ])
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let format = setup.input.format
        var files: [ResponseFile] = []
        var responses: [[[Float]]] = []
        for path in paths {
            var (file, samples) = try ResponseFile.read(path)
            if file.rate != format.rate {
                let rate = try ResponseRate(of: path, from: file.rate, to: format.rate)
                samples = samples.map(rate.convert)
            }
            files.append(file)
            responses.append(scaled(samples))
        }
        let routing = try routing(files, inputs: format.channels)
        let convolver = Convolver(
            inputs: format.channels, outputs: routing.outputs, routes: routing.routes,
            responses: responses.map { channels in routing.channels.map { channels[$0] } }, first: select,
            fadeFrames: Int(fade * Double(format.rate)))
        return Prepared(ConvolveRenderer(convolver, responses: paths.count, select: Self.selectIndex))
    }

    public func reaches(_ parameters: Parameters) -> Bool { true }

    /// The one routing of all files.
    private func routing(_ files: [ResponseFile], inputs: Int) throws(PipelineError) -> Routing {
        let first = try Routing(routing, inputs: inputs, file: files[0])
        for file in files.dropFirst() {
            let other = try Routing(routing, inputs: inputs, file: file)
            if other.routes != first.routes {
                throw PipelineError(
                    .missingInput, at: file.path,
                    "it has \(file.channels) channels, which lead elsewhere than the \(files[0].channels) of "
                        + "\(files[0].path); expected files of one layout")
            }
        }
        return first
    }

    private func scaled(_ channels: [[Float]]) -> [[Float]] {
        var scale = gain
        switch normalize {
        case "peak":
            let peak = channels.joined().reduce(0) { max($0, abs($1)) }
            if peak > 0 { scale /= peak }
        case "energy":
            let energy = channels.map { $0.reduce(0.0) { $0 + Double($1) * Double($1) } }.max() ?? 0
            if energy > 0 { scale /= Float(energy.squareRoot()) }
        default: break
        }
        return scale == 1 ? channels : channels.map { $0.map { $0 * scale } }
    }
}

/// The render half of ``ConvolveNode``.
final class ConvolveRenderer: Renderer {
    /// Owned by the render thread.
    private nonisolated(unsafe) var convolver: Convolver
    private let responses: Int
    private let selectIndex: Int

    init(_ convolver: consuming Convolver, responses: Int, select: Int) {
        self.convolver = convolver
        self.responses = responses
        selectIndex = select
    }

    @_noLocks @_noAllocation
    func render(_ block: RenderBlock) {
        let (input, output) = (block.input, block.output)
        let frames = output.frameCount
        var done = 0
        while done < frames {
            let count = convolver.framesToTake(of: frames &- done)
            for channel in 0..<input.channelCount {
                if let samples = input[channel].baseAddress { convolver.take(samples + done, count, input: channel) }
            }
            for channel in 0..<output.channelCount {
                if let samples = output[channel].baseAddress {
                    convolver.render(samples + done, count, output: channel)
                }
            }
            convolver.advance(count)
            done &+= count
        }
    }

    @_noLocks @_noAllocation
    func set(_ parameter: Int, to value: Double) {
        if parameter == selectIndex { convolver.choose(min(max(Int(value + 0.5), 0), responses &- 1)) }
    }

    @_noLocks @_noAllocation
    func reset() { convolver.reset() }
}
