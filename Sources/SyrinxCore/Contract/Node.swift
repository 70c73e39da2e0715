/// The control half of a node, as the engine uses it: states formats and makes the rest. May allocate, throw and log.
public protocol NodeInstance: Sendable {
    /// How many channels the node asks of an audio input; nil: it takes what is linked.
    ///
    /// - Thread: control.
    func inputChannels(_ port: String) -> Int?

    /// States what comes out for what goes in: formats, latency, tail.
    ///
    /// May be called several times, with more known each time. Opens nothing beyond what `request.access` allows.
    ///
    /// - Thread: control.
    func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution

    /// Makes the renderer, and the service where there is one. Everything that render will need is allocated here.
    ///
    /// - Thread: control. Called at most once for every instance.
    func prepare(_ setup: Setup) throws(PipelineError) -> Prepared

    /// Whether the renderer that this node made can be moved to other values of its live parameters while it runs.
    ///
    /// False where the values in the file also fixed something for good, such as how much memory it has; then an edit makes
    /// a new renderer.
    ///
    /// - Parameter parameters: those of the edited file; all that are not live are as before.
    /// - Thread: control.
    func reaches(_ parameters: Parameters) -> Bool
}

extension NodeInstance {
    public func reaches(_ parameters: Parameters) -> Bool { true }

    public func inputChannels(_ port: String) -> Int? { nil }
}

/// A node type of this package's kind: a value built from its parameters, described by a static descriptor.
///
/// ```swift
/// public struct GainNode: Node {
///     public static let descriptor = NodeDescriptor(type: "gain", …)
///     public init(_ parameters: Parameters) throws(PipelineError) { … }
///     public func resolve(_ request: FormatRequest) throws(PipelineError) -> Resolution { .sameAsInput(request) }
///     public func prepare(_ setup: Setup) throws(PipelineError) -> Prepared { Prepared(GainRenderer(…)) }
/// }
/// ```
public protocol Node: NodeInstance {
    static var descriptor: NodeDescriptor { get }

    /// The descriptor of one node: the type's, and what follows from the node's own values (``NodeDescriptor/refinedBy``).
    ///
    /// - Parameter parameters: what the file gives of the type's own parameters, checked; without defaults.
    /// - Throws: an error made by ``Parameters/error(_:_:)``, as of a plugin that is not there.
    /// - Thread: control. Opens nothing that the file names; may read what is installed.
    static func descriptor(for parameters: Parameters) throws(PipelineError) -> NodeDescriptor

    /// Reads the parameters, and checks what a descriptor cannot say.
    ///
    /// - Throws: an error made by ``Parameters/error(_:_:)``; the checker adds the place in the file.
    /// - Thread: control. Opens nothing.
    init(_ parameters: Parameters) throws(PipelineError)
}

extension Node {
    public static func descriptor(for parameters: Parameters) throws(PipelineError) -> NodeDescriptor {
        descriptor.made(for: parameters.values)
    }
}
