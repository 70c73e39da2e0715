internal import SyrinxCore
internal import SyrinxGraph

/// When a run that a clock drives comes to its end by itself: as flat out, when its finite sources have ended and what they
/// set off has rung out, unless a device or a session among the sources goes on for ever.
enum LiveEnd {
    /// A loop that rings on is cut off after this time.
    private static let longestRinging = Rational(30)
    /// The grid on which it is decided that a loop has fallen silent.
    private static let grid = Rational(1, over: 10)

    /// A source that came with an edit begins there.
    private static func end(of source: Plan.Source, _ frames: Int, _ plan: Plan) -> Rational {
        Rational(frames: source.startPosition, rate: plan.masterRate) + Rational(frames: frames, rate: source.rate)
    }

    /// The end, in seconds from position 0, once it is known.
    ///
    /// - Thread: control.
    static func find(_ executor: Executor) -> Rational? {
        let plan = executor.plan
        let isEndless = plan.nodes.contains { node in
            node.descriptor.pace != .free && node.descriptor.outputs.contains { $0.kind == .audio }
        }
        let finite = plan.sources.filter { $0.end != .never }
        if isEndless || finite.isEmpty { return nil }
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
        let now = Rational(frames: executor.finishedPosition, rate: plan.masterRate)
        let quiet = Rational(frames: executor.loudPosition, rate: plan.masterRate) + length
        let cutOff = latest + longestRinging
        guard now >= latest, quiet <= now || now >= cutOff else { return nil }
        // The first point of the grid, which begins with T, at which it was silent.
        let after = max(.zero, min(quiet, cutOff) - latest)
        let steps = (after * Rational(grid.denominator, over: grid.numerator)).roundedUp
        return latest + Rational(steps) * grid + plan.tail
    }
}
