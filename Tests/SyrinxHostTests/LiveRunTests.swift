import Glibc
import Synchronization
import SyrinxCore
import SyrinxGraph
import SyrinxHost
import SyrinxRealtime
import Testing

@Suite("A run under a driver")
struct LiveRunTests {
    private static func tick(_ frames: Int) -> DocumentNode {
        DocumentNode(
            id: "tick", type: "tick",
            parameters: [DocumentMember("frames", DocumentValue(.number(Double(frames), text: "\(frames)")))])
    }

    private static let speaker = DocumentNode(id: "speaker", type: "speaker")
    private static let level = DocumentNode(id: "level", type: "level")
    private static let log = DocumentNode(id: "log", type: "record")

    @Test(
        "events come once, in order and with their instants, and the run ends with its finite sources",
        arguments: [1, 7, 64, 300])
    func events(frames: Int) async throws {
        let stage = Stage { host, driver throws(PipelineError) in
            driver.render(try host.engine(atRate: host.masterRate), frames: frames)
        }
        let scene = Scene()
        let run = try stage.prepare(
            nodes: [Self.tick(1000), DocumentNode(id: "hold", type: "hold"), Self.log],
            links: ["tick -> hold", "tick:events -> log"], scene: scene)
        let report = try await run.executeApart()
        #expect(report.outcome == .done && report.frames == 1000 && report.driver == "fake")
        #expect(stage.events.map(\.frame) == (0..<10).map { $0 * 100 + 20 })
        #expect(stage.events.map(\.time) == stage.events.map { Double($0.frame) / 8000 })
        #expect(scene.seen.finishedSinks == 1)
        #expect((report.live?.cycles ?? 0) > 0 && report.value["device"]?["period_frames"] == .integer(64))
    }

    @Test("a live parameter written from outside is heard, and what cannot be written says why")
    func parameters() async throws {
        let stage = Stage { host, driver throws(PipelineError) in
            driver.render(try host.engine(atRate: host.masterRate))
        }
        let run = try stage.prepare(nodes: [Self.level, Self.speaker], links: ["level -> speaker"])
        async let report = run.executeApart()
        try run.set("level", "value", to: 0.25)
        while stage.level.load(ordering: .acquiring) != Float(0.25).bitPattern {
            try await Task.sleep(for: .milliseconds(1))
        }
        try run.set("level", "value", to: -0.5)
        try run.set("level", "value", to: 0.75)
        while stage.level.load(ordering: .acquiring) != Float(0.75).bitPattern {
            try await Task.sleep(for: .milliseconds(1))
        }
        func words(_ node: String, _ parameter: String, _ value: Double) -> String {
            do throws(PipelineError) {
                try run.set(node, parameter, to: value)
                return "accepted"
            } catch { return error.description }
        }
        #expect(words("levle", "value", 0) == "nodes.levle.value: there is no node \"levle\"; did you mean level?")
        #expect(words("level", "vlaue", 0) == "nodes.level.vlaue: no such parameter of \"level\"; did you mean value?")
        #expect(words("level", "name", 0).hasPrefix("nodes.level.name: does not change while it sounds"))
        #expect(words("level", "value", 1.5) == "nodes.level.value: found 1.5, expected -1.0…1.0")
        #expect(words("level", "value", .nan).hasPrefix("nodes.level.value: found nan"))
        run.panic()
        while !stage.isMuted { try await Task.sleep(for: .milliseconds(1)) }
        run.panic(false)
        while stage.isMuted { try await Task.sleep(for: .milliseconds(1)) }
        run.stop()
        #expect(try await report.outcome == .stopped)
        // Stopping fades device outputs.
        #expect(stage.isMuted)
    }

    @Test("while the control side is blocked and the event ring full, sound goes on and losses are counted")
    func stall() async throws {
        // 100 events a second and 16384 places: the cycles go as fast as they can, but for the length of the block.
        let release = DispatchGate()
        let stage = Stage(onReceive: { stage, event in
            if event.event == "tick", !stage.isBlocked.exchange(true, ordering: .acquiringAndReleasing) {
                release.wait()
            }
        }) { host, driver throws(PipelineError) in
            let engine = try host.engine(atRate: host.masterRate)
            engine.render(64, timing: CycleTiming())
            while !driver.stage.isBlocked.load(ordering: .acquiring) { usleep(1000) }
            // Nobody on the control side moves now.
            let before = engine.position
            for _ in 0..<40_000 { engine.render(64, timing: CycleTiming()) }
            #expect(engine.position - before == 40_000 * 64)
            // The long form: ten seconds more, at a cycle a millisecond.
            if getenv("SYRINX_LONG") != nil {
                for _ in 0..<10_000 {
                    engine.render(64, timing: CycleTiming())
                    usleep(1000)
                }
            }
            release.open()
            driver.render(engine)
        }
        let run = try stage.prepare(
            nodes: [Self.tick(1_000_000_000), DocumentNode(id: "hold", type: "hold"), Self.log],
            links: ["tick -> hold", "tick:events -> log"])
        async let report = run.executeApart()
        while stage.events.count < 10_000 { try await Task.sleep(for: .milliseconds(5)) }
        run.stop()
        let dropped = try await report.droppedEvents
        // 25 601 ticks in 40 001 cycles; the ring holds 16 384 of them.
        #expect(dropped > 9_000)
        #expect(try await report.live?.unseenCycles ?? 0 > 38_000)
        #expect(stage.events.map(\.frame) == stage.events.map(\.frame).sorted())
    }

    @Test("a fault is explained: a slow node by its name, a late wake, the device")
    func xruns() async throws {
        let stage = Stage { host, driver throws(PipelineError) in
            let engine = try host.engine(atRate: host.masterRate)
            let period = 200_000_000
            func cycles(_ count: Int) { for _ in 0..<count { engine.render(64, timing: CycleTiming(period: period)) } }
            func told(_ xrun: Xrun) {
                // The explanation looks at what the control side has read.
                usleep(300_000)
                host.xrun(xrun)
            }
            cycles(100)
            driver.stage.burn.store(250_000_000, ordering: .relaxed)
            cycles(10)
            told(Xrun(lostFrames: 64))
            cycles(100)
            engine.render(64, timing: CycleTiming(lateness: 350_000_000, period: period))
            cycles(10)
            told(Xrun())
            cycles(100)
            told(Xrun(detail: "the server's word"))
            usleep(100_000)
        }
        let notices = Mutex<[PipelineEvent]>([])
        let run = try stage.prepare(
            nodes: [Self.level, Self.speaker, Self.log], links: ["level -> speaker", "speaker:events -> log"],
            options: .init(onNotice: { event in notices.withLock { $0.append(event) } }))
        let report = try await run.executeApart()
        let events = stage.events.filter { $0.event == "xrun" }
        func field(_ index: Int, _ name: String) -> Value? { events[index].fields.first { $0.name == name }?.value }
        #expect(events.count == 3 && report.xruns == 3 && report.live?.faults.count == 3)
        #expect(field(0, "kind") == .string("slow_node") && field(0, "step") == .string("level"))
        #expect(field(0, "lost_frames") == .integer(64))
        #expect(field(1, "kind") == .string("late_wake") && field(1, "step") == nil)
        #expect(field(2, "kind") == .string("device") && field(2, "detail") == .string("the server's word"))
        #expect(events.allSatisfy { $0.node == "speaker" })
        // A storm of faults is one line a second.
        #expect(notices.withLock { $0.filter { $0.event == "xrun" }.count } <= 3)
        #expect((report.live?.lateCycles ?? 0) >= 2)
    }

    @Test("another rate of the device starts a new time line at position 0, and time runs on")
    func otherRate() async throws {
        let stage = Stage { host, driver throws(PipelineError) in
            let first = try host.engine(atRate: 8000)
            for _ in 0..<10 { first.render(800, timing: CycleTiming()) }
            #expect(first.position == 8000)
            let second = try host.engine(atRate: 16_000)
            #expect(second.masterRate == 16_000 && second.position == 0)
            #expect(try host.engine(atRate: 16_000) === second)
            host.tell("server_back", [], nodes: [])
            driver.render(second, frames: 160)
        }
        let run = try stage.prepare(
            nodes: [Self.level, Self.speaker, Self.log], links: ["level -> speaker", "speaker:events -> log"])
        async let report = run.executeApart()
        while !stage.events.contains(where: { $0.event == "server_back" }) {
            try await Task.sleep(for: .milliseconds(1))
        }
        run.stop()
        #expect(try await report.masterRate == 16_000)
        let back = stage.events.first { $0.event == "server_back" }
        #expect(back?.time ?? 0 >= 1)
    }

    @Test("a sink that fails is told, the rest plays on, and the exit code stays")
    func serviceFails() async throws {
        let error = PipelineError(.inputOutput, "the disk is full")
        let scene = Scene(sinkError: error)
        let stage = Stage { host, driver throws(PipelineError) in
            driver.render(try host.engine(atRate: host.masterRate))
        }
        let notices = Mutex<[PipelineEvent]>([])
        let run = try stage.prepare(
            nodes: [Self.level, DocumentNode(id: "hold", type: "hold"), Self.speaker],
            links: ["level -> hold", "level -> speaker"], scene: scene,
            options: .init(onNotice: { event in notices.withLock { $0.append(event) } }))
        async let report = run.executeApart()
        while !notices.withLock({ $0.contains { $0.event == "failed" } }) {
            try await Task.sleep(for: .milliseconds(1))
        }
        try run.set("level", "value", to: 0.5)
        while stage.level.load(ordering: .acquiring) != Float(0.5).bitPattern {
            try await Task.sleep(for: .milliseconds(1))
        }
        run.stop()
        #expect(try await report.outcome == .failed(PipelineError(.inputOutput, at: "nodes.hold", "the disk is full")))
    }

    @Test("--duration ends a live run there, for every sink")
    func duration() async throws {
        let stage = Stage { host, driver throws(PipelineError) in
            driver.render(try host.engine(atRate: host.masterRate), frames: 37)
        }
        let run = try stage.prepare(
            nodes: [Self.level, Self.speaker], links: ["level -> speaker"],
            options: .init(duration: Rational(1, over: 8)))
        let report = try await run.executeApart()
        #expect(report.outcome == .done && report.frames == 1000)
    }

    @Test("a driver's error ends the run with it")
    func driverFails() async throws {
        let stage = Stage { _, _ throws(PipelineError) in
            throw PipelineError(.unavailable, "the device is gone for good")
        }
        let run = try stage.prepare(nodes: [Self.level, Self.speaker], links: ["level -> speaker"])
        #expect(
            try await run.executeApart().outcome == .failed(PipelineError(.unavailable, "the device is gone for good")))
    }

    @Test("a run that is stopped before it begins ends at once")
    func stoppedBefore() async throws {
        let stage = Stage { host, driver throws(PipelineError) in
            driver.render(try host.engine(atRate: host.masterRate))
        }
        let run = try stage.prepare(nodes: [Self.level, Self.speaker], links: ["level -> speaker"])
        run.stop()
        #expect(try await run.executeApart().outcome == .stopped)
    }
}

/// A gate that threads wait at until it is opened.
final class DispatchGate: Sendable {
    private let bell = Doorbell()
    private let isOpen = Atomic<Bool>(false)

    func open() {
        isOpen.store(true, ordering: .releasing)
        bell.ring()
    }

    func wait() {
        while true {
            let ticket = bell.ticket()
            if isOpen.load(ordering: .acquiring) { return }
            bell.wait(after: ticket)
        }
    }
}
