import CommandTestKit
import Foundation
import JackTestKit
import Testing

/// The files of `pipelines/` that need a JACK server.
enum StudioExample {
    static let all = ["jack-channel-strip", "jack-talkback", "alsa-to-jack", "multitrack-recorder", "latency-probe"]

    static func path(_ name: String) -> String {
        Command.package.appendingPathComponent("pipelines/\(name).json").path
    }
}

@Suite("Studio examples, on a JACK server", .jackServer, .serialized)
struct StudioExampleTests {
    @Test(
        "every one is free of faults and warnings, and can be explained without a server", arguments: StudioExample.all)
    func check(example: String) throws {
        let path = StudioExample.path(example)
        let check = try Command.run(["check", path], in: Command.package)
        #expect(check.code == 0 && check.diagnostics == "")
        for format in ["text", "json", "dot", "mermaid"] {
            let explain = try Command.run(
                ["explain", path, "--format", format, "--rate", "48000"], in: Command.package)
            #expect(explain.code == 0 && explain.diagnostics == "", "\(format): \(explain.diagnostics)")
        }
    }

    @Test(
        "the channel strip gives the same samples live as from file to file, later by one constant",
        arguments: [64, 1024])
    func sameSamples(period: Int) throws {
        let server = try JackServer(rate: 48_000, period: period)
        try Command.withFolder { folder in
            let path = StudioExample.path("jack-channel-strip")
            let music: [Float] = (0..<30_000).map { frame in
                let tone = sin(Double(frame) * 0.05) * 0.25
                return Float(tone + Double(frame % 977) / 4000 - 0.1)
            }
            try FloatWave.write([music], rate: 48_000, to: folder.appendingPathComponent("take.wav"))
            let offline = try Command.run(
                ["run", path, "--bind", "mic=take.wav", "--bind", "monitors=out.wav", "--set", "monitors.subtype=f32"],
                in: folder)
            #expect(offline.code == 0, "\(offline.diagnostics)")
            let expected = try FloatWave.read(folder.appendingPathComponent("out.wav"))

            let live = try Command.start(
                Command.path, arguments: ["run", path, "--set", "monitors.soft_start_ms=0"], in: folder,
                environment: server.environment)
            defer { live.interrupt(); live.waitForEnd() }
            // A cycle that came too late on a busy machine loses its samples; then it is played again.
            for attempt in 1...10 {
                let studio = try Studio(server, name: "studio\(attempt)", inputs: 2, outputs: 1)
                try studio.join("\(studio.name):out_1", "channel-strip:mic")
                try studio.join("channel-strip:monitors_1", "\(studio.name):in_1")
                try studio.join("channel-strip:monitors_2", "\(studio.name):in_2")
                let heard = try studio.play([music], frames: music.count + 4 * period)
                // The feeder hears itself through another client, so JACK adds a period to the pipeline's own latency, 0.
                let first = heard[0].firstIndex { $0 != 0 } ?? 0
                let shift = first - (expected[0].firstIndex { $0 != 0 } ?? 0)
                let same = (0..<2).allSatisfy { channel in
                    heard[channel].dropFirst(max(shift, 0)).starts(with: expected[channel]) {
                        $0.bitPattern == $1.bitPattern
                    }
                }
                if same, shift == 0 || shift == period { return }
                // A client that misses a cycle is not always told so: only a long period must come out right in ten tries.
                if period >= 1024, studio.xruns == 0, attempt == 10 {
                    Issue.record("the samples differ, shifted by \(shift)")
                    return
                }
            }
            let reason = "the server was too late ten times in a row: too busy a machine for \(period) frames"
            try Test.cancel("\(reason)")
        }
    }

    /// A sawtooth that is never 0, of a period of its own.
    private func saw(_ period: Int, frames: Int) -> [Float] {
        (0..<frames).map { frame -> Float in Float(frame % period) / 100 + 0.001 }
    }

    @Test("the recorder takes a file in the place of its ports, log and all, and needs no server")
    func boundRecorder() throws {
        try Command.withFolder { folder in
            let tracks = (0..<8).map { saw(50 + $0, frames: 5_000) }
            try FloatWave.write(tracks, rate: 48_000, to: folder.appendingPathComponent("in.wav"))
            let outcome = try Command.run(
                [
                    "run", StudioExample.path("multitrack-recorder"), "--bind", "inputs=in.wav", "--var",
                    "take=take.wav",
                    "--var", "log=log.jsonl",
                ], in: folder)
            #expect(outcome.code == 0, "\(outcome.diagnostics)")
            #expect(try FloatWave.read(folder.appendingPathComponent("take.wav")) == tracks)
        }
    }

    @Test("the recorder's take holds what eight ports sent, to the bit, and its log what happened")
    func recorder() throws {
        let server = try JackServer(rate: 44_100, period: 256)
        try Command.withFolder { folder in
            let live = try Command.start(
                Command.path,
                arguments: [
                    "run", StudioExample.path("multitrack-recorder"), "--var", "take=take.wav", "--var",
                    "log=log.jsonl",
                    "--report", "report.json",
                ], in: folder, environment: server.environment)
            let studio = try Studio(server, outputs: 8)
            let tracks = (0..<8).map { saw(50 + $0, frames: 20_000) }
            for track in 1...8 { try studio.join("\(studio.name):out_\(track)", "recorder:inputs_\(track)") }
            _ = try studio.play(tracks, frames: 22_000)
            live.interrupt()
            live.waitForEnd()
            #expect(live.terminationStatus == 0)
            let take = try FloatWave.read(folder.appendingPathComponent("take.wav"))
            #expect(take.count == 8)
            let start = try #require(take[0].firstIndex { $0 != 0 })
            for (track, samples) in tracks.enumerated() {
                #expect(Array(take[track].dropFirst(start).prefix(20_000)) == samples, "track \(track + 1)")
            }
            let report =
                try JSONSerialization.jsonObject(
                    with: Data(contentsOf: folder.appendingPathComponent("report.json"))) as? [String: Any]
            #expect(report?["driver"] as? String == "jack" && report?["rate_hz"] as? Int == 44_100)
        }
    }

    @Test("a take goes on in one file when the server comes back at another rate and period")
    func recorderThroughRestart() throws {
        let server = try JackServer(rate: 48_000, period: 256)
        try Command.withFolder { folder in
            let live = try Command.start(
                Command.path,
                arguments: [
                    "run", StudioExample.path("multitrack-recorder"), "--var", "take=take.wav", "--var",
                    "log=log.jsonl",
                ], in: folder, environment: server.environment)
            func log() -> String {
                (try? String(contentsOf: folder.appendingPathComponent("log.jsonl"), encoding: .utf8)) ?? ""
            }
            // A steady value before, another after: where the rates meet a converter stands, so levels are compared.
            func play(_ value: Float) throws {
                let studio = try Studio(server, name: "studio", outputs: 1)
                try studio.join("\(studio.name):out_1", "recorder:inputs_1")
                _ = try studio.play([[Float](repeating: value, count: 12_000)], frames: 12_000)
            }
            try play(0.25)
            try server.restart(rate: 44_100, period: 512)
            try play(0.5)
            live.interrupt()
            live.waitForEnd()
            #expect(live.terminationStatus == 0)
            #expect(log().contains("server_lost") && log().contains("rate_changed"))
            let data = try Data(contentsOf: folder.appendingPathComponent("take.wav"))
            #expect(Wave.format(of: data)?.rate == 48_000)
            let take = try FloatWave.read(folder.appendingPathComponent("take.wav"))[0]
            #expect(take.count { $0 == 0.25 } > 11_000)
            #expect(take.count { abs($0 - 0.5) < 0.001 } > 11_000)
        }
    }

    @Test("an ALSA device with a clock of its own is heard through JACK, gapless once it is locked")
    func acrossClocks() throws {
        let server = try JackServer(rate: 48_000, period: 256)
        try Command.withFolder { folder in
            let configuration = folder.appendingPathComponent("asound.conf")
            // alsa-lib's own JACK device stands for the card: it runs at real pace.
            let text = """
                </usr/share/alsa/alsa.conf>
                pcm.card {
                    type jack
                    name "card"
                    capture_ports { 0 "" 1 "" }
                    playback_ports { 0 "" 1 "" }
                }

                """
            try text.write(to: configuration, atomically: true, encoding: .utf8)
            let live = try Command.start(
                Command.path,
                arguments: [
                    "run", StudioExample.path("alsa-to-jack"), "--var", "card=card", "--set", "ports.soft_start_ms=0",
                    "--set", "log.path=log.jsonl", "--report", "report.json",
                ], in: folder, environment: server.environment.merging(["ALSA_CONFIG_PATH": configuration.path]) { $1 })
            let tone = (0..<480_000).map { Float(sin(Double($0) * 2 * .pi / 48) * 0.5) }
            let studio = try Studio(server, inputs: 1, outputs: 1)
            try studio.wait("the card's ports") { try !studio.cardPorts(server).isEmpty }
            try studio.join("\(studio.name):out_1", studio.cardPorts(server)[0])
            try studio.join("alsa-to-jack:ports_1", "\(studio.name):in_1")
            let heard = try studio.play([tone], frames: tone.count)[0]
            live.interrupt()
            live.waitForEnd()
            #expect(live.terminationStatus == 0)
            let report =
                try JSONSerialization.jsonObject(
                    with: Data(contentsOf: folder.appendingPathComponent("report.json"))) as? [String: Any]
            let card = (report?["nodes"] as? [String: Any])?["card"] as? [String: Any]
            #expect(card?["clock"] as? String == "own")
            // A sine of this frequency moves by at most 0.0655 a sample; a lost or doubled frame by more, somewhere in it.
            let locked = heard.suffix(48_000)
            let largest = zip(locked, locked.dropFirst()).map { abs($0 - $1) }.max() ?? 1
            let xruns = report?["xruns"] as? Int ?? 0
            #expect(largest < 0.07 || xruns > 0 || studio.xruns > 0 || card?["resyncs"] as? Int != 0)
            #expect(locked.max() ?? 0 > 0.45)
        }
    }

    @Test("the probe finds the way out and back to the frame")
    func probe() throws {
        let server = try JackServer(rate: 48_000, period: 128)
        try Command.withFolder { folder in
            let answers = folder.appendingPathComponent("answers.jsonl")
            let live = try Command.start(
                Command.path,
                arguments: [
                    "run", StudioExample.path("latency-probe"), "--set", "probe.interval_s=0.1", "--set",
                    "log.path=answers.jsonl",
                    "--set", "back.connect=[]", "--set", "out.connect=[]",
                ], in: folder, environment: server.environment)
            defer { live.interrupt(); live.waitForEnd() }
            let studio = try Studio(server)
            try studio.join("latency-probe:out", "latency-probe:back")
            func found() -> [Double] {
                let text = (try? String(contentsOf: answers, encoding: .utf8)) ?? ""
                return text.split(separator: "\n").compactMap { line in
                    let event = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                    return event?["event"] as? String == "latency" ? event?["frames"] as? Double : nil
                }
            }
            try studio.wait("three answers") { found().count >= 3 }
            // A client that hears itself hears its last period.
            #expect(found().suffix(2).allSatisfy { $0 == 128 })
        }
    }

    @Test("talkback mixes the voice into the cue mix of both ears")
    func talkback() throws {
        let server = try JackServer(rate: 48_000, period: 256)
        try Command.withFolder { folder in
            let live = try Command.start(
                Command.path,
                arguments: [
                    "run", StudioExample.path("jack-talkback"), "--set", "phones.soft_start_ms=0", "--var", "cue_db=0",
                    "--set", "voice_cut.bypass=true",
                ], in: folder, environment: server.environment)
            defer { live.interrupt(); live.waitForEnd() }
            let studio = try Studio(server, inputs: 2, outputs: 3)
            for (from, to) in [("out_1", "talk"), ("out_2", "cue_1"), ("out_3", "cue_2")] {
                try studio.join("\(studio.name):\(from)", "talkback:\(to)")
            }
            for ear in 1...2 { try studio.join("talkback:phones_\(ear)", "\(studio.name):in_\(ear)") }
            let feeds = [0.125, 0.25, 0.5].map { [Float](repeating: Float($0), count: 4096) }
            let heard = try studio.play(feeds, frames: 6000)
            #expect(heard[0].contains(0.375) && heard[1].contains(0.625))
            #expect(heard[0].max() == 0.375 && heard[1].max() == 0.625)
        }
    }

    @Test("EVI hears the studio's microphone and answers over both monitors, all on tape and in the log")
    func conversation() throws {
        let server = try JackServer(rate: 48_000, period: 256)
        try Command.withFolder { folder in
            let room = folder.appendingPathComponent("booth").path
            let live = try Command.start(
                Command.path,
                arguments: [
                    "run", StudioExample.path("evi-studio"), "--emulate", "--parrot", "--var", "room=\(room)", "--set",
                    "monitors.soft_start_ms=0",
                ], in: folder, environment: server.environment)
            defer { live.interrupt(); live.waitForEnd() }
            let studio = try Studio(server, inputs: 2, outputs: 1)
            try studio.join("\(studio.name):out_1", "evi-studio:mic")
            for ear in 1...2 { try studio.join("evi-studio:monitors_\(ear)", "\(studio.name):in_\(ear)") }
            func told() -> String { (try? String(contentsOfFile: room + ".jsonl", encoding: .utf8)) ?? "" }
            try studio.wait("the session") { told().contains(#""event":"connected""#) }
            // A hum of 1.2 s; then it is quiet, and the turn is EVI's.
            let voice = (0..<57_600).map { Float(0.3 * sin(Double($0) * 0.02) + 0.1 * sin(Double($0) * 0.06)) }
            let heard = try studio.play([voice], frames: 5 * 48_000)
            let answer = heard[0].filter { abs($0) > 0.1 }.count
            #expect(answer > 20_000, "\(answer) loud frames; \(told())")
            #expect(heard[0] == heard[1])
            try studio.wait("the end of the answer") { told().contains(#""event":"playback_finished""#) }
            live.interrupt()
            live.waitForEnd()
            #expect(live.terminationStatus == 0)
            let events = ["user_message", "assistant_message", "playback_began", "assistant_end", "closed"]
            #expect(events.allSatisfy { told().contains("\"event\":\"\($0)\"") })
            let tape = try Command.run(
                ["explain", StudioExample.path("convert"), "--var", "in=\(room).flac", "--var", "out=x.wav"], in: folder
            )
            #expect(tape.text.contains("2 channels"))
        }
    }
}

extension Studio {
    /// The ports by which alsa-lib's JACK device hears.
    fileprivate func cardPorts(_ server: JackServer) throws -> [String] {
        try server.tool("jack_lsp").text.split(separator: "\n").map(String.init).filter {
            $0.hasPrefix("card") && $0.contains(":in")
        }
    }

    /// Connects two ports as soon as both are there and their clients run.
    fileprivate func join(_ from: String, _ to: String) throws {
        try wait("\(from) -> \(to)") {
            if isConnected(from, to) { return true }
            try? connect(from, to)
            return isConnected(from, to)
        }
    }
}
