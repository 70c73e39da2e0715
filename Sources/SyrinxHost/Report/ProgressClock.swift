internal import SyrinxCore
internal import SyrinxGraph

/// Tells how far a run is, now and then. Owned by one thread at a time.
final class ProgressClock: Sendable {
    /// Nanoseconds between two calls.
    private static let interval: UInt64 = 100_000_000

    private let report: (@Sendable (RunProgress) -> Void)?
    private nonisolated(unsafe) var start: UInt64 = 0
    private nonisolated(unsafe) var last: UInt64 = 0

    init(_ report: (@Sendable (RunProgress) -> Void)?) {
        self.report = report
        if report != nil {
            start = monotonicNanoseconds()
            last = start
        }
    }

    /// - Parameters:
    ///   - position: frames at R.
    ///   - live: what only a live run knows.
    func tick(_ plan: Plan, position: Int, end: Rational?, live: () -> RunProgress.Live? = { nil }) {
        guard let report else { return }
        let now = monotonicNanoseconds()
        guard now - last >= Self.interval else { return }
        last = now
        let length = end?.double ?? plan.knownLength
        let position = Double(position) / Double(plan.masterRate)
        report(
            RunProgress(
                position: min(position, length ?? position), length: length, wallTime: Double(now - start) / 1e9,
                sinks: plan.nodes.compactMap { node in
                    guard node.prepared.sink != nil, let reporter = node.prepared.reporter else { return nil }
                    return .init(node: node.id, figures: reporter.figures())
                }, live: live()))
    }
}

extension Plan {
    /// The run's length in seconds as far as its sources state it before they are read; nil if one does not.
    fileprivate var knownLength: Double? {
        var latest = 0.0
        for source in sources {
            switch source.end {
            case .never: continue
            case .whenRead: return nil
            case .after(let frames): latest = max(latest, Double(frames) / Double(source.rate))
            }
        }
        return latest > 0 ? latest + tail.double : nil
    }
}
