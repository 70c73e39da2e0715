internal import Synchronization
public import SyrinxCore

/// Hosts an LV2 plugin of the system by its URI.
///
/// - Ports: as ``LV2Shape`` says. Latency: what the plugin reports with the values of the file.
public struct LV2Node: Node {
    public static let descriptor = NodeDescriptor(
        type: "lv2", summary: "Hosts an LV2 plugin that is installed on this system.",
        inputs: [.audio("in", "The plugin's audio inputs.")],
        outputs: [.audio("out", "The plugin's audio outputs."), .events("events")],
        refinedBy: "uri",
        parameters: [
            .string("uri", required: true, "The plugin; syrinx lv2 list lists what is installed."),
            .string(
                "preset", "A preset of the plugin, by its name or URI: the defaults of its parameters, and its state."),
            .integer(
                "instances", in: 1...64, default: 1,
                "So many instances side by side, each with channels of its own and all with the same parameters: 2 make a stereo effect of a mono one."
            ),
        ],
        events: [
            EventDescriptor("muted", "It gave a sample that is no finite number, and is silent from there on."),
            EventDescriptor(
                "latency_changed", fields: ["frames", "stated_frames"],
                "Another latency than at the start, by which parallel paths stay aligned."),
        ],
        details: """
            Audio ports are the channels of in, sidechain and out, in the plugin's order. Control inputs are parameters, \
            named by their symbols in lower case; what the plugin's metadata calls an enumeration is a choice of words. \
            Control outputs and CV ports are control ports of 1000 values a second. Atom ports (MIDI, messages of a user \
            interface) are passed over, as explain tells. syrinx lv2 show URI shows a plugin's own page.

            Metadata of installed plugins is read when a file is checked; the plugin itself is loaded by run only. NaN and \
            infinity going in count as 0. Where outputs that are control ports are linked, it is run millisecond by \
            millisecond; else it is cut only where a parameter moves, and whether that is heard is the plugin's own affair.
            """,
        example: #""amp": { "type": "lv2", "uri": "http://lv2plug.in/plugins/eg-amp", "gain": -6 }"#)

    /// The latency by rate, found once each.
    private final class Latencies: Sendable {
        let known = Mutex<[Int: Int]>([:])
    }

    let shape: LV2Shape
    private let world: LV2World
    private let preset: String?
    private let instances: Int
    /// The values of all of the plugin's ports, as in the file.
    private let values: [Float]
    private let uriError: @Sendable (PipelineError) -> PipelineError
    private let latencies = Latencies()

    public static func descriptor(for parameters: Parameters) throws(PipelineError) -> NodeDescriptor {
        let (world, shape) = try look(parameters)
        return shape.descriptor(values: try preset(parameters, world, shape)?.values)
    }

    public init(_ parameters: Parameters) throws(PipelineError) {
        (world, shape) = try Self.look(parameters)
        let preset = try Self.preset(parameters, world, shape)
        self.preset = preset?.uri
        instances = try parameters.integer("instances")
        var values = preset?.values ?? shape.presetValues
        for control in shape.controls {
            if let value = parameters.value(control.parameter.name) { values[control.port] = control.value(value) }
        }
        self.values = values
        uriError = { PipelineError($0.code, at: parameters.path + ".uri", $0.message, cause: $0.cause) }
        let channels = max(shape.inputs.count, shape.outputs.count) * instances
        if channels > LV2Shape.mostChannels {
            throw parameters.error(
                "instances", "\(instances) make \(channels) channels, expected at most \(LV2Shape.mostChannels)")
        }
    }

    public func inputChannels(_ port: String) -> Int? {
        switch port {
        case "in": shape.inputs.count * instances
        case "sidechain": shape.sidechain.count * instances
        default: 1
        }
    }

    public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution {
        let audio = (shape.inputs.isEmpty ? 0 : 1) + (shape.sidechain.isEmpty ? 0 : 1)
        let linked = request.inputs.prefix(audio).lazy.compactMap { $0?.rate }.first
        let rate = linked ?? request.masterRate
        var latency = 0
        var facts: [(name: String, value: Value)] = [("plugin", .string(Shown.plain(shape.metadata.name)))]
        if shape.metadata.latencyPort != nil {
            if request.access == .all, let rate {
                latency = try self.latency(at: rate)
            } else {
                facts.append(("latency", .string("known when it runs")))
            }
        }
        if !shape.passedOver.isEmpty {
            let names = shape.passedOver.map { Shown.plain($0) }.joined(separator: ", ")
            facts.append(("passed_over", .string("atom ports (MIDI, messages): \(names)")))
        }
        var outputs: [OutputStream] = []
        if !shape.outputs.isEmpty {
            let format = PartialFormat(rate: rate, channels: shape.outputs.count * instances)
            outputs.append(OutputStream(format, latency: latency))
        }
        outputs += (shape.cvOutputs + shape.meters).map { _ in .control() }
        return Resolution(outputs: outputs, facts: facts)
    }

    public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared {
        let (rate, block) = Self.clock(setup, shape)
        let latency = shape.metadata.latencyPort == nil ? 0 : try self.latency(at: rate)
        let host = try open(rate: rate, largestBlock: max(block, 1), worksAtOnce: !setup.isPaced, setup)
        let hasWorker = host.hasWorker
        let renderer = LV2Renderer(
            host, shape, setup, rate: rate, instances: instances, latency: latency)
        return Prepared(renderer, blockingServices: hasWorker && setup.isPaced ? [LV2Worker(renderer)] : [])
    }

    /// The rate that the plugin runs at, and the most frames of a block.
    private static func clock(_ setup: Setup, _ shape: LV2Shape) -> (rate: Int, largestBlock: Int) {
        if !shape.outputs.isEmpty { return (setup.output.format.rate, setup.output.largestBlock) }
        if !shape.inputs.isEmpty { return (setup.input.format.rate, setup.input.largestBlock) }
        return (setup.masterRate, setup.inputs.first?.largestBlock ?? setup.outputs.first?.largestBlock ?? 1)
    }

    private func latency(at rate: Int) throws(PipelineError) -> Int {
        if let known = latencies.known.withLock({ $0[rate] }) { return known }
        let frames = 1024
        let host = try open(rate: rate, largestBlock: frames, worksAtOnce: true, nil)
        let stated = host.latency(shape, instances: instances, frames: frames)
        guard stated.isFinite, stated >= 0, stated <= Float(10 * rate) else {
            throw uriError(PipelineError(.unavailable, "it reports a latency of \(stated) frames; it cannot be hosted"))
        }
        let found = Int(stated.rounded())
        latencies.known.withLock { $0[rate] = found }
        return found
    }

    private func open(
        rate: Int, largestBlock: Int, worksAtOnce: Bool, _ setup: Setup?
    ) throws(PipelineError) -> LV2Host {
        var values = values
        for control in shape.controls where control.isRateFactor { values[control.port] *= Float(rate) }
        for (port, metadata) in shape.metadata.ports.enumerated() where metadata.isFreeWheel {
            values[port] = setup?.isPaced == false ? 1 : 0
        }
        do throws(PipelineError) {
            return try LV2Host(
                world, shape.metadata.uri, rate: rate, largestBlock: largestBlock, instances: instances,
                worksAtOnce: worksAtOnce, preset: preset, values: values)
        } catch {
            throw uriError(error)
        }
    }

    private static func look(_ parameters: Parameters) throws(PipelineError) -> (LV2World, LV2Shape) {
        do throws(PipelineError) {
            let world = try LV2World.shared.get()
            return (world, try LV2Shape(world.metadata(parameters.string("uri"))))
        } catch {
            throw PipelineError(error.code, at: parameters.path + ".uri", error.message, cause: error.cause)
        }
    }

    /// The preset that the file names, with the values of all ports.
    private static func preset(
        _ parameters: Parameters, _ world: LV2World, _ shape: LV2Shape
    ) throws(PipelineError) -> (uri: String, values: [Float])? {
        guard let wanted = try parameters.optionalString("preset") else { return nil }
        let presets = shape.metadata.presets
        let found = presets.first { $0.uri == wanted } ?? presets.first { $0.label == wanted }
        guard let found, let values = world.values(of: found.uri, plugin: shape.metadata.uri, shape.presetValues) else {
            let known = presets.map(\.label)
            let hint = NearestName.suggestion(wanted, among: known)
            let advice =
                known.isEmpty
                ? "; it has none"
                : hint.isEmpty
                    ? "; it has \(known.prefix(5).map { Shown.quoted($0) }.joined(separator: ", "))\(known.count > 5 ? ", …" : "")"
                    : hint
            throw parameters.error("preset", "found \(Shown.quoted(wanted)), no such preset of the plugin\(advice)")
        }
        return (found.uri, values)
    }
}
