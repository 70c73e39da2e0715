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
    /// How late each stream input is, in frames at its rate, as ``Setup/Input/latency`` will say; 0 where its rate is
    /// not known. As many as `inputs`.
    public let inputLatencies: [Int]
    /// R, once it is known; what a source without a rate of its own follows.
    public let masterRate: Int?
    /// The driver of the run, opened; nil in `check` and `explain`, and flat out.
    public let driver: (any Driver)?
    /// The most frames of R that a slice will hold.
    public let blockFrames: Int

    /// A request as the engine makes it; without `inputLatencies` no input is late.
    public init(
        access: Access, inputs: [PartialFormat?], inputLatencies: [Int]? = nil, masterRate: Int?,
        driver: (any Driver)? = nil, blockFrames: Int = 1024
    ) {
        precondition(inputLatencies == nil || inputLatencies?.count == inputs.count)
        self.access = access
        self.inputs = inputs
        self.inputLatencies = inputLatencies ?? inputs.map { _ in 0 }
        self.masterRate = masterRate
        self.driver = driver
        self.blockFrames = blockFrames
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
    ///
    /// What has come together at an output, the inputs' latency and this, must be a whole number of the output's frames.
    /// So it is a whole number itself, unless the output has another rate than the input: then the node takes up the
    /// fraction that ``FormatRequest/inputLatencies`` leaves (``wholeLatency(lookAhead:inputLatency:inputRate:rate:)``).
    public var latency: Rational
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
        _ format: PartialFormat, latency: Rational, tail: Int = 0, needs: [Int]? = nil, delay: Int = 0,
        startsPath: Bool = false
    ) {
        self.format = format
        self.latency = latency
        self.tail = tail
        self.needs = needs
        self.delay = delay
        self.startsPath = startsPath
    }

    /// An output at its input's rate: the latency is a whole number of frames.
    public init(
        _ format: PartialFormat, latency: Int = 0, tail: Int = 0, needs: [Int]? = nil, delay: Int = 0,
        startsPath: Bool = false
    ) {
        self.init(
            format, latency: Rational(Int128(latency)), tail: tail, needs: needs, delay: delay, startsPath: startsPath)
    }

    /// A control output: 1000 values a second. `latency`, `tail` and `delay` count values.
    public static func control(latency: Int = 0, needs: [Int]? = nil) -> Self {
        Self(PartialFormat(rate: Limits.controlRate, channels: 1), latency: latency, needs: needs)
    }

    /// The least latency of an output of another rate than its input that makes the sum of both whole.
    ///
    /// - Parameters:
    ///   - lookAhead: what the node needs to see of its input before it can tell an output's frame, in input frames.
    ///   - inputLatency: how late the input is, in its own frames.
    ///   - inputRate: the input's rate, in Hz.
    ///   - rate: the output's rate, in Hz.
    /// - Returns: `total`: how late the output is in all, in its own frames: ceil((inputLatency + lookAhead) · rate /
    ///   inputRate); `own`: the node's share of it, for ``latency``.
    public static func wholeLatency(
        lookAhead: Int, inputLatency: Int, inputRate: Int, rate: Int
    ) -> (total: Int, own: Rational) {
        let total = Rational(frames: inputLatency + lookAhead, rate: inputRate).frame(atRate: rate)
        return (total, Rational(Int128(total)) - Rational(Int128(inputLatency) * Int128(rate), over: Int128(inputRate)))
    }
}
