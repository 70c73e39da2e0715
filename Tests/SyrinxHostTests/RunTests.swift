import Synchronization
import SyrinxCore
import SyrinxHost
import Testing

@Suite("Run")
struct RunTests {
    @Test("a run renders to the end of its sources and finishes its sinks, receivers and tasks")
    func whole() async throws {
        let scene = Scene()
        let report = try await scene.prepare().executeApart()
        #expect(report.outcome == .done)
        #expect(report.frames == 1000 && report.masterRate == 8000 && report.seconds == 0.125)
        #expect(report.sinks.map(\.id) == ["hold", "keep"])
        #expect(report.sinks[0].figures == [.init("frames", .integer(1000))])
        let seen = scene.seen
        #expect(seen.finishedSinks == 1 && seen.cancelledSinks == 0)
        #expect(seen.finishedReceivers == 1 && seen.endedTasks == 1)
    }

    @Test("an event has the instant at which it happened, whatever the block", arguments: [1, 7, 64, 4096])
    func events(block: Int) async throws {
        let scene = Scene()
        let report = try await scene.prepare(block: block).executeApart()
        let ticks = scene.seen.received
        #expect(ticks.map(\.frame) == (0..<10).map { $0 * 100 + 20 })
        #expect(ticks.map(\.time) == ticks.map { Double($0.frame) / 8000 })
        #expect(ticks[3].value.json() == #"{"frame":320,"time_s":0.04,"node":"tick","event":"tick","number":3}"#)
        // Services' events are counted with those of renderers, and go to nobody that did not ask for them.
        #expect(report.events.map(\.kind) == ["closed", "opened", "tick"])
        #expect(report.events.map(\.count) == [1, 1, 10])
    }

    @Test("--duration ends the run there, and what is told later is no part of it")
    func duration() async throws {
        let scene = Scene()
        let options = Run.Options(duration: Rational(451, over: 8000))
        let report = try await scene.prepare(frames: 1_000_000, options: options).executeApart()
        #expect(report.outcome == .done && report.frames == 451)
        #expect(scene.seen.received.map(\.frame) == [20, 120, 220, 320, 420])
    }

    @Test("a sink that fails ends the run with its error, and nobody else finishes")
    func sinkFails() async throws {
        let error = PipelineError(.inputOutput, "the disk is full")
        let scene = Scene(sinkError: error)
        let report = try await scene.prepare(frames: 1_000_000_000, block: 1).executeApart()
        #expect(report.outcome == .failed(PipelineError(.inputOutput, at: "nodes.hold", "the disk is full")))
        #expect(scene.seen.finishedSinks == 0 && scene.seen.endedTasks == 1)
        #expect(report.value["error"]?["exit_code"] == .integer(74))
    }

    @Test("a task that fails ends the run with its error, and the sinks leave nothing behind")
    func taskFails() async throws {
        let scene = Scene(taskError: PipelineError(.unavailable, "the server has gone"))
        let report = try await scene.prepare(frames: 1_000_000_000, block: 1).executeApart()
        #expect(report.outcome == .failed(PipelineError(.unavailable, at: "nodes.keep", "the server has gone")))
        #expect(scene.seen.finishedSinks == 0 && scene.seen.cancelledSinks == 1)
    }

    @Test("a receiver that fails ends the run with its error")
    func receiverFails() async throws {
        let scene = Scene(receiverError: PipelineError(.inputOutput, "cannot write the log"))
        let report = try await scene.prepare(frames: 1_000_000_000, block: 1).executeApart()
        #expect(report.outcome == .failed(PipelineError(.inputOutput, at: "nodes.keep", "cannot write the log")))
        #expect(report.frames < 1_000_000)
        #expect(scene.seen.cancelledSinks == 1)
    }

    @Test("a run that is stopped ends soon, is told from one that is done, and leaves nothing behind")
    func stop() async throws {
        let scene = Scene()
        let holder = Mutex<Run?>(nil)
        let options = Run.Options(onProgress: { _ in holder.withLock { $0 }?.stop() })
        let run = try scene.prepare(frames: 1_000_000_000, block: 1, options: options)
        holder.withLock { $0 = run }
        let report = try await run.executeApart()
        #expect(report.outcome == .stopped)
        #expect(report.frames > 0 && report.frames < 1_000_000_000)
        #expect(scene.seen.cancelledSinks == 1 && scene.seen.finishedSinks == 0 && scene.seen.finishedReceivers == 1)
    }

    @Test("a run that is stopped before it begins renders nothing")
    func stopEarly() async throws {
        let scene = Scene()
        let run = try scene.prepare(frames: 1_000_000_000)
        run.stop()
        let report = try await run.executeApart()
        #expect(report.outcome == .stopped && report.frames == 0)
        #expect(scene.seen.cancelledSinks == 1)
    }

    @Test("step times are shares of the whole and name the nodes")
    func times() async throws {
        let report = try await Scene().prepare(frames: 100_000).executeApart()
        #expect(Set(report.stepTimes.map(\.name)) == ["tick", "hold"])
        #expect((99.9...100.1).contains(report.stepTimes.reduce(0) { $0 + $1.sharePercent }))
        // A step of a few instructions a frame: between nothing and a microsecond, on any machine.
        #expect(report.stepTimes.allSatisfy { $0.nanosecondsPerFrame > 0 && $0.nanosecondsPerFrame < 1000 })
    }

    @Test("progress tells position, length and the sinks' figures")
    func progress() async throws {
        let last = Mutex<RunProgress?>(nil)
        let holder = Mutex<Run?>(nil)
        let options = Run.Options(
            duration: Rational(1_000_000),
            onProgress: { progress in
                last.withLock { $0 = progress }
                holder.withLock { $0 }?.stop()
            })
        let run = try Scene().prepare(frames: 100, block: 1, options: options)
        holder.withLock { $0 = run }
        let report = try await run.executeApart()
        let progress = try #require(last.withLock { $0 })
        #expect(progress.length == 1_000_000 && progress.position > 0 && progress.position <= report.seconds)
        #expect(progress.sinks.map(\.node) == ["hold"])
        #expect((progress.timeLeft ?? 0) > 0 && progress.speed > 0)
    }
}
