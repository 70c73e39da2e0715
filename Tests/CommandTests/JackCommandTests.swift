import CommandTestKit
import Foundation
import JackTestKit
import Testing

@Suite("The command on a JACK server", .jackServer)
struct JackCommandTests {
    private func write(_ text: String, _ name: String, in folder: URL) throws {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }

    private static let chain = #"""
        {"syrinx": 1, "name": "strip", "nodes": {
        "mic": {"type": "jack.source", "connect": ["player:out_1"]},
        "low": {"type": "filter", "shape": "lowpass", "frequency_hz": 3000},
        "late": {"type": "delay", "delay_ms": 5},
        "phones": {"type": "jack.sink", "connect": ["recorder:in_1"], "soft_start_ms": 0, "ceiling_dbfs": 60},
        "log": {"type": "events.sink", "path": "log.jsonl"}},
        "links": ["mic -> low -> late -> phones", "mic:events -> log", "phones:events -> log"]}
        """#

    @Test("a pipeline gives the same samples on a server as flat out between files", arguments: [64, 1024])
    func sameAsOffline(period: Int) throws {
        let server = try JackServer(rate: 48_000, period: period)
        try Command.withFolder { folder in
            try write(Self.chain, "strip.json", in: folder)
            let words = (0..<24_000).map { Int16(truncatingIfNeeded: $0 &* 7_919 &+ 3) / 2 }
            let sound = words.map { Float($0) / 32_768 }
            let (player, recorder) = (
                try Studio(server, name: "player", outputs: 1), try Studio(server, name: "recorder", inputs: 2)
            )
            let live = try LiveRun(["strip.json"], in: folder, environment: server.environment)
            try live.await("connected", count: 2)
            try player.connect("player:out_1", "recorder:in_2")
            try recorder.roll([], frames: 96_000)
            try player.roll([sound], frames: 0)
            let heard = try recorder.tape()
            #expect(live.finish() == 0)

            let take = Wave.s16(rate: 48_000, channels: [words + Array(repeating: 0, count: 4_800)])
            try take.write(to: folder.appendingPathComponent("in.wav"))
            // A file tells no events of a server.
            try write(
                Self.chain.replacingOccurrences(of: #", "mic:events -> log", "phones:events -> log""#, with: ""),
                "flat.json", in: folder)
            let offline = try Command.run(
                [
                    "run", "flat.json", "--bind", "mic=in.wav", "--bind", "phones=out.wav", "--set",
                    "phones.subtype=f32",
                ],
                in: folder)
            try #require(offline.code == 0, "\(offline.diagnostics)")
            let data = try #require(
                Wave.chunk("data", of: try Data(contentsOf: folder.appendingPathComponent("out.wav"))))
            let expected = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            // The direct way tells where frame 0 lies.
            let start = try #require(heard[1].firstIndex(of: sound[0]))
            let found = Array(heard[0][start..<min(start + expected.count, heard[0].count)])
            let differing = zip(found, expected).count { $0 != $1 }
            #expect(differing == 0 || player.xruns + recorder.xruns > 0, "\(differing) samples of \(expected.count)")
        }
    }

    @Test("a server that is killed and comes back with another rate is told in the log, and the run goes on")
    func death() throws {
        let server = try JackServer(rate: 48_000, period: 128)
        try Command.withFolder { folder in
            try write(
                Self.chain.replacingOccurrences(of: "player:out_1", with: "system:capture_1")
                    .replacingOccurrences(of: "recorder:in_1", with: "system:playback_1"), "strip.json", in: folder)
            let live = try LiveRun(["strip.json"], in: folder, environment: server.environment)
            try live.await("connected", count: 2)
            server.kill()
            try live.await("server_lost")
            try server.restart(rate: 44_100, period: 256)
            try live.await("server_back")
            try live.await("connected", count: 4)
            let graph = try server.tool("jack_lsp", "-c", "strip:").text
            #expect(graph.contains("strip:phones\n   system:playback_1\n"))
            #expect(live.finish() == 0)
        }
    }
}

@Suite(
    "The command with PipeWire's JACK library", .serialized,
    .enabled(if: PipeWireServer.whyNot == nil, "pipewire or pipewire-jack is not installed"))
struct PipeWireTests {
    @Test("ports are made and connected, sound passes, period and rate are followed, and its death is survived")
    func run() throws {
        let server = try PipeWireServer()
        try Command.withFolder { folder in
            let text = #"""
                {"syrinx": 1, "name": "loop", "nodes": {
                "tone": {"type": "signal", "frequency_hz": 1000, "level_dbfs": -6},
                "phones": {"type": "jack.sink", "connect": ["loop:mic"], "soft_start_ms": 0},
                "mic": {"type": "jack.source"},
                "levels": {"type": "meter"},
                "log": {"type": "events.sink", "path": "log.jsonl"}},
                "links": ["tone -> phones", "mic -> levels", "phones:events -> log", "mic:events -> log"]}
                """#
            try Data(text.utf8).write(to: folder.appendingPathComponent("loop.json"))
            let live = try LiveRun(
                ["loop.json", "--report", "report.json"], in: folder, environment: server.environment)
            try live.await("connected")
            try server.set("clock.force-quantum", "256")
            try live.await("period_changed")
            try server.set("clock.allowed-rates", "[ 44100 48000 ]")
            try server.set("clock.force-rate", "44100")
            try live.await("rate_changed")
            try live.await("connected", count: 2)
            server.kill()
            try live.await("server_lost")
            try server.start()
            try live.await("server_back")
            try live.await("connected", count: 3)
            #expect(live.finish() == 0)
            let report = try String(contentsOf: folder.appendingPathComponent("report.json"), encoding: .utf8)
            #expect(report.contains("\"server_back\": 1"), "\(report)")
        }
    }
}
