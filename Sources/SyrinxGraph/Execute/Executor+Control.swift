internal import Synchronization
public import SyrinxCore
internal import SyrinxRealtime

extension Executor {
    // MARK: Between cycles

    /// Lets the sources that can stand still run, or wait. Thread: the driver's, before ``render(_:timing:)``.
    public func setRolling(_ isRolling: Bool) { self.isRolling = isRolling }

    /// Waits for every source and sink. Thread: the driver's, never in real time.
    public func supply(_ frames: Int) -> Bool {
        let plan = plan
        let end = position + frames
        for source in plan.sources {
            // A source that came with an edit counts its frames from there.
            let through = ceiling(end, source.rate, masterRate) - ceiling(source.startPosition, source.rate, masterRate)
            if source.bridge?.waitToGive(through: through) == .stopped { return false }
        }
        for sink in plan.sinks {
            guard sink.bridge.waitToTake(through: ceiling(end, sink.rate, masterRate)) else { return false }
        }
        return true
    }

    /// Hands over what renderers told since the last call, in the order of their frames, then of nodes in the file.
    ///
    /// - Thread: the driver's, between cycles, outside the render section; flat out only.
    public func takeEvents(_ each: (RenderEvent) -> Void) {
        let cycle = tables.pointee.events
        guard cycle.pointee.count > 0 else { return }
        let events = UnsafeBufferPointer(start: cycle.pointee.storage, count: cycle.pointee.count)
        let sorted = events.sorted()
        cycle.pointee.count = 0
        for event in sorted { each(event) }
    }

    /// Frames at R in the cycles that were timed. Thread: the driver's, between cycles, or any after the last one.
    public var timedFrameCount: Int { timedFrames }

    /// The position up to which a loop was louder than −120 dBFS. Thread: the driver's, between cycles.
    public var loopsLoudUntil: Int {
        let plan = plan
        return (0..<plan.watchCount).map { plan.watches[$0].loudUntil }.max() ?? 0
    }

    // MARK: The control side

    /// The plan that is rendered. Thread: any but render.
    public var plan: Plan {
        let active = activeGeneration.load(ordering: .acquiring)
        return plans.withLock { plans in plans.first { $0.generation == active } ?? plans[plans.count - 1] }
    }

    /// P, with everything before it rendered and its events handed over. Thread: any.
    public var finishedPosition: Int { finished.load(ordering: .acquiring) }

    /// Frames at R for which a transport let the sources stand still. Thread: any.
    public var restedFrames: Int { rested.load(ordering: .relaxed) }

    /// The position up to which a loop was louder than −120 dBFS, live. Thread: any.
    public var loudPosition: Int { loud.load(ordering: .relaxed) }

    /// Events that found no room. Thread: any.
    public var droppedEvents: Int { drops.load(ordering: .relaxed) }

    /// Lets another plan of the same rate be rendered from the next cycle on.
    ///
    /// - Thread: control. The executor keeps it alive until ``retire()`` gives it back.
    public func publish(_ plan: Plan) {
        precondition(plan.masterRate == masterRate && plan.largestBlock <= largestBlock)
        plans.withLock { plans in plans.append(plan) }
        nextTables.store(UInt(bitPattern: plan.tables), ordering: .releasing)
    }

    /// Takes a plan back that was published and waits for its first cycle.
    ///
    /// - Returns: false if it is too late for that.
    /// - Thread: control.
    public func withdraw(_ plan: Plan) -> Bool {
        let waiting = UInt(bitPattern: plan.tables)
        guard nextTables.compareExchange(expected: waiting, desired: 0, ordering: .acquiringAndReleasing).exchanged
        else { return false }
        plans.withLock { plans in plans.removeAll { $0 === plan } }
        return true
    }

    /// True: the plan is rendered; false: it waits for its first cycle, or is rendered no more. Thread: control.
    public func isActive(_ plan: Plan) -> Bool { activeGeneration.load(ordering: .acquiring) == plan.generation }

    /// The plans that are rendered no more; the executor lets go of them.
    ///
    /// - Thread: control. Their last release frees what they own, so it must not be the render thread's.
    public func retire() -> [Plan] {
        let active = activeGeneration.load(ordering: .acquiring)
        return plans.withLock { plans in
            guard let index = plans.firstIndex(where: { $0.generation == active }) else { return [] }
            let old = Array(plans[..<index])
            plans.removeFirst(index)
            return old
        }
    }

    /// Writes a live parameter; heard from the next cycle on, and glides.
    ///
    /// - Returns: false if there is no such live parameter, or a link drives it.
    /// - Thread: any but render.
    public func set(_ node: String, _ parameter: Int, to value: Double) -> Bool {
        // A plan that waits for its first cycle gets it as well: it may go in before the other has looked.
        plans.withLock { plans in plans.reduce(false) { $1.set(node, parameter, to: value) || $0 } }
    }

    /// Hands over the events of a live run's finished cycles, unsorted, each with the generation of the plan that told it.
    ///
    /// - Thread: control, one at a time.
    public func drainEvents(_ each: (_ generation: Int, RenderEvent) -> Void) {
        let ring = eventRing.takeUnretainedValue()
        while let event = ring.pop() { each(event.generation, event.event) }
    }
}

extension Collection<RenderEvent> {
    /// In the order in which they were told, then of nodes in the file.
    public func sorted() -> [RenderEvent] {
        enumerated().sorted { one, other in
            let (a, b) = (one.element, other.element)
            // Instants told / rate, compared without a division.
            let (left, right) = (Int128(a.told) * Int128(b.rate), Int128(b.told) * Int128(a.rate))
            return (left, Int(a.node), one.offset) < (right, Int(b.node), other.offset)
        }.map(\.element)
    }
}
