internal import SyrinxDSP

/// The weights of Silero VAD for 16 kHz, checked.
///
/// - Shape: as in the file: matrices in rows of outputs, convolutions as [output, input, tap].
/// - Thread: control.
package struct SileroWeights: Sendable {
    /// One layer: what its inputs are multiplied by, and what is added.
    struct Layer: Sendable {
        let weights: [Float]
        let bias: [Float]
        let outputs: Int
        let inputs: Int
        let taps: Int

        /// What `input` of tap `tap` counts for `output`.
        func weight(_ output: Int, _ input: Int, tap: Int = 0) -> Float {
            weights[(output * inputs + input) * taps + tap]
        }
    }

    /// What a frame of 256 samples is multiplied by before it is transformed.
    let window: [Float]
    /// Four convolutions over the frames' magnitudes.
    let convolutions: [Layer]
    /// The LSTM cell: from its input, and from its last output. Rows: input, forget, cell and output gate, 128 each.
    let fromInput: Layer
    let fromHidden: Layer
    /// The one output.
    let answer: Layer

    /// How many outputs and inputs each convolution has.
    static let convolutionShapes = [(128, 129), (64, 128), (64, 64), (128, 64)]
    /// The LSTM cell's width.
    static var cells: Int { @_noLocks @_noAllocation get { 128 } }

    /// - Throws: where the file lacks a tensor, or holds it in another shape; or where its transform is not the one that this
    ///   network is computed with.
    package init(_ file: SafeTensors) throws(ModelFault) {
        window = try Self.window(file.floats("stft_conv.weight", shape: [258, 1, 256]))
        var convolutions: [Layer] = []
        for (index, (outputs, inputs)) in Self.convolutionShapes.enumerated() {
            let name = "conv\(index + 1)"
            convolutions.append(
                Layer(
                    weights: try file.floats("\(name).weight", shape: [outputs, inputs, 3]),
                    bias: try file.floats("\(name).bias", shape: [outputs]), outputs: outputs, inputs: inputs, taps: 3))
        }
        self.convolutions = convolutions
        let cells = Self.cells
        func gates(_ end: String) throws(ModelFault) -> Layer {
            Layer(
                weights: try file.floats("lstm_cell.weight_\(end)", shape: [4 * cells, cells]),
                bias: try file.floats("lstm_cell.bias_\(end)", shape: [4 * cells]), outputs: 4 * cells, inputs: cells,
                taps: 1)
        }
        fromInput = try gates("ih")
        fromHidden = try gates("hh")
        answer = Layer(
            weights: try file.floats("final_conv.weight", shape: [1, cells, 1]),
            bias: try file.floats("final_conv.bias", shape: [1]), outputs: 1, inputs: cells, taps: 1)
    }

    /// The window of a transform that is given as a convolution: rows of window · cos and of −window · sin.
    ///
    /// - Throws: unless the rows are that, to 1e-6 of the window's height.
    private static func window(_ rows: [Float]) throws(ModelFault) -> [Float] {
        // Row 0 is the window, since its cosine is 1.
        let window = Array(rows[..<256])
        for bin in 0...128 {
            for n in 0..<256 {
                let turns = Double(bin * n % 256) / 256
                let real = Double(window[n]) * cos(turns: turns)
                let imaginary = -Double(window[n]) * sin(turns: turns)
                let found = (Double(rows[bin * 256 + n]), Double(rows[(129 + bin) * 256 + n]))
                guard abs(found.0 - real) <= 1e-6, abs(found.1 - imaginary) <= 1e-6 else {
                    throw ModelFault(
                        "tensor stft_conv.weight: row \(bin) is no windowed Fourier transform of 256 points; the model is of "
                            + "a kind that is not known here")
                }
            }
        }
        return window
    }
}
