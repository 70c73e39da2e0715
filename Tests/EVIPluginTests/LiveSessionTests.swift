import SyrinxCore
import SyrinxHost
import SyrinxNet
import SyrinxRealtime
import Testing

@testable import EVIPlugin
@testable import SyrinxEVI

@Suite("evi, when things happen to it", .timeLimit(.minutes(2)))
struct LiveSessionTests {
    @Test("a lost socket is taken up again with the chat group, and a file loses no word meanwhile")
    func reconnects() async throws {
        let voice = (0..<48_000).map { Int16($0 % 20_011 - 10_000) | 1 }
        let peer = try await Peer.start { chat in
            await chat.begin()
            if await chat.record.requests.count == 1 {
                await chat.record.wait { $0.audio.count >= 38_400 }
                await chat.socket.close(code: 1012, reason: "restart")
            } else {
                await chat.record.wait { $0.audio.count >= 92_000 }
                await chat.speak("a", [Int16](repeating: 900, count: 2_400))
            }
        }
        let rig = Rig(voice.map { Float($0) / 32_768 })
        let run = try rig.prepare(Rig.text(#""base_url": "\#(peer.address)", "linger_s": 0.1"#))
        let report = try await run.executeApart()
        #expect(report.outcome == .done)
        #expect(rig.event("reconnecting") != nil && rig.event("reconnected") != nil)
        let requests = await peer.record.requests
        // On a busy machine a handshake may run out of time, and is tried again.
        #expect(requests.count >= 2)
        #expect(requests.last?.query.contains { $0.name == "resumed_chat_group_id" && $0.value == "g-1" } == true)
        let figures = Value.object(try #require(report.nodes.first { $0.id == "evi" }).figures)
        #expect(figures["chats"] == .integer(2) && figures["reconnects"] == .integer(1))
        // What was on its way when the socket went is all that may be missing.
        guard case .number(let lost)? = figures["dropped_outage_ms"] else {
            Issue.record("no figure")
            return
        }
        // A fraction of a second, and more only where the machine is busy.
        #expect(lost <= 1_000)
        await peer.stop()
    }

    @Test("two sessions talk to each other in a loop without a delay between them")
    func duet() async throws {
        let word = [Int16](repeating: 5_000, count: 9_600)
        let ada = try await Peer.start { chat in
            await chat.begin()
            await chat.speak("a", word)
        }
        let ben = try await Peer.start { await $0.begin() }
        let rig = Rig()
        let text = """
            { "syrinx": 1,
              "nodes": { "tape": { "type": "tape" },
                "ada": { "type": "evi", "api_key": "k", "base_url": "\(ada.address)" },
                "ben": { "type": "evi", "api_key": "k", "base_url": "\(ben.address)" } },
              "links": ["ada -> ben -> ada", "ada -> tape"] }
            """
        let run = try rig.prepare(text, options: .init(duration: Rational(4)))
        let report = try await run.executeApart()
        #expect(report.outcome == .done && report.frames == 192_000)
        #expect(rig.samples.filter { $0 != 0 }.count >= 9_600 - 2)
        let heard = await ben.record.audio
        let loud = stride(from: 0, to: heard.count, by: 2).filter { heard[$0] != 0 || heard[$0 + 1] != 0 }.count
        #expect(loud >= 9_600 - 2)
        await ada.stop()
        await ben.stop()
    }

    @Test("mute is a live parameter: from then on zeros go out, and the stream does not stop")
    func mute() async throws {
        let peer = try await Peer.start()
        let rig = Rig([Float](repeating: 0.5, count: 2_880_000))
        let run = try rig.prepare(Rig.text(#""base_url": "\#(peer.address)""#))
        async let report = run.executeApart()
        await peer.record.wait { $0.audio.count >= 38_400 }
        try run.set("evi", "mute", to: 1)
        await peer.record.wait { $0.audio.suffix(19_200).allSatisfy { $0 == 0 } }
        try run.set("evi", "mute", to: 0)
        await peer.record.wait { $0.audio.suffix(1_920).contains { $0 != 0 } }
        run.stop()
        #expect(try await report.outcome == .stopped)
        #expect(rig.event("unmuted") != nil)
        #expect(rig.event("muted") != nil)
        await peer.stop()
    }

    @Test("half duplex sends silence while EVI is heard")
    func halfDuplex() async throws {
        let peer = try await Peer.start { chat in
            await chat.begin()
            await chat.record.wait { $0.audio.count >= 19_200 }
            await chat.speak("a", [Int16](repeating: 900, count: 24_000))
            let before = await chat.record.audio.count
            await chat.record.wait { $0.audio.count >= before + 480_000 }
            await chat.socket.close(code: 1000, reason: "")
        }
        let rig = Rig([Float](repeating: 0.5, count: 2_880_000))
        let run = try rig.prepare(Rig.text(#""base_url": "\#(peer.address)", "half_duplex": true"#))
        #expect(try await run.executeApart().outcome == .done)
        let sent = await peer.record.audio
        let zeros = stride(from: 0, to: sent.count - 1, by: 2).filter { sent[$0] == 0 && sent[$0 + 1] == 0 }
        // Half a second of speech and 300 ms of tail by the wall's clock, which goes on while a busy machine stands still;
        // then the voice again.
        #expect(zeros.count >= 15_000 && sent.suffix(96_000).contains { $0 != 0 }, "\(zeros.count)")
        await peer.stop()
    }

    @Test("a session that hangs up ends the run in good order")
    func hangsUp() async throws {
        let peer = try await Peer.start { chat in
            await chat.begin()
            await chat.record.wait { $0.audio.count >= 9_600 }
            await chat.socket.close(code: 1000, reason: "")
        }
        let rig = Rig([Float](repeating: 0.5, count: 2_880_000))
        let report = try await rig.prepare(Rig.text(#""base_url": "\#(peer.address)""#)).executeApart()
        #expect(report.outcome == .done && report.frames < 1_440_000)
        #expect(rig.event("closed")?.fields.first?.value == .string("server_ended"))
        await peer.stop()
    }
}
