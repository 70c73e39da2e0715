internal import SyrinxCore
internal import SyrinxDSP

/// What is done with every 10 ms, whatever brings them: the module, the delay, the watch.
///
/// - Thread: render, one at a time; made on control.
struct EchoCore: ~Copyable {
    let frameLength: Int
    /// One frame of each end, to be filled; and what came out of the last, to be read.
    let near: UnsafeMutablePointer<Float>
    let far: UnsafeMutablePointer<Float>
    let clean: UnsafeMutablePointer<Float>

    private(set) var watch: EchoWatch
    private let freshWatch: EchoWatch
    private let expectedDelay: Int32
    private var finder: DelayFinder

    init(_ settings: AudioProcessing.Settings, expectedDelay: Int, silenceLimit: Int) {
        frameLength = settings.rate / 100
        self.expectedDelay = Int32(expectedDelay)
        freshWatch = EchoWatch(silenceLimit: silenceLimit)
        watch = freshWatch
        finder = DelayFinder(rate: settings.rate)
        near = .allocate(capacity: frameLength)
        far = .allocate(capacity: frameLength)
        clean = .allocate(capacity: frameLength)
        for buffer in [near, far, clean] { buffer.initialize(repeating: 0, count: frameLength) }
    }

    deinit {
        near.deallocate()
        far.deallocate()
        clean.deallocate()
    }

    @_noLocks @_noAllocation
    mutating func reset() {
        finder.reset()
        watch = freshWatch
        for k in 0..<frameLength {
            near[k] = 0
            far[k] = 0
            clean[k] = 0
        }
    }

    /// Works on the frame that lies in `near` and `far`.
    ///
    /// - Parameter position: of the input's frame with which it became whole; events are told there.
    @_noLocks @_noAllocation
    mutating func process(_ block: RenderBlock, _ module: borrowing AudioProcessing, at position: Int, rate: Int) {
        let (near, far, clean, length) = (near, far, clean, frameLength)
        for k in 0..<length {
            near[k] = bounded(near[k])
            far[k] = bounded(far[k])
        }
        module.process(near: near, far: far, clean: clean, delay: expectedDelay)
        finder.hear(near: near, far: far, frames: length)
        if let notice = watch.hear(near: meanSquare(near), far: meanSquare(far), clean: meanSquare(clean)) {
            block.emit(notice.event, at: position, rate: rate, (notice.value, 0, 0, 0))
        }
        if let notice = watch.follow(delay: finder.delay, isSure: finder.isSure) {
            block.emit(notice.event, at: position, rate: rate, (notice.value, 0, 0, 0))
        }
    }

    @_noLocks @_noAllocation
    private func meanSquare(_ samples: UnsafeMutablePointer<Float>) -> Float {
        sumOfSquares(UnsafeBufferPointer(start: samples, count: frameLength)) / Float(frameLength)
    }

    /// The sample; silence for what is none, and at most 18 dB over full scale.
    @_noLocks @_noAllocation
    private func bounded(_ sample: Float) -> Float { min(max(finite(sample), -8), 8) }
}
