import SyrinxDSP
import SyrinxTestKit
import Testing

@testable import VoicePlugin

@Suite("the neural engine")
struct SileroNetworkTests {
    /// What stands after each hop.
    private func feed(_ network: SileroNetwork, _ samples: [Float]) -> [Float] {
        samples.withUnsafeBufferPointer { buffer in
            (0..<samples.count / 8).map { network.feed(buffer.baseAddress! + 8 * $0) }
        }
    }

    /// One probability for each whole window, as it stands `delay` samples after the window's end.
    private func answers(_ network: SileroNetwork, _ samples: [Float]) -> [Float] {
        let told = feed(network, samples + [Float](repeating: 0, count: network.delay))
        return (1...samples.count / 512).map { told[($0 * 512 + network.delay) / 8 - 1] }
    }

    private func drawn(isWide: Bool = true) throws -> SileroNetwork {
        SileroNetwork(try SileroWeights(SafeTensors(SileroModels.drawnFile())), isWide: isWide)
    }

    @Test(
        "probabilities are those of the network as it is defined, with wide vectors and without",
        arguments: [true, false])
    func definition(isWide: Bool) throws {
        let samples = SileroSignal.samples(6 * 512).map { $0 * 3 }
        var slow = SlowSilero(SileroModels.drawn())
        let expected = (0..<6).map { slow.answer(samples[512 * $0..<512 * ($0 + 1)]) }
        let found = answers(try drawn(isWide: isWide), samples)
        // Different windows have different answers, or the comparison would say nothing.
        #expect(Set(expected.map { ($0 * 100_000).rounded() }).count == 6)
        for (one, other) in zip(found, expected) { #expect(abs(Double(one) - other) < 1e-5) }
    }

    @Test(
        "probabilities are those of onnxruntime within 0.001",
        arguments: [
            ("silero_vad_16k_op15.safetensors", SileroReference.onnx),
            ("silero_vad_16k.safetensors", SileroReference.carried),
        ])
    func reference(name: String, expected: [Float]) throws {
        guard let file = SileroModels.real(name) else { try Test.cancel("\(SileroModels.absence)") }
        let network = SileroNetwork(try SileroWeights(SafeTensors(file)))
        let found = answers(network, SileroSignal.samples(512 * expected.count))
        let worst = zip(found, expected).map { abs($0 - $1) }.max()!
        // The tables have six digits; what is promised is 0.001.
        #expect(worst < 2e-5)
        #expect(expected.max()! - expected.min()! > 0.9)
    }

    @Test("an answer appears once a window, always so many samples after its end, and less than half a window")
    func delay() throws {
        let network = try drawn()
        #expect(network.delay < 256)
        let told = feed(network, SileroSignal.samples(512 * 8))
        let changes = told.indices.filter { $0 > 0 && told[$0] != told[$0 - 1] }
        #expect(changes == (1...7).map { ($0 * 512 + network.delay) / 8 - 1 })
        #expect(told[0] == 0)
        #expect(network.lag == network.delay + 256)
    }

    @Test("after a reset all is as at the beginning, wherever it came", arguments: [8, 200, 512, 512 + 232, 1304])
    func reset(after count: Int) throws {
        let samples = SileroSignal.samples(512 * 4)
        let network = try drawn()
        let fresh = feed(network, samples)
        network.reset()
        _ = feed(network, Array(SileroSignal.samples(20_000).suffix(count)))
        network.reset()
        #expect(feed(network, samples) == fresh)
    }

    @Test("what is no number, or beyond all bounds, leaves nothing infinite behind")
    func invalid() throws {
        let network = try drawn()
        let wild: [Float] = [.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e30]
        let told = feed(network, (0..<2048).map { wild[$0 % wild.count] })
        let after = feed(network, SileroSignal.samples(512 * 6))
        #expect((told + after).allSatisfy { $0 >= 0 && $0 <= 1 })
        let silent = try drawn()
        let missing = feed(silent, [Float](repeating: .nan, count: 1024))
        silent.reset()
        #expect(feed(silent, [Float](repeating: 0, count: 1024)) == missing)
    }

    @Test("feeding stays off the heap")
    func heap() throws {
        let network = try drawn()
        let samples = SileroSignal.samples(512 * 3)
        samples.withUnsafeBufferPointer { buffer in
            let start = buffer.baseAddress!
            let calls = heapCalls {
                for index in 0..<512 * 3 / 8 { _ = network.feed(start + 8 * index) }
                network.reset()
            }
            #expect(calls == 0)
        }
    }

    @Test(
        "no cycle has twice the mean of the work, by the steps' cost",
        arguments: [(16_000, 64), (48_000, 64), (44_100, 64), (48_000, 128), (32_000, 48)])
    func evenness(rate: Int, frames: Int) {
        let plan = SileroPlan()
        let hopCosts = (0..<SileroPlan.hops).map { hop in
            plan.steps[(hop == 0 ? 0 : plan.doneAfter[hop - 1])..<plan.doneAfter[hop]].reduce(0) { $0 + $1.cost }
        }
        let total = hopCosts.reduce(0, +)
        #expect(total == plan.steps.reduce(0) { $0 + $1.cost })
        var most = 0
        for cycle in 0..<4000 {
            let hops = (cycle * frames * 16_000 / rate / 8)..<((cycle + 1) * frames * 16_000 / rate / 8)
            most = max(most, hops.reduce(0) { $0 + hopCosts[$1 % SileroPlan.hops] })
        }
        let mean = Double(total) * Double(frames * 16_000) / Double(rate * 512)
        #expect(Double(most) < 1.8 * mean)
    }
}

@Suite("the neural engine's parts")
struct NeuralPartTests {
    @Test("a frame's spectrum is its discrete Fourier transform's magnitude")
    func spectrum() {
        let window = (0..<256).map { SileroModels.transform[$0] }
        let spectrum = FrameSpectrum(window: window)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 4 * FrameSpectrum.paddedBins, alignment: 64)
            .bindMemory(to: Float.self, capacity: FrameSpectrum.paddedBins)
        defer { UnsafeMutableRawPointer(memory).deallocate() }
        let samples = Array(SileroSignal.samples(9_000).suffix(256))
        samples.withUnsafeBufferPointer { spectrum.transform($0.baseAddress!) }
        spectrum.finish(into: memory)
        for bin in 0..<129 {
            var (real, imaginary) = (0.0, 0.0)
            for n in 0..<256 {
                real += Double(SileroModels.transform[bin * 256 + n]) * Double(samples[n])
                imaginary += Double(SileroModels.transform[(129 + bin) * 256 + n]) * Double(samples[n])
            }
            let expected = (real * real + imaginary * imaginary).squareRoot()
            #expect(abs(Double(memory[bin]) - expected) < 3e-6)
        }
        for bin in 129..<FrameSpectrum.paddedBins { #expect(memory[bin] == 0) }
    }

    @Test("exp2, sigmoid, tanh and square root keep the error that they state")
    func functions() {
        for step in -4000...4000 {
            let x = Float(step) * 0.031
            let lane = SIMD8<Float>(repeating: x)
            let power = Double(exp2(lane)[3])
            let reference = SyrinxDSPReference.exp2(Double(min(max(x, -126), 126)))
            #expect(abs(power / reference - 1) < 3e-7)
            let e = SyrinxDSPReference.exp2(-Double(x) * 1.442_695_040_888_963_4)
            #expect(abs(Double(sigmoid(lane)[0]) - 1 / (1 + e)) < 2e-7)
            #expect(abs(Double(tanh(lane)[7]) - (2 / (1 + e * e) - 1)) < 4e-7)
            let square = Float(step) * Float(step) * 1.7e-5
            let root = Double(squareRoot(SIMD8<Float>(repeating: square))[5])
            #expect(abs(root - Double(square).squareRoot()) <= 3e-7 * Double(square).squareRoot())
        }
    }
}

/// SyrinxDSP's function, beside the engine's own of the same name.
private enum SyrinxDSPReference {
    static func exp2(_ x: Double) -> Double { SyrinxDSP.exp2(x) }
}
