internal import Synchronization
public import SyrinxCore
internal import SyrinxRealtime

/// Renders in JACK's process callback: one client a pipeline, at the server's rate and period.
///
/// A server that dies is waited for: the client is opened anew, every port registered and connected again; another rate
/// begins a new time line.
public final class JACKDriver: Driver {
    public static let name = "jack"

    /// How often it looks for a server that is gone, and at what nobody tells it of, in nanoseconds.
    static let interval: Int64 = 250_000_000

    let request: DriverRequest
    /// Empty: JACK_DEFAULT_SERVER, or `default`.
    let server: String
    /// True: a source asks for the transport to run and stop the sources.
    let followsTransport: Bool
    let bell = Doorbell()
    let ports: JACKPorts
    let callbacks: JACKCallbacks
    let isStopped = Atomic<Bool>(false)
    private let agreed: Mutex<Agreed>

    public var pipeline: String { request.pipeline }

    /// What was agreed on with the server.
    struct Agreed {
        var client: String
        var rate: Int
        var period: Int
        var isRealtime: Bool
    }

    /// Opens the client; its ports come with the nodes.
    ///
    /// - Throws: `.unavailable` if no server answers, or if it has another rate than the pipeline states;
    ///   `.invalidParameter` if nodes name different servers.
    public convenience init(_ request: DriverRequest) throws(PipelineError) {
        try self.init(request, server: try Self.server(of: request))
    }

    /// Opens the client at a server.
    init(_ request: DriverRequest, server: String) throws(PipelineError) {
        self.request = request
        self.server = server
        followsTransport = request.nodes.contains { node in
            node.parameters.value("follow_transport") == .boolean(true)
        }
        let bell = bell
        ports = JACKPorts { bell.ring() }
        callbacks = JACKCallbacks(ports, bell: bell)
        let client = try JACKClient(name: request.pipeline, server: server, callbacks: callbacks)
        agreed = Mutex(Self.agreed(with: client))
        try checkRate(client.rate)
        _ = ports.attach(client)
    }

    deinit { ports.detach() }

    /// The server's rate. Thread: any but render.
    public var rate: Int? { agreed.withLock { $0.rate } }

    /// The server's period, in frames. Thread: any but render.
    var period: Int { agreed.withLock { $0.period } }

    /// The server's name, also where none was named.
    var shownServer: String { server.isEmpty ? JACKClient.defaultServer : server }

    public var facts: [(name: String, value: Value)] {
        let (agreed, scheduling) = (agreed.withLock { $0 }, callbacks.scheduling)
        var facts: [(name: String, value: Value)] = [
            ("server", .string(shownServer)),
            ("client", .string(agreed.client)), ("rate_hz", .integer(agreed.rate)),
            ("period_frames", .integer(agreed.period)),
        ]
        if let scheduling {
            facts.append(("scheduling", .string(scheduling)))
        } else {
            facts.append(("realtime", .boolean(agreed.isRealtime)))
        }
        return facts
    }

    /// Makes ``run(_:)`` return. Thread: any.
    public func stop() {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        bell.ring()
    }

    /// Lets ``run(_:)`` run again after a ``stop()``. Thread: control, no run under way.
    func allowRun() { isStopped.store(false, ordering: .sequentiallyConsistent) }

    /// Takes down what a client found. Thread: control.
    func agree(with client: JACKClient) {
        let new = Self.agreed(with: client)
        agreed.withLock { $0 = new }
    }

    private static func agreed(with client: JACKClient) -> Agreed {
        Agreed(
            client: client.name, rate: client.currentRate, period: client.period, isRealtime: client.isRealtime)
    }

    /// Refuses a rate that the pipeline does not state.
    func checkRate(_ rate: Int) throws(PipelineError) {
        guard let wanted = request.rate, wanted != rate else { return }
        throw PipelineError(
            .unavailable, at: "engine.rate_hz",
            """
            found \(wanted) Hz, but the JACK server runs at \(rate) Hz; leave rate_hz out to follow it, or restart the \
            server at \(wanted) Hz
            """)
    }

    /// The server that the nodes name, all the same one.
    private static func server(of request: DriverRequest) throws(PipelineError) -> String {
        var first: (id: String, server: String)?
        for node in request.nodes {
            guard let server = try node.parameters.optionalString("server") else { continue }
            if let first, first.server != server {
                throw node.parameters.error(
                    "server",
                    #"found "\#(server)", but "\#(first.id)" names "\#(first.server)"; a pipeline talks to one server"#)
            }
            first = first ?? (node.id, server)
        }
        return first?.server ?? ""
    }
}
