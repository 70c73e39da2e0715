import Foundation
import SyrinxCore
import SyrinxTestKit
import Testing

@testable import VoicePlugin

/// A file with the model of drawn weights, gone with its test.
private final class DrawnModel {
    let path = FileManager.default.temporaryDirectory.appending(path: "drawn-\(UUID().uuidString).safetensors").path

    init() throws { try Data(SileroModels.drawnFile()).write(to: URL(filePath: path)) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var values: [String: Value] { ["engine": .string("neural"), "model": .string(path)] }
}

@Suite("vad with the neural engine")
struct NeuralNodeTests {
    @Test("keeps the contract of renderers")
    func conformance() throws {
        let model = try DrawnModel()
        try expectConformance(VADNode.self, model.values, channels: [1], frames: 4_007)
    }

    @Test(
        "tells what the network tells, at every millisecond, however the stream is cut",
        arguments: [[16], [7, 64, 300]])
    func probabilities(cuts: [Int]) throws {
        let model = try DrawnModel()
        let samples = SileroSignal.samples(2_400)
        let network = try NeuralModel.network(model.path, at: "model")
        let told = samples.withUnsafeBufferPointer { buffer in
            (0..<300).map { network.feed(buffer.baseAddress! + 8 * $0) }
        }
        let node = try NodeHarness(VADNode.self, model.values, inputs: [StreamFormat(rate: 16_000, channels: 1)])
        let rendered = try node.render([[samples]], frames: 2_400, cuts: cuts)
        #expect(rendered.outputs[0] == [samples])
        // Value k tells what was known before instant k ms, which is sample 16 k.
        let expected: [Float] = (0..<150).map { $0 == 0 ? 0 : told[2 * $0 - 1] }
        #expect(rendered.outputs[1][0] == expected)
        #expect(Set(told).count == 5)
    }

    @Test(
        "finds the words of a sketch of speech, and where they begin, at any rate", arguments: [16_000, 48_000, 44_100])
    func words(rate: Int) throws {
        guard let folder = NeuralModel.folder, SileroModels.real(NeuralModel.names[0]) != nil else {
            try Test.cancel("\(SileroModels.absence)")
        }
        // Half a second of nothing, then what the model takes for speech.
        let speech = SileroSignal.samples(16_000)
        let count = rate * 3 / 2
        let samples = (0..<count).map { frame in
            let place = Double(frame) * 16_000 / Double(rate) - 8_000
            let index = Int(place.rounded(.down))
            if index < 0 || index + 1 >= speech.count { return Float(0) }
            let part = Float(place - Double(index))
            return speech[index] * (1 - part) + speech[index + 1] * part
        }
        let values: [String: Value] = [
            "engine": .string("neural"), "model": .string("\(folder)/\(NeuralModel.names[0])"),
            "pre_roll_ms": .number(0),
        ]
        let node = try NodeHarness(VADNode.self, values, inputs: [StreamFormat(rate: rate, channels: 1)])
        let rendered = try node.render([[samples]], frames: count, cuts: [rate / 100])
        let flags = rendered.outputs[2][0]
        // The first window that counts is the second with speech in it; it is told within 100 ms of the onset.
        #expect(!flags[..<500].contains(1))
        #expect(flags[500..<620].contains(1))
        let begin = try #require(rendered.events.first)
        #expect(begin.kind == 0)
        #expect(abs(Double(begin.happened) / Double(begin.rate) - 0.5) < 0.06)
    }

    @Test("a model that cannot be read is a fault at its parameter, and so is a model without the engine")
    func faults() throws {
        func said(_ values: [String: Value]) -> String {
            do throws(PipelineError) {
                _ = try NodeHarness(VADNode.self, values, inputs: [StreamFormat(rate: 16_000, channels: 1)])
                return "none"
            } catch {
                return "\(error)"
            }
        }
        let missing = said(["engine": .string("neural"), "model": .string("/nowhere/x.safetensors")])
        #expect(
            missing == "nodes.test.model: cannot read the model /nowhere/x.safetensors (No such file or directory)")
        #expect(
            said(["model": .string("x")]) == "nodes.test.model: is for the engine neural; found engine statistical")
    }
}
