internal import Synchronization
internal import SyrinxCore
internal import SyrinxRealtime

/// What the driver's thread does while a server calls the engine: connections, latencies, and word of what happened.
struct JACKLoop {
    private let driver: JACKDriver
    private let client: JACKClient
    private let host: any DriverHost
    private var connector: JACKConnector
    private var paths: [PathLatency]
    private var tickets: [Int] = []
    private var portsAppeared = true
    private var isFreewheeling = false
    private var period: Int
    private var silence: JACKSilence

    init(driver: JACKDriver, client: JACKClient, host: any DriverHost) {
        self.driver = driver
        self.client = client
        self.host = host
        connector = JACKConnector(client)
        paths = driver.callbacks.paths.withLock { $0 }
        period = client.period
        silence = JACKSilence(driver.ports.board)
    }

    /// Connects what is there, and states latencies.
    mutating func begin() {
        look()
        driver.ports.withClient { _ in client.recomputeLatencies() }
    }

    /// Takes in what libjack told.
    mutating func take(_ signal: JACKCallbacks.Signal) {
        switch signal {
        case .xrun:
            let late = Double(client.xrunMicroseconds)
            let lost = late > 0 ? Int((late * Double(client.currentRate) / 1e6).rounded()) : 0
            host.xrun(Xrun(lostFrames: lost, detail: late >= 1 ? "the JACK server was \(Int(late)) µs late" : nil))
        case .period(let frames):
            if frames != period {
                period = frames
                driver.agree(with: client)
                host.tell("period_changed", [.init("period_frames", .integer(frames))], nodes: [])
            }
        case .freewheel(let isOn):
            if isOn != isFreewheeling { host.tell(isOn ? "freewheel_begin" : "freewheel_end", [], nodes: []) }
            isFreewheeling = isOn
        case .ports(let appeared): portsAppeared = portsAppeared || appeared
        case .rate, .lost: break
        }
    }

    /// Does what is due; called after every ring of the bell, and now and then without.
    mutating func look() {
        drainTransport()
        watchSilence()
        let new = driver.ports.withNodes { nodes in nodes.map(\.ticket) }
        let hasNewNodes = new != tickets
        tickets = new
        if portsAppeared || hasNewNodes || connector.hasToRetry {
            portsAppeared = false
            // Told without the client's lock: a host may let go of a node meanwhile.
            let words = driver.ports.withClient { _ in connector.apply(driver.ports) }
            for word in words { host.tell(word.event, word.fields, nodes: [word.node]) }
        }
        let now = host.pathLatencies()
        if now != paths || hasNewNodes {
            paths = now
            driver.callbacks.paths.withLock { $0 = now }
            driver.ports.withClient { _ in client.recomputeLatencies() }
        }
    }

    /// Tells of a server that is there, but stands still.
    private mutating func watchSilence() {
        switch silence.look(at: driver.ports.board) {
        case .began: host.tell("server_silent", [.init("seconds", .number(JACKSilence.patience))], nodes: [])
        case .ended(let seconds):
            host.tell(
                "server_back",
                [
                    .init("rate_hz", .integer(client.currentRate)), .init("period_frames", .integer(client.period)),
                    .init("seconds", .number(seconds)),
                ], nodes: [])
        case nil: break
        }
    }

    /// Tells what the transport did.
    func drainTransport() {
        while let change = driver.callbacks.changes.pop() {
            let event =
                switch change.kind {
                case .start: "transport_start"
                case .stop: "transport_stop"
                case .locate: "transport_locate"
                }
            host.tell(
                event,
                [
                    .init("transport_frame", .integer(change.frame)),
                    .init("position_frames", .integer(change.position)),
                ], nodes: [])
        }
    }
}
