internal import SyrinxCore

/// The parameters that sources and sinks of this family share.
struct DeviceParameters: Sendable {
    static let common: [ParameterDescriptor] = [
        .string(
            "device", default: "default",
            "A name that alsa-lib knows: default, hw:CARD=PCH, plughw:1,0; syrinx devices lists them."),
        .init(
            "fallbacks", .list(.string, count: 1...16),
            "Names to try, in this order, where the device cannot be opened; also when it is lost on the way."),
    ]
    static let shape: [ParameterDescriptor] = [
        .choice(
            "format", of: ["auto"] + PCMSampleFormat.allCases.map(\.rawValue), default: "auto",
            "How the device stores samples; auto: the best that it has."),
        .integer(
            "period_frames", in: 16...65_536, unit: .frames,
            "About so many frames are moved at a time; left out: engine.block_frames."),
        .integer(
            "periods", in: 2...32,
            "About so many of them fit into the device's buffer; left out: 3. Fewer sound sooner and forgive less."),
    ]
    static let events: [EventDescriptor] = [
        .init("device_lost", "The device went away, or gave no sign for long; it is looked for every 500 ms."),
        .init("device_refused", "A device was found while one is looked for, and will not do; the reason says why."),
        .init("device_back", "The device, or one of the fallbacks, plays on."),
        .init("device_unpaced", "The device keeps no time of its own; the system's clock paces it."),
    ]
    static let control: [PortDescriptor] = [
        .control("drift", unit: .partsPerMillion, "How much faster the device's clock is than the master's."),
        .control("fill", unit: .frames, "Frames that lie between the two clocks."),
    ]

    /// Of the node, as `nodes.mic`.
    let path: String
    let device: String
    let names: [String]
    let channels: Int?
    let format: PCMSampleFormat?
    let periodFrames: Int?
    let periods: Int?
    private let parameters: Parameters

    init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        path = parameters.path
        device = try parameters.string("device")
        let fallbacks = try parameters.optionalList("fallbacks") ?? []
        names = [device] + fallbacks.compactMap(\.string)
        channels = try parameters.optionalInteger("channels")
        format = try parameters.optionalString("format").flatMap(PCMSampleFormat.init)
        periodFrames = try parameters.optionalInteger("period_frames")
        periods = try parameters.optionalInteger("periods")
        for (index, name) in names.enumerated() where name.isEmpty {
            let place = index == 0 ? "device" : "fallbacks[\(index - 1)]"
            throw parameters.error(place, "found no name, expected a device's")
        }
    }

    func error(_ name: String, _ message: String) -> PipelineError { parameters.error(name, message) }

    /// What both directions of one device must agree on, taken together.
    ///
    /// - Parameter nodes: the master first.
    /// - Throws: `.invalidParameter` where two nodes ask for different things.
    static func request(
        _ nodes: [(direction: PCMDirection, parameters: DeviceParameters)], rate: Int?, blockFrames: Int
    ) throws(PipelineError) -> DeviceRequest {
        var request = DeviceRequest(
            names: nodes[0].parameters.names, rate: rate, periodFrames: blockFrames, periods: 3)
        var (period, periods): (DeviceParameters?, DeviceParameters?)
        var formats: [PCMDirection: DeviceParameters] = [:]
        for (direction, node) in nodes {
            if let frames = node.periodFrames {
                if let other = period, other.periodFrames != frames { throw node.conflict("period_frames", other) }
                period = node
                request.periodFrames = frames
            }
            if let count = node.periods {
                if let other = periods, other.periods != count { throw node.conflict("periods", other) }
                periods = node
                request.periods = count
            }
            if let format = node.format {
                if let other = formats[direction], other.format != format { throw node.conflict("format", other) }
                formats[direction] = node
            }
            let others = request[direction]
            let counts = [others?.channels, node.channels].compactMap { $0 }
            let side = DeviceRequest.Side(channels: counts.max(), format: formats[direction]?.format)
            if direction == .capture { request.capture = side } else { request.playback = side }
        }
        return request
    }

    private func conflict(_ name: String, _ other: DeviceParameters) -> PipelineError {
        error(name, "\(other.path) asks the same device for something else; give it to one of them, or to both alike")
    }
}

extension DeviceParameters {
    static let details = """
        The device of `engine.clock`, else of the first alsa node in the file, drives the graph; every alsa node with the \
        same `device` shares it, capture and playback on one clock. Rate: `engine.rate_hz` exactly, else 48 kHz, else \
        44.1 kHz, else the nearest that the device has. Format: f32, s32, s24, s24_3, s16, the first that it has. What was \
        agreed on stands in the report.

        A node on another device, or under another driver, has a thread and a clock of its own: an adaptive resampler \
        joins it to the graph with a constant delay, and `drift` and `fill` tell how it goes (0 on the device that \
        drives). A source's delay is compensated as any latency.

        An xrun is counted and told; playback goes on from an empty buffer. A device that is lost is looked for every \
        500 ms, fallbacks included; one with another rate starts a new time line. Several sinks on one device are added \
        up. Source: alsa-lib's PCM interface.
        """

    /// The driver whose device the node shares; nil: the node has a device of its own, on a clock of its own.
    ///
    /// - Throws: `.invalidGraph` flat out, where no clock keeps time.
    func master(_ driver: (any Driver)?) throws(PipelineError) -> ALSADriver? {
        guard let driver else {
            throw PipelineError(
                .invalidGraph, at: path,
                "a device keeps its own pace and cannot be rendered flat out; let the driver be alsa, or put a file in its "
                    + "place with --bind")
        }
        return (driver as? ALSADriver).flatMap { $0.serves(path) ? $0 : nil }
    }

    /// What the driver's device agreed to in the node's direction.
    func agreement(_ direction: PCMDirection, _ driver: ALSADriver) throws(PipelineError) -> PCMAgreement {
        guard let agreement = driver.agreement(direction) else {
            throw error("device", "it was opened without \(direction); start the pipeline again")
        }
        return agreement
    }
}
