/// What a level does for one block, cut into units of about the same cost, in the order in which they are done.
struct LevelWork: BitwiseCopyable {
    enum Kind: UInt8, BitwiseCopyable {
        /// Two blocks of an input, turned.
        case load
        /// Part of a stage of the transform, and its last stage.
        case forward, finish
        /// Tiles of an output: all products, and the first stage of the way back.
        case product
        case backward
        /// Samples of an output.
        case unload
        /// From the response before to the one chosen since.
        case blend
    }

    struct Unit: BitwiseCopyable {
        var kind: Kind
        /// 0: the response that plays; 1: the one that it gives way to.
        var side: UInt8
        /// An input or an output.
        var lane: Int32
        var stage: Int32
        var begin: Int32
        var end: Int32
        /// What all units before this one cost.
        var costBefore: Int
    }

    let units: UnsafeMutablePointer<Unit>
    let count: Int
    let cost: Int

    /// About what things cost, in cycles: butterflies of 8 points side by side, tiles of 64, products of two tiles.
    private enum Cost {
        static let vector = 5
        static let butterfly = [2: 9, 4: 22]
        static let tile = 110
        static let product = 32
        /// No unit is to be much larger.
        static let unit = 1_200
    }

    /// - Parameters:
    ///   - routes: for each output how many inputs reach it.
    ///   - isFading: two responses are at work.
    init(
        _ transform: TurnedTransform, partitions: Int, inputs: Int, routes: [Int], isFading: Bool,
        in memory: inout AlignedMemory
    ) {
        var list: [Unit] = []
        var total = 0
        func add(_ kind: Kind, side: Int = 0, _ lane: Int, stage: Int = 0, all: Int, cost: Int, grain: Int = 1) {
            let each = max(1, Cost.unit / (cost * grain)) * grain
            for begin in stride(from: 0, to: all, by: each) {
                let end = min(begin + each, all)
                list.append(
                    Unit(
                        kind: kind, side: UInt8(side), lane: Int32(lane), stage: Int32(stage), begin: Int32(begin),
                        end: Int32(end), costBefore: total))
                total += (end - begin) * cost
            }
        }
        let (size, tiles) = (transform.size, transform.size / 64)
        let stages = (0..<transform.stageCount).map { transform.stages[$0] }
        func butterflies(_ stage: TurnedTransform.Stage) -> (Int, Int) {
            (size / (8 * stage.radix), Cost.butterfly[stage.radix] ?? 0)
        }
        for input in 0..<inputs {
            add(.load, input, all: size / 8, cost: Cost.vector)
            for (index, stage) in stages.enumerated() {
                let (all, cost) = butterflies(stage)
                add(.forward, input, stage: index, all: all, cost: cost)
            }
            add(.finish, input, all: tiles, cost: Cost.tile)
        }
        for (output, count) in routes.enumerated() where count > 0 {
            for side in 0..<(isFading ? 2 : 1) {
                add(.product, side: side, output, all: tiles, cost: Cost.tile + count * partitions * Cost.product)
                for (index, stage) in stages.enumerated().reversed() {
                    let (all, cost) = butterflies(stage)
                    add(.backward, side: side, output, stage: index, all: all, cost: cost)
                }
                add(.unload, side: side, output, all: size / 8, cost: Cost.vector)
            }
            if isFading { add(.blend, output, all: size / 8, cost: Cost.vector) }
        }
        units = memory.values(list)
        count = list.count
        cost = total
    }
}
