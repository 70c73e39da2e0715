import JACKPlugin
import JackTestKit
import Synchronization
import SyrinxCore
import Testing

@Suite("jack, safe outputs", .jackServer)
struct JACKSinkTests {
    /// A constant through `mic → phones`, from one bare client to another.
    private func scene(_ server: JackServer) throws -> (player: Studio, recorder: Studio) {
        let (player, recorder) = (
            try Studio(server, name: "player", outputs: 1), try Studio(server, name: "recorder", inputs: 1)
        )
        try player.wait("both connections") {
            try? player.connect("\(player.name):out_1", "syrinx:mic")
            try? recorder.connect("syrinx:phones", "\(recorder.name):in_1")
            return player.isConnected("\(player.name):out_1", "syrinx:mic")
                && recorder.isConnected("syrinx:phones", "\(recorder.name):in_1")
        }
        try player.roll([[Float](repeating: 0.5, count: 48_000 * 60)], frames: 0)
        return (player, recorder)
    }

    /// The part of a recording in which the constant came through.
    private func sounding(_ heard: [Float]) -> ArraySlice<Float> {
        guard let first = heard.firstIndex(where: { $0 != 0 }), let last = heard.lastIndex(where: { $0 != 0 }) else {
            return []
        }
        return heard[first...last]
    }

    @Test("mute fades out within 5 ms and in again, without a step")
    func mute() throws {
        let server = try JackServer(period: 256)
        let rig = try Rig(server)
        try rig.start()
        let engine = try #require(rig.engine)
        var wasInTime = false
        // A cycle that the machine makes miss is a step that is not ours.
        for _ in 1...10 where !wasInTime {
            let (player, recorder) = try scene(server)
            try player.wait("cycles") { player.cycles > 100 }
            let xruns = player.xruns + recorder.xruns
            try recorder.roll([], frames: 96_000)
            try recorder.wait("sound") { recorder.recorded > 24_000 }
            engine.mute.store(1, ordering: .relaxed)
            try recorder.wait("silence") { recorder.recorded > 48_000 }
            engine.mute.store(0, ordering: .relaxed)
            let heard = try recorder.tape()[0]
            guard player.xruns + recorder.xruns == xruns else { continue }
            wasInTime = true
            let begin = try #require(heard.firstIndex { $0 != 0.5 })
            let end = try #require(heard.lastIndex { $0 != 0.5 })
            let silence = heard[begin...end].firstIndex(of: 0) ?? 0
            let sound = heard[begin...end].lastIndex(of: 0) ?? 0
            #expect(begin > 0 && silence - begin <= 240, "faded out in \(silence - begin) frames")
            #expect(end - sound <= 240, "faded in over \(end - sound) frames")
            #expect(heard[silence...sound].allSatisfy { $0 == 0 } && sound - silence > 4_800)
            let steps = zip(heard, heard.dropFirst()).map { abs($1 - $0) }.max() ?? 1
            #expect(steps < 0.5 / 200, "largest step \(steps)")
        }
        try rig.finish()
        if !wasInTime { try Test.cancel("the machine was too late in ten tries") }
    }

    @Test("sound begins with the ramp, and begins with it again when the server is back")
    func softStart() throws {
        let server = try JackServer(period: 256)
        var plan = Rig.Plan()
        // So long that the clients are there before it is over.
        plan.sink["soft_start_ms"] = .number(10_000)
        let rig = try Rig(server, plan)
        try rig.start()
        let slope = Float(0.5) / 480_000
        var before: Float = 0
        for round in 1...2 {
            let (player, recorder) = try scene(server)
            let heard = Array(sounding(try recorder.play([], frames: 96_000)[0]))
            try #require(heard.count > 48_000)
            let (first, last) = (heard[0], heard[heard.count - 1])
            // Rounding, and what the machine lost.
            let isWhole = player.xruns + recorder.xruns == 0
            let rise = (last - first) / Float(heard.count - 1)
            #expect(abs(rise - slope) < 0.02 * slope || !isWhole, "it rises by \(rise / slope) of what it should")
            #expect(first < 0.45)
            if round == 2 {
                #expect(first < before, "it went on at \(first) where it was at \(before)")
            } else {
                before = last
                try server.restart()
                try rig.await("server_back")
            }
        }
        try rig.finish()
    }

    @Test("where JACK leads drift and fill are 0")
    func controls() throws {
        let server = try JackServer()
        let rig = try Rig(server)
        try rig.start()
        #expect(rig.engine?.controls == [0, 0])
        try rig.finish()
    }

    @Test("a server that stands still is told once, and so is its return")
    func silent() throws {
        let server = try JackServer(period: 256)
        let rig = try Rig(server)
        try rig.start()
        // Not in the middle of a request that the driver makes at its beginning: those wait for the server.
        try rig.wait("a second of sound") { (rig.engine?.rendered.load(ordering: .acquiring) ?? 0) > 48_000 }
        server.freeze()
        defer { server.resume() }
        #expect(try rig.await("server_silent").field("seconds") == .number(5))
        server.resume()
        let back = try rig.await("server_back")
        guard case .number(let seconds) = back.field("seconds") else {
            Issue.record("server_back does not say how long")
            return
        }
        #expect(seconds >= 5)
        let rendered = rig.engine?.rendered.load(ordering: .acquiring) ?? 0
        try rig.wait("sound") { (rig.engine?.rendered.load(ordering: .acquiring) ?? 0) > rendered }
        try rig.finish()
        #expect(rig.told.count { $0.event == "server_silent" } == 1)
        #expect(!rig.told.contains { $0.event == "server_lost" })
    }

    @Test("a server that never answers does not hold up the end")
    func hangs() throws {
        let server = try JackServer(period: 256)
        let rig = try Rig(server)
        try rig.start()
        try rig.wait("a second of sound") { (rig.engine?.rendered.load(ordering: .acquiring) ?? 0) > 48_000 }
        server.freeze()
        defer { server.resume() }
        try rig.finish()
        #expect(rig.told.last?.field("reason") == .string("it does not answer"))
    }
}
