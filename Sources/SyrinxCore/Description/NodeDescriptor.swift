/// All that is known of a node type without making one: the single source for the checker, the JSON Schema, the
/// reference pages and the control surface.
public struct NodeDescriptor: Sendable, Hashable {
    /// Who owns the clock when a node of this type is in the graph.
    public enum Pace: Sendable, Hashable {
        /// No clock of its own: rendered as fast as the driver likes.
        case free
        /// A session or another node that only makes sense at wall-clock pace.
        case wallClock
        /// A device; the family's driver renders the graph (`jack`, `alsa`).
        case device(String)
    }

    /// As the file names it: `gain`, `file.source`.
    public let type: String
    /// One line, for lists.
    public let summary: String
    public let inputs: [PortDescriptor]
    public let outputs: [PortDescriptor]
    /// Outputs that a node of the type has beside ``outputs``, as a list among its parameters names them.
    public let listedOutputs: ListedOutputs?
    /// The parameter whose value decides what else a node of the type has: ports and parameters that only its own
    /// descriptor knows (``Node/descriptor(for:)``); nil: all nodes of the type are alike.
    public let refinedBy: String?
    public let parameters: [ParameterDescriptor]
    /// The kinds of event that its renderer emits, by index.
    public let events: [EventDescriptor]
    /// True: the main output may be the same memory as the main input (same rate, same channels).
    public let worksInPlace: Bool
    public let pace: Pace
    /// Paragraphs for the reference page: method, source, advice.
    public let details: String
    /// One pipeline-file line that shows it in use, as `"trim": { "type": "gain", "gain_db": -3 }`.
    public let example: String

    public init(
        type: String, summary: String, inputs: [PortDescriptor] = [], outputs: [PortDescriptor] = [],
        listedOutputs: ListedOutputs? = nil, refinedBy: String? = nil, parameters: [ParameterDescriptor] = [],
        events: [EventDescriptor] = [], worksInPlace: Bool = false,
        pace: Pace = .free, details: String = "", example: String = ""
    ) {
        self.type = type
        self.summary = summary
        self.inputs = inputs
        self.outputs = outputs
        self.listedOutputs = listedOutputs
        self.refinedBy = refinedBy
        self.parameters = parameters
        self.events = events
        self.worksInPlace = worksInPlace
        self.pace = pace
        self.details = details
        self.example = example
    }

    /// The port that a link without a port name means: audio `in`, or the only input.
    public var mainInput: PortDescriptor? { Self.main(of: inputs, named: "in") }

    /// The port that a link without a port name means: audio `out`, or the only output.
    public var mainOutput: PortDescriptor? { Self.main(of: outputs, named: "out") }

    /// The inputs that a renderer sees, audio and control, in order; ``RenderBlock`` numbers them from 0.
    public var streamInputs: [PortDescriptor] { inputs.filter { $0.kind != .events } }

    /// The outputs that a renderer sees, audio and control, in order; ``RenderBlock`` numbers them from 0.
    public var streamOutputs: [PortDescriptor] { outputs.filter { $0.kind != .events } }

    /// Audio in and out through the main ports: what `bypass` can bridge.
    public var isProcessor: Bool { mainInput?.kind == .audio && mainOutput?.kind == .audio }

    private static func main(of ports: [PortDescriptor], named name: String) -> PortDescriptor? {
        ports.first { $0.kind == .audio && $0.name == name } ?? (ports.count == 1 ? ports[0] : nil)
    }
}
