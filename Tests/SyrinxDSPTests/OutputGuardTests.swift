import SyrinxDSP
import SyrinxTestKit
import Testing

@Suite("The guard of device outputs")
struct OutputGuardTests {
    private func process(_ outputGuard: inout OutputGuard, _ samples: [Float], blocks: [Int] = []) -> [Float] {
        var result = [Float](repeating: .nan, count: samples.count)
        var (done, block) = (0, 0)
        while done < samples.count {
            let count = min(blocks.isEmpty ? samples.count : blocks[block % blocks.count], samples.count - done)
            samples.withUnsafeBufferPointer { source in
                result.withUnsafeMutableBufferPointer { target in
                    outputGuard.process(source.baseAddress! + done, into: target.baseAddress! + done, count: count)
                }
            }
            outputGuard.advance(by: count)
            done += count
            block += 1
        }
        return result
    }

    @Test("it starts with a straight ramp from silence", arguments: [[], [1], [7, 64, 300]])
    func softStart(blocks: [Int]) {
        var outputGuard = OutputGuard(rate: 48_000, softStartFrames: 100, ceiling: 1)
        let result = process(&outputGuard, [Float](repeating: 0.5, count: 300), blocks: blocks)
        for frame in 0..<100 { #expect(abs(result[frame] - 0.005 * Float(frame)) < 1e-6) }
        #expect(result[100...].allSatisfy { $0 == 0.5 })
    }

    @Test(
        "without a ramp every sample within the ceiling passes bit for bit, whatever the cuts",
        arguments: [[], [1], [7, 64]])
    func transparent(blocks: [Int]) {
        let noise = TestSignal.noise(seed: 3, frames: 1_000)
        var outputGuard = OutputGuard(rate: 48_000, softStartFrames: 0, ceiling: 1)
        #expect(process(&outputGuard, noise, blocks: blocks).map(\.bitPattern) == noise.map(\.bitPattern))
        #expect(outputGuard.brokenSamples == 0)
        #expect(outputGuard.limitedSamples == 0)
    }

    @Test("NaN and infinity become silence, and what is too loud is held at the ceiling; both are counted")
    func rules() {
        var samples = [Float](repeating: 0.25, count: 64)
        samples[3] = .nan
        samples[20] = .infinity
        samples[21] = -.infinity
        samples[40] = 3
        samples[63] = -7
        var outputGuard = OutputGuard(rate: 48_000, softStartFrames: 0, ceiling: 0.5)
        let result = process(&outputGuard, samples)
        #expect([result[3], result[20], result[21]] == [0, 0, 0])
        #expect([result[40], result[63], result[0]] == [0.5, -0.5, 0.25])
        #expect(outputGuard.brokenSamples == 3)
        #expect(outputGuard.limitedSamples == 2)
    }

    @Test("the mute fades within 5 ms to exact silence, and back")
    func mute() {
        var outputGuard = OutputGuard(rate: 48_000, softStartFrames: 0, ceiling: 1)
        outputGuard.setMute(true)
        let silent = process(&outputGuard, [Float](repeating: 1, count: 480), blocks: [64])
        #expect(zip(silent, silent.dropFirst()).allSatisfy { $0 - $1 >= 0 && $0 - $1 < 0.005 })
        #expect(silent[240...].allSatisfy { $0 == 0 })
        outputGuard.setMute(false)
        let back = process(&outputGuard, [Float](repeating: 1, count: 480), blocks: [64])
        #expect(back[240...].allSatisfy { $0 == 1 })
    }
}
