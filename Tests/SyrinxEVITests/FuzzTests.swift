import Foundation
import SyrinxCore
import SyrinxEVI
import SyrinxTestKit
import Testing

/// Spoilt input must never trap, and what is read must mean something.
@Suite("EVI under spoilt input")
struct FuzzTests {
    static let count: Int = {
        if ProcessInfo.processInfo.environment["SYRINX_LONG"] == "1" { return 500_000 }
        #if DEBUG
            return 1_500
        #else
            return 10_000
        #endif
    }()

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// One of the seeds, spoilt in one to six places.
    static func spoil(_ seeds: [[UInt8]], using random: inout SeededRandom) -> [UInt8] {
        var bytes = seeds.randomElement(using: &random)!
        for _ in 0...Int.random(in: 0..<6, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 1...16, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: bytes[place..<end], at: Int.random(in: 0...bytes.count, using: &random))
            case 4: bytes.insert(contentsOf: seeds.randomElement(using: &random)!.prefix(32), at: place)
            default:
                let words = [
                    "null", "\"", "{", "}", "[", "]", ",", ":", "-", "1e999", "\\ud800", "\u{0}", "ÿ", "data", "true",
                ]
                bytes.insert(contentsOf: words.randomElement(using: &random)!.utf8, at: place)
            }
        }
        return bytes
    }

    @Test(
        "no spoilt message traps, and one that is read can be written and read again",
        arguments: 1...3 as ClosedRange<UInt64>)
    func messages(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let seeds =
            MessageTests.server.map { $0.encoded() } + MessageTests.client.map { $0.encoded() }
            + [speech("A", 0, frames: 100).encoded()]
        var read = 0
        for _ in 0..<Self.count {
            let bytes = Self.spoil(seeds, using: &random)
            if let decoded = try? ServerMessage.decode(bytes) {
                read += 1
                let again = try ServerMessage.decode(decoded.message.encoded()).message
                if normal(again.value) != normal(decoded.message.value) {
                    Issue.record(
                        "\(String(decoding: bytes, as: UTF8.self)) is read as \(decoded.message), then as \(again)")
                    return
                }
            }
            if let message = try? ClientMessage(decoding: bytes) {
                let again = try ClientMessage(decoding: message.encoded())
                if normal(again.value) != normal(message.value) {
                    Issue.record("\(Self.text(bytes)) is read as \(message), then as \(again)")
                    return
                }
            }
        }
        #expect(read > 10)
    }

    @Test("no spoilt piece of speech traps, and what is read fits what came", arguments: 1...3 as ClosedRange<UInt64>)
    func pieces(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let seeds = [
            WAVTests.file(WAVTests.format(), WAVTests.chunk("data", WAVTests.data)),
            WAVTests.file(
                WAVTests.format(channels: 2, rate: 24_000), WAVTests.chunk("LIST", [1, 2, 3]),
                WAVTests.chunk("data", WAVTests.data)),
            WAVTests.file(
                WAVTests.format(kind: 0xFFFE, more: [UInt8](repeating: 1, count: 24)),
                WAVTests.chunk("data", WAVTests.data, stated: 0)),
        ]
        for _ in 0..<Self.count {
            let bytes = Self.spoil(seeds, using: &random)
            guard let piece = try? WAVPiece(reading: bytes) else { continue }
            #expect(2 * piece.samples.count <= bytes.count)
            #expect(WAVPiece.rates.contains(piece.sampleRate))
        }
    }

    @Test("a session that hears spoilt messages goes on", arguments: 1...2 as ClosedRange<UInt64>)
    func session(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        // Errors may well end it, and have tests of their own.
        let harmless = MessageTests.server.filter { if case .error = $0 { false } else { true } }
        let seeds = harmless.map { $0.encoded() } + (0..<4).map { speech("A", $0, frames: 50).encoded() }
        var stage = Stage(options { $0.maxAttempts = nil })
        stage.begin()
        for _ in 0..<Self.count / 3 {
            stage.socket(.text(Self.spoil(seeds, using: &random)))
            stage.now += .milliseconds(5)
            while let audio = stage.session.takeAudio(upTo: 200) {
                stage.feed(.played(serial: audio.serial, frames: audio.samples.count))
            }
            stage.done.removeAll()
        }
        #expect(!stage.session.isEnded)
    }
}
