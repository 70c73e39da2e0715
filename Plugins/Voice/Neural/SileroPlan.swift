/// What is computed for a window of 512 samples, in steps of about equal cost, and behind which hop each is done.
///
/// A hop is 8 samples, a window 64 hops. Each step stands at a place in the window, by its cost, so that every stretch of
/// hops has its share of the work. Steps that need only the beginning of a window are done while the rest of it comes in:
/// so the result is there less than half a window after the window's end.
///
/// ```
/// hops 0 to 28: of the window before: frame 3, all that is left, the answer behind hop 28
///     28 to 37: what the LSTM's last output means for its gates
///     38 to 44: frame 0
///     45 to 54: frame 1
///     55 to 63: frame 2
/// ```
struct SileroPlan {
    static var hop: Int { @_noLocks @_noAllocation get { 8 } }
    static var window: Int { @_noLocks @_noAllocation get { 512 } }
    static var hops: Int { @_noLocks @_noAllocation get { 64 } }
    /// Samples of the window before that belong to a window.
    static var context: Int { @_noLocks @_noAllocation get { 64 } }
    /// From one frame to the next.
    static let stride = 128
    /// How many rows one product computes.
    static let rows = 32

    struct Step {
        enum Kind: UInt8 {
            /// A frame's spectrum, in two parts.
            case transform, finish
            /// `rows` outputs: from + weights · input.
            case product
            /// 32 cells of the LSTM.
            case cells
            /// The probability.
            case answer
        }

        var kind: Kind
        /// Places in the network's memory, in floats.
        var input = 0
        var weights = 0
        var from = 0
        var to = 0
        /// How many inputs.
        var count = 0
        /// True: what is negative becomes 0.
        var rectifies = false

        /// What it costs, in products of 32 with one input; measured.
        var cost: Int {
            switch kind {
            case .transform: 350
            case .finish: 90
            case .product: count + 6
            case .cells: 150
            case .answer: 60
            }
        }
    }

    /// In the order in which they are done, beginning with the first hop of a window.
    let steps: [Step]
    /// How many of them are done by the end of each hop.
    let doneAfter: [Int]
    /// The first step that belongs to the window that is coming in, not to the one before.
    let firstOfWindow: Int
    /// How long after a window's end its probability stands, in samples.
    let delay: Int
    let memory: SileroMemory

    init() {
        let memory = SileroMemory()
        self.memory = memory
        let sequence = Self.sequence(memory)
        let total = sequence.reduce(0) { $0 + $1.cost }
        // Frame 2 begins behind the hop that completes it; all else follows from the order.
        let third = sequence.firstIndex { $0.kind == .transform && $0.input == memory.samples + 2 * Self.stride }!
        let before = sequence[..<third].reduce(0) { $0 + $1.cost }
        let needed = (2 * Self.stride + FrameSpectrum.length - Self.context) / Self.hop - 1
        var place = (needed * total + Self.hops - 1) / Self.hops - before
        var slots: [Int] = []
        for step in sequence {
            slots.append(place * Self.hops / total)
            place += step.cost
        }
        let own = slots.firstIndex { $0 >= Self.hops }!
        steps = Array(sequence[own...] + sequence[..<own])
        let hopsOfSteps = slots[own...].map { $0 - Self.hops } + slots[..<own]
        doneAfter = (0..<Self.hops).map { hop in hopsOfSteps.filter { $0 <= hop }.count }
        firstOfWindow = sequence.count - own
        delay = (slots.last! - Self.hops + 1) * Self.hop
        // Nothing is asked for before it is there.
        for (step, slot) in zip(sequence, slots) where step.kind == .transform {
            let end =
                step.input == memory.late
                ? Self.window : step.input - memory.samples + FrameSpectrum.length - Self.context
            precondition((slot + 1) * Self.hop >= end)
        }
    }

    /// All steps, beginning behind the answer for the window before.
    private static func sequence(_ memory: SileroMemory) -> [Step] {
        var steps: [Step] = []
        // What the last output means for the gates.
        for block in 0..<16 {
            steps.append(
                Step(
                    kind: .product, input: memory.hidden, weights: memory.fromHidden + block * rows * 128,
                    from: memory.gateBias + block * rows, to: memory.gates + block * rows, count: 128))
        }
        for frame in 0..<4 {
            let samples = frame < 3 ? memory.samples + frame * stride : memory.late
            steps.append(Step(kind: .transform, input: samples))
            steps.append(Step(kind: .finish, to: memory.magnitudes))
            // A frame goes into the outputs before, at and behind it, by the taps 2, 1 and 0.
            for output in max(0, frame - 1)...min(3, frame + 1) {
                let tap = frame - output + 1
                for block in 0..<4 {
                    let to = memory.first + output * 128 + block * rows
                    steps.append(
                        Step(
                            kind: .product, input: memory.magnitudes,
                            weights: memory.convolutions[0] + (block * 3 + tap) * 129 * rows,
                            from: frame == max(0, output - 1) ? memory.biases[0] + block * rows : to, to: to,
                            count: 129, rectifies: frame == min(3, output + 1)))
                }
            }
            if frame == 2 { steps += second(memory, output: 0) }
        }
        steps += second(memory, output: 1)
        for block in 0..<2 {
            steps.append(
                Step(
                    kind: .product, input: memory.second, weights: memory.convolutions[2] + block * 128 * rows,
                    from: memory.biases[2] + block * rows, to: memory.third + block * rows, count: 128,
                    rectifies: true))
        }
        for block in 0..<4 {
            steps.append(
                Step(
                    kind: .product, input: memory.third, weights: memory.convolutions[3] + block * 64 * rows,
                    from: memory.biases[3] + block * rows, to: memory.fourth + block * rows, count: 64,
                    rectifies: true))
        }
        for block in 0..<16 {
            let to = memory.gates + block * rows
            steps.append(
                Step(
                    kind: .product, input: memory.fourth, weights: memory.fromInput + block * rows * 128, from: to,
                    to: to, count: 128))
        }
        for part in 0..<4 { steps.append(Step(kind: .cells, to: part * 32)) }
        steps.append(Step(kind: .answer))
        return steps
    }

    /// The second convolution, which goes two frames a step: its output 0 needs the frames 0 and 1, its output 1 those from
    /// 1 to 3. A product takes one tap.
    private static func second(_ memory: SileroMemory, output: Int) -> [Step] {
        var steps: [Step] = []
        for block in 0..<2 {
            let to = memory.second + output * 64 + block * rows
            for tap in (output == 0 ? 1 : 0)...2 {
                let isFirst = tap == (output == 0 ? 1 : 0)
                steps.append(
                    Step(
                        kind: .product, input: memory.first + (2 * output + tap - 1) * 128,
                        weights: memory.convolutions[1] + (block * 3 + tap) * 128 * rows,
                        from: isFirst ? memory.biases[1] + block * rows : to, to: to, count: 128,
                        rectifies: tap == 2))
            }
        }
        return steps
    }
}

/// Where everything lies in the network's one allocation, in floats; each place is a multiple of 16, so that vectors are
/// aligned.
///
/// Matrices lie in blocks of 32 outputs, each block in rows of inputs: what one step reads lies in one stretch.
struct SileroMemory {
    /// One after the other: [block][tap][input][32] of the taps that count.
    let convolutions: [Int]
    let biases: [Int]
    let fromInput: Int
    let fromHidden: Int
    /// Both biases of the LSTM, added up.
    let gateBias: Int
    let answer: Int
    /// 64 samples of context and a window.
    let samples: Int
    /// The last frame of the window before, with its reflected end.
    let late: Int
    let magnitudes: Int
    /// Outputs of the four convolutions, frame after frame.
    let first: Int
    let second: Int
    let third: Int
    let fourth: Int
    let gates: Int
    let hidden: Int
    let cell: Int
    let size: Int

    /// Which taps of each convolution are ever used: with one frame left, what lies beside it is padding.
    static let taps = [0...2, 0...2, 1...2, 1...1]

    init() {
        var next = 0
        func take(_ count: Int) -> Int {
            defer { next += (count + 15) / 16 * 16 }
            return next
        }
        let shapes = SileroWeights.convolutionShapes
        convolutions = zip(shapes, Self.taps).map { shape, taps in take(shape.0 * shape.1 * taps.count) }
        biases = shapes.map { take($0.0) }
        let cells = SileroWeights.cells
        fromInput = take(4 * cells * cells)
        fromHidden = take(4 * cells * cells)
        gateBias = take(4 * cells)
        answer = take(cells)
        samples = take(SileroPlan.context + SileroPlan.window)
        late = take(FrameSpectrum.length)
        magnitudes = take(FrameSpectrum.paddedBins)
        first = take(4 * 128)
        second = take(2 * 64)
        third = take(64)
        fourth = take(cells)
        gates = take(4 * cells)
        hidden = take(cells)
        cell = take(cells)
        size = next
    }
}
