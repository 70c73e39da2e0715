public import SyrinxCore

/// A document whose names, kinds, ranges and links hold, with a node made for every entry.
public struct CheckedPipeline: Sendable {
    /// One node of the file.
    public struct Node: Sendable {
        public let id: String
        public let descriptor: NodeDescriptor
        /// nil: it cannot be made yet, since a reference in it is not looked up in this run.
        public let instance: (any NodeInstance)?
        public let values: [String: Value]
        public let bypass: Bool
        public let position: SourcePosition?

        /// The node's place in reports: `nodes.trim`.
        public var path: String { "nodes.\(id)" }
    }

    /// One joint of a chain.
    public struct Link: Sendable {
        public enum Target: Sendable, Hashable {
            /// Index among the descriptor's `streamInputs`.
            case stream(Int)
            /// Index among the descriptor's `parameters`.
            case parameter(Int)
            /// An events port, by name.
            case events(String)
        }

        public let source: Int
        /// Index among the descriptor's `streamOutputs`; for events, nil.
        public let output: Int?
        /// One channel of the source only.
        public let sourceChannel: Int?
        public let target: Int
        public let port: Target
        /// One channel of the target only.
        public let targetChannel: Int?
        public let scale: Double
        public let offset: Double
        public let compensate: Bool
        /// Index among the document's links.
        public let index: Int
        public let position: SourcePosition?
        /// Both ends as a reader knows them: `mic`, `tape:in[1]`.
        public let sourceText: String
        public let targetText: String

        /// The link's place in reports: `links[2]`.
        public var path: String { "links[\(index)]" }
    }

    public let document: PipelineDocument
    public let engine: EngineSettings
    public let nodes: [Node]
    public let links: [Link]
    /// Files that a run reads and writes, as `(node, path)`.
    public let reads: [(node: String, path: String)]
    public let writes: [(node: String, path: String)]
    /// Values that must never be shown.
    public let secrets: [String]
    /// Where relative paths start, and whatever a node runs is at home; empty: the working directory.
    public let directory: String
}

extension CheckedPipeline {
    /// The same pipeline with nodes made anew: each can be prepared once only.
    ///
    /// - Thread: control.
    public func remade(_ registry: NodeRegistry) throws(PipelineError) -> CheckedPipeline {
        var made: [Node] = []
        for node in nodes {
            let instance =
                node.instance == nil
                ? nil
                : try registry[node.descriptor.type]?.make(
                    Parameters(path: node.path, values: node.values, directory: directory))
            made.append(
                Node(
                    id: node.id, descriptor: node.descriptor, instance: instance, values: node.values,
                    bypass: node.bypass, position: node.position))
        }
        return CheckedPipeline(
            document: document, engine: engine, nodes: made, links: links, reads: reads, writes: writes,
            secrets: secrets, directory: directory)
    }
}

/// The members of `engine`.
public struct EngineSettings: Sendable, Hashable {
    /// What to do where rates meet.
    public enum Convert: String, Sendable, Hashable {
        case auto
        case warn
        case forbid
    }

    /// nil: chosen by what is in the graph.
    public var driver: String?
    public var blockFrames: Int
    /// nil: the device's, or the highest of any source.
    public var rate: Int?
    public var clock: String?
    public var convert: Convert
    /// SCHED_FIFO priority of the render thread; 0: not real time.
    public var priority: Int

    public init(
        driver: String? = nil, blockFrames: Int = 1024, rate: Int? = nil, clock: String? = nil,
        convert: Convert = .auto,
        priority: Int = 70
    ) {
        self.driver = driver
        self.blockFrames = blockFrames
        self.rate = rate
        self.clock = clock
        self.convert = convert
        self.priority = priority
    }
}
