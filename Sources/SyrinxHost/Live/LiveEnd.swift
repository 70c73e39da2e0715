internal import SyrinxCore
internal import SyrinxGraph

/// When a run that a clock drives comes to its end by itself: as flat out, when its finite sources have ended and what they
/// set off has rung out and been answered, unless a device among the sources goes on for ever; or when a session says so.
enum LiveEnd {
    /// What was found.
    struct Found {
        /// In seconds from position 0.
        let instant: Rational
        /// A keeper ends the run before its time; outputs fade.
        var isCutShort = false
        /// Why, if it is an error, and whose.
        var error: (error: PipelineError, node: String)?
    }

    /// A loop that rings on is cut off after this time.
    private static let longestRinging = Rational(30)
    /// The grid on which it is decided that a loop has fallen silent.
    private static let grid = Rational(1, over: 10)
    /// How far ahead an end is set that is found now, so that no sink has got past it.
    static let ahead = Rational(1, over: 20)

    /// A source that came with an edit begins there.
    private static func end(of source: Plan.Source, _ frames: Int, _ plan: Plan) -> Rational {
        Rational(frames: source.startPosition, rate: plan.masterRate) + Rational(frames: frames, rate: source.rate)
    }

    /// The end, once it is known.
    ///
    /// - Thread: control.
    static func find(_ executor: Executor) -> Found? {
        let plan = executor.plan
        let now = Rational(frames: executor.finishedPosition, rate: plan.masterRate)
        let keepers = plan.nodes.compactMap { node in node.prepared.keeper.map { (keeper: $0, node: node.id) } }
        for (keeper, node) in keepers {
            guard case .over(let error) = keeper.wish else { continue }
            return Found(instant: now + ahead, isCutShort: true, error: error.map { ($0, node) })
        }
        guard let end = endOfSources(executor, now) else { return nil }
        if keepers.isEmpty { return Found(instant: end) }
        // From here on what is still to come follows from what was said, and only those concerned know when it is over.
        guard now >= end else { return nil }
        var isWaiting = false
        for (keeper, _) in keepers where !keeper.isSource {
            keeper.sourcesEnded()
            if keeper.wish == .waiting { isWaiting = true }
        }
        return isWaiting ? nil : Found(instant: now + ahead)
    }

    /// When the finite sources have ended and rung out; nil while that is not known, or if nothing ends.
    private static func endOfSources(_ executor: Executor, _ now: Rational) -> Rational? {
        let plan = executor.plan
        let isEndless = plan.nodes.contains { node in
            node.descriptor.pace != .free && node.prepared.keeper == nil
                && node.descriptor.outputs.contains { $0.kind == .audio }
        }
        let finite = plan.sources.filter { $0.end != .never }
        let scripts = plan.nodes.compactMap(\.prepared.keeper).filter(\.isSource)
        if isEndless || (finite.isEmpty && scripts.isEmpty) { return nil }
        if scripts.contains(where: { $0.wish == .waiting }) { return nil }
        var latest = Rational.zero
        for source in finite {
            switch source.end {
            case .never: continue
            case .after(let frames): latest = max(latest, end(of: source, frames, plan))
            case .whenRead:
                guard let frames = source.bridge?.knownEnd else { return nil }
                latest = max(latest, end(of: source, frames, plan))
            }
        }
        // What a transport made them wait comes on top.
        latest = latest + Rational(frames: executor.restedFrames, rate: plan.masterRate)
        guard let length = plan.loopLength else { return latest + plan.tail }
        let quiet = Rational(frames: executor.loudPosition, rate: plan.masterRate) + length
        let cutOff = latest + longestRinging
        guard now >= latest, quiet <= now || now >= cutOff else { return nil }
        // The first point of the grid, which begins with T, at which it was silent.
        let after = max(.zero, min(quiet, cutOff) - latest)
        let steps = (after * Rational(grid.denominator, over: grid.numerator)).roundedUp
        return latest + Rational(steps) * grid + plan.tail
    }
}
