internal import CVoiceKernels

/// Silero VAD for 16 kHz, computed hop by hop.
///
/// Every 512 samples make a window, which with the 64 before it gives one probability of speech. Its computation is spread
/// over the hops as ``SileroPlan`` says, by sample position alone; ``delay`` samples after a window's end its probability
/// stands.
///
/// - Shape: mono at 16 kHz, in hops of ``hop`` samples.
/// - Units: full scale is ±1. What is beyond ±1000 is taken as that, and what is no number as silence; so nothing infinite
///   can stay in the state.
/// - Source: Silero Team, "Silero VAD: pre-trained enterprise-grade voice activity detector", 2021–2026 (MIT licence): its
///   weights and architecture. The transform, the order of the sums and the functions are ours.
package final class SileroNetwork: Sendable {
    package static let hop = SileroPlan.hop
    package static let window = SileroPlan.window
    package static let rate = 16_000

    /// How long after a window's end its probability stands, in samples.
    package let delay: Int
    private let plan: SileroPlan
    private let layout: SileroMemory
    private nonisolated(unsafe) let spectrum: FrameSpectrum
    private let answerBias: Float
    /// True: products use the processor's wider vectors.
    private let isWide: Bool

    /// Weights, and what is computed from them. Owned by the render thread, as all that follows.
    private nonisolated(unsafe) let memory: UnsafeMutablePointer<Float>
    private nonisolated(unsafe) let steps: UnsafeMutablePointer<SileroPlan.Step>
    private nonisolated(unsafe) let doneAfter: UnsafeMutablePointer<Int>
    private let firstOfWindow: Int
    /// The hop within the window.
    private nonisolated(unsafe) var slot = 0
    /// The next step.
    private nonisolated(unsafe) var next: Int
    private nonisolated(unsafe) var probability: Float = 0

    /// - Parameter isWide: whether to use the processor's wider vectors; nil: if it has them.
    /// - Thread: control. Allocates a megabyte and sorts the weights.
    package init(_ weights: SileroWeights, isWide: Bool? = nil) {
        self.isWide = syrinx_voice_has_wide_vectors() && isWide ?? true
        plan = SileroPlan()
        layout = plan.memory
        delay = plan.delay
        spectrum = FrameSpectrum(window: weights.window)
        answerBias = weights.answer.bias[0]
        memory = UnsafeMutableRawPointer.allocate(byteCount: layout.size * 4, alignment: 64)
            .bindMemory(to: Float.self, capacity: layout.size)
        memory.initialize(repeating: 0, count: layout.size)
        steps = .allocate(capacity: plan.steps.count)
        for (index, step) in plan.steps.enumerated() { (steps + index).initialize(to: step) }
        doneAfter = .allocate(capacity: SileroPlan.hops)
        for (index, count) in plan.doneAfter.enumerated() { (doneAfter + index).initialize(to: count) }
        firstOfWindow = plan.firstOfWindow
        next = firstOfWindow
        for (index, layer) in weights.convolutions.enumerated() {
            place(layer, taps: SileroMemory.taps[index], at: layout.convolutions[index])
            for k in 0..<layer.outputs { memory[layout.biases[index] + k] = layer.bias[k] }
        }
        place(weights.fromInput, taps: 0...0, at: layout.fromInput)
        place(weights.fromHidden, taps: 0...0, at: layout.fromHidden)
        for k in 0..<weights.fromInput.outputs {
            memory[layout.gateBias + k] = weights.fromInput.bias[k] + weights.fromHidden.bias[k]
        }
        for k in 0..<SileroWeights.cells { memory[layout.answer + k] = weights.answer.weights[k] }
    }

    deinit {
        UnsafeMutableRawPointer(memory).deallocate()
        steps.deallocate()
        doneAfter.deallocate()
    }

    /// Lays a matrix out in blocks of 32 outputs: [block][tap][input][32].
    private func place(_ layer: SileroWeights.Layer, taps: ClosedRange<Int>, at start: Int) {
        var place = start
        for block in 0..<layer.outputs / SileroPlan.rows {
            for tap in taps {
                for input in 0..<layer.inputs {
                    for row in 0..<SileroPlan.rows {
                        memory[place] = layer.weight(block * SileroPlan.rows + row, input, tap: tap)
                        place += 1
                    }
                }
            }
        }
    }

    /// Takes the next 8 samples, does their share of the work, and tells the probability as it stands then.
    ///
    /// - Thread: render.
    @_noLocks @_noAllocation
    package func feed(_ samples: UnsafePointer<Float>) -> Float {
        let slot = slot
        let fresh = memory + (layout.samples &+ SileroPlan.context &+ slot &* SileroPlan.hop)
        var k = 0
        while k < SileroPlan.hop {
            let sample = samples[k]
            let bounded = sample > 1000 ? 1000 : sample < -1000 ? -1000 : sample
            fresh[k] = bounded == bounded ? bounded : 0
            k &+= 1
        }
        var next = next
        let end = doneAfter[slot]
        while next < end {
            perform(next)
            next &+= 1
        }
        if slot == SileroPlan.hops &- 1 {
            turnOver()
            self.slot = 0
            self.next = 0
        } else {
            self.slot = slot &+ 1
            self.next = next
        }
        return probability
    }

    /// Back to the state after `init`. Thread: render.
    @_noLocks @_noAllocation
    package func reset() {
        let memory = memory
        var k = layout.samples
        while k < layout.size {
            memory[k] = 0
            k &+= 1
        }
        slot = 0
        next = firstOfWindow
        probability = 0
    }

    /// At a window's end: keeps its last frame, the end reflected, and its last samples as the next one's context.
    @_noLocks @_noAllocation
    private func turnOver() {
        let samples = memory + layout.samples
        let late = memory + layout.late
        let end = SileroPlan.context &+ SileroPlan.window
        var k = 0
        while k < 192 {
            late[k] = samples[end &- 192 &+ k]
            k &+= 1
        }
        while k < 256 {
            late[k] = samples[end &- 2 &- (k &- 192)]
            k &+= 1
        }
        k = 0
        while k < SileroPlan.context {
            samples[k] = samples[SileroPlan.window &+ k]
            k &+= 1
        }
    }

    @_noLocks @_noAllocation
    private func perform(_ index: Int) {
        let step = steps[index]
        let memory = memory
        switch step.kind {
        case .transform: spectrum.transform(memory + step.input)
        case .finish: spectrum.finish(into: memory + step.to)
        case .product:
            let isWide = isWide
            // Plain arithmetic on the memory above; it calls nothing.
            _unsafePerformance {
                syrinx_voice_product(
                    memory + step.weights, memory + step.input, step.count, memory + step.from, memory + step.to,
                    step.rectifies, isWide)
            }
        case .cells:
            updateCells(
                memory + (layout.gates &+ step.to), memory + (layout.cell &+ step.to),
                memory + (layout.hidden &+ step.to))
        case .answer:
            probability = answer(memory + layout.answer, memory + layout.hidden, bias: answerBias)
        }
    }
}

/// 32 cells of the LSTM: from the gates' sums to the cells' new state and output.
///
/// - Source: S. Hochreiter, J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997, with the forget gate of
///   F. Gers et al., "Learning to forget", 2000.
@_noLocks @_noAllocation
private func updateCells(
    _ gates: UnsafePointer<Float>, _ cell: UnsafeMutablePointer<Float>, _ hidden: UnsafeMutablePointer<Float>
) {
    let sums = UnsafeRawPointer(gates)
    let state = UnsafeMutableRawPointer(cell)
    let output = UnsafeMutableRawPointer(hidden)
    let gate = 4 &* SileroWeights.cells
    var place = 0
    while place < 128 {
        let taken = sigmoid(sums.load(fromByteOffset: place, as: SIMD8<Float>.self))
        let kept = sigmoid(sums.load(fromByteOffset: gate &+ place, as: SIMD8<Float>.self))
        let new = tanh(sums.load(fromByteOffset: 2 &* gate &+ place, as: SIMD8<Float>.self))
        let shown = sigmoid(sums.load(fromByteOffset: 3 &* gate &+ place, as: SIMD8<Float>.self))
        let value = kept * state.load(fromByteOffset: place, as: SIMD8<Float>.self) + taken * new
        state.storeBytes(of: value, toByteOffset: place, as: SIMD8<Float>.self)
        output.storeBytes(of: shown * tanh(value), toByteOffset: place, as: SIMD8<Float>.self)
        place &+= 32
    }
}

/// The probability: what is positive of the LSTM's output, weighed, through a sigmoid.
@_noLocks @_noAllocation
private func answer(_ weights: UnsafePointer<Float>, _ hidden: UnsafePointer<Float>, bias: Float) -> Float {
    let (raw, output) = (UnsafeRawPointer(weights), UnsafeRawPointer(hidden))
    let zero = SIMD8<Float>(repeating: 0)
    var sums = zero
    var place = 0
    while place < 4 &* SileroWeights.cells {
        var value = output.load(fromByteOffset: place, as: SIMD8<Float>.self)
        value.replace(with: zero, where: value .< zero)
        sums += value * raw.load(fromByteOffset: place, as: SIMD8<Float>.self)
        place &+= 32
    }
    let four = sums.lowHalf + sums.highHalf
    let pair = four.lowHalf + four.highHalf
    return sigmoid(SIMD8(repeating: pair[0] + pair[1] + bias))[0]
}
