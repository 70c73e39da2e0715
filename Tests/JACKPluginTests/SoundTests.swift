import JACKPlugin
import JackTestKit
import Synchronization
import SyrinxCore
import Testing

@Suite("jack, sound", .jackServer)
struct JACKSoundTests {
    @Test(
        "what a client plays comes back unchanged, delayed by exactly the latency that is reported",
        arguments: [(64, 0), (256, 100), (64, 333)])
    func through(period: Int, delay: Int) throws {
        let server = try JackServer(rate: 48_000, period: period)
        let (player, recorder) = (
            try Studio(server, name: "player", outputs: 1), try Studio(server, name: "recorder", inputs: 2)
        )
        var plan = Rig.Plan()
        plan.delay = delay
        plan.source["connect"] = .list([.string("player:out_1")])
        plan.sink["connect"] = .list([.string("recorder:in_1")])
        let rig = try Rig(server, plan)
        try rig.start()
        // The same sound on a direct way, which JACK passes on within the cycle.
        try player.connect("player:out_1", "recorder:in_2")
        try rig.await("connected", count: 2)
        try recorder.roll([], frames: 48_000)
        let sound = ramp(9_600)
        try player.roll([sound], frames: 0)
        let heard = try recorder.tape()
        guard let direct = heard[1].firstIndex(of: sound[0]), let delayed = heard[0].firstIndex(of: sound[0]) else {
            Issue.record("the sound did not come through; xruns: \(recorder.xruns), told: \(rig.told)")
            return
        }
        let low = try #require(player.captureLatency("syrinx:phones"))
        #expect(low == delay...delay)
        // An xrun of the machine's may lose a cycle of either; without one the sound is whole.
        if player.xruns == 0, recorder.xruns == 0 {
            #expect(delayed - direct == delay)
            let (isWhole, isDirect) = (
                Array(heard[0][delayed..<(delayed + sound.count)]) == sound,
                Array(heard[1][direct..<(direct + sound.count)]) == sound
            )
            #expect(isWhole)
            #expect(isDirect)
        }
        try rig.finish()
    }

    @Test("a period longer than the largest block is cut into pieces, and no frame of it is lost")
    func pieces() throws {
        let server = try JackServer(rate: 48_000, period: 1024)
        let studio = try Studio(server, inputs: 1)
        let player = try Studio(server, name: "player", outputs: 1)
        var plan = Rig.Plan()
        plan.largestBlock = 100
        plan.source["connect"] = .list([.string("player:out_1")])
        plan.sink["connect"] = .list([.string("studio:in_1")])
        let rig = try Rig(server, plan)
        try rig.start()
        try rig.await("connected", count: 2)
        try studio.roll([], frames: 48_000)
        let sound = ramp(10_000)
        try player.roll([sound], frames: 0)
        let heard = try studio.tape()[0]
        let start = try #require(heard.firstIndex(of: sound[0]))
        let isWhole = Array(heard[start..<(start + sound.count)]) == sound
        #expect(isWhole || studio.xruns + player.xruns > 0)
        try rig.finish()
    }

    @Test(
        "rate and period are the server's, and a period that changes is followed and told", arguments: [44_100, 48_000])
    func followed(rate: Int) throws {
        let server = try JackServer(rate: rate, period: 128)
        let rig = try Rig(server)
        #expect(rig.driver.rate == rate)
        try rig.start()
        #expect(rig.engine?.masterRate == rate)
        #expect(rig.driver.facts.first { $0.name == "period_frames" }?.value == .integer(128))
        let studio = try Studio(server)
        try studio.setPeriod(256)
        let told = try rig.await("period_changed")
        #expect(told.field("period_frames") == .integer(256))
        #expect(rig.driver.facts.first { $0.name == "period_frames" }?.value == .integer(256))
        try rig.wait("a cycle of 256 frames") { rig.engine?.cycles.withLock { $0.last } == 256 }
        // No new plan.
        #expect(rig.engine?.cycles.withLock { $0.first } == 128)
        try rig.finish()
    }

    @Test("NaN and infinity leave as silence, and what is beyond the ceiling is held there")
    func safe() throws {
        let server = try JackServer(period: 64)
        let studio = try Studio(server, inputs: 1)
        let player = try Studio(server, name: "player", outputs: 1)
        var plan = Rig.Plan()
        plan.source["connect"] = .list([.string("player:out_1")])
        plan.sink = [
            "connect": .list([.string("studio:in_1")]), "ceiling_dbfs": .number(0), "soft_start_ms": .number(0),
        ]
        let rig = try Rig(server, plan)
        try rig.start()
        try rig.await("connected", count: 2)
        try studio.roll([], frames: 24_000)
        try player.roll([[0.25, .nan, 3, -.infinity, -2, 0.5]], frames: 0)
        let heard = try studio.tape()[0]
        let start = try #require(heard.firstIndex(of: 0.25))
        #expect(Array(heard[start..<(start + 6)]) == [0.25, 0, 1, 0, -1, 0.5])
        try rig.finish()
    }

    @Test("timing states a deadline of one period, and how late the callback came")
    func timing() throws {
        let server = try JackServer(rate: 48_000, period: 480)
        let rig = try Rig(server)
        try rig.start()
        try rig.wait("20 cycles") { (rig.engine?.timings.withLock { $0.count } ?? 0) > 20 }
        let timings = rig.engine?.timings.withLock { $0 } ?? []
        // 10 ms, by a clock that follows the server's.
        #expect(timings.dropFirst(10).allSatisfy { (5_000_000...20_000_000).contains($0.period) && $0.lateness >= 0 })
        #expect(timings.contains { $0.lateness > 0 })
        try rig.finish()
    }

    @Test("a server without JACK clients of ours keeps none when the run has ended")
    func gone() throws {
        let server = try JackServer()
        let rig = try Rig(server)
        try rig.start()
        #expect(try server.tool("jack_lsp").text.contains("syrinx:mic"))
        try rig.finish()
        #expect(try !server.tool("jack_lsp").text.contains("syrinx"))
    }
}
