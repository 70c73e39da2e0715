import Glibc
import SyrinxTestKit
import Testing

@testable import ConvolvePlugin

@Suite("convolver")
struct ConvolverTests {
    /// Decaying noise, as a room has it.
    static func response(_ taps: Int, seed: UInt64) -> [Float] {
        let noise = TestSignal.noise(seed: seed, frames: taps, amplitude: 1)
        return noise.enumerated().map { $1 / (1 + 8 * Float($0) / Float(taps)) }
    }

    /// What comes out of a convolver for inputs that come in the given cuts, over and over.
    static func render(
        _ convolver: consuming Convolver, _ inputs: [[Float]], outputs: Int, cuts: [Int],
        choices: [(frame: Int, response: Int)] = []
    ) -> [[Float]] {
        let frames = inputs[0].count
        var result = [[Float]](repeating: [Float](repeating: 0, count: frames), count: outputs)
        var (position, cut, choice) = (0, 0, 0)
        while position < frames {
            while choice < choices.count, choices[choice].frame == position {
                convolver.choose(choices[choice].response)
                choice += 1
            }
            var end = min(position + cuts[cut % cuts.count], frames)
            if choice < choices.count { end = min(end, choices[choice].frame) }
            cut += 1
            while position < end {
                let count = convolver.framesToTake(of: end - position)
                for (index, input) in inputs.enumerated() {
                    input.withUnsafeBufferPointer { convolver.take($0.baseAddress! + position, count, input: index) }
                }
                for output in 0..<outputs {
                    result[output].withUnsafeMutableBufferPointer {
                        convolver.render($0.baseAddress! + position, count, output: output)
                    }
                }
                convolver.advance(count)
                position += count
            }
        }
        return result
    }

    /// Σ over the routes of an output, each convolved in double precision.
    static func direct(_ inputs: [[Float]], _ routes: [Convolver.Route], _ taps: [[Float]], output: Int) -> [Float] {
        var sum = [Float](repeating: 0, count: inputs[0].count)
        for (route, taps) in zip(routes, taps) where route.output == output {
            for (k, value) in convolve(inputs[route.input], taps).enumerated() { sum[k] += value }
        }
        return sum
    }

    /// The difference's energy relative to the reference's, in dB.
    static func difference(_ found: [Float], _ expected: [Float]) -> Double {
        var (error, energy) = (0.0, 0.0)
        for (a, b) in zip(found, expected) {
            error += (Double(a) - Double(b)) * (Double(a) - Double(b))
            energy += Double(b) * Double(b)
        }
        return 10 * log10(error / energy)
    }

    @Test(
        "it gives what direct convolution gives, to -120 dB, with every kind of vector",
        arguments: [1, 2, 127, 512, 513, 700, 4_095, 12_288, 12_289, 50_000], [true, false])
    func directConvolution(taps: Int, isWide: Bool) {
        let routes = [Convolver.Route(from: 0, to: 0)]
        let response = [Self.response(taps, seed: 7)]
        let input = [TestSignal.noise(seed: 3, frames: taps + 5_000)]
        let convolver = Convolver(
            inputs: 1, outputs: 1, routes: routes, responses: [response], fadeFrames: 480,
            sizes: taps == 50_000 ? [128, 1_024, 8_192] : Partitions.usualSizes, isWide: isWide)
        let found = Self.render(convolver, input, outputs: 1, cuts: [64])
        let difference = Self.difference(found[0], Self.direct(input, routes, response, output: 0))
        #expect(difference < -120)
    }

    @Test("an impulse gives the response back, from its own frame on, across every level's edges")
    func impulse() {
        let response = Self.response(3_000, seed: 5)
        // Small levels, so that all of them are at work.
        let convolver = Convolver(
            inputs: 1, outputs: 1, routes: [.init(from: 0, to: 0)], responses: [[response]], fadeFrames: 1,
            sizes: [64, 128, 512])
        let found = Self.render(convolver, [TestSignal.impulse(at: 1_000, frames: 4_500)], outputs: 1, cuts: [37])[0]
        #expect(found[..<1_000].allSatisfy { abs($0) < 1e-6 })
        #expect((0..<3_000).allSatisfy { abs(found[1_000 + $0] - response[$0]) < 1e-6 })
        #expect(found[4_000...].allSatisfy { abs($0) < 1e-6 })
    }

    @Test("a matrix of three inputs and two outputs sums each output's routes")
    func matrix() {
        let routes: [Convolver.Route] = [
            .init(from: 2, to: 1), .init(from: 0, to: 0), .init(from: 1, to: 1), .init(from: 2, to: 0),
        ]
        let taps = [900, 3_000, 20, 6_000].enumerated().map { Self.response($1, seed: UInt64($0 + 1)) }
        let inputs = (0..<3).map { TestSignal.noise(seed: UInt64($0 + 11), frames: 9_000) }
        let convolver = Convolver(inputs: 3, outputs: 2, routes: routes, responses: [taps], fadeFrames: 480)
        let found = Self.render(convolver, inputs, outputs: 2, cuts: [480])
        for output in 0..<2 {
            #expect(Self.difference(found[output], Self.direct(inputs, routes, taps, output: output)) < -120)
        }
    }

    @Test(
        "cuts never show, not in a bit, changes of response included",
        arguments: [[1], [64], [7, 64, 300], [4_096], [255, 257]])
    func cuts(cuts: [Int]) {
        let responses = (0..<3).map { [Self.response(7_000 - 2_000 * $0, seed: UInt64($0 + 1))] }
        let input = [TestSignal.noise(seed: 9, frames: 12_000)]
        func found(_ cuts: [Int]) -> [[Float]] {
            let convolver = Convolver(
                inputs: 1, outputs: 1, routes: [.init(from: 0, to: 0)], responses: responses, first: 1, fadeFrames: 700,
                sizes: [128, 512, 2_048])
            return Self.render(
                convolver, input, outputs: 1, cuts: cuts,
                choices: [(1_000, 0), (3_333, 2), (3_400, 1), (9_000, 0)])
        }
        #expect(found(cuts) == found([12_000]))
    }

    @Test("a change of response ends at the new one, without a step on the way")
    func change() {
        // A steady input: each response gives a constant, so every step would show.
        let responses = [Float(1), -0.5].map { value in [[Float](repeating: value / 5_000, count: 5_000)] }
        let input = [TestSignal.constant(1, frames: 40_000)]
        let convolver = Convolver(
            inputs: 1, outputs: 1, routes: [.init(from: 0, to: 0)], responses: responses, fadeFrames: 480)
        let found = Self.render(convolver, input, outputs: 1, cuts: [64], choices: [(10_000, 1)])[0]
        #expect(found[5_000..<10_000].allSatisfy { abs($0 - 1) < 1e-4 })
        // A tap that is heard 5 000 frames later has changed after one and a half times that.
        #expect(found[17_500...].allSatisfy { abs($0 + 0.5) < 1e-4 })
        let steps = zip(found[10_000...], found[10_001...]).map { abs($1 - $0) }
        #expect(steps.max() ?? 1 < 1.5 / 480)
    }
}
