internal import SyrinxDSP

/// The audio on its way through a look-ahead: a fixed delay of whole frames for every channel, and a gain at its end.
///
/// NaN and infinity go in as 0. All state lies behind pointers, so that render calls no mutating method of it.
struct DelayLine: ~Copyable {
    let delay: Int
    private let channels: Int
    /// Frames of one channel's line, a power of two, less one.
    private let mask: Int
    private let memory: UnsafeMutablePointer<Float>
    /// Frames since the start.
    private let head: UnsafeMutablePointer<Int>

    /// - Parameter largestChunk: the most frames of one call of ``process(_:times:into:channel:from:_:)``.
    init(delay: Int, channels: Int, largestChunk: Int) {
        self.delay = delay
        self.channels = channels
        var length = 1
        while length < delay + largestChunk { length *= 2 }
        mask = length - 1
        memory = .allocate(capacity: length * channels)
        memory.initialize(repeating: 0, count: length * channels)
        head = .allocate(capacity: 1)
        head.initialize(to: 0)
    }

    deinit {
        memory.deallocate()
        head.deallocate()
    }

    /// Puts a stretch of one channel in, and writes what is due times the gains: `gains[0]` for frame `first`.
    ///
    /// `output` may be `input`. After all channels comes ``advance(by:)``.
    @_noLocks @_noAllocation
    func process(
        _ input: UnsafeBufferPointer<Float>, times gains: UnsafePointer<Float>,
        into output: UnsafeMutableBufferPointer<Float>, channel: Int, from first: Int, _ count: Int
    ) {
        if delay == 0 {
            for k in 0..<count { output[first + k] = finite(input[first + k]) * gains[k] }
            return
        }
        let (line, mask, head, delay) = (memory + channel * (mask + 1), mask, head.pointee, delay)
        for k in 0..<count {
            line[(head + k) & mask] = finite(input[first + k])
            output[first + k] = line[(head + k - delay) & mask] * gains[k]
        }
    }

    @_noLocks @_noAllocation
    func advance(by frames: Int) { head.pointee += frames }

    @_noLocks @_noAllocation
    func reset() {
        for k in 0..<(mask + 1) * channels { memory[k] = 0 }
        head.pointee = 0
    }
}
