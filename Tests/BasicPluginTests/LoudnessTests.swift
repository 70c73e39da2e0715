import CEbur128
import Foundation
import SyrinxCore
import SyrinxDSP
import SyrinxTestKit
import Testing

@testable import BasicPlugin

/// The meter beside libebur128, on noise whose level wanders over 60 dB.
@Suite("meter beside libebur128")
struct LoudnessTests {
    fileprivate static let isLong = ProcessInfo.processInfo.environment["SYRINX_LONG"] != nil

    private static func noise(_ channels: Int, rate: Int, seconds: Int, seed: UInt64) -> [[Float]] {
        let level = CounterNoise(seed: seed, stream: 99)
        return (0..<channels).map { channel in
            let noise = CounterNoise(seed: seed, stream: channel)
            var low: Float = 0
            return (0..<rate * seconds).map { k in
                // Another level every 700 ms, and some of the high end taken away.
                let decibels = Double(level.uniform(at: k / (rate * 7 / 10))) * 30 - 35
                low += 0.4 * (noise.uniform(at: k) - low)
                return low * decibelsToLinear(decibels)
            }
        }
    }

    private static func reference(_ input: [[Float]], rate: Int) throws -> LoudnessFigures {
        let channels = input.count
        var state = ebur128_init(UInt32(channels), UInt(rate), syrinx_ebur128_mode(1))
        defer { ebur128_destroy(&state) }
        let frames = (0..<input[0].count * channels).map { input[$0 % channels][$0 / channels] }
        _ = ebur128_add_frames_float(state, frames, input[0].count)
        var figures = LoudnessFigures()
        ebur128_loudness_momentary(state, &figures.momentary)
        ebur128_loudness_shortterm(state, &figures.shortTerm)
        ebur128_loudness_global(state, &figures.integrated)
        ebur128_loudness_range(state, &figures.range)
        for channel in 0..<channels {
            var peak = 0.0
            ebur128_true_peak(state, UInt32(channel), &peak)
            figures.truePeak = max(figures.truePeak, peak)
        }
        return figures
    }

    private static func own(_ input: [[Float]], rate: Int) throws -> LoudnessFigures {
        var meter = try LoudnessMeter(
            StreamFormat(rate: rate, channels: input.count), truePeak: true, dualMono: false, at: "nodes.test")
        let hop = rate / 10
        var done = 0
        while done < input[0].count {
            let count = min(200, hop - done % hop)
            for pair in 0..<(input.count + 1) / 2 {
                let left = Array(input[2 * pair][done..<done + count])
                let right = Array(input[min(2 * pair + 1, input.count - 1)][done..<done + count])
                let frames = zip(left, right).map { SIMD2(Double($0), Double($1)) }
                meter.add(pair, frames, left, right, count: count)
            }
            meter.advance(by: count)
            done += count
            if done % hop == 0 { meter.endHop() }
        }
        var figures = LoudnessFigures()
        meter.read(&figures, all: true)
        return figures
    }

    @Test(
        "reads what the library reads, to 0.1 LU where it counts in classes and to 0.001 elsewhere",
        arguments: [(1, 48_000), (2, 44_100), (5, 32_000), (7, 16_000)]
            + (LoudnessTests.isLong ? [(2, 48_000), (2, 16_000), (4, 48_000), (6, 96_000)] : []))
    func same(channels: Int, rate: Int) throws {
        for seed in 1...(Self.isLong ? 2 : 1) as ClosedRange<UInt64> {
            let input = Self.noise(channels, rate: rate, seconds: 9, seed: seed)
            let (own, reference) = (try Self.own(input, rate: rate), try Self.reference(input, rate: rate))
            #expect(abs(own.momentary - reference.momentary) < 0.001)
            #expect(abs(own.shortTerm - reference.shortTerm) < 0.001)
            #expect(abs(own.integrated - reference.integrated) < 0.1)
            #expect(abs(own.range - reference.range) <= 0.1)
            #expect(abs(own.truePeak / reference.truePeak - 1) < 1e-4)
        }
    }

    @Test("what does not rise above the highest point so far changes nothing, wherever it is looked at")
    func truePeak() {
        let noise = CounterNoise(seed: 3)
        let samples = (0..<20_000).map { noise.uniform(at: $0) * (0.2 + 0.8 * Float($0 % 5_000) / 5_000) }
        func peak(_ cuts: [Int]) -> Float {
            var meter = TruePeakMeter(channels: 1, rate: 48_000)
            var (done, turn) = (0, 0)
            while done < samples.count {
                let count = min(cuts[turn % cuts.count], samples.count - done)
                samples.withUnsafeBufferPointer { meter.add(0, $0.baseAddress! + done, count: count) }
                meter.advance(by: count)
                (done, turn) = (done + count, turn + 1)
            }
            meter.look()
            return meter.peak
        }
        let whole = peak([256])
        #expect(whole > 1)
        for cuts in [[1], [7, 48], [255, 3]] { #expect(peak(cuts) == whole) }
    }
}
