internal import Synchronization
internal import SyrinxClocks
internal import SyrinxCore

/// What `jack.source` and `jack.sink` have in common.
struct JACKParameters: Sendable {
    /// Ports of one node at most.
    static let channelRange = 1...64

    static let shared: [ParameterDescriptor] = [
        .init(
            "connect", .list(.string, count: 0...64),
            """
            Ports to connect to, entry i for channel i: names, aliases, or patterns with * and ?. One pattern that matches \
            several fills the channels in port order; an empty entry leaves its channel alone.
            """),
        .choice(
            "connect_policy", of: ["ensure", "once"], default: "ensure",
            "ensure: connected again whenever a port appears; once: at the start only, and when the server is back."),
        .string(
            "server", "The JACK server's name; left out: JACK_DEFAULT_SERVER, or default. The same for all nodes."),
    ]

    static let control: [PortDescriptor] = [
        .control("drift", unit: .partsPerMillion, "How much faster the server's clock is than the master's."),
        .control("fill", unit: .frames, "Frames that lie between the two clocks."),
    ]

    static let events: [EventDescriptor] = [
        .init("server_lost", "The server is gone; it is looked for four times a second."),
        .init("server_back", "A server is there again, or gives cycles again, at this rate and period."),
        .init("server_refused", "A server is back, at a rate that the pipeline does not state."),
        .init("server_silent", "No cycle has come for 5 s, though the server is there; it is waited for."),
        .init("rate_changed", "The server has another rate."),
        .init("period_changed", "The server has another period."),
        .init("latency_changed", "A longer period, where another driver leads: the bridge is later than was stated."),
        .init("freewheel_begin", "The server runs as fast as it can; where another driver leads, sound is silent."),
        .init("freewheel_end", "It keeps time again."),
        .init("transport_start", "JACK's transport rolls, from transport_frame on."),
        .init("transport_stop", "It stands still."),
        .init("transport_locate", "It was moved."),
        .init("connected", "A port was connected, as connect says."),
        .init("connect_pending", "There is no such port yet; it is waited for."),
        .init("connect_failed", "JACK refuses a connection, or the port was not there for the policy once."),
    ]

    let channels: Int?
    let connect: [String]
    let policy: JACKPorts.Policy
    let server: String?
    private let parameters: Parameters
    private let followsTransport: Bool
    /// The client beside another driver, from the first look at it on.
    private let guestBox = GuestBox()

    private final class GuestBox: Sendable {
        let guest = Mutex<JACKGuest?>(nil)
    }

    init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        connect = (try parameters.optionalList("connect") ?? []).map { $0.string ?? "" }
        server = try parameters.optionalString("server")
        followsTransport = parameters.value("follow_transport") == .boolean(true)
        policy = JACKPorts.Policy(rawValue: try parameters.string("connect_policy")) ?? .ensure
        let stated = try parameters.optionalInteger("channels")
        channels = stated ?? (connect.count > 1 ? connect.count : nil)
        if let stated, connect.count > stated {
            throw parameters.error(
                "connect",
                "found \(connect.count) entries for \(stated) channel\(stated == 1 ? "" : "s"); entry i is for channel i"
            )
        }
    }

    // MARK: Where JACK leads

    /// The ports of a node that is prepared.
    ///
    /// - Throws: `.unavailable` if the server refuses a port.
    func ports(of driver: JACKDriver, _ id: String, isOutput: Bool, channels: Int) throws(PipelineError)
        -> JACKPortGroup
    {
        try JACKPortGroup(
            driver.ports, id: id, isOutput: isOutput, channels: channels, connect: connect, policy: policy)
    }

    // MARK: Where another driver leads

    /// The client beside the driver that leads.
    ///
    /// - Throws: `.invalidGraph` flat out, or where the transport of a server that does not lead is to be followed;
    ///   `.unavailable` if no server answers.
    func guest(beside driver: (any Driver)?, _ bindable: String? = nil) throws(PipelineError) -> JACKGuest {
        guard let driver else {
            let id = bindable ?? parameters.path.split(separator: ".").last.map(String.init) ?? "NODE"
            throw PipelineError(
                .invalidGraph, at: parameters.path,
                """
                a JACK port keeps the server's pace and cannot be rendered flat out; let the driver be "jack", or put a file \
                in the port's place: --bind \(id)=FILE
                """)
        }
        if followsTransport {
            throw parameters.error(
                "follow_transport",
                #"found true, but "\#(type(of: driver).name)" leads; the transport runs and stops what JACK leads only"#
            )
        }
        if let guest = guestBox.guest.withLock({ $0 }) { return guest }
        let guest = try JACKGuest.beside(driver, server: server, parameters)
        guestBox.guest.withLock { $0 = guest }
        return guest
    }

    /// How a node at the guest is joined to the graph.
    func bridging(
        _ direction: ClockBridge.Direction, _ guest: JACKGuest, beside driver: any Driver, rate: Int, channels: Int
    ) -> JACKBridging {
        JACKBridging(
            direction, channels: channels, driver: driver, rate: rate, deviceRate: guest.masterRate,
            devicePeriod: guest.period)
    }

    /// What was agreed on with the guest's server, for display and report.
    func facts(_ guest: JACKGuest, latency: Int) -> [(name: String, value: Value)] {
        guest.driver.facts.filter { $0.name != "realtime" && $0.name != "scheduling" } + [
            ("latency_frames", .integer(latency)), ("clock", .string("own")),
        ]
    }

    /// The place of a node that is prepared.
    func seat(
        _ direction: ClockBridge.Direction, _ setup: Setup, channels: Int, inputLatency: Int
    ) throws(PipelineError) -> JACKSeat {
        let guest = try guest(beside: setup.driver, setup.id)
        guard let driver = setup.driver else { throw PipelineError(.internal, at: parameters.path, "no driver") }
        let group = try ports(of: guest.driver, setup.id, isOutput: direction == .playback, channels: channels)
        let bridging = bridging(direction, guest, beside: driver, rate: setup.masterRate, channels: channels)
        return try JACKSeat(guest, id: setup.id, group, bridging, inputLatency: inputLatency, events: setup.events)
    }
}

/// The ports that a renderer holds, and gives back when it is freed.
// SAFETY: what render reads is written in `init`, or belongs to the process callback.
final class JACKPortGroup: @unchecked Sendable {
    /// What render needs, in plain memory. Valid as long as the group is.
    struct Access: BitwiseCopyable {
        let cycle: UnsafeMutablePointer<JACKBoard.Cycle>
        let buffers: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>
        /// For each channel its place among `buffers`.
        let slots: UnsafeMutablePointer<Int>

        /// A channel's memory from frame `position` on; nil: there is none for so many frames. Thread: render.
        @_noLocks @_noAllocation
        func samples(_ channel: Int, at position: Int, count: Int) -> UnsafeMutablePointer<Float>? {
            let offset = position &- cycle.pointee.start
            guard offset >= 0, offset &+ count <= cycle.pointee.frames, let buffer = buffers[slots[channel]] else {
                return nil
            }
            return buffer + offset
        }
    }

    let access: Access
    let channels: Int
    private let ports: JACKPorts
    private let ticket: Int

    init(
        _ ports: JACKPorts, id: String, isOutput: Bool, channels: Int, connect: [String], policy: JACKPorts.Policy
    ) throws(PipelineError) {
        self.ports = ports
        self.channels = channels
        let (ticket, slots) = try ports.acquire(
            id: id, isOutput: isOutput, channels: channels, connect: connect, policy: policy)
        self.ticket = ticket
        let memory = UnsafeMutablePointer<Int>.allocate(capacity: channels)
        for (channel, slot) in slots.enumerated() { (memory + channel).initialize(to: slot) }
        access = Access(cycle: ports.board.cycle, buffers: ports.board.buffers, slots: memory)
    }

    deinit {
        ports.release(ticket)
        access.slots.deallocate()
    }
}
