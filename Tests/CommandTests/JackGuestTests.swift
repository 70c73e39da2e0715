import CommandTestKit
import Foundation
import JackTestKit
import Testing

/// JACK ports where the timer leads: the server is a second clock.
@Suite("The command on a JACK server that does not lead", .jackServer)
struct JackGuestTests {
    /// So low that a debug build's resampler leaves the server's period to spare.
    private static let rate = 16_000

    private static func pipeline(_ extra: String = "") -> String {
        #"""
        {"syrinx": 1, "name": "guest", "engine": {"rate_hz": \#(rate)}, "nodes": {
        "tone": {"type": "signal", "frequency_hz": 1000, "level_dbfs": -6},
        "phones": {"type": "jack.sink", "connect": ["studio:in_1"], "soft_start_ms": 0},
        "mic": {"type": "jack.source", "connect": ["studio:out_1"]\#(extra)},
        "tape": {"type": "file.sink", "path": "tape.wav", "subtype": "f32"},
        "log": {"type": "events.sink", "path": "log.jsonl"}},
        "links": ["tone -> phones", "mic -> tape", "phones:events -> log", "mic:events -> log"]}
        """#
    }

    private static func tone(rate: Int, seconds: Int) -> [Float] {
        (0..<rate * seconds).map { Float(0.5 * sin(2 * Double.pi * 1000 * Double($0) / Double(rate))) }
    }

    /// Where a tone of 1 kHz breaks: x[k] − 2·cos(ω)·x[k−1] + x[k−2] is 0 while it goes on, whatever its phase.
    private static func breaks(_ samples: ArraySlice<Float>, rate: Int) -> [Int] {
        let factor = Float(2 * cos(2 * Double.pi * 1000 / Double(rate)))
        // ±100 ppm of the frequency stay far below the bound.
        return samples.indices.dropFirst(2).filter {
            abs(samples[$0] - factor * samples[$0 - 1] + samples[$0 - 2]) > 2e-3
        }
    }

    private func start(_ folder: URL, _ server: JackServer, _ extra: [String] = []) throws -> LiveRun {
        try Data(Self.pipeline().utf8).write(to: folder.appendingPathComponent("guest.json"))
        return try LiveRun(
            ["guest.json", "--driver", "timer", "--report", "report.json"] + extra, in: folder,
            environment: server.environment)
    }

    /// Whether a client of its own hears the tone, within the last half of so many frames.
    private func hearsTone(_ server: JackServer, frames: Int = 8_000) throws -> Bool {
        let ear = try Studio(server, name: "ear", inputs: 1)
        try ear.wait("the way from us") { (try? ear.connect("guest:phones", "\(ear.name):in_1")) != nil }
        return try ear.play([], frames: frames)[0].suffix(frames / 2).contains { $0 != 0 }
    }

    private func report(_ folder: URL) throws -> [String: Any] {
        let data = try Data(contentsOf: folder.appendingPathComponent("report.json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private func figures(_ report: [String: Any], _ node: String) -> [String: Any] {
        let (sinks, nodes) = (report["sinks"] as? [String: Any], report["nodes"] as? [String: Any])
        return (sinks?[node] ?? nodes?[node]) as? [String: Any] ?? [:]
    }

    @Test("a tone goes through both ways without a gap, whatever the server's rate", arguments: [16_000, 22_050])
    func gapless(serverRate: Int) throws {
        // Where the machine itself was too late, another try.
        for _ in 1...12 {
            let server = try JackServer(rate: serverRate, period: serverRate / 100)
            let wasInTime = try Command.withFolder { folder in
                let studio = try Studio(server, inputs: 1, outputs: 1)
                let live = try start(folder, server)
                try live.await("connected", count: 2)
                // Two seconds until both clocks are known, and some in which every sample counts.
                let heard = try studio.play([Self.tone(rate: serverRate, seconds: 7)], frames: 5 * serverRate)[0]
                let xruns = studio.xruns
                #expect(live.finish() == 0)
                let report = try report(folder)
                let taped = try tape(folder)
                // A machine that stood still has taped less than was played.
                guard heard.count == 5 * serverRate, let first = taped.firstIndex(where: { abs($0) > 0.4 }),
                    first + 4 * Self.rate <= taped.count
                else { return false }
                let begin = first + 2 * Self.rate
                let broken = [
                    Self.breaks(heard[(2 * serverRate)...], rate: serverRate),
                    Self.breaks(taped[begin..<begin + 2 * Self.rate], rate: Self.rate),
                ]
                let drifts = ["mic", "phones"].map { figures(report, $0)["drift_ppm"] as? Double ?? 0 }
                // One clock for both. The dummy driver rounds its period to microseconds.
                let rounding = serverRate == 22_050 ? 35.0 : 0
                let keepsPace = drifts.allSatisfy { abs($0) < 50 + rounding && $0 != 0 }
                let isWhole = broken[0].isEmpty && broken[1].isEmpty
                // The bridges allow for half a period of the timer's, and a whole one of the server's: 10 ms each. Drift is
                // what the wakes of both say it is, so later ones than a tenth of that count against it.
                let wake = (report["cycle"] as? [String: Any])?["latest_wake_us"] as? Double ?? 0
                let move = figures(report, "mic")["latest_us"] as? Double ?? 0
                let missed = xruns > 0 || report["xruns"] as? Int != 0
                if !isWhole, missed || wake > 4_000 || move > 9_000 { return false }
                if !keepsPace, missed || wake > 1_000 || move > 1_000 { return false }
                #expect(isWhole, "breaks at \(broken.map { $0.prefix(5) }), xruns \(xruns), \(figures(report, "mic"))")
                #expect(keepsPace, "\(drifts) ppm")
                #expect(heard.suffix(serverRate).contains { $0 > 0.49 })
                for node in ["mic", "phones"] {
                    let figures = figures(report, node)
                    #expect(figures["clock"] as? String == "own")
                    #expect((figures["latency_frames"] as? Int ?? 0) > 0)
                    #expect(figures["client"] as? String == "guest")
                }
                return true
            }
            if wasInTime { return }
        }
        try Test.cancel("the machine was too late in twelve tries")
    }

    private func tape(_ folder: URL) throws -> [Float] {
        let data = try Data(contentsOf: folder.appendingPathComponent("tape.wav"))
        let chunk = try #require(Wave.chunk("data", of: data))
        return chunk.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    @Test("a server that is killed and is back at another rate and a longer period is heard again, connected as before")
    func death() throws {
        // A server that leaves a client of ours and a bare one waiting for its next cycle gets another try.
        var stalled: Studio.Stalled?
        for _ in 1...3 {
            do { return try survive() } catch let error as Studio.Stalled { stalled = error }
        }
        if let stalled { throw stalled }
    }

    private func survive() throws {
        let server = try JackServer(rate: 16_000, period: 128)
        try Command.withFolder { folder in
            var studio: Studio? = try Studio(server, inputs: 1, outputs: 1)
            let live = try start(folder, server)
            try live.await("connected", count: 2)
            server.kill()
            try live.await("server_lost", count: 2)
            studio = nil
            try server.restart(rate: 22_050, period: 512)
            try live.await("server_back", count: 2)
            studio = try Studio(server, inputs: 1, outputs: 1)
            try live.await("connected", count: 4)
            let heard: [Float]
            do {
                heard = try studio?.play([Self.tone(rate: 22_050, seconds: 4)], frames: 3 * 22_050)[0] ?? []
            } catch let stalled as Studio.Stalled {
                throw Studio.Stalled(description: "\(stalled.description)\nand we:\n\(live.told)")
            }
            #expect(live.finish() == 0)
            #expect(heard.suffix(22_050).contains { $0 > 0.49 })
            // One tone a server: none while it was away.
            let taped = try tape(folder)
            #expect(taped.contains { $0 > 0.45 })
            // Each of the two nodes tells it once.
            #expect(live.events("server_lost") == 2 && live.events("server_back") == 2)
            #expect(live.events("latency_changed") == 2)
            #expect(figures(try report(folder), "mic")["losses"] as? Int ?? 0 >= 1)
        }
    }

    @Test("while the server runs free there is silence and one word of it; then sound is back")
    func freewheel() throws {
        let server = try JackServer(rate: 16_000, period: 160)
        try Command.withFolder { folder in
            let studio = try Studio(server, inputs: 1)
            let live = try start(folder, server)
            try live.await("connected", count: 1)
            try studio.wait("sound") { try hearsTone(server) }
            try studio.setFreewheel(true)
            try live.await("freewheel_begin", count: 2)
            // More than what was on its way.
            let free = try studio.play([], frames: 64_000)[0]
            #expect(free.suffix(32_000).allSatisfy { $0 == 0 })
            try studio.setFreewheel(false)
            try live.await("freewheel_end", count: 2)
            try studio.wait("sound again") { try hearsTone(server) }
            #expect(live.finish() == 0)
            #expect(live.events("freewheel_begin") == 2 && live.events("freewheel_end") == 2)
        }
    }

    @Test("a period that grows makes the bridge later, which is told; sound goes on")
    func period() throws {
        let server = try JackServer(rate: 16_000, period: 64)
        try Command.withFolder { folder in
            let studio = try Studio(server, inputs: 1)
            let live = try start(folder, server)
            try live.await("connected", count: 1)
            try studio.setPeriod(512)
            try live.await("period_changed", count: 2)
            try live.await("latency_changed", count: 2)
            try studio.wait("sound") { try hearsTone(server) }
            #expect(live.finish() == 0)
        }
    }

    @Test("JACK is told how late sound is when it comes over the bridge")
    func latency() throws {
        let server = try JackServer(rate: 16_000, period: 160)
        try Command.withFolder { folder in
            let studio = try Studio(server, inputs: 1)
            let live = try start(folder, server)
            try live.await("connected", count: 1)
            try studio.wait("latency") { (studio.captureLatency("guest:phones")?.lowerBound ?? 0) > 0 }
            let stated = studio.captureLatency("guest:phones")
            #expect(live.finish() == 0)
            let bridge = try #require(figures(try report(folder), "phones")["latency_frames"] as? Int)
            #expect(stated == bridge...bridge)
        }
    }

    @Test("the transport of a server that does not lead cannot be followed, nor can its ports be rendered flat out")
    func refused() throws {
        let server = try JackServer(rate: 16_000)
        try Command.withFolder { folder in
            let file = folder.appendingPathComponent("guest.json")
            try Data(Self.pipeline(#", "follow_transport": true"#).utf8).write(to: file)
            let followed = try Command.run(
                ["run", "guest.json", "--driver", "timer"], in: folder, environment: server.environment)
            #expect(followed.code == 65)
            #expect(followed.diagnostics.contains(#"mic.follow_transport: found true, but "timer" leads"#))
            try Data(Self.pipeline().utf8).write(to: file)
            let flat = try Command.run(
                ["run", "guest.json", "--driver", "offline", "--duration", "1"], in: folder,
                environment: server.environment)
            #expect(flat.code != 0)
            #expect(flat.diagnostics.contains("--bind mic=FILE"))
        }
    }
}
