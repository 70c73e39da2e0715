internal import Synchronization
public import SyrinxCore

/// Renders as fast as it goes, from the sources' first frame to the run's last, and waits for whoever is slower.
///
/// The run ends at an instant T, the latest end of any source that has one, or where the caller says; every sink gets
/// exactly ceil((T + tail) · rate) frames.
public final class OfflineDriver: Sendable {
    /// The name in `engine.driver` and `--driver`.
    public static let name = "offline"

    /// A loop that rings on is cut off after this time.
    private static let longestRinging = Rational(30)
    /// The grid on which it is decided that a loop has fallen silent; so the end does not depend on the block size.
    private static let ringingGrid = Rational(1, over: 10)

    private let executor: Executor
    private let duration: Rational?
    private let cuts: [Int]
    private let team: (any RenderTeam)?
    private let afterCycle: @Sendable (Executor, Rational?) -> Void
    private let isStopped = Atomic<Bool>(false)
    /// T + tail as far as it is known. Thread: the driver's.
    public nonisolated(unsafe) private(set) var end: Rational?
    /// The position behind the last cycle, once ``end`` is known. Thread: the driver's.
    private nonisolated(unsafe) var lastPosition: Int?
    /// True: ``run()`` has rendered everything up to the end. Thread: the driver's.
    public nonisolated(unsafe) private(set) var ranWhole = false

    /// - Parameters:
    ///   - duration: the run's length in seconds; nil: it ends with its sources.
    ///   - cuts: lengths of cycles, taken in turn, each at most the plan's block; empty: the plan's block. What comes out
    ///     does not depend on them.
    ///   - team: renders the lanes of a plan that has several; nil: the driver's thread renders all.
    ///   - afterCycle: called between cycles on the driver's thread, with the run's end once it is known: takes events,
    ///     shows progress.
    public init(
        _ executor: Executor, duration: Rational? = nil, cuts: [Int] = [], team: (any RenderTeam)? = nil,
        afterCycle: @escaping @Sendable (Executor, Rational?) -> Void = { _, _ in }
    ) {
        self.executor = executor
        self.duration = duration
        self.cuts = cuts
        self.team = team
        self.afterCycle = afterCycle
    }

    /// Makes ``run()`` return after the cycle that is under way. Thread: any.
    public func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Renders the whole run, or up to ``stop()``, or until a service fails.
    ///
    /// - Throws: `.invalidGraph` if nothing says when the run ends.
    /// - Returns: after the last cycle; sinks have been told that none will follow, unless the run was cut short.
    public func run() throws(PipelineError) {
        guard try renderAll() else { return }
        ranWhole = true
        for sink in executor.plan.sinks { sink.bridge.finish() }
    }

    /// Returns: false if it was cut short.
    private func renderAll() throws(PipelineError) -> Bool {
        let plan = executor.plan
        var waiting = plan.sources.filter { $0.end != .never }
        if duration == nil, waiting.isEmpty {
            throw PipelineError(
                .invalidGraph, "nothing says when the run ends: no source has an end; give --duration SECONDS")
        }
        var latest = Rational.zero
        if let duration { setEnd(duration) }
        var cycle = 0
        while !isStopped.load(ordering: .relaxed) {
            var frames = cuts.isEmpty ? plan.largestBlock : min(cuts[cycle % cuts.count], plan.largestBlock)
            cycle += 1
            if let lastPosition { frames = min(frames, max(0, lastPosition - executor.position)) }
            if frames == 0 { return true }
            guard supply(upTo: executor.position + frames, waiting: &waiting, latest: &latest) else { return false }
            if end == nil, waiting.isEmpty {
                findEnd(latest)
                if let lastPosition {
                    frames = min(frames, max(0, lastPosition - executor.position))
                } else {
                    frames = upToGrid(frames, from: latest)
                }
                if frames == 0 { continue }
            }
            for sink in plan.sinks {
                let through = framesBefore(executor.position + frames, atRate: sink.rate)
                guard sink.bridge.waitToTake(through: through) else { return false }
            }
            if plan.laneCount > 1 {
                executor.render(frames, by: team ?? OneByOne())
            } else {
                executor.render(frames)
            }
            afterCycle(executor, end)
        }
        return false
    }

    /// Waits for every source; those that end are taken out of `waiting`.
    private func supply(upTo position: Int, waiting: inout [Plan.Source], latest: inout Rational) -> Bool {
        let plan = executor.plan
        for source in plan.sources where source.bridge != nil {
            switch source.bridge?.waitToGive(through: framesBefore(position, atRate: source.rate)) {
            case .ends(let frames):
                guard let index = waiting.firstIndex(where: { $0.node == source.node }) else { continue }
                waiting.remove(at: index)
                latest = max(latest, Rational(frames: frames, rate: source.rate))
            case .stopped: return false
            case .ready, nil: break
            }
        }
        waiting.removeAll { source in
            guard source.bridge == nil, case .after(let frames) = source.end else { return false }
            let ends = Rational(frames: frames, rate: source.rate)
            if ends > Rational(frames: position, rate: plan.masterRate) { return false }
            latest = max(latest, ends)
            return true
        }
        return true
    }

    /// Sets the end once every source has ended, and loops have rung out.
    private func findEnd(_ latest: Rational) {
        let plan = executor.plan
        guard let length = plan.loopLength else {
            return setEnd(latest + plan.tail)
        }
        let now = Rational(frames: executor.position, rate: plan.masterRate)
        let quiet = Rational(frames: executor.loopsLoudUntil, rate: plan.masterRate) + length
        guard now >= latest, isOnGrid(from: latest),
            max(quiet, latest) <= now || now >= latest + Self.longestRinging
        else { return }
        setEnd(now + plan.tail)
    }

    /// Cuts a cycle so that it ends on the next point of the grid that begins with T.
    private func upToGrid(_ frames: Int, from latest: Rational) -> Int {
        let rate = executor.masterRate
        let start = latest.frame(atRate: rate)
        let step = Self.ringingGrid.frame(atRate: rate)
        let position = executor.position
        let next = position < start ? start : start + ((position - start) / step + 1) * step
        return min(frames, next - position)
    }

    private func isOnGrid(from latest: Rational) -> Bool {
        let rate = executor.masterRate
        let passed = executor.position - latest.frame(atRate: rate)
        return passed >= 0 && passed % Self.ringingGrid.frame(atRate: rate) == 0
    }

    private func setEnd(_ end: Rational) {
        self.end = end
        lastPosition = executor.plan.end(at: end)
    }

    /// How many frames of a stream lie before a position at R. Whole numbers only: asked for every stream in every cycle.
    private func framesBefore(_ position: Int, atRate rate: Int) -> Int {
        let master = executor.masterRate
        return rate == master ? position : (position * rate + master - 1) / master
    }
}
