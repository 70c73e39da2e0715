internal import SyrinxCore
internal import SyrinxGraph

/// A run that nothing paces: from file to file, as fast as it goes.
final class OfflineRun: RunBody {
    private let plan: Plan
    private let services: ServiceGroup
    private let dispatcher: EventDispatcher
    private let executor: Executor
    private let driver: OfflineDriver
    /// Set: renders the plan's lanes.
    private let team: RenderThreads?
    private let alarm: Alarm

    init(_ plan: Plan, _ options: Run.Options, _ dispatcher: EventDispatcher, _ alarm: Alarm) {
        self.plan = plan
        self.dispatcher = dispatcher
        self.alarm = alarm
        let executor = Executor(plan)
        let progress = ProgressClock(options.onProgress)
        let team = plan.laneCount > 1 ? RenderThreads() : nil
        let driver = OfflineDriver(executor, duration: options.duration, cuts: options.cuts, team: team) {
            executor, end in
            executor.takeEvents { dispatcher.take($0, end: end) }
            dispatcher.cycleEnded(at: executor.position)
            progress.tick(plan, position: executor.position, end: end)
        }
        self.executor = executor
        self.driver = driver
        self.team = team
        services = ServiceGroup { error, _ in alarm.raise(error) }
        alarm.connect { [weak driver, weak services] in
            driver?.stop()
            services?.cancel()
        }
    }

    func stop() { alarm.stop() }

    func execute() -> RunReport {
        let start = HostClock.now()
        do throws(PipelineError) {
            try team?.start(lanes: plan.laneCount)
            try services.start(plan.nodes)
            // What was stopped before it began is stopped now, services included.
            if alarm.isRaised { alarm.ring() }
            try driver.run()
        } catch {
            alarm.raise(error)
        }
        team?.stop()
        if driver.ranWhole, !alarm.isRaised { services.cancelSources() } else { alarm.ring() }
        services.join()
        if !driver.ranWhole, !alarm.isRaised {
            alarm.raise(PipelineError(.internal, "a service gave up without a reason"))
        }
        dispatcher.finish()
        return report(from: start, to: HostClock.now())
    }

    private func report(from start: HostClock, to end: HostClock) -> RunReport {
        let ran = driver.end.map { min($0.frame(atRate: plan.masterRate), executor.position) } ?? executor.position
        return RunReport(
            pipeline: plan.resolved.checked.document.file, name: plan.resolved.checked.document.name,
            outcome: alarm.outcome, driver: OfflineDriver.name, masterRate: plan.masterRate,
            blockFrames: plan.largestBlock, frames: ran, wallTime: end.seconds(since: start),
            sampleBytes: plan.sampleBytes, nodes: ReportMaker.nodes(plan),
            stepTimes: ReportMaker.stepTimes(
                plan.stepTimes, frames: executor.timedFrameCount,
                nanosecondsPerTick: end.nanosecondsPerTick(since: start)),
            events: dispatcher.counts, droppedEvents: executor.droppedEvents, live: nil)
    }
}
