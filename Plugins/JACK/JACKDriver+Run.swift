internal import Synchronization
public import SyrinxCore
internal import SyrinxRealtime

extension JACKDriver {
    /// Why a stay with a server ended.
    private enum Ending {
        case stopped
        case lost(String)
        case rate(Int)
    }

    /// Lets the server call the engine until ``stop()``; this thread connects, tells, and waits for servers.
    public func run(_ host: any DriverHost) throws(PipelineError) {
        defer {
            ports.detach()
            callbacks.release()
        }
        var engine: (any Engine)?
        var isBack = false
        // After an earlier run.
        if ports.withClient({ $0 == nil }), !waitForServer(host) { return }
        while !isStopped.load(ordering: .sequentiallyConsistent) {
            let ending = try stay(&engine, host, isBack: isBack)
            isBack = false
            switch ending {
            case .stopped: return
            case .rate: callbacks.release()
            case .lost(let reason):
                host.tell("server_lost", [.init("reason", .string(reason))], nodes: [])
                ports.detach()
                callbacks.release()
                guard waitForServer(host) else { return }
                isBack = true
            }
        }
    }

    /// Renders with the client that is there, until something ends it.
    private func stay(_ engine: inout (any Engine)?, _ host: any DriverHost, isBack: Bool) throws(PipelineError)
        -> Ending
    {
        guard let client = ports.withClient({ $0 }) else { return .lost("no client") }
        let rate = client.currentRate
        if engine?.masterRate != rate { engine = try host.engine(atRate: rate) }
        guard let engine else { return .stopped }
        let paths = host.pathLatencies()
        callbacks.paths.withLock { $0 = paths }
        callbacks.prepare(client, engine, follows: followsTransport)
        do throws(PipelineError) {
            try client.activate()
        } catch {
            // It may have died under our hands; then libjack tells so within moments.
            for _ in 0..<8 {
                let ticket = bell.ticket()
                if let words = callbacks.takeSignals().lostWords { return .lost(words) }
                bell.wait(after: ticket, atMost: Self.interval)
            }
            throw error
        }
        agree(with: client)
        var loop = JACKLoop(driver: self, client: client, host: host)
        loop.begin()
        if isBack {
            host.tell(
                "server_back", [.init("rate_hz", .integer(rate)), .init("period_frames", .integer(client.period))],
                nodes: [])
        }
        while true {
            let ticket = bell.ticket()
            if isStopped.load(ordering: .sequentiallyConsistent) {
                client.deactivate()
                loop.drainTransport()
                if client.isStuck {
                    host.tell("server_lost", [.init("reason", .string("it does not answer"))], nodes: [])
                }
                return .stopped
            }
            for signal in callbacks.takeSignals() {
                switch signal {
                case .lost(let words): return .lost(words.isEmpty ? "the server is gone" : words)
                case .rate:
                    let new = client.currentRate
                    if new == rate { break }
                    client.deactivate()
                    try checkRate(new)
                    agree(with: client)
                    host.tell("rate_changed", [.init("rate_hz", .integer(new))], nodes: [])
                    return .rate(new)
                default: loop.take(signal)
                }
            }
            loop.look()
            if client.isStuck {
                throw PipelineError(
                    .unavailable, at: "jack",
                    "the server \"\(shownServer)\" does not answer any more; restart it, and then this pipeline")
            }
            bell.wait(after: ticket, atMost: Self.interval)
        }
    }

    /// Looks for the server until it is back at a rate that will do, with every port registered.
    ///
    /// - Returns: false if the run was stopped meanwhile.
    private func waitForServer(_ host: any DriverHost) -> Bool {
        var refusal: PipelineError?
        while true {
            let ticket = bell.ticket()
            if isStopped.load(ordering: .sequentiallyConsistent) { return false }
            // What a client told that is closed by now.
            _ = callbacks.takeSignals()
            if let client = try? JACKClient(name: request.pipeline, server: server, callbacks: callbacks) {
                do throws(PipelineError) {
                    try checkRate(client.rate)
                    if ports.attach(client) {
                        agree(with: client)
                        return true
                    }
                } catch {
                    if refusal != error {
                        host.tell("server_refused", [.init("reason", .string(error.message))], nodes: [])
                    }
                    refusal = error
                }
            }
            bell.wait(after: ticket, atMost: Self.interval)
        }
    }
}

extension [JACKCallbacks.Signal] {
    /// The words of a loss among them.
    fileprivate var lostWords: String? {
        for case .lost(let words) in self { return words }
        return nil
    }
}
