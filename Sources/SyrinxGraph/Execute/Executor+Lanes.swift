internal import Synchronization
internal import SyrinxCore
internal import SyrinxRealtime

extension Executor {
    /// As ``render(_:)``, the lanes of a region side by side. The samples and events are the same.
    ///
    /// - Thread: the driver's, flat out only: between regions it waits for the team.
    public func render(_ frames: Int, by team: any RenderTeam) {
        let plan = plan
        precondition(plan.lanes.count > 1, "a plan of one lane needs no team")
        takeUp()
        var left = frames
        while left > 0 {
            let piece = min(left, largestBlock)
            renderRegions(piece, plan, team)
            left -= piece
        }
        for lane in plan.lanes {
            drops.store(drops.load(ordering: .relaxed) + lane.pointee.events.pointee.dropped, ordering: .relaxed)
            lane.pointee.events.pointee.dropped = 0
        }
        finished.store(position, ordering: .releasing)
    }

    private func renderRegions(_ frames: Int, _ plan: Plan, _ team: any RenderTeam) {
        let isTimed = beginCycle(frames, isLive: false)
        for lane in plan.lanes { setClocks(lane.pointee, from: position, count: frames, cycleStart: position) }
        for region in plan.regions {
            if region.lanes.count == 1 {
                render(region.lanes[0], of: plan.lanes[0], frames, isTimed)
            } else {
                team.run(region.lanes.count) { render(region.lanes[$0], of: plan.lanes[$0], frames, isTimed) }
            }
        }
        // Events are sorted by instant and node when they are taken; a node's own stand in one lane, in order.
        let events = plan.lanes[0].pointee.events
        for lane in plan.lanes.dropFirst() {
            let own = lane.pointee.events
            for index in 0..<own.pointee.count {
                if events.pointee.count < events.pointee.capacity {
                    events.pointee.storage[events.pointee.count] = own.pointee.storage[index]
                    events.pointee.count += 1
                } else {
                    events.pointee.dropped += 1
                }
            }
            own.pointee.count = 0
        }
        advance(by: frames)
    }

    /// One lane of a region: a render section of its own.
    @_noLocks @_noAllocation
    private func render(
        _ steps: Range<Int>, of lane: UnsafeMutablePointer<PlanTables>, _ frames: Int, _ isTimed: Bool
    ) {
        let mode = _unsafePerformance { RenderSection.enter() }  // Marks the section itself; writes one register.
        run(
            lane, lane.pointee.steps + steps.lowerBound, lane.pointee.times + steps.lowerBound, steps.count,
            cycleFrames: frames, isTimed: isTimed)
        _unsafePerformance { RenderSection.leave(mode) }  // As above.
    }
}
