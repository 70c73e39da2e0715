/// Reads a stream at any pace: each output sample is the input's value at a place that may move by any fraction, and by
/// another fraction from block to block.
///
/// It keeps the last stretch of its input. `append` adds to that, `place(at:)` says where the next output lies, `render`
/// makes output and moves on by `step` input frames a frame. Input frames are counted from the first that came, or as
/// ``restart(at:)`` says; places are a whole number and a fraction, so that they never lose precision.
///
/// - Shape: channels in planes: channel c begins at c · stride.
/// - Latency: none in itself: output at place x needs the input up to x + ``halfLength``.
/// - Units: THD+N of a 1 kHz tone is below −110 dB for ratios near 1 and 44.1 ↔ 48 kHz.
/// - Thread: any, one at a time. `append` and `render` take no lock, no memory, no libm.
public struct VariableResampler: ~Copyable {
    public let channels: Int
    /// Input frames on each side of an output's place that go into it.
    public let halfLength: Int
    private let table: SincTable
    /// `channels` planes of `capacity` frames; the stretch that is kept lies at `start`.
    private let planes: UnsafeMutablePointer<Float>
    private let capacity: Int
    private let kept: Int
    /// One row, interpolated.
    private let row: UnsafeMutablePointer<Float>
    /// Where in the planes the frame `first` lies.
    private var start = 0
    /// The oldest frame that is kept.
    public private(set) var first: Int
    /// The oldest frame that is not the silence before the beginning.
    public private(set) var begin: Int
    /// The frame after the newest.
    public private(set) var end: Int
    /// The place of the next output: whole frames…
    public private(set) var whole = 0
    /// …and a fraction, 0 ..< 1.
    public private(set) var fraction = 0.0

    /// - Parameters:
    ///   - inputRate: nominal, Hz; with `outputRate` it fixes the filter.
    ///   - history: input frames to keep behind the newest, beside what the filter needs.
    public init(channels: Int, inputRate: Int, outputRate: Int, history: Int) {
        precondition(channels > 0 && inputRate > 0 && outputRate > 0 && history >= 0)
        self.channels = channels
        table = SincTable(inputRate: inputRate, outputRate: outputRate)
        halfLength = table.taps / 2
        kept = 2 * table.taps + history
        capacity = 2 * kept
        planes = .allocate(capacity: channels * capacity)
        planes.initialize(repeating: 0, count: channels * capacity)
        row = UnsafeMutableRawPointer.allocate(byteCount: table.taps * 4, alignment: 64)
            .bindMemory(to: Float.self, capacity: table.taps)
        row.initialize(repeating: 0, count: table.taps)
        first = -table.taps
        begin = 0
        end = 0
    }

    /// ``halfLength`` of a resampler between two rates, without making one.
    public static func halfLength(inputRate: Int, outputRate: Int) -> Int {
        SincTable.length(from: inputRate, to: outputRate) / 2
    }

    deinit {
        planes.deallocate()
        UnsafeMutableRawPointer(row).deallocate()
    }

    /// Begins anew: what comes next is frame `index`, and silence lies before it.
    @_noLocks @_noAllocation
    public mutating func restart(at index: Int) {
        for channel in 0..<channels {
            let plane = planes + channel &* capacity
            for k in 0..<table.taps { plane[k] = 0 }
        }
        start = 0
        first = index &- table.taps
        begin = index
        end = index
    }

    /// Adds one channel of input; ``finishAppend(_:)`` makes it count.
    ///
    /// - Parameter frames: at most what ``largestAppend`` says, the same for every channel.
    @_noLocks @_noAllocation
    public mutating func append(_ channel: Int, _ samples: UnsafePointer<Float>, frames: Int) {
        let plane = planes + channel &* capacity
        let length = end &- first
        if start &+ length &+ frames > capacity {
            let keep = min(length, kept &- frames)
            let from = start &+ length &- keep
            for k in 0..<keep { plane[k] = plane[from &+ k] }
            for k in 0..<frames { plane[keep &+ k] = samples[k] }
        } else {
            let to = plane + (start &+ length)
            for k in 0..<frames { to[k] = samples[k] }
        }
    }

    /// Counts what ``append(_:_:frames:)`` added to each channel.
    @_noLocks @_noAllocation
    public mutating func finishAppend(_ frames: Int) {
        let length = end &- first
        if start &+ length &+ frames > capacity {
            first = end &- min(length, kept &- frames)
            begin = max(begin, first)
            start = 0
        }
        end &+= frames
    }

    /// The most frames that one `append` takes.
    public var largestAppend: Int { kept &- table.taps }

    /// Puts the next output at a place. Thread: as `render`.
    @_noLocks @_noAllocation
    public mutating func place(at whole: Int, _ fraction: Double) {
        var carry = Int(fraction)
        if Double(carry) > fraction { carry &-= 1 }
        let rest = fraction - Double(carry)
        // A hair below a whole number may round up to it.
        self.whole = rest < 1 ? whole &+ carry : whole &+ carry &+ 1
        self.fraction = rest < 1 ? rest : 0
    }

    /// Moves the next output's place on.
    @_noLocks @_noAllocation
    public mutating func advance(by frames: Double) { place(at: whole, fraction + frames) }

    /// How many frames of output the input suffices for.
    ///
    /// - Returns: 0 also while the place lies before what is kept.
    @_noLocks @_noAllocation
    public func readyFrames(step: Double) -> Int {
        if whole &- halfLength &+ 1 < first { return 0 }
        // Place + halfLength must stay below end; a hair more, since `render` adds steps up one by one.
        let room = Double(end &- halfLength &- whole) - fraction - 1e-6
        if room <= 0 { return 0 }
        return Int(room / step) &+ 1
    }

    /// Makes `frames` of output, at most as many as ``readyFrames(step:)`` says, and moves on by `step` a frame.
    @_noLocks @_noAllocation
    public mutating func render(
        into output: UnsafeMutablePointer<Float>, stride: Int, frames: Int, step: Double
    ) {
        let taps = table.taps
        let rows = UnsafePointer(table.rows)
        let phases = table.phaseScale
        let input = UnsafePointer(planes) + (start &- first &- halfLength &+ 1)
        var whole = whole
        var fraction = fraction
        for k in 0..<frames {
            let place = fraction * phases
            let phase = Int(place)
            interpolateRow(rows + phase &* taps, taps: taps, Float(place - Double(phase)), into: row)
            let source = input + whole
            for channel in 0..<channels {
                output[channel &* stride &+ k] = dot(source + channel &* capacity, UnsafePointer(row), count: taps)
            }
            fraction += step
            let carry = Int(fraction)
            whole &+= carry
            fraction -= Double(carry)
        }
        self.whole = whole
        self.fraction = fraction
    }
}

/// Sixteen samples that may lie anywhere.
@inline(__always) @_noLocks @_noAllocation
private func load(_ samples: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(samples).loadUnaligned(as: SIMD16<Float>.self)
}

/// Writes the row that lies a part of the way from one row to the next.
@_noLocks @_noAllocation
private func interpolateRow(
    _ rows: UnsafePointer<Float>, taps: Int, _ part: Float, into result: UnsafeMutablePointer<Float>
) {
    let weight = SIMD16<Float>(repeating: part)
    var j = 0
    while j < taps {
        let here = load(rows + j)
        let next = load(rows + (taps &+ j))
        UnsafeMutableRawPointer(result + j).storeBytes(of: here + (next - here) * weight, as: SIMD16<Float>.self)
        j &+= 16
    }
}

/// The sum of products; `count` is a multiple of 16.
@_noLocks @_noAllocation
private func dot(_ one: UnsafePointer<Float>, _ two: UnsafePointer<Float>, count: Int) -> Float {
    var sum = SIMD16<Float>(repeating: 0)
    var j = 0
    while j < count {
        sum += load(one + j) * load(two + j)
        j &+= 16
    }
    let eight = sum.lowHalf + sum.highHalf
    let four = eight.lowHalf + eight.highHalf
    let pair = four.lowHalf + four.highHalf
    return pair[0] + pair[1]
}
