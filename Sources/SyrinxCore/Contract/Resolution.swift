/// What the compiler knows when it asks a node for its formats.
public struct FormatRequest: Sendable {
    /// How far the node may look.
    public enum Access: Sendable, Hashable {
        /// `check`: nothing is opened.
        case nothing
        /// `explain`: headers of regular input files, never a device, a pipe or the network.
        case headers
        /// `run`: whatever the file names.
        case all
    }

    public let access: Access
    /// One for each of the descriptor's `streamInputs`; nil where nothing is linked. Control inputs have rate 1000.
    public let inputs: [PartialFormat?]
    /// R, once it is known; what a source without a rate of its own follows.
    public let masterRate: Int?

    public init(access: Access, inputs: [PartialFormat?], masterRate: Int?) {
        self.access = access
        self.inputs = inputs
        self.masterRate = masterRate
    }
}

/// What a node states about itself for given inputs.
public struct Resolution: Sendable {
    /// One for each of the descriptor's `streamOutputs`.
    public var outputs: [OutputStream]
    /// When a source's stream ends.
    public var end: SourceEnd
    /// What a user wants to know of what was agreed on, for `explain` and the report: `("subtype", "s16")`.
    public var facts: [(name: String, value: Value)]

    public init(outputs: [OutputStream] = [], end: SourceEnd = .never, facts: [(name: String, value: Value)] = []) {
        self.outputs = outputs
        self.end = end
        self.facts = facts
    }

    /// Every audio output has the first input's format; no latency, no tail.
    public static func sameAsInput(_ request: FormatRequest, outputs: Int = 1) -> Resolution {
        let format = request.inputs.first.flatMap { $0 } ?? PartialFormat(rate: request.masterRate, channels: 1)
        return Resolution(outputs: Array(repeating: OutputStream(format), count: outputs))
    }
}

/// When a source's stream ends.
public enum SourceEnd: Sendable, Hashable {
    /// It goes on for ever, or follows others: it does not decide when a run ends.
    case never
    /// After so many frames at its output's rate.
    case after(frames: Int)
    /// It ends, but only reading tells when.
    case whenRead
}

/// One audio or control output as its node states it.
public struct OutputStream: Sendable {
    public var format: PartialFormat
    /// How much later than its inputs the output shows them, in frames of its own rate.
    public var latency: Int
    /// How much longer than its inputs it sounds, in frames of its own rate.
    public var tail: Int
    /// Which of the descriptor's `streamInputs` it needs within the same slice; nil: all of them.
    public var needs: [Int]?
    /// The declared delay, in frames of its own rate, by which it follows the inputs that it does not need within the
    /// same slice. At least 1 where there are such inputs.
    public var delay: Int
    /// True: it begins a new path; nothing is aligned through the node (a session's answer).
    public var startsPath: Bool

    public init(
        _ format: PartialFormat, latency: Int = 0, tail: Int = 0, needs: [Int]? = nil, delay: Int = 0,
        startsPath: Bool = false
    ) {
        self.format = format
        self.latency = latency
        self.tail = tail
        self.needs = needs
        self.delay = delay
        self.startsPath = startsPath
    }

    /// A control output: 1000 values a second. `latency`, `tail` and `delay` count values.
    public static func control(latency: Int = 0, needs: [Int]? = nil) -> Self {
        Self(PartialFormat(rate: Limits.controlRate, channels: 1), latency: latency, needs: needs)
    }
}
