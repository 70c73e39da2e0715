import SyrinxCore
import SyrinxHost
import SyrinxNet
import SyrinxRealtime
import SyrinxTestKit
import Testing

@testable import EVIPlugin

@Suite("what of a microphone leaves the machine", .timeLimit(.minutes(2)))
struct PrivacyTests {
    /// The 16-bit samples that a peer was sent.
    private func sent(to peer: Peer) async -> [Int16] {
        let bytes = await peer.record.audio
        return stride(from: 0, to: bytes.count - 1, by: 2).map {
            Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
        }
    }

    private func quantized(_ samples: [Float]) -> [Int16] {
        var result = [Int16](repeating: 0, count: samples.count)
        samples.withUnsafeBufferPointer { from in
            result.withUnsafeMutableBufferPointer { to in
                if let to = to.baseAddress { quantize(from, into: to) }
            }
        }
        return result
    }

    @Test("with vad's gate only speech does: zeros between, and pieces go on as if nothing were")
    func onlySpeech() async throws {
        let rate = 16_000
        // A room that is never quite still, and in it somebody speaks.
        var take = TestSignal.noise(seed: 3, frames: 6 * rate, amplitude: 0.004)
        for (frame, sample) in TestVoice.speech(seed: 8, rate: rate, seconds: 1.5).enumerated() {
            take[3 * rate + frame] += sample
        }
        let peer = try await Peer.start()
        let rig = Rig(take, rate: rate)
        let text = """
            { "syrinx": 1, "nodes": { "mic": { "type": "take" }, "tape": { "type": "tape" },
                "privacy": { "type": "privacy_gate" }, "vad": { "type": "vad", "gate": true },
                "evi": { "type": "evi", "api_key": "k", "base_url": "\(peer.address)", "answer_wait_s": 0.5 } },
              "links": ["mic -> privacy -> vad -> evi", "vad:probability -> evi:barge_in", "vad -> tape"] }
            """
        let report = try await rig.prepare(text).executeApart()
        #expect(report.outcome == .done)
        let (sent, passed) = (await sent(to: peer), quantized(rig.samples))
        await peer.stop()
        // What the gate let pass is what was sent, sample for sample, and nothing else was: all between are zeros, of which a
        // busy machine, whose cycles come late, sends more.
        let isSame = sent.filter { $0 != 0 } == passed.filter { $0 != 0 }
        #expect(isSame)
        // The stream did not stop: all of the take's time, in pieces of 20 ms.
        let isWhole = await peer.record.pieces.allSatisfy { $0 == rate / 50 * 2 }
        #expect(sent.count >= take.count && isWhole)
        // Once the detector knows the room, of the room itself there is nothing.
        let isStill = passed[(2 * rate)..<(3 * rate - rate / 4)].allSatisfy { $0 == 0 }
        let room = quantized(take)[(2 * rate)..<(3 * rate)].count { $0 != 0 }
        #expect(isStill && room > rate / 2)
        let said = passed[(3 * rate)..<(4 * rate)].count { $0 != 0 }
        let after = passed.suffix(rate).allSatisfy { $0 == 0 }
        #expect(said > rate / 4 && after)
    }

    @Test("half duplex by a gate: while EVI sounds, and for the tail, it is sent zeros, by the sample")
    func halfDuplex() async throws {
        let word = [Int16](repeating: 900, count: 24_000)
        let peer = try await Peer.start { chat in
            await chat.begin()
            await chat.record.wait { $0.audio.count >= 19_200 }
            await chat.speak("a", word)
            let before = await chat.record.audio.count
            await chat.record.wait { $0.audio.count >= before + 192_000 }
            await chat.socket.close(code: 1000, reason: "")
        }
        let rig = Rig([Float](repeating: 0.5, count: 1_440_000))
        let text = """
            { "syrinx": 1, "nodes": { "mic": { "type": "take" }, "tape": { "type": "tape" },
                "shut": { "type": "trace" }, "privacy": { "type": "privacy_gate", "tail_ms": 100, "fade_ms": 0 },
                "evi": { "type": "evi", "api_key": "k", "base_url": "\(peer.address)" } },
              "links": ["mic -> privacy -> evi", "evi:speaking -> privacy:mute_while", "privacy -> tape",
                "privacy:muted -> shut"] }
            """
        #expect(try await rig.prepare(text).executeApart().outcome == .done)
        await peer.stop()
        let samples = rig.samples
        let begin = try #require(samples.firstIndex(of: 0))
        let end = try #require(samples[begin...].firstIndex(of: 0.5))
        let isOpen = samples[..<begin].allSatisfy { $0 == 0.5 } && samples[end...].allSatisfy { $0 == 0.5 }
        #expect(isOpen)
        // Half a second of words and the tail, in whole milliseconds; where a busy machine makes them late they take longer.
        #expect(end - begin >= 500 * 48 + 99 * 48 && begin % 48 == 0 && end % 48 == 0)
        let muted = rig.controls.withLock { $0 }
        let isTold = muted.indices.allSatisfy { (muted[$0] == 1) == (begin..<end).contains($0 * 48) }
        #expect(isTold)
        // What is sent is the microphone or zeros, and as many of these at least.
        let sent = await sent(to: peer)
        let isEither = sent.allSatisfy { $0 == 0 || $0 == 16_384 }
        let zeros = sent.count { $0 == 0 }
        #expect(isEither && zeros >= end - begin, "\(zeros)")
    }
}
