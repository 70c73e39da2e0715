internal import Synchronization
public import SyrinxCore
internal import SyrinxRealtime

/// Runs a plan: sets the clocks of a slice, then calls one step after the other. Takes up another plan at a cycle's edge.
///
/// Everything in ``render(_:)`` up to its return is the render section: no allocation, lock, wait or system call.
// SAFETY: `render` belongs to the driver's thread; what others read is atomic, or read between cycles by that thread.
public final class Executor: Engine {
    public let masterRate: Int
    public let largestBlock: Int
    /// P. Owned by the render thread.
    public nonisolated(unsafe) private(set) var position = 0
    /// The plan that is rendered. Owned by the render thread; the owners of the plans keep it alive.
    nonisolated(unsafe) var tables: UnsafeMutablePointer<PlanTables>
    /// The plan to take up next; 0: none. Control writes, render empties.
    let nextTables = Atomic<UInt>(0)
    /// The generation of the plan that is rendered. Written by the render thread.
    let activeGeneration: Atomic<Int>
    /// The plans that may be rendered, the newest last. Never locked by the render section.
    let plans: Locked<[Plan]>
    /// Cycles between two in which steps are timed, flat out.
    private let timedEvery: Int
    private nonisolated(unsafe) var cycle = 0
    nonisolated(unsafe) var timedFrames = 0
    /// Live runs hand on events through it; flat out ``takeEvents(_:)`` does.
    let eventRing: Unmanaged<Ring<TaggedEvent>>
    /// Events that found no room. Written by the render thread.
    let drops = Atomic<Int>(0)
    /// P for other threads: everything before it is rendered, its events are in the ring.
    let finished = Atomic<Int>(0)
    /// What the driver's transport wants. Owned by the render thread.
    nonisolated(unsafe) var isRolling = true
    private nonisolated(unsafe) var gate: SourceGate
    let rested = Atomic<Int>(0)
    /// The position up to which a loop was loud.
    let loud = Atomic<Int>(0)

    /// Events that a live run can hold until the control side comes.
    private static let ringCapacity = 16_384

    /// - Parameters:
    ///   - timedEvery: cycles between two in which steps are timed, flat out.
    ///   - isLive: true: every cycle is timed and logged, and events go through a ring.
    public init(_ plan: Plan, timedEvery: Int = 64, isLive: Bool = false) {
        plans = Locked([plan])
        self.timedEvery = timedEvery
        masterRate = plan.masterRate
        largestBlock = plan.largestBlock
        tables = plan.tables
        activeGeneration = Atomic(plan.generation)
        gate = SourceGate(masterRate: plan.masterRate)
        eventRing = .passRetained(Ring(minimumCapacity: isLive ? Self.ringCapacity : 1, initial: TaggedEvent()))
    }

    deinit { eventRing.release() }

    // MARK: The render section

    /// Renders the next `frames` frames, in pieces of at most ``largestBlock``.
    ///
    /// What renderers told lies in the plan's event memory afterwards, until ``takeEvents(_:)``.
    @_noLocks @_noAllocation
    public func render(_ frames: Int) {
        let mode = _unsafePerformance { RenderSection.enter() }  // Marks the section itself; writes one register.
        takeUp()
        renderPieces(frames)
        countDrops()
        finished.store(position, ordering: .releasing)
        _unsafePerformance { RenderSection.leave(mode) }  // As above.
    }

    /// As above, live: events go into the ring, and the cycle's times into the log.
    @_noLocks @_noAllocation
    public func render(_ frames: Int, timing: CycleTiming) {
        let mode = _unsafePerformance { RenderSection.enter() }  // As above.
        let began = now()
        takeUp()
        let start = position
        gate.beginCycle(at: start, frames: frames, isRolling: isRolling)
        rested.store(gate.restedFrames, ordering: .relaxed)
        renderPieces(frames)
        handOverEvents()
        countDrops()
        finished.store(position, ordering: .releasing)
        let tables = tables.pointee
        for index in 0..<tables.watchCount {
            loud.store(max(loud.load(ordering: .relaxed), tables.watches[index].loudUntil), ordering: .relaxed)
        }
        if tables.isLogged {
            tables.log.put(
                position: start, frames: frames, lateness: timing.lateness, period: timing.period,
                ticks: Int(truncatingIfNeeded: now() &- began), times: tables.cycleTimes, sums: tables.times)
        }
        _unsafePerformance { RenderSection.leave(mode) }  // As above.
    }

    @_noLocks @_noAllocation
    private func renderPieces(_ frames: Int) {
        var left = frames
        while left > 0 {
            let piece = min(left, largestBlock)
            renderCycle(piece)
            left -= piece
        }
    }

    /// Takes up the plan that was published, if one was, and hands written parameters to their renderers.
    @_noLocks @_noAllocation
    func takeUp() {
        if nextTables.load(ordering: .relaxed) != 0,
            let next = UnsafeMutablePointer<PlanTables>(bitPattern: nextTables.exchange(0, ordering: .acquiring))
        {
            // What was written before this plan was there is for nodes that may go on in it.
            applyWrites()
            next.pointee.entry.pointee = position
            tables = next
            activeGeneration.store(next.pointee.generation, ordering: .releasing)
        }
        applyWrites()
    }

    @_noLocks @_noAllocation
    private func applyWrites() {
        let tables = tables.pointee
        guard tables.hasWrites.pointee.load(ordering: .relaxed),
            tables.hasWrites.pointee.exchange(false, ordering: .acquiring)
        else { return }
        // A renderer's `set` is bound as its `render` is.
        for slot in 0..<tables.slotCount { _unsafePerformance { tables.slots[slot].apply() } }
    }

    @_noLocks @_noAllocation
    private func renderCycle(_ frames: Int) {
        let tables = tables
        setClocks(tables.pointee, from: position, count: frames, cycleStart: position)
        let isLive = tables.pointee.isLogged
        let times = isLive ? tables.pointee.cycleTimes : tables.pointee.times
        if beginCycle(frames, isLive: isLive) {
            run(tables, tables.pointee.steps, times, tables.pointee.stepCount, cycleFrames: frames, isTimed: true)
        } else {
            run(tables, tables.pointee.steps, times, tables.pointee.stepCount, cycleFrames: frames, isTimed: false)
        }
        advance(by: frames)
    }

    /// Counts a cycle. Returns: whether its steps are timed.
    @_noLocks @_noAllocation
    func beginCycle(_ frames: Int, isLive: Bool) -> Bool {
        // Not `||`, whose right side would be a closure that holds self.
        let isTimed = isLive ? true : cycle % timedEvery == 0
        cycle &+= 1
        if isTimed { timedFrames &+= frames }
        return isTimed
    }

    @_noLocks @_noAllocation
    func advance(by frames: Int) { position &+= frames }

    /// Renders steps in their order.
    @_noLocks @_noAllocation
    func run(
        _ tables: UnsafeMutablePointer<PlanTables>, _ steps: UnsafeMutablePointer<Step>,
        _ times: UnsafeMutablePointer<UInt64>, _ count: Int, cycleFrames: Int, isTimed: Bool
    ) {
        var before: UInt64 = isTimed ? now() : 0
        var index = 0
        while index < count {
            var next = index + 1
            switch steps[index].action {
            case .render:
                if steps[index].gatedOutputs > 0, !gate.isOpen {
                    renderGated(tables, steps + index)
                } else if steps[index].driveCount == 0 {
                    _unsafePerformance { steps[index].render() }
                } else {
                    renderDriven(tables, steps + index)
                }
            case .absorb: _unsafePerformance { steps[index].absorb() }
            case .loop:
                next = index + 1 + steps[index].count
                renderLoop(tables, steps + index, times + index, cycleFrames: cycleFrames, isTimed: isTimed)
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
        _ tables: UnsafeMutablePointer<PlanTables>, _ loop: UnsafeMutablePointer<Step>,
        _ times: UnsafeMutablePointer<UInt64>, cycleFrames: Int, isTimed: Bool
    ) {
        // Taken out beforehand: the thread sanitizer of Swift 6.3 cannot compile a change made through both pointers.
        let watch = loop.pointee.watch
        let start = position
        var done = 0
        while done < cycleFrames {
            let piece = min(loop.pointee.pieceFrames, cycleFrames - done)
            setClocks(tables.pointee, from: start + done, count: piece, cycleStart: start)
            run(tables, loop + 1, times + 1, loop.pointee.count, cycleFrames: piece, isTimed: isTimed)
            watch.pointee.listen()
            done += piece
        }
        setClocks(tables.pointee, from: start, count: cycleFrames, cycleStart: start)
    }

    /// Renders a step whose parameters are driven: cut at every frame at which one of them changes.
    @_noLocks @_noAllocation
    private func renderDriven(_ tables: UnsafeMutablePointer<PlanTables>, _ step: UnsafeMutablePointer<Step>) {
        let (clocks, saved, clockCount) = (tables.pointee.clocks, tables.pointee.saved, tables.pointee.clockCount)
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
                cut(tables.pointee, from: cursor, to: next, last: next == end, main: main)
            }
            _unsafePerformance { step.pointee.render() }
            cursor = next
        } while cursor < end
        if isCut { for clock in 0..<clockCount { clocks[clock] = saved[clock] } }
    }

    /// Sets every clock to the part of the saved slice between two frames of the main clock.
    @_noLocks @_noAllocation
    private func cut(_ tables: PlanTables, from: Int, to: Int, last: Bool, main: Int) {
        let (clocks, saved, rates, clockCount) = (tables.clocks, tables.saved, tables.rates, tables.clockCount)
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

    /// Renders a source that fades out or in with the transport, or stands still.
    @_noLocks @_noAllocation
    private func renderGated(_ tables: UnsafeMutablePointer<PlanTables>, _ step: UnsafeMutablePointer<Step>) {
        if !gate.isResting {
            if step.pointee.driveCount == 0 {
                _unsafePerformance { step.pointee.render() }
            } else {
                renderDriven(tables, step)
            }
        }
        for index in 0..<step.pointee.gatedOutputs {
            let output = step.pointee.block.output(index)
            let rate = step.pointee.gatedRates[index]
            for channel in 0..<output.channelCount {
                let samples = output[channel]
                guard let first = samples.baseAddress else { continue }
                for frame in 0..<samples.count {
                    let gain =
                        gate.isResting ? 0 : gate.gain(at: output.position + frame, rate: rate, masterRate: masterRate)
                    first[frame] = gain == 0 ? 0 : first[frame] * gain
                }
            }
        }
    }

    @_noLocks @_noAllocation
    func setClocks(_ tables: PlanTables, from: Int, count: Int, cycleStart: Int) {
        let (clocks, rates, clockCount) = (tables.clocks, tables.rates, tables.clockCount)
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
    func ceiling(_ frames: Int, _ rate: Int, _ per: Int) -> Int {
        rate == per ? frames : (frames * rate + per - 1) / per
    }

    /// Moves the events of the cycle into the ring; what finds no room is dropped and counted.
    @_noLocks @_noAllocation
    private func handOverEvents() {
        let events = tables.pointee.events
        let count = events.pointee.count
        if count == 0 { return }
        let generation = tables.pointee.generation
        for index in 0..<count {
            let event = TaggedEvent(generation: generation, event: events.pointee.storage[index])
            // The ring belongs to the executor, and outlives the call.
            let isTaken = eventRing._withUnsafeGuaranteedRef { $0.push(event) }
            if !isTaken { events.pointee.dropped &+= 1 }
        }
        events.pointee.count = 0
    }

    @_noLocks @_noAllocation
    private func countDrops() {
        let events = tables.pointee.events
        if events.pointee.dropped == 0 { return }
        drops.store(drops.load(ordering: .relaxed) &+ events.pointee.dropped, ordering: .relaxed)
        events.pointee.dropped = 0
    }

    @_noLocks @_noAllocation
    private func now() -> UInt64 {
        _unsafePerformance { RenderSection.cycleCounter() }  // Reads a register.
    }
}

/// An event on its way out of a live run.
struct TaggedEvent: BitwiseCopyable {
    /// Of the plan that told it.
    var generation = 0
    var event = RenderEvent(node: 0, kind: 0, told: 0, happened: 0, rate: 1, values: (0, 0, 0, 0))
}
