internal import Foundation
internal import SyrinxTestKit

/// What makes the assistant give way although nobody takes the turn, and how its speech comes back.
///
/// The assistant says noise of 16 bits, every sample of which is known, so that each sample at the loudspeaker tells whether it
/// was touched. A sound comes every second and a half to two and a half.
struct Alarms {
    let seconds: Int

    func run(folder: URL) async throws {
        // In one piece: a sound that begins in a pause is the user's turn, and so is one of 10 s.
        let words = TestSignal.noise(seed: 9, frames: (seconds + 5) * Talk.rate, amplitude: 0.25).map { sample in
            let whole = Int16((sample * 32_768).rounded())
            return whole == 0 ? 1 : whole
        }
        try WaveFile.write(words, rate: Talk.rate, to: folder.appendingPathComponent("words.wav"))
        let scenario = """
            {"syrinx_scenario": 1, "min_interruption_ms": 10000, "after_chats": "repeat",
             "chats": [{"on_open": [{"play": "words.wav"}], "after_turns": "silence"}]}
            """
        let manners = Manner.all.filter { !$0.links.isEmpty }
        var talks: [(seat: Talk.Seat, sound: Sound, count: Int)] = []
        for sound in Sound.allCases {
            let (samples, count) = microphone(sound)
            talks += manners.map { (Talk.Seat($0, says: samples), sound, count) }
        }
        let dry = try await Talk.run(talks.map(\.seat), scenario: scenario, folder: folder.path + "/", seconds: seconds)
        tell("\(seconds) s of each sound; speech at the loudspeaker against what was sent")
        tell("sound | manner | sounds a minute | ducks by 20 dB | others | median ms | longest ms | wrong elsewhere")
        for talk in talks {
            let found = Self.compare(talk.seat.loudspeaker.all, words.map { Float($0) / 32_768 })
            let minutes = Double(seconds) / 60
            let lengths = found.ducks.map(\.frames).sorted()
            let deep = found.ducks.count { $0.lowest <= 0.1 }
            func milliseconds(_ frames: Int?) -> String {
                frames.map { String(format: "%.0f", Double($0) * 1_000 / Double(Talk.rate)) } ?? "–"
            }
            let rates = [talk.count, deep, lengths.count - deep].map { String(format: "%.1f", Double($0) / minutes) }
            tell(
                [
                    talk.sound.rawValue, talk.seat.manner.name, rates[0], rates[1], rates[2],
                    milliseconds(lengths.isEmpty ? nil : lengths[lengths.count / 2]), milliseconds(lengths.last),
                    "\(found.wrong)",
                ].joined(separator: " | "))
        }
        if dry > 0 { tell("speech ran dry \(dry) times: too busy a machine") }
    }

    /// A quiet room, −65 dBFS, with sounds in it; how many.
    private func microphone(_ sound: Sound) -> ([Float], Int) {
        var random = SeededRandom(seed: 77)
        var samples = TestSignal.noise(seed: 78, frames: seconds * Talk.rate, amplitude: 0.001)
        var (place, count) = (3 * Talk.rate, 0)
        while place + 3 * Talk.rate < samples.count {
            let event = sound.make(rate: Double(Talk.rate), &random)
            for (frame, sample) in event.enumerated() { samples[place + frame] += sample }
            count += 1
            place += event.count + Int(Double.random(in: 1.5...2.5, using: &random) * Double(Talk.rate))
        }
        return (samples, count)
    }

    /// Where speech was lower than it was sent: how long, and its least share; and how many samples are neither lower nor the
    /// same, bit by bit.
    private static func compare(_ heard: [Float], _ words: [Float]) -> (
        ducks: [(frames: Int, lowest: Float)], wrong: Int
    ) {
        guard let begin = heard.firstIndex(where: { $0 != 0 }) else { return ([], heard.count) }
        var (ducks, wrong, first, last) = ([(frames: Int, lowest: Float)](), 0, -1, -1)
        var lowest: Float = 1
        for frame in begin..<heard.count {
            let word = words[frame - begin]
            if heard[frame] == word { continue }
            // Lower, and of the same sign.
            let share = heard[frame] / word
            guard share >= 0, share < 1 else {
                wrong += 1
                continue
            }
            // Within a fade a sample may happen to come out the same.
            if last >= 0, frame - last < 480 {
                last = frame
            } else {
                if first >= 0 { ducks.append((last - first + 1, lowest)) }
                (first, last, lowest) = (frame, frame, 1)
            }
            lowest = min(lowest, share)
        }
        if first >= 0 { ducks.append((last - first + 1, lowest)) }
        return (ducks, wrong)
    }
}
