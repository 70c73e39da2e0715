import SyrinxCore
import SyrinxEVI
import SyrinxHost
import SyrinxNet
import SyrinxRealtime
import Testing

@testable import EVIPlugin

@Suite("evi in a run", .timeLimit(.minutes(2)))
struct SessionNodeTests {
    private static func wave(_ count: Int, seed: Int = 1) -> [Int16] {
        (0..<count).map { Int16(truncatingIfNeeded: ($0 &* 7_919 &+ seed &* 104_729) % 20_011) }
    }

    private static func floats(_ samples: [Int16]) -> [Float] { samples.map { Float($0) / 32_768 } }

    /// Samples as they were sent, without zeros, which a busy machine puts between.
    private static func words(_ bytes: [UInt8]) -> [Int16] {
        stride(from: 0, to: bytes.count - 1, by: 2).map {
            Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
        }
        .filter { $0 != 0 }
    }

    /// Where the first sample that is not silence lies, and one past the last.
    private static func extent(_ samples: [Float]) -> Range<Int> {
        guard let first = samples.firstIndex(where: { $0 != 0 }), let last = samples.lastIndex(where: { $0 != 0 })
        else { return 0..<0 }
        return first..<last + 1
    }

    @Test("a file is sent from its first sample on, the answer is heard to its last, and then the run ends")
    func fileToFile() async throws {
        let voice = Self.wave(24_000)
        let answer = Self.wave(20_000, seed: 3).map { $0 == 0 ? 1 : $0 }
        let peer = try await Peer.start { chat in
            await chat.begin()
            await chat.record.wait { $0.audio.count >= 57_600 }
            await chat.user("hello", scores: #"{"Joy":0.75,"Anger":0.25}"#)
            await chat.speak("a", answer, pieces: [4_001, 1, 3_000])
        }
        let rig = Rig(Self.floats(voice))
        let run = try rig.prepare(
            Rig.text(
                #""base_url": "\#(peer.address)", "linger_s": 0.3, "playback_buffer_ms": 416, "expressions": ["Joy", "Surprise (positive)"]"#,
                nodes: #""joy": { "type": "trace" },"#, links: #", "evi:joy -> joy""#))
        let report = try await run.executeApart()
        await peer.record.wait { $0.isClosed }
        #expect(report.outcome == .done, "\(report.outcome)")
        let sent = await peer.record.audio
        #expect(Self.words(sent) == voice.filter { $0 != 0 })
        #expect(await peer.record.pieces.allSatisfy { $0 == 1_920 })
        let request = try #require(await peer.record.requests.first)
        #expect(request.path == "/v0/evi/chat" && request.headers["X-Hume-Api-Key"] == "k-123")
        #expect(request.query.contains { $0.name == "session_settings[audio][sample_rate]" && $0.value == "48000" })
        let heard = rig.samples
        let extent = Self.extent(heard)
        // The first 5 ms rise; the rest is the answer bit for bit.
        #expect(extent.count == answer.count)
        #expect(Array(heard[extent].dropFirst(240)) == Array(Self.floats(answer).dropFirst(240)))
        let names = rig.events.map(\.event)
        #expect(
            names.filter { $0 != "assistant_prosody" } == [
                "connected", "user_message", "assistant_message", "assistant_end", "playback_began",
                "playback_finished", "closed",
            ] || Set(names).isSuperset(of: ["connected", "user_message", "playback_finished", "closed"]), "\(names)")
        #expect(rig.controls.withLock { $0.last } == 0.75)
        let node = try #require(report.nodes.first { $0.id == "evi" })
        let figures = Value.object(node.figures)
        #expect(figures["chats"] == .integer(1) && figures["dropped_frames"] == .integer(0))
        #expect(figures["closed"] == .string("stopped") && figures["first_sound_ms"]?["count"] == .integer(1))
        await peer.stop()
    }

    @Test("nothing of a file is lost while the session waits to connect: the clock stands still")
    func clockWaits() async throws {
        let voice = Self.wave(9_600)
        let peer = try await Peer.start { chat in
            try? await Task.sleep(for: .milliseconds(400))
            await chat.begin()
            await chat.record.wait { $0.audio.count >= 28_800 }
            await chat.speak("a", [Int16](repeating: 500, count: 480))
        }
        let rig = Rig(Self.floats(voice))
        let run = try rig.prepare(Rig.text(#""base_url": "\#(peer.address)", "linger_s": 0.1"#))
        let report = try await run.executeApart()
        #expect(report.outcome == .done)
        let sent = await peer.record.audio
        #expect(Self.words(sent) == voice.filter { $0 != 0 })
        #expect(rig.event("connected") != nil && report.wallTime > 0.4)
        await peer.stop()
    }

    @Test("an interruption fades speech out, drops the rest, and the next answer begins whole")
    func interruption() async throws {
        let long = [Int16](repeating: 16_384, count: 96_000)
        let next = Self.wave(4_800, seed: 5).map { [0, 16_384].contains($0) ? 1 : $0 }
        let peer = try await Peer.start { chat in
            await chat.begin()
            await chat.user("one")
            await chat.speak("a", long, pieces: [24_000], ends: false)
            let before = await chat.record.audio.count
            await chat.record.wait { $0.audio.count >= before + 38_400 }
            await chat.send(#"{"type":"user_interruption","time":0}"#)
            await chat.speak("a", Self.wave(100), ends: false)
            let after = await chat.record.audio.count
            await chat.record.wait { $0.audio.count >= after + 19_200 }
            await chat.speak("b", next)
            await chat.socket.close(code: 1000, reason: "")
        }
        let rig = Rig([Float](repeating: 0, count: 2_880_000))
        let run = try rig.prepare(
            Rig.text(#""base_url": "\#(peer.address)", "fade_ms": 20"#))
        let report = try await run.executeApart()
        #expect(report.outcome == .done)
        let heard = rig.samples
        let event = try #require(rig.event("interruption"))
        let begin = try #require(heard.firstIndex { $0 != 0 })
        // Behind the last sample at full level; a busy machine may have let it run dry before.
        let full = try #require(heard.lastIndex(of: 0.5))
        let silence = try #require(heard[full...].firstIndex { $0 == 0 })
        #expect(full - begin < 144_000)
        // The tape has the buffer of 60 ms taken off; what was dropped is silent one cycle and the fade later, and some cycles
        // more where a busy machine carries the word late.
        #expect(silence <= event.frame + 480 + 960 + 9_600 && event.fields.contains { $0.name == "dropped" })
        let fade = heard[(silence - 900)..<silence]
        #expect(zip(fade, fade.dropFirst()).allSatisfy { $0 >= $1 } && (fade.last ?? 1) < 0.01)
        let second = try #require(heard[silence...].firstIndex { $0 != 0 })
        #expect(Array(heard[second...].dropFirst(240).prefix(4_560)) == Array(Self.floats(next).dropFirst(240)))
        #expect(heard[second...].dropFirst(4_800).allSatisfy { $0 == 0 })
        await peer.stop()
    }

    @Test("a refused key ends the run with the cause's exit code, and never shows the key")
    func refused() async throws {
        let peer = try await Peer.start(refusal: 401)
        let rig = Rig([Float](repeating: 0, count: 4_800))
        let run = try rig.prepare(Rig.text(#""base_url": "\#(peer.address)""#))
        let report = try await run.executeApart()
        guard case .failed(let error) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(error.code == .refused && error.path == "nodes.evi" && error.message.contains("401"))
        #expect(rig.event("closed")?.fields.first { $0.name == "reason" }?.value == .string("refused"))
        #expect(!report.value.json().contains("k-123") && !"\(rig.events)".contains("k-123"))
        await peer.stop()
    }

    @Test("with on_close stay a session that is over leaves the run alone")
    func stays() async throws {
        let peer = try await Peer.start(refusal: 403)
        let rig = Rig([Float](repeating: 0, count: 4_800))
        let run = try rig.prepare(Rig.text(#""base_url": "\#(peer.address)", "on_close": "stay""#))
        let report = try await run.executeApart()
        #expect(report.outcome == .done && report.frames >= 4_800 && rig.samples.allSatisfy { $0 == 0 })
        await peer.stop()
    }

    @Test("a run is stopped within seconds while the session still waits for its server")
    func stops() async throws {
        let peer = try await Peer.start { _ in }
        let rig = Rig([Float](repeating: 0, count: 4_800))
        let run = try rig.prepare(Rig.text(#""base_url": "\#(peer.address)""#))
        async let report = run.executeApart()
        await peer.record.wait { !$0.requests.isEmpty }
        run.stop()
        #expect(try await report.outcome == .stopped)
        await peer.stop()
    }

    @Test("commands of a script reach the session, and the run ends after the last answer")
    func script() async throws {
        let peer = try await Peer.start { chat in
            await chat.begin()
            await chat.record.wait { $0.texts.contains { $0["type"] == .string("user_input") } }
            await chat.speak("a", [Int16](repeating: 900, count: 2_400))
        }
        let path = "/tmp/syrinx-evi-script-\(UInt64.random(in: 0 ... .max)).jsonl"
        try write(
            """
            {"event": "say", "text": "Hello \\u00fc", "time_s": 0.1}

            {"event": "dance"}
            {"event": "say"}
            not json
            """, to: path)
        defer { remove(path) }
        let rig = Rig()
        let text = """
            { "syrinx": 1,
              "nodes": { "script": { "type": "events.source", "path": "\(path)" }, "tape": { "type": "tape" },
                "log": { "type": "ears" },
                "evi": { "type": "evi", "api_key": "k", "base_url": "\(peer.address)", "linger_s": 0.1,
                  "answer_wait_s": 60 } },
              "links": ["evi -> tape", "script -> evi:commands", "evi:events -> log"] }
            """
        let report = try await rig.prepare(text).executeApart()
        #expect(report.outcome == .done)
        let words = await peer.record.texts.first { $0["type"] == .string("user_input") }
        #expect(words?["text"] == .string("Hello ü"))
        #expect(rig.samples.contains { $0 != 0 })
        let warnings = rig.events.filter { $0.event == "warning" }.compactMap { $0.fields.first?.value.string }
        #expect(
            warnings.contains { $0.contains("no command \"dance\"") }
                && warnings.contains { $0.contains("has no text") })
        await peer.stop()
    }
}
