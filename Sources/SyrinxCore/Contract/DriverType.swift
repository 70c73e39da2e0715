/// A driver that can be opened: a plugin registers it beside its node types.
public struct DriverType: Sendable {
    /// The name in `engine.driver`, in `--driver`, and in ``NodeDescriptor/Pace/device(_:)`` of its nodes.
    public let name: String
    /// Opens it; the device's rate is known afterwards, nothing runs yet.
    ///
    /// - Throws: `.unavailable` if the device or its server is not there.
    /// - Thread: control.
    public let open: @Sendable (DriverRequest) throws(PipelineError) -> any Driver

    /// What there is to open, for `syrinx devices`. Opens nothing for longer than it takes to ask.
    ///
    /// - Throws: `.unavailable` if there is nobody to ask (no server).
    /// - Thread: control.
    public let devices: @Sendable () throws(PipelineError) -> [DeviceDescription]

    public init(
        _ name: String, open: @escaping @Sendable (DriverRequest) throws(PipelineError) -> any Driver,
        devices: @escaping @Sendable () throws(PipelineError) -> [DeviceDescription] = { () throws(PipelineError) in []
        }
    ) {
        self.name = name
        self.open = open
        self.devices = devices
    }
}

/// A device, or a port of a server, as `syrinx devices` lists it.
public struct DeviceDescription: Sendable {
    /// What a pipeline file names it by: `hw:CARD=PCH,DEV=0`, `system:capture_1`.
    public let name: String
    /// One line for people.
    public let summary: String
    /// True: sound comes from it.
    public let captures: Bool
    /// True: sound goes to it.
    public let plays: Bool
    /// What it can do: `("rates_hz", …)`, `("channels", …)`, `("aliases", …)`.
    public let facts: [(name: String, value: Value)]

    public init(
        name: String, summary: String, captures: Bool, plays: Bool, facts: [(name: String, value: Value)] = []
    ) {
        self.name = name
        self.summary = summary
        self.captures = captures
        self.plays = plays
        self.facts = facts
    }
}

/// What a driver is asked for.
public struct DriverRequest: Sendable {
    /// A device node of the pipeline that belongs to the driver's family.
    public struct Node: Sendable {
        public let id: String
        public let type: String
        /// Its checked parameters; ``Parameters/path`` is its place in the file.
        public let parameters: Parameters

        public init(id: String, type: String, parameters: Parameters) {
            self.id = id
            self.type = type
            self.parameters = parameters
        }
    }

    /// The pipeline's name, or its file's without the ending: what others see.
    public let pipeline: String
    /// The family's nodes in the file's order.
    public let nodes: [Node]
    /// `engine.clock`: the node whose device is the master; nil: the driver chooses.
    public let clock: String?
    /// `engine.rate_hz`: the rate that R must have; nil: as the device likes.
    public let rate: Int?
    /// `engine.block_frames`: what a device may take as its period, where it lets itself be asked.
    public let blockFrames: Int
    /// `engine.priority`: SCHED_FIFO priority of the thread that renders; 0: not real time.
    public let priority: Int

    public init(
        pipeline: String, nodes: [Node], clock: String? = nil, rate: Int? = nil, blockFrames: Int = 1024,
        priority: Int = 70
    ) {
        self.pipeline = pipeline
        self.nodes = nodes
        self.clock = clock
        self.rate = rate
        self.blockFrames = blockFrames
        self.priority = priority
    }
}
