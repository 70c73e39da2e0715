import SyrinxCore
import SyrinxEVI
import SyrinxNet
import Testing

@testable import SyrinxEmulator

/// Whatever a client or a file says, the emulator answers or refuses; it never traps or hangs.
@Suite("emulator, odd input")
struct FuzzTests {
    /// One to eight bytes changed, doubled, or gone.
    private func mutated(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...8, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
            default: bytes.insert(contentsOf: "99999999999999999999".utf8, at: place)
            }
        }
        return bytes
    }

    @Test("mutated messages are answered with errors, or as what they have become")
    func messages() {
        let texts = [
            #"{"type":"session_settings","audio":{"encoding":"linear16","sample_rate":16000,"channels":2}}"#,
            #"{"type":"session_settings","variables":{"a":1e300,"b":null,"c":[1]},"system_prompt":"{{a}} {{","voice_id":"x"}"#,
            #"{"type":"session_settings","tools":[{"name":"t","type":"function","parameters":"{\"type\":\"integer\",\"minimum\":1e300}"}]}"#,
            #"{"type":"session_settings","context":{"text":"c","type":"temporary"}}"#,
            #"{"type":"user_input","text":"call t, search and hang up"}"#,
            #"{"type":"assistant_input","text":"{{a}}"}"#,
            #"{"type":"tool_response","tool_call_id":"x","content":"y"}"#, #"{"type":"pause_assistant_message"}"#,
            #"{"type":"tool_error","tool_call_id":"x","error":"y"}"#, #"{"type":"resume_assistant_message"}"#,
            #"{"type":"audio_input","data":"UklGRgAAAABXQVZFZm10IBAAAAABAAEA"}"#,
        ].map { Array($0.utf8) }
        var random = SeededRandom(seed: 11)
        var talk = Talk()
        var restarts = 0
        for _ in 0..<3_000 {
            if talk.conversation.isOver || talk.sent.count > 2_000 {
                talk = Talk { $0.isVerbose = true }
                restarts += 1
            }
            let text = texts[Int.random(in: 0..<texts.count, using: &random)]
            let isChanged = Int.random(in: 0..<3, using: &random) > 0
            talk.feed(.text(isChanged ? mutated(text, &random) : text))
            if Int.random(in: 0..<4, using: &random) == 0 {
                let count = Int.random(in: 0..<3_000, using: &random)
                talk.feed(.binary((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }))
            }
            talk.pass(.milliseconds(Int.random(in: 0...400, using: &random)))
        }
        #expect(restarts > 0)
        for message in talk.sent { #expect((try? ServerMessage.decode(message.encoded()))?.notes == []) }
    }

    @Test("mutated WAV headers give samples or a fault")
    func headers() {
        let file = WAVPiece(sampleRate: 16_000, samples: Sound.silence(20)).encoded()
        var random = SeededRandom(seed: 12)
        for _ in 0..<3_000 {
            var ear = Ear(settings: .init(), keepsTurns: true)
            let bytes = mutated(file, &random)
            for start in stride(from: 0, to: bytes.count, by: 50) {
                guard let samples = try? ear.receive(Array(bytes[start..<min(bytes.count, start + 50)])) else { break }
                _ = ear.listen(to: samples[...])
            }
        }
    }

    @Test("mutated scenarios are read, or refused with at least one fault")
    func scenarios() {
        let text = Array(
            #"""
            {"syrinx_scenario":1,"seed":3,"audio":{"rate_hz":24000,"piece_ms":1,"pace_ratio":9,"header":"streamed"},
            "network":{"jitter_ms":1},"chats":[{"refuse":{"status":500}},{"on_open":[{"say":"a"},{"wait_ms":3}],"turns":[
            {"hears":"b","emotions":{"Joy":1},"steps":[{"tool":"t","parameters":"{"}]}],"at":[{"s":0.5,"steps":[{"cut":true}]}]}]}
            """#.utf8)
        var random = SeededRandom(seed: 13)
        var good = 0
        for _ in 0..<3_000 {
            do {
                _ = try ScenarioReader.read(mutated(text, &random))
                good += 1
            } catch {
                #expect(!error.errors.isEmpty)
            }
        }
        #expect(good > 0)
    }

    @Test("the same sound in frames of any size gives the same messages", arguments: [2, 641, 100_000])
    func frames(size: Int) {
        func talk(_ size: Int) -> [ServerMessage] {
            var free = Scenario.plain
            free.burstLimitSeconds = nil
            var talk = Talk(free) { $0.isParrot = true }
            talk.announce()
            var bytes: [UInt8] = []
            PCM16.append(
                (Sound.voice(700) + Sound.silence(900) + Sound.voice(500) + Sound.silence(900))[...], to: &bytes)
            for start in stride(from: 0, to: bytes.count, by: size) {
                talk.feed(.binary(Array(bytes[start..<min(bytes.count, start + size)])))
            }
            return talk.sent.filter { $0.type == "user_message" || $0.type == "assistant_message" }
        }
        #expect(talk(size) == talk(640))
    }

    @Test("chats at the same time do not mix")
    func together() async throws {
        try await withEmulator { emulator in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<12 {
                    group.addTask {
                        let client = try await Client(emulator)
                        _ = try await client.begin()
                        for turn in 0..<3 {
                            try await client.send(.userInput("\(number) \(turn)"))
                            #expect(
                                try await client.assistantMessage().message.content == "You wrote: \(number) \(turn)")
                            try await client.end()
                        }
                        await client.socket.close()
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
