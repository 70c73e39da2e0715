internal import Foundation
internal import SyrinxTestKit

/// From the user's first sample to 20 dB less assistant at the loudspeaker.
///
/// The assistant says a tone of 480 Hz, whose level a window of one period (2.1 ms) tells; users talk for 1.6 s every 4.5 to 5.5 s.
/// All is counted in samples of the run, so that a busy machine only shows in what comes over the network.
struct Interruptions {
    let seconds: Int
    let seats: Int

    private static let height: Float = 8_000 / 32_768
    private static let period = 100
    /// After that the interruption has not been heard.
    private static let limit = 3 * Talk.rate

    func run(folder: URL) async throws {
        let tone = (0..<12 * Talk.rate).map {
            Int16((8_000 * sin(2 * .pi * Double($0) / Double(Self.period))).rounded())
        }
        try WaveFile.write(tone, rate: Talk.rate, to: folder.appendingPathComponent("tone.wav"))
        tell("from the first sample to 20 dB less, ms")
        tell("delay | manner | n | p50 | p99 | max | came back before it was dropped")
        for delay in [0, 100, 300] {
            let scenario = """
                {"syrinx_scenario": 1, "end_of_turn_silence_ms": 300, "network": {"delay_ms": \(delay)},
                 "after_chats": "repeat", "chats": [{"after_turns": "repeat", "turns": [{"steps": [{"play": "tone.wav"}]}]}]}
                """
            var talks: [(seat: Talk.Seat, begins: [Int])] = []
            for manner in Manner.all {
                for seat in 0..<seats {
                    let (samples, begins) = microphone(seed: UInt64(seat + 1))
                    talks.append((Talk.Seat(manner, says: samples), begins))
                }
            }
            let dry = try await Talk.run(
                talks.map(\.seat), scenario: scenario, folder: folder.path + "/", seconds: seconds)
            for manner in Manner.all {
                var times: [Double] = []
                var returns = 0
                for talk in talks where talk.seat.manner.name == manner.name {
                    let level = Self.levels(talk.seat.loudspeaker.all)
                    for begin in talk.begins {
                        guard let (time, returned) = Self.fall(level, from: begin) else { continue }
                        times.append(time)
                        if returned { returns += 1 }
                    }
                }
                let spread = [0.5, 0.99, 1].map { Self.part($0, of: times) }.joined(separator: " | ")
                tell("\(delay) | \(manner.name) | \(times.count) | \(spread) | \(returns)")
            }
            if dry > 0 { tell("speech ran dry \(dry) times: too busy a machine") }
        }
    }

    /// A quiet room, −65 dBFS, in which somebody talks: the samples, and where each turn has its first above −60 dBFS.
    private func microphone(seed: UInt64) -> ([Float], [Int]) {
        var random = SeededRandom(seed: seed)
        var samples = TestSignal.noise(seed: seed, frames: seconds * Talk.rate, amplitude: 0.001)
        var begins: [Int] = []
        var place = Int(2.5 * Double(Talk.rate))
        while place + 3 * Talk.rate < samples.count {
            let voice = TestVoice.speech(seed: random.next() % 1_000_000, rate: Talk.rate, seconds: 1.6)
            begins.append(place + (voice.firstIndex { abs($0) > 0.001 } ?? 0))
            for (frame, sample) in voice.enumerated() { samples[place + frame] += sample }
            place += Int(Double.random(in: 4.5...5.5, using: &random) * Double(Talk.rate))
        }
        return (samples, begins)
    }

    /// The largest magnitude of the period that begins with each frame, of every eighth frame.
    private static func levels(_ samples: [Float]) -> [Float] {
        stride(from: 0, to: samples.count - period, by: 8).map { first in
            samples[first..<first + period].reduce(0) { max($0, abs($1)) }
        }
    }

    /// - Returns: ms to the first period that is 20 dB down, and whether it was loud again before EVI dropped the rest; nil
    ///   where nothing was being said, or nothing came of it.
    private static func fall(_ levels: [Float], from begin: Int) -> (Double, Bool)? {
        let (first, end) = (begin / 8, min((begin + limit) / 8, levels.count))
        guard first > 600, first < end, levels[first - 600..<first].allSatisfy({ $0 > height * 0.9 }) else {
            return nil
        }
        guard let low = levels[first..<end].firstIndex(where: { $0 <= height * 0.1 }) else { return nil }
        // Dropped: half a second of nothing.
        let gap = Talk.rate / 16
        let dropped = (low..<max(low, end - gap)).first { place in
            stride(from: place, to: place + gap, by: 40).allSatisfy { levels[$0] == 0 }
        }
        let returned = levels[low..<(dropped ?? end)].contains { $0 > height * 0.5 }
        return (Double(low * 8 - begin) * 1_000 / Double(Talk.rate), returned)
    }

    private static func part(_ share: Double, of times: [Double]) -> String {
        let sorted = times.sorted()
        guard !sorted.isEmpty else { return "–" }
        let value = sorted[Int((share * Double(sorted.count - 1)).rounded())]
        return String(format: "%.1f", value)
    }
}
