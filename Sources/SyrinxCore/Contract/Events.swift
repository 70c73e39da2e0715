/// Something that happened, with its time, as logs and receivers see it.
public struct PipelineEvent: Sendable, Hashable {
    /// The frame at R since the run's start; the instant at the sources, latency taken off.
    public var frame: Int
    /// Seconds since the run's start.
    public var time: Double
    /// The id of the node that told it.
    public var node: String
    /// Its name: `speech_begin`.
    public var event: String
    public var fields: [Value.Member]

    public init(frame: Int, time: Double, node: String, event: String, fields: [Value.Member] = []) {
        self.frame = frame
        self.time = time
        self.node = node
        self.event = event
        self.fields = fields
    }

    /// The event as one JSON-like object: `frame`, `time_s`, `node`, `event`, and its own members.
    public var value: Value {
        .object(
            [
                .init("frame", .integer(frame)), .init("time_s", .number(time)), .init("node", .string(node)),
                .init("event", .string(event)),
            ] + fields)
    }
}

/// Takes events that are linked to a node.
public protocol EventReceiver: AnyObject, Sendable {
    /// Takes the next event; they come in order, from one thread at a time.
    ///
    /// - Throws: what ends the run.
    /// - Thread: control; may write a file, must not wait for long.
    func receive(_ event: PipelineEvent) throws(PipelineError)

    /// Tells that no more will come. Thread: control.
    func finish() throws(PipelineError)
}

/// Where a service sends its events; they get the position of the last finished cycle.
public struct EventSender: Sendable {
    private let send: @Sendable (_ event: String, _ fields: [Value.Member]) -> Void
    private let clock: @Sendable () -> Double

    /// - Parameters:
    ///   - time: what ``time()`` tells.
    ///   - send: takes each event. Thread: any.
    public init(
        time: @escaping @Sendable () -> Double = { 0 },
        _ send: @escaping @Sendable (_ event: String, _ fields: [Value.Member]) -> Void
    ) {
        clock = time
        self.send = send
    }

    /// Thread: any but render.
    public func callAsFunction(_ event: String, _ fields: [Value.Member] = []) { send(event, fields) }

    /// The time that an event gets which is sent now, in seconds since the run's start. Thread: any but render.
    public func time() -> Double { clock() }

    /// Forgets everything; for tests.
    public static let discarding = EventSender { _, _ in }
}
