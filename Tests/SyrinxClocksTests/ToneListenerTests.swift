import SyrinxTestKit
import Testing

@Suite("tone listener")
struct ToneListenerTests {
    /// What is heard of both tones, sampled at the instants that `frame` makes of frame numbers.
    private func windows(_ frame: (Int) -> Double) -> [ToneListener.Window] {
        let listener = ToneListener(delay: 0.01)
        let (tone, slow) = (SimulatedDevice.toneHertz, SimulatedDevice.slowHertz)
        // One second, whole turns of both tones: the streams go round.
        let table = TestSignal.sine(tone, rate: 480_000, frames: 480_000)
        let slowTable = TestSignal.sine(slow, rate: 480_000, frames: 480_000)
        for k in 0..<48_000 {
            let place = Int(((frame(k) / 48_000 + 1 - 0.01) * 480_000).rounded()) % 480_000
            listener.hear(table[place], slowTable[place], at: Double(k) / 48_000)
        }
        return listener.windows
    }

    @Test("a clean tone is clean and in time; a later one is later")
    func clean() {
        let inTime = windows { Double($0) }
        #expect(inTime.count > 35)
        #expect(inTime.allSatisfy { $0.noiseDecibels < -120 && abs($0.delayErrorMilliseconds) < 1e-3 })
        let late = windows { Double($0 - 96) }
        #expect(late.allSatisfy { abs($0.delayErrorMilliseconds - 2) < 1e-3 })
    }

    @Test("one frame lost or twice stands out, within a window and between two", arguments: [30_000, 30_600], [1, -1])
    func slip(at place: Int, by frames: Int) {
        let heard = windows { Double($0 < place ? $0 : $0 + frames) }
        let steps = zip(heard, heard.dropFirst()).map { abs($1.fineErrorMilliseconds - $0.fineErrorMilliseconds) * 48 }
        #expect(heard.contains { $0.noiseDecibels > -60 } || steps.contains { $0 > 0.9 })
    }
}
