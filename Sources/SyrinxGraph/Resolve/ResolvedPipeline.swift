public import SyrinxCore

/// A checked pipeline with formats, converters, latencies and order: what `explain` shows and the compiler builds.
public struct ResolvedPipeline: Sendable {
    /// A node of the file, or a converter that the compiler put in.
    public struct Node: Sendable {
        public internal(set) var id: String
        public let descriptor: NodeDescriptor
        /// nil: not known in this run.
        public internal(set) var instance: (any NodeInstance)?
        /// The node's place in the file; converters carry their target's.
        public let place: Int
        public let isInserted: Bool
        public let bypass: Bool
        public let position: SourcePosition?
        public internal(set) var values: [String: Value]
        /// One for each of the descriptor's `streamInputs`; nil where nothing is linked.
        public internal(set) var inputs: [PartialFormat?] = []
        public internal(set) var resolution = Resolution()
        /// How late every input is, once paths are aligned; seconds.
        public internal(set) var arrival: Rational = .zero
        /// How late each stream output is; seconds.
        public internal(set) var latencies: [Rational] = []
        /// Which loop it belongs to: index into ``ResolvedPipeline/loops``.
        public internal(set) var loop: Int?
        /// In an edit: which node of the plan before it goes on here; index into its nodes.
        var origin: Int?
        /// In an edit: how late its inputs were when it was made, which a file's first frame goes by; nil: ``arrival``.
        var madeFor: Rational?

        /// The node's place in reports.
        public var path: String { "nodes.\(id)" }
    }

    /// A link of the file, or one half of it beside a converter.
    public struct Link: Sendable {
        public internal(set) var source: Int
        public internal(set) var output: Int
        public internal(set) var sourceChannel: Int?
        public internal(set) var target: Int
        public let port: CheckedPipeline.Link.Target
        public let targetChannel: Int?
        public let scale: Double
        public let offset: Double
        public let compensate: Bool
        public let index: Int
        public let position: SourcePosition?
        /// By how much it is delayed so that paths meet in time; seconds.
        public internal(set) var delay: Rational = .zero
        /// In an edit: which link of the plan before it goes on here; index into its links.
        var origin: Int?
        /// In an edit: how it comes or goes.
        var ramp = Ramp.none
        /// In an edit: frames at R from the plan's first to the ramp's.
        var rampDelay = 0
    }

    /// How a link comes in or goes out while a plan is changed for another.
    enum Ramp: Sendable, Hashable {
        case none
        case up
        case down
    }

    /// Nodes that feed each other, and the longest piece in which they may be rendered.
    public struct Loop: Sendable {
        public internal(set) var nodes: [Int]
        /// Frames at R.
        public internal(set) var pieceFrames: Int
        /// The sum of the declared delays in it; seconds.
        public internal(set) var length: Rational
    }

    public let checked: CheckedPipeline
    public internal(set) var nodes: [Node] = []
    public internal(set) var links: [Link] = []
    /// Links between events ports, by node.
    public internal(set) var eventLinks: [(source: Int, target: Int)] = []
    public internal(set) var loops: [Loop] = []
    /// R; nil while it is not known.
    public internal(set) var masterRate: Int?
    /// Indices of nodes in the order in which they are rendered.
    public internal(set) var order: [Int] = []
    /// How much longer than its sources the pipeline sounds; seconds. A loop's own ringing comes on top.
    public internal(set) var tail: Rational = .zero
    /// Every format is known; the pipeline can be compiled.
    public internal(set) var isComplete = false
}
