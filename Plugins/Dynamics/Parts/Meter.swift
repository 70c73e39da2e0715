internal import SyrinxCore

/// Cuts a block at the instants of its control values, and keeps what is told there.
///
/// ```swift
/// var done = 0
/// for value in 0..<controlOutput.frameCount {
///     let edge = ControlGrid.edge(value, of: controlOutput, in: input)
///     process(block, from: done, edge - done)
///     controlOutput[0][value] = reduction.take()
///     done = edge
/// }
/// process(block, from: done, input.frameCount - done)
/// ```
enum ControlGrid {
    /// The first frame of the block that does not lie before the value's instant: all frames before it are known then.
    @_noLocks @_noAllocation
    static func edge(_ value: Int, of output: OutputPort, in input: InputPort, rate: Int) -> Int {
        ((output.position + value) * rate + Limits.controlRate - 1) / Limits.controlRate - input.position
    }

    /// What a node states for a control output that follows audio late by `lookAhead` frames.
    static func output(_ request: FormatRequest, lookAhead: Int, rate: Int?) -> OutputStream {
        let format = PartialFormat(rate: Limits.controlRate, channels: 1)
        guard let rate else { return OutputStream(format) }
        let latency = OutputStream.wholeLatency(
            lookAhead: lookAhead, inputLatency: request.inputLatencies.first ?? 0, inputRate: rate,
            rate: Limits.controlRate)
        return OutputStream(format, latency: latency.own)
    }
}

/// The largest of the values since it was last asked.
struct Largest: BitwiseCopyable {
    private var largest = 0.0
    private var last = 0.0

    @_noLocks @_noAllocation
    init() {}

    @_noLocks @_noAllocation
    mutating func add(_ value: Double) {
        largest = value > largest ? value : largest
        last = value
    }

    /// Adds several values at once, by the largest and the last of them.
    @_noLocks @_noAllocation
    mutating func add(largest newLargest: Double, last newLast: Double) {
        largest = newLargest > largest ? newLargest : largest
        last = newLast
    }

    /// The largest of the values that were added since the last call; the last one if there were none.
    @_noLocks @_noAllocation
    mutating func take() -> Float {
        let value = largest
        largest = last
        return Float(value)
    }
}
