import Foundation

@testable import VoicePlugin

/// Models for tests: the real ones where `scripts/models` has put them, and one of drawn weights that needs no file.
enum SileroModels {
    /// The shapes of all tensors, in the file's order.
    static let shapes: [(name: String, shape: [Int])] = [
        ("stft_conv.weight", [258, 1, 256]), ("conv1.weight", [128, 129, 3]), ("conv1.bias", [128]),
        ("conv2.weight", [64, 128, 3]), ("conv2.bias", [64]), ("conv3.weight", [64, 64, 3]), ("conv3.bias", [64]),
        ("conv4.weight", [128, 64, 3]), ("conv4.bias", [128]), ("lstm_cell.weight_ih", [512, 128]),
        ("lstm_cell.weight_hh", [512, 128]), ("lstm_cell.bias_ih", [512]), ("lstm_cell.bias_hh", [512]),
        ("final_conv.weight", [1, 128, 1]), ("final_conv.bias", [1]),
    ]

    /// A real model's bytes; nil where it is not to be had.
    static func real(_ name: String) -> [UInt8]? {
        NeuralModel.folder.flatMap { FileManager.default.contents(atPath: "\($0)/\(name)") }.map { Array($0) }
    }

    static let absence = "the models are not there; scripts/models fetches them"

    /// Weights that keep a signal's size about the same from layer to layer, drawn by a fixed rule.
    static func drawn() -> [String: [Float]] {
        var state: UInt32 = 7
        func next() -> Float {
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(state >> 8) / 8_388_608 - 1
        }
        var result: [String: [Float]] = [:]
        for (name, shape) in shapes {
            let count = shape.reduce(1, *)
            let inputs = shape.dropFirst().reduce(1, *)
            let scale = name.hasSuffix("bias") ? 0.1 : 2.2 / Float(inputs).squareRoot()
            result[name] = name == "stft_conv.weight" ? transform : (0..<count).map { _ in scale * next() }
        }
        return result
    }

    /// A Hann window times cosines and sines, as the real models have it.
    static let transform: [Float] = (0..<258).flatMap { row in
        (0..<256).map { n in
            let window = 0.5 - 0.5 * cos(2 * Double.pi * Double(n) / 256)
            let angle = 2 * Double.pi * Double((row % 129) * n % 256) / 256
            return Float(window * (row < 129 ? cos(angle) : -sin(angle)))
        }
    }

    /// A safetensors file.
    static func file(_ tensors: [(name: String, shape: [Int], numbers: [Float])]) -> [UInt8] {
        var entries: [String] = []
        var data: [UInt8] = []
        for (name, shape, numbers) in tensors {
            let begin = data.count
            for number in numbers { withUnsafeBytes(of: number.bitPattern.littleEndian) { data += $0 } }
            entries.append(
                #""\#(name)":{"dtype":"F32","shape":\#(shape),"data_offsets":[\#(begin),\#(data.count)]}"#)
        }
        return file(header: "{\(entries.joined(separator: ","))}", data)
    }

    static func file(header: String, _ data: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8) + data
    }

    /// The model of drawn weights as a file; `changed` replaces tensors.
    static func drawnFile(_ changed: [String: [Float]] = [:], without: String? = nil) -> [UInt8] {
        let weights = drawn()
        return file(
            shapes.filter { $0.name != without }.map { ($0.name, $0.shape, changed[$0.name] ?? weights[$0.name]!) })
    }
}

/// The network as its definition reads, in double precision and without any haste.
struct SlowSilero {
    let weights: [String: [Float]]
    private var hidden = [Double](repeating: 0, count: 128)
    private var cell = [Double](repeating: 0, count: 128)
    private var context = [Double](repeating: 0, count: 64)

    init(_ weights: [String: [Float]]) { self.weights = weights }

    /// The probability of a window of 512 samples.
    mutating func answer(_ window: ArraySlice<Float>) -> Double {
        var samples = context + window.map(Double.init)
        context = Array(samples.suffix(64))
        samples += (0..<64).map { samples[574 - $0] }
        let basis = weights["stft_conv.weight"]!
        var frames = (0..<4).map { frame in
            let rows = (0..<258).map { row in
                var sum = 0.0
                for n in 0..<256 { sum += Double(basis[row * 256 + n]) * samples[frame * 128 + n] }
                return sum
            }
            return (0..<129).map { (rows[$0] * rows[$0] + rows[129 + $0] * rows[129 + $0]).squareRoot() }
        }
        for (index, stride) in [1, 2, 2, 1].enumerated() { frames = convolve(frames, "conv\(index + 1)", stride) }
        let ih = weights["lstm_cell.weight_ih"]!
        let hh = weights["lstm_cell.weight_hh"]!
        var gates: [Double] = []
        for row in 0..<512 {
            var sum = Double(weights["lstm_cell.bias_ih"]![row] + weights["lstm_cell.bias_hh"]![row])
            for k in 0..<128 {
                sum += Double(ih[row * 128 + k]) * frames[0][k]
                sum += Double(hh[row * 128 + k]) * hidden[k]
            }
            gates.append(sum)
        }
        for k in 0..<128 {
            cell[k] = sigmoid(gates[128 + k]) * cell[k] + sigmoid(gates[k]) * Foundation.tanh(gates[256 + k])
            hidden[k] = sigmoid(gates[384 + k]) * Foundation.tanh(cell[k])
        }
        let last = weights["final_conv.weight"]!
        var sum = Double(weights["final_conv.bias"]![0])
        for k in 0..<128 { sum += Double(last[k]) * max(0, hidden[k]) }
        return sigmoid(sum)
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    /// Three taps, one frame of zeros at each end, negative results cut off.
    private func convolve(_ frames: [[Double]], _ name: String, _ stride: Int) -> [[Double]] {
        let (kernel, bias) = (weights["\(name).weight"]!, weights["\(name).bias"]!)
        let inputs = frames[0].count
        return Swift.stride(from: 0, to: frames.count, by: stride).map { centre in
            bias.indices.map { output in
                var sum = Double(bias[output])
                for tap in 0..<3 where frames.indices.contains(centre + tap - 1) {
                    let frame = frames[centre + tap - 1]
                    for input in 0..<inputs {
                        sum += Double(kernel[(output * inputs + input) * 3 + tap]) * frame[input]
                    }
                }
                return max(0, sum)
            }
        }
    }
}
