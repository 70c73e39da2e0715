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

    let channels: Int?
    let connect: [String]
    let policy: JACKPorts.Policy
    private let parameters: Parameters

    init(_ parameters: Parameters) throws(PipelineError) {
        self.parameters = parameters
        connect = (try parameters.optionalList("connect") ?? []).map { $0.string ?? "" }
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

    /// The driver's rate, or R where no driver is open.
    static func rate(_ request: FormatRequest) -> Int? {
        (request.driver as? JACKDriver)?.rate ?? request.masterRate
    }

    /// The ports of a node that is prepared.
    ///
    /// - Throws: `.invalidGraph` if JACK does not drive the run; `.unavailable` if the server refuses a port.
    func ports(_ setup: Setup, isOutput: Bool, channels: Int) throws(PipelineError) -> JACKPortGroup {
        guard let driver = setup.driver as? JACKDriver else {
            let found = setup.driver.map { #"found "\#(type(of: $0).name)""# } ?? "found none, the run goes flat out"
            throw PipelineError(
                .invalidGraph, at: parameters.path,
                """
                a JACK port needs the driver "jack", \(found); leave the driver out, or put a file in the port's place: \
                --bind \(setup.id)=FILE
                """)
        }
        return try JACKPortGroup(
            driver.ports, id: setup.id, isOutput: isOutput, channels: channels, connect: connect, policy: policy)
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
