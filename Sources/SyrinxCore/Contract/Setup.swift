/// Everything that was agreed on, when a node makes its renderer.
public struct Setup: Sendable {
    /// One audio or control input.
    public struct Input: Sendable {
        public let format: StreamFormat
        /// How late the stream is here, in frames at its rate: a file sink leaves out that many at its head.
        public let latency: Int
        /// The most frames that one block can hold at this rate.
        public let largestBlock: Int
        public let isConnected: Bool

        public init(format: StreamFormat, latency: Int, largestBlock: Int, isConnected: Bool) {
            self.format = format
            self.latency = latency
            self.largestBlock = largestBlock
            self.isConnected = isConnected
        }
    }

    /// One audio or control output.
    public struct Output: Sendable {
        public let format: StreamFormat
        /// The most frames that one block can hold at this rate.
        public let largestBlock: Int
        public let isConnected: Bool

        public init(format: StreamFormat, largestBlock: Int, isConnected: Bool) {
            self.format = format
            self.largestBlock = largestBlock
            self.isConnected = isConnected
        }
    }

    /// The node's id in the file.
    public let id: String
    /// In the descriptor's order, events ports left out. An input without a link has one silent channel at R, or as many
    /// as the node asked for.
    public let inputs: [Input]
    public let outputs: [Output]
    /// R, in Hz.
    public let masterRate: Int
    /// True: a clock drives the run, nothing waits. False: as fast as it goes, and drivers wait for bridges.
    public let isPaced: Bool
    /// The driver of a paced run; where device nodes of its family get their ports.
    public let driver: (any Driver)?
    /// Formats of all files that are read in this run, for defaults that follow the input (`subtype`); in file order.
    public let sourceFacts: [(node: String, facts: [(name: String, value: Value)])]
    /// Where the node's service sends events of its own. Thread: any.
    public let events: EventSender

    public init(
        id: String, inputs: [Input], outputs: [Output], masterRate: Int, isPaced: Bool, driver: (any Driver)? = nil,
        sourceFacts: [(node: String, facts: [(name: String, value: Value)])] = [], events: EventSender = .discarding
    ) {
        self.id = id
        self.inputs = inputs
        self.outputs = outputs
        self.masterRate = masterRate
        self.isPaced = isPaced
        self.driver = driver
        self.sourceFacts = sourceFacts
        self.events = events
    }

    /// The first input, which every processor has.
    public var input: Input { inputs[0] }

    /// The first output.
    public var output: Output { outputs[0] }
}

/// What a node made: its renderer, and whatever else lives beside it.
public struct Prepared: Sendable {
    /// nil for a node that takes part in no cycle (a log of events).
    public var renderer: (any Renderer)?
    public var services: [any Service]
    public var blockingServices: [any BlockingService]
    public var source: (any SourceBridge)?
    public var sink: (any SinkBridge)?
    /// Takes what is linked to the node's events inputs.
    public var receiver: (any EventReceiver)?
    /// Tells figures for the report.
    public var reporter: (any Reporter)?
    /// Has a say in when a run under a clock ends.
    public var keeper: (any RunKeeper)?

    public init(
        _ renderer: (any Renderer)?, services: [any Service] = [], blockingServices: [any BlockingService] = [],
        source: (any SourceBridge)? = nil, sink: (any SinkBridge)? = nil, receiver: (any EventReceiver)? = nil,
        reporter: (any Reporter)? = nil, keeper: (any RunKeeper)? = nil
    ) {
        self.renderer = renderer
        self.services = services
        self.blockingServices = blockingServices
        self.source = source
        self.sink = sink
        self.receiver = receiver
        self.reporter = reporter
        self.keeper = keeper
    }
}

/// Tells a node's figures for progress display and report: frames, peak, clipped samples.
public protocol Reporter: AnyObject, Sendable {
    /// The figures by name, as they are now. Thread: any.
    func figures() -> [(name: String, value: Value)]
}
