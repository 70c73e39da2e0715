internal import Synchronization
internal import SyrinxCore
internal import SyrinxRealtime

/// Ends a run once, for the first reason that comes. Thread: any.
final class Alarm: Sendable {
    private struct State {
        var outcome = RunReport.Outcome.done
        var bell: (@Sendable () -> Void)?
    }

    private let state = Locked(State())

    /// Says what ends the run.
    func connect(_ bell: @escaping @Sendable () -> Void) { state.withLock { $0.bell = bell } }

    var outcome: RunReport.Outcome { state.withLock { $0.outcome } }

    var isRaised: Bool { outcome != .done }

    func raise(_ error: PipelineError) { raise(.failed(error)) }

    func stop() { raise(.stopped) }

    /// Stops driver and services, whatever the reason. Harmless if repeated.
    func ring() { state.withLock { $0.bell }?() }

    private func raise(_ outcome: RunReport.Outcome) {
        let isFirst = state.withLock { state in
            guard state.outcome == .done else { return false }
            state.outcome = outcome
            return true
        }
        if isFirst { ring() }
    }
}
