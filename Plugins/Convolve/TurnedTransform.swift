internal import CConvolutionKernels
internal import Glibc

/// The tables of a transform of n complex points, turned so that products are those of real blocks of 2·n samples.
///
/// See CConvolutionKernels.h. Plain pointers into memory that somebody else keeps.
struct TurnedTransform: BitwiseCopyable {
    /// One stage: its transforms' points, how many of them one butterfly joins, and its turns.
    struct Stage: BitwiseCopyable {
        var block: Int
        var radix: Int
        var turns: UnsafeMutablePointer<Float>
    }

    /// n: a power of two, at least 64.
    let size: Int
    let twist: UnsafeMutablePointer<Float>
    let stages: UnsafeMutablePointer<Stage>
    let stageCount: Int

    /// Thread: control. Calls libm.
    init(size: Int, in memory: inout AlignedMemory) {
        precondition(size >= 64 && size & (size - 1) == 0)
        self.size = size
        twist = memory.floats(2 * size)
        for k in 0..<size {
            let angle = Double.pi * Double(k) / Double(2 * size)
            twist[k] = Float(cos(angle))
            twist[size + k] = Float(sin(angle))
        }
        var list: [Stage] = []
        var block = size
        while block > 8 {
            // One stage of two points where the size is not 8 times a power of four: the first, which has the longest rows.
            let radix = (block / 8).trailingZeroBitCount % 2 == 0 ? 4 : 2
            let m = block / radix
            let turns = memory.floats(2 * (radix - 1) * m)
            for power in 1..<radix {
                for p in 0..<m {
                    let angle = -2 * Double.pi * Double(p * power) / Double(block)
                    turns[(2 * power - 2) * m + p] = Float(cos(angle))
                    turns[(2 * power - 1) * m + p] = Float(sin(angle))
                }
            }
            list.append(Stage(block: block, radix: radix, turns: turns))
            block /= radix
        }
        stages = memory.values(list)
        stageCount = list.count
    }

    /// The spectrum of up to n taps, tile by tile, scaled so that a product's way back needs no scale.
    ///
    /// - Parameter place: where in `to` a tile goes.
    /// - Thread: control.
    func transformResponse(
        _ taps: ArraySlice<Float>, isWide: Bool, to: UnsafeMutablePointer<Float>, place: (Int) -> Int
    ) {
        var memory = AlignedMemory()
        let (block, zeros, z) = (memory.floats(size), memory.floats(size), memory.floats(2 * size))
        for (k, tap) in taps.enumerated() { block[k] = tap / Float(size) }
        syrinx_convolution_load(block, zeros, twist, z, size, 0, size, isWide)
        for index in 0..<stageCount {
            let stage = stages[index]
            syrinx_convolution_forward(
                z, size, stage.block, stage.radix, stage.turns, 0, size / (8 * stage.radix), isWide)
        }
        for tile in 0..<size / 64 { syrinx_convolution_finish(z, size, tile, to + place(tile), isWide) }
    }
}
