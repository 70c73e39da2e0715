internal import CPluginHost
internal import Synchronization
internal import SyrinxCore
internal import SyrinxRealtime

/// Watches the helper of an isolated plugin, and starts another when it has failed. A driver that may wait waits for it.
final class IsolatedService: BlockingService, SourceBridge, Reporter {
    /// Lives that end without one answered frame, after which the plugin is left alone.
    private static let mostFutile = 5
    /// How long a helper may stand still with work before it, in looks of 2 ms.
    private static let mostIdleLooks = 500

    private let host: IsolatedHost
    private let events: EventSender
    private let delay: Int
    private let isCancelled = Atomic(false)
    private let bell = Doorbell()
    private let restarts = Atomic<Int>(0)

    init(_ host: IsolatedHost, _ events: EventSender, isPaced: Bool, delay: Int) {
        (self.host, self.events, self.delay) = (host, events, delay)
    }

    func run() {
        guard let shared = host.shared else { return }
        var answered: Int64 = 0
        var (idle, futile) = (0, 0)
        while !isCancelled.load(ordering: .acquiring) {
            let ticket = bell.ticket()
            host.listen()
            let now = syrinx_lane_answered(shared)
            let isUp = syrinx_lane_phase(shared) == UInt32(SYRINX_LANE_UP)
            idle = isUp && now == answered && syrinx_lane_submitted(shared) > now ? idle + 1 : 0
            answered = now
            if let fault = host.fault ?? (idle > Self.mostIdleLooks ? "it hangs" : nil) {
                futile = syrinx_lane_progress(shared) > 0 ? 0 : futile + 1
                idle = 0
                if !replace(fault, isLast: futile >= Self.mostFutile) { break }
                continue
            }
            bell.wait(after: ticket, atMost: 2_000_000)
        }
        host.listen()
        // Who waits for an answer waits no more.
        syrinx_lane_set_phase(shared, UInt32(SYRINX_LANE_GONE))
    }

    /// Starts another helper, and tells why. Returns: false: there is none any more.
    private func replace(_ fault: String, isLast: Bool) -> Bool {
        host.stop()
        if !isLast {
            do throws(PipelineError) {
                try host.restart()
                restarts.add(1, ordering: .relaxed)
                events("plugin_restarted", [.init("plugin", .string(host.file)), .init("reason", .string(fault))])
                return true
            } catch {
                let words = zip(NodeHandle.logFields, ["error", error.message])
                events(NodeHandle.logEvent, words.map { .init($0, .string($1)) })
            }
        }
        events("plugin_muted", [.init("plugin", .string(host.file)), .init("reason", .string(fault))])
        return false
    }

    func cancel() {
        isCancelled.store(true, ordering: .releasing)
        bell.ring()
    }

    func waitToGive(through frame: Int) -> Supply {
        guard let shared = host.shared else { return .ready }
        while !isCancelled.load(ordering: .relaxed) {
            if syrinx_lane_wait(shared, Int64(frame - delay), 10_000_000) != 0 { break }
        }
        return .ready
    }

    func figures() -> [(name: String, value: Value)] {
        [("plugin", .string(host.file)), ("restarts", .integer(restarts.load(ordering: .relaxed)))]
    }
}
