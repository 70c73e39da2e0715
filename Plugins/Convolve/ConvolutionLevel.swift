internal import CConvolutionKernels

/// One level of partitions: takes blocks of n samples in, and plays what they give n samples after their end.
///
/// What is done when depends on the sample position alone, and what comes out not even on that. Plain pointers into memory
/// that the convolver keeps.
struct ConvolutionLevel: BitwiseCopyable {
    /// The ways from inputs to outputs, output by output.
    struct Routes: BitwiseCopyable {
        /// The input of each route.
        let inputs: UnsafeMutablePointer<Int>
        /// Where each output's routes begin, and after the last where they end.
        let starts: UnsafeMutablePointer<Int>
        let count: Int
        let inputCount: Int
        let outputCount: Int
    }

    let transform: TurnedTransform
    private let partitions: Int
    private let routes: Routes
    private let isWide: Bool
    /// Spectra of the last blocks, the newest at `slot`: input, tile, partition.
    private let signals: UnsafeMutablePointer<Float>
    /// Spectra of the responses: response, route, tile, partition.
    private let spectra: UnsafeMutablePointer<Float>
    private let work: UnsafeMutablePointer<Float>
    private let bins: UnsafeMutablePointer<Float>
    /// What is played and what is being made: output, half, side.
    private let blocks: UnsafeMutablePointer<Float>
    private let steady: LevelWork
    private let fading: LevelWork
    /// Blocks that a change of response takes.
    private let fadeBlocks: Int

    private var slot = 0
    private var half = 0
    /// Units of the block's work that are done.
    private var done = 0
    private var isWorking = false
    /// Position at which the block began that is worked on.
    private var blockStart = 0
    private var chosen = 0
    private var next = 0
    private var fadeBlock = 0
    private var isFading = false

    /// - Parameters:
    ///   - responses: for each response the taps of each route, from tap 0; this level takes its share.
    ///   - fadeFrames: how long a change takes at least.
    init(
        size: Int, partitions: Int, routes: Routes, responses: [[[Float]]], fadeFrames: Int, isWide: Bool,
        in memory: inout AlignedMemory
    ) {
        transform = TurnedTransform(size: size, in: &memory)
        self.partitions = partitions
        self.routes = routes
        self.isWide = isWide
        signals = memory.floats(routes.inputCount * partitions * 2 * size)
        spectra = memory.floats(responses.count * routes.count * partitions * 2 * size)
        work = memory.floats(2 * size)
        bins = memory.floats(128)
        blocks = memory.floats(routes.outputCount * 4 * size)
        fadeBlocks = max(1, (fadeFrames + size - 1) / size)
        let counts = (0..<routes.outputCount).map { routes.starts[$0 + 1] - routes.starts[$0] }
        steady = LevelWork(
            transform, partitions: partitions, inputs: routes.inputCount, routes: counts, isFading: false, in: &memory)
        fading = LevelWork(
            transform, partitions: partitions, inputs: routes.inputCount, routes: counts, isFading: true, in: &memory)
        for (index, taps) in responses.joined().enumerated() {
            for partition in 0..<partitions {
                let begin = 2 * size + partition * size
                if begin >= taps.count { break }
                transform.transformResponse(taps[begin..<min(begin + size, taps.count)], isWide: isWide, to: spectra) {
                    128 * ((index * size / 64 + $0) * partitions + partition)
                }
            }
        }
    }

    /// What an output plays from a position on, up to the block's end. Thread: render.
    @_noLocks @_noAllocation
    func played(_ output: Int, at position: Int) -> UnsafeMutablePointer<Float> {
        let size = transform.size
        return blocks + (((output &* 2 &+ half) &* 2) &* size &+ (position & (size &- 1)))
    }

    /// Does the share of work that is due, and turns to the next block where one ends.
    ///
    /// - Parameters:
    ///   - position: frames taken in so far, at most up to a block's end beyond the last call's.
    ///   - history: the inputs' last samples, sample k at k & (length − 1), one input after the other.
    ///   - wanted: the response to play.
    /// - Thread: render.
    @_noLocks @_noAllocation
    mutating func advance(to position: Int, history: UnsafeMutablePointer<Float>, length: Int, wanted: Int) {
        let size = transform.size
        let place = position & (size &- 1)
        if isWorking {
            let plan = isFading ? fading : steady
            let due = place == 0 ? plan.cost : plan.cost &* place / size
            while done < plan.count, plan.units[done].costBefore < due {
                run(plan.units[done], history, length)
                done &+= 1
            }
        }
        if place == 0 { turn(at: position, wanted: wanted) }
    }

    @_noLocks @_noAllocation
    private mutating func turn(at position: Int, wanted: Int) {
        half ^= 1
        slot = slot == 0 ? partitions &- 1 : slot &- 1
        blockStart = position &- transform.size
        done = 0
        isWorking = true
        if isFading {
            fadeBlock &+= 1
            if fadeBlock == fadeBlocks {
                chosen = next
                isFading = false
            }
        }
        if !isFading, wanted != chosen {
            next = wanted
            fadeBlock = 0
            isFading = true
        }
    }

    /// Everything as after `init`. Thread: render.
    @_noLocks @_noAllocation
    mutating func reset(response: Int) {
        signals.update(repeating: 0, count: routes.inputCount &* partitions &* 2 &* transform.size)
        blocks.update(repeating: 0, count: routes.outputCount &* 4 &* transform.size)
        (slot, half, done, isWorking, isFading) = (0, 0, 0, false, false)
        (chosen, next) = (response, response)
    }

    @_noLocks @_noAllocation
    private func run(_ unit: LevelWork.Unit, _ history: UnsafeMutablePointer<Float>, _ length: Int) {
        let (size, isWide, work, bins, twist) = (transform.size, isWide, work, bins, transform.twist)
        let (lane, begin, end) = (Int(unit.lane), Int(unit.begin), Int(unit.end))
        let (partitions, slot) = (partitions, slot)
        let stride = 128 &* partitions
        let made = blocks + ((lane &* 2 &+ (half ^ 1)) &* 2) &* size
        let side = Int(unit.side)
        // Plain arithmetic on memory of this level's; it calls nothing.
        _unsafePerformance {
            switch unit.kind {
            case .load:
                let input = history + lane &* length
                syrinx_convolution_load(
                    input + ((blockStart &- size) & (length &- 1)), input + (blockStart & (length &- 1)), twist, work,
                    size, 8 &* begin, 8 &* end, isWide)
            case .forward:
                let stage = transform.stages[Int(unit.stage)]
                syrinx_convolution_forward(work, size, stage.block, stage.radix, stage.turns, begin, end, isWide)
            case .finish:
                let spectrum = signals + (lane &* size / 64 &* stride &+ 128 &* slot)
                for tile in begin..<end {
                    syrinx_convolution_finish(work, size, tile, spectrum + tile &* stride, isWide)
                }
            case .product:
                let response = side == 0 ? chosen : next
                for tile in begin..<end {
                    for k in 0..<128 { bins[k] = 0 }
                    for route in routes.starts[lane]..<routes.starts[lane &+ 1] {
                        let x = signals + (routes.inputs[route] &* size / 64 &+ tile) &* stride
                        let h = spectra + ((response &* routes.count &+ route) &* size / 64 &+ tile) &* stride
                        syrinx_convolution_product(x + 128 &* slot, h, partitions &- slot, bins, isWide)
                        if slot > 0 {
                            syrinx_convolution_product(x, h + 128 &* (partitions &- slot), slot, bins, isWide)
                        }
                    }
                    syrinx_convolution_begin(bins, work, size, tile, isWide)
                }
            case .backward:
                let stage = transform.stages[Int(unit.stage)]
                syrinx_convolution_backward(work, size, stage.block, stage.radix, stage.turns, begin, end, isWide)
            case .unload:
                syrinx_convolution_unload(work, twist, made + side &* size, size, 8 &* begin, 8 &* end, isWide)
            case .blend:
                let step = 1 / Float(fadeBlocks &* size)
                let first = fadeBlock &* size
                for k in 8 &* begin..<8 &* end {
                    let old = made[k]
                    made[k] = old + (made[size &+ k] - old) * (Float(first &+ k &+ 1) * step)
                }
            }
        }
    }
}
