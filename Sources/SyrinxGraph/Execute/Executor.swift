public import SyrinxCore
internal import SyrinxRealtime

/// Runs a plan: sets the clocks of a slice, then calls one step after the other.
///
/// Everything in ``render(_:)`` up to its return is the render section: no allocation, lock, wait or system call.
// SAFETY: `render` belongs to the driver's thread; what others read is atomic, or read between cycles by that thread.
public final class Executor: Engine {
    public let plan: Plan
    public let masterRate: Int
    public let largestBlock: Int
    /// P. Owned by the render thread.
    public nonisolated(unsafe) private(set) var position = 0
    /// The plan's tables; the plan keeps them.
    private nonisolated(unsafe) let steps: UnsafeMutablePointer<Step>
    private nonisolated(unsafe) let clocks: UnsafeMutablePointer<PortClock>
    private nonisolated(unsafe) let rates: UnsafeMutablePointer<Int>
    private let clockCount: Int
    private let stepCount: Int
    /// Cycles of the processor's counter that each step took, in the cycles that were timed.
    private nonisolated(unsafe) let times: UnsafeMutablePointer<UInt64>
    /// Cycles between two in which steps are timed: 64 flat out, 1 live.
    private let timedEvery: Int
    private nonisolated(unsafe) var cycle = 0
    private nonisolated(unsafe) var timedFrames = 0
    /// The clocks of a slice, while a step in it is cut further.
    private nonisolated(unsafe) let saved: UnsafeMutablePointer<PortClock>

    /// - Parameter timedEvery: cycles between two in which steps are timed.
    public init(_ plan: Plan, timedEvery: Int = 64) {
        self.plan = plan
        self.timedEvery = timedEvery
        masterRate = plan.masterRate
        largestBlock = plan.largestBlock
        steps = plan.steps
        clocks = plan.clocks
        rates = plan.rates
        clockCount = plan.clockCount
        stepCount = plan.stepCount
        times = .allocate(capacity: max(plan.stepCount, 1))
        times.initialize(repeating: 0, count: max(plan.stepCount, 1))
        saved = .allocate(capacity: max(plan.clockCount, 1))
        saved.initialize(repeating: PortClock(), count: max(plan.clockCount, 1))
    }

    deinit {
        times.deallocate()
        saved.deallocate()
    }

    /// Renders the next `frames` frames, in pieces of at most ``largestBlock``.
    ///
    /// What renderers told lies in the plan's event memory afterwards, until ``takeEvents(_:)``.
    @_noLocks @_noAllocation
    public func render(_ frames: Int) {
        let mode = _unsafePerformance { RenderSection.enter() }  // Marks the section itself; writes one register.
        var left = frames
        while left > 0 {
            let piece = min(left, largestBlock)
            renderCycle(piece)
            left -= piece
        }
        _unsafePerformance { RenderSection.leave(mode) }  // As above.
    }

    /// As above; what the driver knows of the cycle's time goes into its record.
    @_noLocks @_noAllocation
    public func render(_ frames: Int, timing: CycleTiming) { render(frames) }

    /// Waits for every source and sink. Thread: the driver's, never in real time.
    public func supply(_ frames: Int) -> Bool {
        let end = position + frames
        for source in plan.sources {
            if source.bridge?.waitToGive(through: ceiling(end, source.rate, masterRate)) == .stopped { return false }
        }
        for sink in plan.sinks {
            guard sink.bridge.waitToTake(through: ceiling(end, sink.rate, masterRate)) else { return false }
        }
        return true
    }

    public func setRolling(_ isRolling: Bool) {}

    /// Hands over what renderers told since the last call, in the order of their frames, then of nodes in the file.
    ///
    /// - Thread: the driver's, between cycles, outside the render section.
    public func takeEvents(_ each: (RenderEvent) -> Void) {
        let cycle = plan.events
        guard cycle.pointee.count > 0 else { return }
        let events = UnsafeBufferPointer(start: cycle.pointee.storage, count: cycle.pointee.count)
        let sorted = events.enumerated().sorted { one, other in
            let (a, b) = (one.element, other.element)
            // Instants told / rate, compared without a division.
            let (left, right) = (Int128(a.told) * Int128(b.rate), Int128(b.told) * Int128(a.rate))
            return (left, Int(a.node), one.offset) < (right, Int(b.node), other.offset)
        }
        cycle.pointee.count = 0
        for (_, event) in sorted { each(event) }
    }

    /// Events that found no room in their cycle. Thread: the driver's, between cycles.
    public var droppedEvents: Int { plan.events.pointee.dropped }

    /// Each step's name and its part of the time that was measured, in cycles of the processor's counter.
    ///
    /// - Thread: the driver's, between cycles, or any after the last one.
    public var stepTimes: [(name: String, ticks: UInt64)] {
        plan.stepNames.enumerated().filter { !$1.isEmpty }.map { ($1, times[$0]) }
    }

    /// Frames at R in the cycles that were timed.
    public var timedFrameCount: Int { timedFrames }

    /// The position up to which a loop was louder than −120 dBFS. Thread: the driver's, between cycles.
    public var loopsLoudUntil: Int {
        (0..<plan.watchCount).map { plan.watches[$0].loudUntil }.max() ?? 0
    }

    @_noLocks @_noAllocation
    private func renderCycle(_ frames: Int) {
        setClocks(from: position, count: frames, cycleStart: position)
        let isTimed = cycle % timedEvery == 0
        cycle &+= 1
        if isTimed {
            timedFrames &+= frames
            run(steps, times, stepCount, cycleFrames: frames, isTimed: true)
        } else {
            run(steps, times, stepCount, cycleFrames: frames, isTimed: false)
        }
        position &+= frames
    }

    @_noLocks @_noAllocation
    private func run(
        _ steps: UnsafeMutablePointer<Step>, _ times: UnsafeMutablePointer<UInt64>, _ count: Int, cycleFrames: Int,
        isTimed: Bool
    ) {
        var before: UInt64 = isTimed ? now() : 0
        var index = 0
        while index < count {
            var next = index + 1
            switch steps[index].action {
            case .render:
                if steps[index].driveCount == 0 {
                    _unsafePerformance { steps[index].render() }
                } else {
                    renderDriven(steps + index)
                }
            case .absorb: _unsafePerformance { steps[index].absorb() }
            case .loop:
                next = index + 1 + steps[index].count
                renderLoop(steps + index, times + index, cycleFrames: cycleFrames, isTimed: isTimed)
            }
            if isTimed {
                let after = now()
                times[index] &+= after &- before
                before = after
            }
            index = next
        }
    }

    /// Renders the steps of a loop, a piece at a time, so that each piece's delays reach back before it.
    @_noLocks @_noAllocation
    private func renderLoop(
        _ loop: UnsafeMutablePointer<Step>, _ times: UnsafeMutablePointer<UInt64>, cycleFrames: Int, isTimed: Bool
    ) {
        // Taken out beforehand: the thread sanitizer of Swift 6.3 cannot compile a change made through both pointers.
        let watch = loop.pointee.watch
        let start = position
        var done = 0
        while done < cycleFrames {
            let piece = min(loop.pointee.pieceFrames, cycleFrames - done)
            setClocks(from: start + done, count: piece, cycleStart: start)
            run(loop + 1, times + 1, loop.pointee.count, cycleFrames: piece, isTimed: isTimed)
            watch.pointee.listen()
            done += piece
        }
        setClocks(from: start, count: cycleFrames, cycleStart: start)
    }

    /// Renders a step whose parameters are driven: cut at every frame at which one of them changes.
    @_noLocks @_noAllocation
    private func renderDriven(_ step: UnsafeMutablePointer<Step>) {
        let drives = step.pointee.drives
        let count = step.pointee.driveCount
        for index in 0..<count { drives[index].take() }
        let main = step.pointee.mainClock
        let outer = clocks[main]
        let end = outer.position + outer.frames
        for clock in 0..<clockCount { saved[clock] = clocks[clock] }
        var cursor = outer.position
        var isCut = false
        repeat {
            var next = end
            for index in 0..<count {
                while drives[index].head != drives[index].tail {
                    let change = drives[index].queue[drives[index].head & (drives[index].capacity - 1)]
                    if change.frame > cursor {
                        next = min(next, change.frame)
                        break
                    }
                    _unsafePerformance { step.pointee.set(drives[index].parameter, to: change.value) }
                    drives[index].head &+= 1
                }
            }
            if next < end || isCut {
                isCut = true
                cut(from: cursor, to: next, last: next == end, main: main)
            }
            _unsafePerformance { step.pointee.render() }
            cursor = next
        } while cursor < end
        if isCut { for clock in 0..<clockCount { clocks[clock] = saved[clock] } }
    }

    /// Sets every clock to the part of the saved slice between two frames of the main clock.
    @_noLocks @_noAllocation
    private func cut(from: Int, to: Int, last: Bool, main: Int) {
        let mainRate = rates[main]
        for clock in 0..<clockCount {
            let whole = saved[clock]
            let rate = rates[clock]
            let begin =
                from == saved[main].position ? whole.position : max(whole.position, ceiling(from, rate, mainRate))
            let end = last ? whole.position + whole.frames : ceiling(to, rate, mainRate)
            let stop = min(max(end, begin), whole.position + whole.frames)
            clocks[clock] = PortClock(
                position: begin, frames: stop - begin, offset: whole.offset + begin - whole.position)
        }
    }

    @_noLocks @_noAllocation
    private func setClocks(from: Int, count: Int, cycleStart: Int) {
        for clock in 0..<clockCount {
            let rate = rates[clock]
            let begin = ceiling(from, rate, masterRate)
            clocks[clock] = PortClock(
                position: begin, frames: ceiling(from + count, rate, masterRate) - begin,
                offset: begin - ceiling(cycleStart, rate, masterRate))
        }
    }

    /// ceil(frames · rate / per): the frames of a stream before an instant that is counted in another.
    @_noLocks @_noAllocation
    private func ceiling(_ frames: Int, _ rate: Int, _ per: Int) -> Int {
        rate == per ? frames : (frames * rate + per - 1) / per
    }

    @_noLocks @_noAllocation
    private func now() -> UInt64 {
        _unsafePerformance { RenderSection.cycleCounter() }  // Reads a register.
    }
}
