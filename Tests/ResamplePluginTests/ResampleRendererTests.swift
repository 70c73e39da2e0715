import ResamplePlugin
import SyrinxCore
import SyrinxTestKit
import Testing

@Suite("resample, the renderer")
struct ResampleRendererTests {
    @Test(
        "it keeps the contract, bit for bit",
        arguments: isLong
            ? RatePair.all : [RatePair(48_000, 44_100), RatePair(44_100, 16_000), RatePair(96_000, 48_000)],
        ResampleNodeTests.ways + [.minimum])
    func conformance(pair: RatePair, way: Way) throws {
        for channels in way.quality == "fast" && isLong ? [1, 2, 3] : [way.quality == "fast" ? 3 : 1] {
            var plan = ConformancePlan(formats: [
                .init(inputs: [StreamFormat(rate: pair.input, channels: channels)], masterRate: pair.input),
                .init(inputs: [StreamFormat(rate: pair.input, channels: channels)], masterRate: pair.output),
                .init(inputs: [StreamFormat(rate: pair.input, channels: channels)], masterRate: 96_000),
            ])
            plan.frames = isLong ? 5_000 : 2_000
            // A sample is heard from its filter's first coefficient to its last.
            plan.memoryFrames = 2 * ResampleNodeTests.reach(pair) * pair.output / pair.input + 2
            let values: [String: Value] = [
                "rate_hz": .integer(pair.output), "quality": .string(way.quality), "engine": .string(way.engine),
                "phase": .string(way.phase),
            ]
            let faults = try checkConformance(ResampleNode.self, values, plan)
            #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
        }
    }

    @Test("equal rates pass through untouched, without latency")
    func sameRate() throws {
        let plan = ConformancePlan(formats: [
            .init(inputs: [StreamFormat(rate: 48_000, channels: 2)], masterRate: 48_000)
        ])
        #expect(try checkConformance(ResampleNode.self, ["rate_hz": .integer(48_000)], plan) == [])
        let noise = [TestSignal.noise(frames: 999), TestSignal.noise(seed: 2, frames: 999)]
        let harness = try ResampleNodeTests.harness(RatePair(48_000, 48_000), channels: 2)
        #expect(try harness.render([noise], frames: 999, cuts: [10]).output == noise)
        #expect(harness.resolution.outputs[0].latency == .zero)
    }

    @Test(
        "every channel sounds as it would alone", arguments: [2, 5, 130],
        [Way("native", "fast"), Way("libsamplerate", "fast")])
    func channels(count: Int, way: Way) throws {
        let pair = RatePair(32_000, 44_100)
        let noise = (0..<count).map { TestSignal.noise(seed: UInt64($0), frames: 600) }
        let harness = try ResampleNodeTests.harness(pair, way, channels: count, masterRate: pair.input)
        let together = try harness.render([noise], frames: 600, cuts: [64]).output
        for channel in [0, 1, count - 1] {
            let alone = try ResampleNodeTests.convert(noise[channel], pair, way)
            #expect(Measure.largestDifference(together[channel], alone) == 0)
        }
    }

    @Test(
        "one that begins later lies on the same grid", arguments: [1, 100, 4_799],
        [Way("native", "high"), Way("libsamplerate", "high")])
    func laterStart(position: Int, way: Way) throws {
        let pair = RatePair(48_000, 44_100)
        let noise = TestSignal.noise(frames: 3_000)
        let silence = TestSignal.silence(frames: position)
        let whole = try ResampleNodeTests.convert(silence + noise, pair, way)
        let harness = try ResampleNodeTests.harness(pair, way, masterRate: pair.input)
        // What came before is forgotten, time is not.
        let before = try harness.render([[TestSignal.noise(seed: 9, frames: position)]], frames: position).output[0]
        harness.prepared.renderer?.reset()
        let after = try harness.render([[noise]], frames: noise.count).output[0]
        let difference = Measure.largestDifference(after, Array(whole[before.count...]))
        // The library adds up its position from where it began, so the last bits differ.
        #expect(difference <= (way.engine == "native" ? 0 : 1e-6))
        #expect(try ResampleNodeTests.shortfall(harness) == 0)
    }

    @Test("the library looks ahead no farther than is reckoned with", arguments: RatePair.all)
    func lookAhead(pair: RatePair) throws {
        for interpolation in [Interpolation.sincBest, .sincMedium, .sincFastest] {
            let converter = try SampleRateConverter(
                interpolation, channels: 1, ratio: Double(pair.output) / Double(pair.input))
            var (zero, output) = (Float(0), Float(0))
            var (fed, given) = (0, 0)
            while given == 0 && fed < 10_000 {
                given = converter.process(&zero, frames: 1, into: &output, frames: 1).given
                fed += 1
            }
            // The first output comes with the frame at its instant and as many beyond as the library wants to see.
            let reach = interpolation.reach(from: pair.input, to: pair.output)
            #expect(reach - (fed - 1) == 0 || reach - (fed - 1) == 1)
        }
    }

    @Test("a start is on the grid for any position and lateness")
    func starts() {
        for (input, output) in [(48_000, 44_100), (44_100, 48_000), (48_000, 16_000), (44_101, 47_999)] {
            for (position, latency, inherent) in [(0, 0, 0), (0, 5, 1), (999, 0, 1), (12_345, 77, 0)] {
                let alignment = Alignment(
                    inputRate: input, outputRate: output, inputLatency: latency, reach: 100, inherentDelay: inherent)
                let outputPosition = Rational(frames: position, rate: input).frame(atRate: output)
                let start = alignment.start(input: position, output: outputPosition)
                #expect(start.primed >= 1 && start.dropped >= 0)
                // The converter's output 0, and the source's instant that it shows, two ways.
                let firstOutput = outputPosition - start.dropped
                let firstInput = position - start.primed
                let shown = Rational(frames: firstInput - inherent - latency, rate: input)
                #expect(shown == Rational(frames: firstOutput - alignment.totalLatency, rate: output))
            }
        }
    }

    @Test("rates too far apart are refused with the nearest that are not")
    func farApart() {
        let error = #expect(throws: PipelineError.self) {
            _ = try ResampleNodeTests.harness(RatePair(48_000, 187))
        }
        #expect(
            error?.description == "nodes.test.rate_hz: found 187 Hz for an input of 48000 Hz, expected 188…12288000 Hz "
                + "(a factor of 256 at most); put two \"resample\" in a row")
        #expect(throws: Never.self) { _ = try ResampleNodeTests.harness(RatePair(48_000, 188), Way("native", "fast")) }
    }

    @Test("an input whose rate is not known yet is no fault")
    func unknownRate() throws {
        let node = try ResampleNode(
            Parameters(
                path: "nodes.r",
                values: [
                    "rate_hz": .integer(8_000), "quality": .string("high"), "engine": .string("native"),
                    "phase": .string("linear"),
                ]))
        let resolution = try node.resolve(
            FormatRequest(access: .nothing, inputs: [PartialFormat(channels: 2)], masterRate: nil))
        #expect(resolution.outputs[0].format == PartialFormat(rate: 8_000, channels: 2))
    }
}
